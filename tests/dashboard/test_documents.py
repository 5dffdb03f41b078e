"""The small pages: one head and one style for both, and words from outside that stay words."""

from typing import Any

import pytest
from jinja2 import UndefinedError
from markupsafe import Markup

from analytics.dashboard.documents import document
from analytics.dashboard.elements import STATIC
from tests.dashboard.fake_source import HOSTILE

TOLD: dict[str, dict[str, Any]] = {
    "log_in.html": {"wanted": "next=%2F", "told": "", "xsrf": Markup('<input name="_xsrf">')},
    "full.html": {"again": 30},
}


@pytest.mark.parametrize(("name", "title"), [("log_in.html", "log in"), ("full.html", "every place is taken")])
def test_a_small_page_is_whole(name: str, title: str):
    html = document(name, **TOLD[name])

    assert html.startswith('<!DOCTYPE html>\n<html lang="en">')
    assert html.count(f"<title>View 3: {title}</title>") == html.count("<title>") == 1
    assert '<meta name="viewport" content="width=device-width, initial-scale=1">' in html
    assert f"<style>{(STATIC / 'view3.css').read_text(encoding='utf-8')}</style>" in html
    assert html.count('<main class="view3-door">') == html.count("<h1>") == 1


def test_a_full_house_asks_the_browser_to_try_again():
    html = document("full.html", again=30)

    assert '<meta http-equiv="refresh" content="30">' in html
    assert "tries again every 30 seconds" in html


@pytest.mark.parametrize("place", ["wanted", "told"])
def test_words_from_outside_stay_words_in_the_form(place: str):
    html = document("log_in.html", **TOLD["log_in.html"] | {place: f'"{HOSTILE}'})

    assert "&#34;&lt;img src=x" in html
    assert "<img" not in html
    assert '<input name="_xsrf">' in html


def test_a_page_that_is_not_told_all_is_an_error():
    with pytest.raises(UndefinedError, match="again"):
        document("full.html")
