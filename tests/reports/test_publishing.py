"""The notebook as a page: no code, no script, nothing from elsewhere."""

import base64
from pathlib import Path

import nbformat
import pytest

from reports import publishing
from tests.reports.conftest import PIXEL, executed

HOSTILE = """<p class="lead" onclick="x()">kept</p><script>alert(1)</script><img src="https://example.com/x.png">
<iframe src="https://example.com"></iframe><a href="javascript:alert(1)">link</a><table class="rows" width="100%"><tr><td>1</td></tr></table>"""


@pytest.fixture
def notebook(tmp_path: Path) -> Path:
    path = tmp_path / "executed.ipynb"
    path.write_text(nbformat.writes(executed(f"{HOSTILE}<p>Figures 0123456789ab</p>")), encoding="utf-8")
    return path


def test_a_page_keeps_tables_and_loses_what_could_run_or_fetch(notebook: Path) -> None:
    page = publishing.page(notebook, "Snapshot <1>")
    assert '<p class="lead">kept</p>' in page
    assert '<table class="rows" width="100%"' in page
    assert "<title>Snapshot &lt;1&gt;</title>" in page
    assert page.count("<img") == 1  # the chart
    for word in ("<script", "onclick", "<iframe", "javascript:", "https://", "http://", "page.cards()", "alert(1)</"):
        assert word not in page, word
    assert "default-src 'none'" in page


def test_picture_and_identity_are_found(notebook: Path) -> None:
    assert publishing.picture(notebook) == PIXEL
    assert publishing.identity(notebook) == "0123456789ab"


def test_a_notebook_without_them_is_not_taken_for_one(tmp_path: Path) -> None:
    path = tmp_path / "empty.ipynb"
    path.write_text(nbformat.writes(nbformat.v4.new_notebook()), encoding="utf-8")
    assert publishing.identity(path) == ""


def test_secrets_are_struck_out(notebook: Path, tmp_path: Path) -> None:
    publishing.without(notebook, ("0123456789ab", base64.b64encode(PIXEL).decode()[:9]))
    assert "0123456789ab" not in notebook.read_text(encoding="utf-8")
    publishing.without(tmp_path / "missing.ipynb", ("x",))
    assert not (tmp_path / "missing.ipynb").exists()
