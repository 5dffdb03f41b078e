"""The project, which is the folder of settings and data, and the files that come with the package."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from platformdirs import user_data_path

SETTINGS_FILE: Final = ".env"
DATABASE_FILE: Final = "view3.db"
VARIABLE: Final = "VIEW3_PROJECT"
RESOURCES: Final = Path(__file__).with_name("resources")
SOURCES: Final = Path(__file__).parents[1]


@dataclass(frozen=True, slots=True)
class Project:
    """A folder that holds `.env`, the embedded database, notebooks and reports, and why it is this one."""

    folder: Path
    reason: str

    @property
    def settings_file(self) -> Path:
        """Return where settings are read from; the file need not exist."""
        return self.folder / SETTINGS_FILE

    @property
    def notebooks(self) -> Path:
        """Return the folder of the notebooks that analysts edit."""
        return self.folder / "notebooks"

    @property
    def reports(self) -> Path:
        """Return the folder that reports are kept in."""
        return self.folder / "reports" / "out"


def project() -> Project:
    """Return the project of this process; nothing is created."""
    named = os.environ.get(VARIABLE)
    if named:
        return Project(Path(named).absolute(), f"{VARIABLE} names it")
    here = _current_folder()
    if here is not None:
        return Project(here, f"the current folder, which has {SETTINGS_FILE} or {DATABASE_FILE}")
    if (SOURCES / "requirements.lock").is_file():
        return Project(SOURCES, "the checkout that this program runs from")
    folder = user_data_path("view3", appauthor=False)
    return Project(folder, f"your data folder, for the current folder has neither {SETTINGS_FILE} nor {DATABASE_FILE}")


def pin(chosen: Project) -> None:
    """Have the processes that this one starts work in the same project, whatever folder they run in."""
    os.environ[VARIABLE] = str(chosen.folder)


def resource(name: str) -> Path:
    """Return a file or folder that comes with the package; in a checkout it is the original, which is linked there."""
    return (RESOURCES / name).resolve()


def _current_folder() -> Path | None:
    """Return the current folder where it is a project."""
    try:
        here = Path.cwd()
        is_one = any((here / name).is_file() for name in (SETTINGS_FILE, DATABASE_FILE))
    except OSError:  # it was deleted, or this user may not look into it
        return None
    return here if is_one else None
