"""Templates are compiled once for all visits, and anew when their text is another."""

from typing import Any

import pytest
from jinja2 import DictLoader, Environment

from analytics.dashboard.compiled import Compiled


class Counting(Environment):
    """Counts what it compiles."""

    compiled = 0

    def compile(self, *args: Any, **options: Any) -> Any:
        self.compiled += 1
        return super().compile(*args, **options)


def visit(kept: Compiled, text: str) -> tuple[str, int]:
    """Return what a new environment writes, and how many templates it compiled for that."""
    environment = Counting(
        loader=DictLoader(
            {
                "page": "{% extends 'base' %}{% block body %}" + text + "{% endblock %}",
                "base": "<{% block body %}{% endblock %}>",
            }
        ),
        bytecode_cache=kept,
    )
    return environment.get_template("page").render(who="you"), environment.compiled


@pytest.mark.parametrize(
    ("texts", "written"),
    [
        (["a {{ who }}", "a {{ who }}"], [("<a you>", 2), ("<a you>", 0)]),
        (["a", "b"], [("<a>", 2), ("<b>", 1)]),
        (["a", "b", "a"], [("<a>", 2), ("<b>", 1), ("<a>", 1)]),
    ],
    ids=["same", "changed", "changed back"],
)
def test_visits(texts: list[str], written: list[tuple[str, int]]):
    kept = Compiled()

    assert [visit(kept, text) for text in texts] == written
