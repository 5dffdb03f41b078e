"""The page's scripts and its style: whole, for a notebook that nobody serves and for a page that is written at once."""

import re

import pytest

from analytics.dashboard.elements import STATIC, script, style


@pytest.mark.parametrize(("name", "exported"), [("notebook.js", 1), ("served.js", 0)])
def test_a_script_has_all_that_it_needs(name, exported):
    text = script(name)

    assert not re.search(r"^import ", text, re.MULTILINE)
    assert len(re.findall(r"^export ", text, re.MULTILINE)) == exported
    for called in ("makePage", "morph"):
        assert text.count(f"function {called}(") == 1
    assert "</script" not in text


def test_every_script_is_part_of_the_page():
    told = "".join(script(name) for name in ("notebook.js", "served.js", "link.js", "watch.js"))
    for path in STATIC.glob("*.js"):
        assert path.read_text(encoding="utf-8").splitlines()[-3] in told, path.name


def test_a_notebook_gets_the_style_once_and_keeps_its_own(monkeypatch):
    monkeypatch.delenv("SERVER_SOFTWARE", raising=False)
    text = style()

    assert ".view3-kpi" in text
    assert ":root" not in text
    assert not re.search(r"^(\*|html|body) ", text, re.MULTILINE)


def test_a_served_page_has_its_style_already(monkeypatch):
    monkeypatch.setenv("SERVER_SOFTWARE", "voila/0.5.13")
    assert style() == ""


def test_a_preview_in_jupyterlab_is_not_the_pages_server(monkeypatch):
    monkeypatch.setenv("SERVER_SOFTWARE", "voila/0.5.13")
    monkeypatch.setenv("SCRIPT_NAME", "/voila/render/view3.ipynb")
    assert style()
