"""Who has had which snapshot: a row per report, date and recipient, and a lock against two runs at once."""

import fcntl
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.engine import Engine

from analytics.database import named_lock, reading, writing
from analytics.schema import report_runs
from analytics.store import upsert

REASON = 500


class BusyError(RuntimeError):
    """Another run is at work."""


class State(StrEnum):
    """What became of a snapshot for one recipient."""

    PENDING = "pending"  # is to be sent
    SENDING = "sending"  # was being handed over; after a kill nobody knows whether it went
    SENT = "sent"
    REFUSED = "refused"
    HELD = "held"  # a check failed
    ENDED = "ended"  # an alarm whose cause is gone
    FAILED = "failed"  # the run did not come to its end


@dataclass(frozen=True, slots=True)
class Delivery:
    """A recipient's row."""

    recipient: str
    state: State
    message_id: str
    reason: str


@dataclass(frozen=True, slots=True)
class Deliveries:
    """The rows of one report."""

    engine: Engine
    report: str

    def of(self, on: date) -> Mapping[str, Delivery]:
        """Return the rows of a date by recipient."""
        row = report_runs.c
        query = sa.select(row.recipient, row.state, row.message_id, row.reason).where(
            row.report == self.report, row.business_date == on
        )
        with reading(self.engine) as connection:
            found = [Delivery(who, State(state), told, why) for who, state, told, why in connection.execute(query)]
        return {one.recipient: one for one in found}

    def newest(self) -> date | None:
        """Return the newest date of which anything is recorded."""
        query = sa.select(sa.func.max(report_runs.c.business_date)).where(report_runs.c.report == self.report)
        with reading(self.engine) as connection:
            newest: date | None = connection.scalar(query)
        return newest

    def note(self, on: date, deliveries: Iterable[Delivery], now: datetime) -> None:
        """Keep rows, all or none of them."""
        rows = [
            {
                "report": self.report,
                "business_date": on,
                "recipient": one.recipient,
                "state": one.state,
                "message_id": one.message_id,
                "reason": one.reason[:REASON],
                "updated_at": now,
            }
            for one in deliveries
        ]
        with writing(self.engine) as connection:
            upsert(connection, report_runs, rows)


@contextmanager
def alone(engine: Engine, report: str) -> Iterator[None]:
    """Keep every other run of a report away, also from other machines; raises BusyError. It ends with its process.

    MariaDB holds the lock for a connection. A SQLite file is on one machine, so a file beside it is enough.
    """
    if engine.dialect.name == "sqlite":
        with _file_lock(Path(f"{engine.url.database}.{report}.lock")):
            yield
    else:
        with named_lock(engine, report, 0) as is_ours:
            if not is_ours:
                raise BusyError("Another run of the report is at work.")
            yield


@contextmanager
def _file_lock(path: Path) -> Iterator[None]:
    with path.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise BusyError("Another run of the report is at work.") from None
        yield
