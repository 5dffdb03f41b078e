"""The match workbench through the front door: preview, confirm, undo and the record of it, on both engines."""

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

import view3
from analytics.settings import Settings
from analytics.workbench import Workbench
from tests.test_view3 import LEADS, SALES

Run = Callable[..., Result]


@pytest.fixture
def settings(database_url: str) -> dict[str, str]:
    """The evening of 17 January 2026 in São Paulo."""
    return {
        "VIEW3_DATABASE_URL": database_url,
        "VIEW3_CHALLENGE_START": "2026-01-01",
        "VIEW3_FUNNEL_START": "2025-12-01",
        "VIEW3_TIMEZONE": "America/Sao_Paulo",
        "VIEW3_NOW": "2026-01-17T18:00:00-03:00",
    }


@pytest.fixture
def run(settings: dict[str, str], tmp_path: Path) -> Run:
    """Runs a command on a database with five sales, two of them by people who never opted in."""

    def command(*words: object, **more: str) -> Result:
        return CliRunner().invoke(view3.main, [str(word) for word in words], env={**settings, **more})

    for name, text in (("leads", LEADS), ("sales", SALES)):
        (tmp_path / f"{name}.csv").write_text(text, encoding="utf-8")
    assert command("import", tmp_path / "leads.csv", tmp_path / "sales.csv").exit_code == 0
    return command


def sale_of(settings: dict[str, str], name: str) -> int:
    told = {key.removeprefix("VIEW3_").lower(): value for key, value in settings.items()}
    workbench = Workbench.open(Settings.model_validate(told))
    sale_id = int(workbench.frames.sales(search=name)["sale_id"].item())
    workbench.engine.dispose()
    workbench.reader.dispose()
    return sale_id


def test_confirm_undo_and_the_record_of_both(run: Run, settings: dict[str, str]) -> None:
    sale = sale_of(settings, "Di Roe")
    before = run("show", "--json").output
    preview = run("link", sale, "file:L2", "--dry-run")
    assert "matched" in preview.output
    assert "nothing was written" in preview.output
    assert run("show", "--json").output == before
    assert run("links").output == ""

    done = run("link", sale, "file:L2", "--by", "Ana")
    assert (done.exit_code, f"view3 unlink {sale}" in done.output) == (0, True), done.output
    assert "Recognised by: confirmed link" in run("explain", sale).output
    assert run("show", "--json").output != before

    assert run("unlink", sale, "--by", "Bo", VIEW3_NOW="2026-01-17T18:05:00-03:00").exit_code == 0
    assert run("show", "--json").output == before
    assert run("links").output.splitlines() == [
        f"2026-01-17 18:00:00  sale {sale}  confirmed  file:L2  Ana",
        f"2026-01-17 18:05:00  sale {sale}  undone  file:L2  Bo",
    ]


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("link", 1, "file:L2"), "Say who decides: --by NAME."),
        (("link", 999, "file:L2", "--by", "Ana"), "There is no high-ticket sale 999"),
        (("link", 1, "file:nobody", "--by", "Ana"), "There is no lead file:nobody."),
        (("link", 1, "L2", "--by", "Ana"), "There is no lead L2:."),
        (("unlink", 1, "--by", "Ana"), "Sale 1 is not linked to any lead."),
    ],
)
def test_what_cannot_be_is_one_sentence(run: Run, words: tuple[object, ...], sentence: str) -> None:
    told = run(*words)
    assert told.exit_code == 1
    assert told.output.strip().splitlines()[-1].startswith(f"Error: {sentence}")
