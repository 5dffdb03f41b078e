"""The sample challenge, and an empty database, on both engines: what every notebook is to run on."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from types import SimpleNamespace
from typing import Any, cast

import pytest
from sqlalchemy.engine import Connection

from analytics import demonstration
from analytics.challenge import Challenge
from analytics.frames import Frames
from analytics.reading import Lens
from analytics.settings import Settings
from analytics.workbench import Workbench

NOW = datetime(2026, 1, 17, 22, 15, tzinfo=UTC)
ENGINES = ("sqlite", "mariadb")


@dataclass
class Desk:
    """What an analysis asks of a workbench, over a connection whose rows nobody keeps."""

    connection: Connection
    lens: Lens
    moment: datetime
    previous_start: date | None = None

    @property
    def settings(self) -> Any:
        """Return the one setting that analyses read."""
        return SimpleNamespace(previous_start=self.previous_start)

    @property
    def challenge(self) -> Challenge:
        """Return the calendar."""
        return self.lens.challenge

    @property
    def currency(self) -> str:
        """Return the reporting currency."""
        return self.lens.currency

    @property
    def frames(self) -> Frames:
        """Return frames that read from the connection."""
        return Frames(self.lens, self.moment, self._read)

    def now(self) -> datetime:
        """Return the present moment."""
        return self.moment

    def _read(self) -> Any:
        return _Kept(self.connection)

    def as_workbench(self) -> Workbench:
        """Return the desk under the type it stands in for."""
        return cast("Workbench", self)


@dataclass
class _Kept:
    connection: Connection

    def __enter__(self) -> Connection:
        return self.connection

    def __exit__(self, *_: object) -> None:
        pass


def _opened(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Workbench:
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path_factory.mktemp('analysis')}/view3.db"
    else:
        url = request.getfixturevalue("mariadb").new_database()
    told = {"database_url": url, "challenge_start": "2026-01-01", "now": NOW, "timezone": "America/Sao_Paulo"}
    workbench = Workbench.open(Settings.model_validate(told))
    workbench.upgrade()
    return workbench


def _closed(workbench: Workbench) -> None:
    workbench.engine.dispose()
    workbench.reader.dispose()


@pytest.fixture(scope="session", params=ENGINES)
def sample(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workbench]:
    """A workbench on the sample challenge; tests leave it as it is."""
    workbench = _opened(request, tmp_path_factory)
    demonstration.load(workbench, leads=2000)
    yield workbench
    _closed(workbench)


@pytest.fixture(scope="session", params=ENGINES)
def empty(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workbench]:
    """A workbench on a database without rows."""
    workbench = _opened(request, tmp_path_factory)
    yield workbench
    _closed(workbench)
