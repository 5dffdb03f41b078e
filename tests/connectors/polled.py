"""From a simulated vendor to the tables: a poller and a drain on one database, and what they leave behind."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Engine

from analytics.challenge import Challenge
from analytics.database import open_engine, reading, writing
from analytics.ingest import Rules, accept
from analytics.migrate import upgrade
from analytics.schema import attendance, attendance_samples, attendance_sessions, attendance_stays, inbox
from connectors.contract import Source
from connectors.drain import Drain
from connectors.poller import Outcome, Poller

CHALLENGE = Challenge.starting(date(2026, 1, 1), "America/Sao_Paulo")


class Clock:
    """A clock that somebody turns."""

    def __init__(self, now: datetime) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now


@dataclass(frozen=True)
class Stage:
    """One database, its poller and its drain."""

    engine: Engine
    clock: Clock

    @property
    def drain(self) -> Drain:
        rules = Rules(CHALLENGE)
        return Drain(lambda: writing(self.engine), lambda connection, told: accept(connection, rules, told), self.clock)

    def poll(self, source: Source) -> Outcome:
        return Poller(lambda: writing(self.engine), self.clock).once(source)

    def watch(self, source: Source, until: datetime, every: Callable[[datetime], object] = lambda _now: None) -> None:
        """Poll once a minute until a moment, then read everything."""
        while self.clock.now < until:
            every(self.clock.now)
            self.poll(source)
            self.clock.now += timedelta(minutes=1)
        self.drain.all()

    def sessions(self) -> dict[str, dict[str, Any]]:
        return {row["session_id"]: dict(row) for row in self._rows(attendance_sessions)}

    def tables(self) -> dict[str, list[Any]]:
        """Everything that the answers became, in an order of its own."""
        told = (attendance, attendance_sessions, attendance_samples, attendance_stays)
        return {one.name: sorted((_without_stamps(row) for row in self._rows(one)), key=repr) for one in told}

    def aside(self) -> list[str]:
        return [row["reason"] for row in self._rows(inbox) if row["state"] not in ("read", "ignored")]

    def _rows(self, table: sa.Table) -> list[Any]:
        with reading(self.engine) as connection:
            return list(connection.execute(sa.select(table)).mappings())


def _without_stamps(row: Any) -> tuple[Any, ...]:
    return tuple(value for name, value in row.items() if name not in ("id", "created_at", "updated_at"))


@contextmanager
def stage(url: str, now: datetime) -> Iterator[Stage]:
    """A stage on an empty database."""
    engine = open_engine(url)
    upgrade(engine)
    yield Stage(engine, Clock(now.astimezone(UTC)))
    engine.dispose()
