"""The page on paper, where there is a browser; a sentence where there is none."""

from pathlib import Path

import pytest

from reports.pdf import print_pdf
from reports.settings import browser
from tests.conftest import LEFT_OUT


@pytest.fixture
def page(tmp_path: Path) -> Path:
    path = tmp_path / "page é.html"
    path.write_text("<!DOCTYPE html><title>x</title><p>hello", encoding="utf-8")
    return path


def test_without_a_working_browser_there_is_a_reason_and_no_file(page: Path, tmp_path: Path) -> None:
    pdf = tmp_path / "page.pdf"
    pdf.write_bytes(b"of an earlier run")
    assert print_pdf(None, page, pdf) == "there is no Chromium on this machine"
    assert not pdf.exists()
    assert print_pdf("/bin/false", page, pdf) == "Chromium could not print it"
    assert print_pdf("/no/such/browser", page, pdf) == "Chromium could not print it"
    assert print_pdf("/bin/true", page, pdf) == "Chromium printed nothing"


def test_chromium_prints(page: Path, tmp_path: Path) -> None:
    pdf = tmp_path / "page.pdf"
    told = print_pdf(None if "browser" in LEFT_OUT else browser(), page, pdf)
    assert pdf.read_bytes().startswith(b"%PDF") if "browser" not in LEFT_OUT else told
