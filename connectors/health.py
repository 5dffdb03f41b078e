"""Whether events are accepted and settled: what `/healthz` and `/readyz` answer."""

import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy.engine import Connection

from analytics.backlog import Backlog, Limits
from connectors import inbox

LEAST_ROOM = 4 * 1024 * 1024  # bytes: a few of the largest events
RECENT = 60.0  # seconds for which an event that could not be stored speaks for the database


@dataclass(frozen=True, slots=True)
class Report:
    """What a health check found; `trouble` keeps events from being accepted, `overdue` is what waits for too long."""

    trouble: str = ""
    backlog: Backlog = field(default_factory=Backlog)
    overdue: Mapping[str, str] = field(default_factory=dict)
    now: datetime | None = None

    def as_json(self) -> dict[str, Any]:
        """Return the report for programs, ages in seconds."""
        if self.trouble or self.now is None:
            return {"database": self.trouble or "ok"}
        ages = {
            name: {"count": one.count, "oldest_seconds": int((self.now - one.oldest).total_seconds())}
            for name, one in self.backlog.pending().items()
            if one.oldest is not None
        }
        return {"database": "ok", **ages, **({"overdue": list(self.overdue.values())} if self.overdue else {})}


@dataclass(slots=True)
class Health:
    """Checks the database by writing to it, as accepting an event does; `room` is the free space, where it is known."""

    transaction: Callable[[], AbstractContextManager[Connection]]
    clock: Callable[[], datetime]
    backlog: Callable[[Connection, datetime], Backlog]
    limits: Limits = field(default_factory=Limits)
    room: Callable[[], int | None] = lambda: None
    _failed_at: float = float("-inf")

    def note(self, *, stored: bool) -> None:
        """Remember whether the last event could be stored."""
        self._failed_at = float("-inf") if stored else time.monotonic()

    def check(self) -> Report:
        """Return how it stands."""
        now = self.clock()
        try:
            room = self.room()
            with self.transaction() as connection:
                inbox.try_to_write(connection, now)
                backlog = self.backlog(connection, now)
        except Exception:  # noqa: BLE001 (whatever keeps it from answering, no event can be stored)
            return Report("the database is away or cannot be written")
        if room is not None and room < LEAST_ROOM:
            return Report("the disk is full")
        if time.monotonic() - self._failed_at < RECENT:
            return Report("the last event could not be stored")
        return Report("", backlog, backlog.overdue(self.limits, now), now)
