"""The benchmarks run on the present tables, with a crowd that is what the door makes of the same records."""

from pathlib import Path

import pytest

from bench import checking, notebooks, report, showing
from tests.conftest import LEFT_OUT

SALES = 1000

pytestmark = pytest.mark.skipif("mariadb" in LEFT_OUT, reason="left out by VIEW3_TEST_WITHOUT=mariadb")


def test_the_crowd_is_what_the_door_makes_of_it(capsys: pytest.CaptureFixture[str]) -> None:
    checking.check(SALES)
    assert "have the figures of the same records" in capsys.readouterr().out


@pytest.fixture
def out(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """The folder of results."""
    monkeypatch.setattr(report, "OUT", tmp_path)
    return tmp_path


def test_the_read_of_the_page_is_measured(out: Path) -> None:
    showing.show(SALES)
    assert (out / f"show-{SALES}.json").exists()


def test_the_calls_of_a_notebook_are_measured(out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(notebooks, "CALLS", {"data_quality": notebooks.CALLS["data_quality"]})
    notebooks.notebooks(SALES)
    assert (out / f"notebooks-{SALES}.json").exists()
