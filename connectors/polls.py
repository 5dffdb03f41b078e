"""What the poller remembers of each source: its lease, its state, its last success and what went wrong since.

The clock of leases and due times is the database's, which all pollers share.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from analytics.schema import Moment, polls
from analytics.store import existing, insert_missing
from connectors.contract import Payload

LONGEST_SENTENCE = 500


@dataclass(frozen=True, slots=True)
class Poll:
    """How it stands with one source; `last_error` is empty after a success."""

    source: str
    holder: str
    held_until: datetime | None
    state: Payload
    next_due: datetime | None
    last_success: datetime | None
    last_error: str
    failures: int


def database_now(connection: Connection) -> datetime:
    """Return the database's clock."""
    now = connection.scalar(sa.select(sa.func.current_timestamp(type_=Moment)))
    assert isinstance(now, datetime)  # noqa: S101 (a constant expression)
    return now


def find(connection: Connection, source: str) -> Poll | None:
    """Return how it stands with a source; None for one that was never asked."""
    rows = existing(connection, polls, {(source,)})
    return _poll(rows[source,]) if rows else None


def lease(connection: Connection, source: str, holder: str, lasts: timedelta) -> Poll | None:
    """Take or prolong the lease of a source and return how it stands; None where somebody else holds it."""
    insert_missing(
        connection, polls, [{"source": source, "holder": "", "state": "{}", "last_error": "", "failures": 0}]
    )
    now = database_now(connection)
    is_free = sa.or_(polls.c.holder.in_(["", holder]), polls.c.held_until < now)
    taken = sa.update(polls).where(polls.c.source == source, is_free).values(holder=holder, held_until=now + lasts)
    return find(connection, source) if connection.execute(taken).rowcount else None


def release(connection: Connection, source: str, holder: str) -> None:
    """Give a lease back."""
    connection.execute(_held(source, holder).values(holder="", held_until=None))


def advance(connection: Connection, source: str, holder: str, state: Payload) -> bool:
    """Keep the state after a page; False where the lease was lost, and then nothing of the page may be kept."""
    return bool(connection.execute(_held(source, holder).values(state=json.dumps(state, default=str))).rowcount)


def succeed(connection: Connection, source: str, holder: str, pause: timedelta | None) -> None:
    """Note a good run and when the next is due; None: never by itself."""
    now = database_now(connection)
    values = {"last_success": now, "last_error": "", "failures": 0, "next_due": None if pause is None else now + pause}
    connection.execute(_held(source, holder).values(values))


def fail(connection: Connection, source: str, holder: str, sentence: str, pause: timedelta) -> None:
    """Note a bad run and when to try again."""
    values = {"last_error": sentence[:LONGEST_SENTENCE], "next_due": database_now(connection) + pause}
    connection.execute(_held(source, holder).values(failures=polls.c.failures + 1, **values))


def _held(source: str, holder: str) -> sa.Update:
    return sa.update(polls).where(polls.c.source == source, polls.c.holder == holder)


def _poll(row: Mapping[Any, Any]) -> Poll:
    told = {name: row[name] for name in Poll.__dataclass_fields__}
    return Poll(**{**told, "state": json.loads(row["state"])})
