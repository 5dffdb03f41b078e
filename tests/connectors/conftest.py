"""A door that keeps what it is handed, so that an export and the records it becomes stand side by side."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

import pytest

from analytics.challenge import Challenge
from analytics.records import Record
from connectors.contract import Reading
from connectors.csv_import import ImportReport, import_file


@dataclass(frozen=True)
class FakeRefusal:
    position: int
    reason: str


@dataclass(frozen=True)
class FakeAccepted:
    new: int
    changed: int = 0
    same: int = 0
    unclassified: int = 0
    excluded: int = 0
    refused: tuple[FakeRefusal, ...] = ()


@dataclass(frozen=True)
class Outcome:
    records: list[Record]
    report: ImportReport

    @property
    def rejects(self) -> list[str]:
        """The lines of the rejects file, without its header."""
        return self.report.rejects.read_text("utf-8-sig").splitlines()[1:] if self.report.rejects else []


Take = Callable[..., Outcome]


@pytest.fixture
def reading() -> Reading:
    """A challenge in January 2026 in São Paulo (UTC−3 all year), money in dollars."""
    return Reading(Challenge.starting(date(2026, 1, 1), "America/Sao_Paulo"), "USD")


@pytest.fixture
def take(tmp_path: Path, reading: Reading) -> Take:
    """Import a file, a text or bytes; `refuse` is what the door says no to."""

    def _take(
        content: str | bytes | Path,
        *,
        kind: str = "",
        zone: str = "",
        rooms: tuple[str, ...] = (),
        refuse: Callable[[Record], str] = lambda _: "",
    ) -> Outcome:
        path = tmp_path / "export.csv"
        if isinstance(content, Path):
            content = content.read_bytes()
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        records: list[Record] = []

        def accept(stream: Iterable[Record]) -> FakeAccepted:
            records.extend(stream)
            reasons = [FakeRefusal(place, why) for place, record in enumerate(records) if (why := refuse(record))]
            return FakeAccepted(len(records) - len(reasons), refused=tuple(reasons))

        where = Reading(Challenge.starting(date(2026, 1, 1), zone), "USD") if zone else reading
        where = replace(where, rooms=rooms)
        return Outcome(records, import_file(path, where, accept, kind=kind))

    return _take
