"""The widgets' scripts: whole in a notebook that nobody serves, an address where the page's server has them."""

import re

import pytest

from analytics.dashboard.elements import STATIC, VERSION, script

WIDGETS = ("region.js", "grid.js", "chart.js", "place.js", "pulse.js", "download.js")


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
