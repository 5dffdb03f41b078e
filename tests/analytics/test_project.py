"""Which folder holds settings and data, and what is copied out of the package."""

from pathlib import Path

import pytest
from click.testing import CliRunner

import view3
from analytics import notebooks, project
from analytics.database import open_engine
from analytics.settings import Settings, SettingsError

HOME = Path(".local") / "share" / "view3"

# what lies in the current folder, whether VIEW3_PROJECT is set, whether the code runs from a checkout: the project
PLACES = {
    ("nothing", "unset", "a checkout"): "checkout",
    ("nothing", "unset", "a wheel"): "data",
    (".env", "unset", "a checkout"): "current",
    (".env", "unset", "a wheel"): "current",
    ("view3.db", "unset", "a wheel"): "current",
    ("another.db", "unset", "a wheel"): "data",
    ("a folder .env", "unset", "a wheel"): "data",
    (".env", "set", "a checkout"): "named",
    ("nothing", "set", "a wheel"): "named",
}


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, empty, of a user without data, whose code was installed from a wheel."""
    for name in ("current", "checkout", "home"):
        (tmp_path / name).mkdir()
    (tmp_path / "checkout" / "requirements.lock").touch()
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.delenv("XDG_DATA_HOME", raising=False)
    monkeypatch.delenv(project.VARIABLE, raising=False)
    monkeypatch.setattr(project, "SOURCES", tmp_path / "home")
    monkeypatch.chdir(tmp_path / "current")
    return tmp_path / "current"


@pytest.mark.parametrize(("there", "variable", "code"), PLACES, ids=" + ".join)
def test_the_project_is(here: Path, monkeypatch: pytest.MonkeyPatch, there: str, variable: str, code: str) -> None:
    top = here.parent
    places = {"current": here, "checkout": top / "checkout", "named": top / "named", "data": top / "home" / HOME}
    if there.startswith("a folder "):
        (here / there.removeprefix("a folder ")).mkdir()
    elif there != "nothing":
        (here / there).touch()
    if variable == "set":
        monkeypatch.setenv(project.VARIABLE, str(top / "named"))
    if code == "a checkout":
        monkeypatch.setattr(project, "SOURCES", top / "checkout")
    assert project.project().folder == places[PLACES[there, variable, code]]


def test_a_folder_that_was_deleted_is_no_project(here: Path) -> None:
    here.rmdir()
    assert project.project().folder == here.parent / "home" / HOME


def test_a_checkout_is_known_by_its_locks() -> None:
    assert (project.Project(Path(__file__).parents[2], "").folder / "requirements.lock").is_file()
    assert Path(__file__).parents[2] == project.SOURCES


def test_settings_are_the_projects_alone(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (here / ".env").write_text("VIEW3_CURRENCY=EUR\n")
    assert Settings.load().currency == "EUR"
    other = here.parent / "other"
    other.mkdir()
    (other / ".env").write_text("VIEW3_CHALLENGE_DAYS=5\n")
    monkeypatch.chdir(other)
    assert (Settings.load().currency, Settings.load().challenge_days) == ("USD", 5)


@pytest.mark.parametrize(
    ("content", "sentence"), [(b"VIEW3_CURRENCY=\xff\xfe", "is not a text in UTF-8"), (b"VIEW3_CURRENCY=E", "CURRENCY")]
)
def test_settings_that_cannot_be_read_are_a_sentence(here: Path, content: bytes, sentence: str) -> None:
    (here / ".env").write_bytes(content)
    with pytest.raises(SettingsError, match=sentence):
        Settings.load()


@pytest.mark.parametrize("name", ["view3.db", "challenge.db"])
def test_a_relative_database_lies_in_the_project(here: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    (here / ".env").write_text(f"VIEW3_DATABASE_URL=sqlite:///{name}\n")
    assert open_engine(Settings.load().database_url.get_secret_value()).url.database == str(here / name)
    project.pin(project.project())  # as for a kernel that runs beside its notebook
    monkeypatch.chdir(here.parent)
    assert open_engine(Settings.load().database_url.get_secret_value()).url.database == str(here / name)


def test_a_folder_that_cannot_be_made_is_a_sentence(here: Path) -> None:
    (here.parent / "home" / ".local").touch()
    result = CliRunner().invoke(view3.main, ["init"])
    assert result.exit_code == view3.FAILED
    assert "cannot be made" in result.output


def test_notebooks_are_copied_once_and_edited_ones_are_kept(here: Path) -> None:
    names = tuple(sorted(path.name for path in notebooks.NOTEBOOKS.glob("*.ipynb")))
    assert notebooks.copy_notebooks(here / "mine") == notebooks.Copies(written=names, kept=())
    assert notebooks.copy_notebooks(here / "mine") == notebooks.Copies(written=(), kept=())
    (here / "mine" / "matching.ipynb").write_text("edited")
    (here / "mine" / "view3.ipynb").unlink()
    result = CliRunner().invoke(view3.main, ["notebooks", "mine"])
    assert result.exit_code == view3.FAILED
    assert result.stdout == "Notebooks copied to mine: 1.\n"
    assert result.stderr == "Error: Kept what differs from ours: matching.ipynb. Delete a file to get ours.\n"
    assert (here / "mine" / "matching.ipynb").read_text() == "edited"


def test_a_folder_that_cannot_take_notebooks_is_a_sentence(here: Path) -> None:
    (here / "file").touch()
    with pytest.raises(notebooks.NotebooksError, match=r"cannot be copied to file: File exists\."):
        notebooks.copy_notebooks(Path("file"))
    (here / "mine" / "view3.ipynb").mkdir(parents=True)
    with pytest.raises(notebooks.NotebooksError, match=r"cannot be copied to mine: Is a directory\."):
        notebooks.copy_notebooks(Path("mine"))
