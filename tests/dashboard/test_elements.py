"""The widgets' scripts: whole in a notebook that nobody serves, an address where the page's server has them."""

import re

import pytest

from analytics.dashboard.elements import STATIC, VERSION, script, style

WIDGETS = ("region.js", "grid.js", "place.js", "pulse.js", "download.js")


@pytest.mark.parametrize("name", WIDGETS)
def test_a_notebook_gets_all_that_a_script_needs(name, monkeypatch):
    monkeypatch.delenv("SERVER_SOFTWARE", raising=False)
    text = script(name)

    assert not re.search(r"^import ", text, re.MULTILINE)
    assert text.count("export default") == 1
    if "morph(" in text:
        assert text.count("function morph(") == 1


@pytest.mark.parametrize("name", WIDGETS)
def test_a_served_page_gets_an_address(name, monkeypatch):
    monkeypatch.setenv("SERVER_SOFTWARE", "voila/0.5.13")
    text = script(name)

    assert f"{name}?v={VERSION}" in text
    assert len(text) < 300
    assert (STATIC / name).is_file()


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
    assert "import(" not in script("region.js")
