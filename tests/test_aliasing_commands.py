"""Aliases through the front door: said, listed, undone, and every trouble a sentence, on both engines."""

import pytest
from click.testing import CliRunner, Result

import view3


@pytest.fixture
def settings(database_url: str) -> dict[str, str]:
    """The evening of 17 January 2026 in São Paulo."""
    return {
        "VIEW3_DATABASE_URL": database_url,
        "VIEW3_CHALLENGE_START": "2026-01-01",
        "VIEW3_TIMEZONE": "America/Sao_Paulo",
        "VIEW3_NOW": "2026-01-17T18:00:00-03:00",
    }


def run(settings: dict[str, str], *words: str) -> Result:
    return CliRunner().invoke(view3.main, list(words), env=settings)


def test_alias_undo_and_the_record_of_both(settings: dict[str, str]) -> None:
    assert run(settings, "aliases").output == ""
    done = run(settings, "alias", "FB Jan", "January", "--by", "Ana")
    assert (done.exit_code, "view3 unalias" in done.output) == (0, True), done.output
    later = settings | {"VIEW3_NOW": "2026-01-17T18:05:00-03:00"}
    assert run(later, "unalias", "fb jan", "--by", "Bo").exit_code == 0
    assert run(settings, "aliases").output.splitlines() == [
        "2026-01-17 18:00:00  “FB Jan”  confirmed  “January”  Ana",
        "2026-01-17 18:05:00  “fb jan”  undone  “january”  Bo",
    ]


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("alias", "FB Jan", "January"), "Say who decides: --by NAME."),
        (("alias", "a", "A ", "--by", "Ana"), "Name two different campaigns"),
        (("unalias", "FB Jan", "--by", "Ana"), "“FB Jan” stands for no other campaign."),
    ],
)
def test_what_cannot_be_is_one_sentence(settings: dict[str, str], words: tuple[str, ...], sentence: str) -> None:
    told = run(settings, *words)
    assert told.exit_code == 1
    assert told.output.strip().splitlines()[-1].startswith(f"Error: {sentence}")
