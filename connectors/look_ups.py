"""The queue of look-ups: what a vendor is asked about events, what it answered, and when it is asked again."""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from analytics.schema import look_up_events, look_ups
from analytics.store import chunks, existing, insert_missing
from connectors.contract import Payload

FIRST_PAUSE, LONGEST_PAUSE = timedelta(seconds=30), timedelta(hours=1)
LEASE = timedelta(minutes=2)  # longer than one round of questions takes
GIVE_UP = timedelta(days=30)
LONGEST_SENTENCE = 500

Key = tuple[str, str]  # the source of the events, and the id that the vendor is asked about


class State(StrEnum):
    """Where a look-up stands."""

    WAITING = "waiting"
    ANSWERED = "answered"
    GIVEN_UP = "given up"


@dataclass(frozen=True, slots=True)
class Entry:
    """A look-up as the queue holds it; `last_error` is empty until a try fails."""

    source: str
    subject: str
    state: State
    tries: int
    since: datetime
    next_due: datetime
    last_error: str
    answer: Sequence[Payload] | None


@dataclass(frozen=True, slots=True)
class Result:
    """What came of a look-up: an answer, or why there is none; `next_due` is None after a try."""

    key: Key
    state: State
    answer: Sequence[Payload] | None = None
    error: str = ""
    next_due: datetime | None = None


def find(connection: Connection, key: Key) -> Entry | None:
    """Return a look-up, locked until the transaction ends; None where it was never needed.

    Unlocked, its answer could come between this look and `link`, and the event would wait for it for ever.
    """
    query = sa.select(look_ups).where(_one_of([key])).with_for_update()
    row = connection.execute(query).mappings().first()
    return _entry(row) if row is not None else None


def claim(connection: Connection, key: Key, now: datetime) -> None:
    """Store a new look-up, leased to the caller, so that no other process makes it meanwhile."""
    source, subject = key
    row = {"state": State.WAITING, "tries": 0, "since": now, "next_due": now + LEASE, "last_error": ""}
    insert_missing(connection, look_ups, [{"source": source, "subject": subject, **row}])


def claim_due(connection: Connection, now: datetime, limit: int) -> list[Key]:
    """Return the look-ups whose time has come, longest due first, leased to the caller."""
    query = (
        sa.select(look_ups.c.source, look_ups.c.subject)
        .where(look_ups.c.state == State.WAITING, look_ups.c.next_due <= now)
        .order_by(look_ups.c.next_due)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    keys = [(source, subject) for source, subject in connection.execute(query)]
    for chunk in chunks(keys):
        connection.execute(sa.update(look_ups).where(_one_of(chunk)).values(next_due=now + LEASE))
    return keys


def link(connection: Connection, key: Key, event_id: str) -> None:
    """Note that an event is to be read again once its look-up is answered."""
    source, subject = key
    insert_missing(connection, look_up_events, [{"source": source, "subject": subject, "event_id": event_id}])


def linked(connection: Connection, keys: Collection[Key]) -> list[Key]:
    """Return source and id of the events that wait for some look-ups."""
    found: list[Key] = []
    for chunk in chunks(sorted(keys)):
        is_one = sa.tuple_(look_up_events.c.source, look_up_events.c.subject).in_(chunk)
        query = sa.select(look_up_events.c.source, look_up_events.c.event_id).where(is_one)
        found += [(source, event_id) for source, event_id in connection.execute(query)]
    return found


def record(connection: Connection, results: Sequence[Result], now: datetime) -> None:
    """Store what came of look-ups; one that failed waits longer each time, and is given up after a month."""
    stored = existing(connection, look_ups, {result.key for result in results})
    for result in sorted(results, key=lambda one: one.key):  # in one order, so that two processes do not deadlock
        if result.key in stored:
            values = _values(result, _entry(stored[result.key]), now)
            connection.execute(sa.update(look_ups).where(_one_of([result.key])).values(values))


def unanswered(connection: Connection) -> list[Entry]:
    """Return the look-ups without an answer, oldest first."""
    query = sa.select(look_ups).where(look_ups.c.state.in_([State.WAITING, State.GIVEN_UP]))
    rows = connection.execute(query.order_by(look_ups.c.since, look_ups.c.source, look_ups.c.subject)).mappings()
    return [_entry(row) for row in rows]


def retry(connection: Connection, now: datetime) -> int:
    """Make every look-up without an answer due, those that were given up included, and return how many."""
    again = sa.update(look_ups).where(look_ups.c.state.in_([State.WAITING, State.GIVEN_UP]))
    return connection.execute(again.values(state=State.WAITING, next_due=now, since=now)).rowcount


def prune(connection: Connection, before: datetime) -> None:
    """Delete the look-ups that are over and were first needed before a moment."""
    is_old = sa.and_(look_ups.c.state != State.WAITING, look_ups.c.since < before)
    query = sa.select(look_ups.c.source, look_ups.c.subject).where(is_old).limit(1000)
    keys = [(source, subject) for source, subject in connection.execute(query)]
    for chunk in chunks(keys):
        is_one = sa.tuple_(look_up_events.c.source, look_up_events.c.subject).in_(chunk)
        connection.execute(sa.delete(look_up_events).where(is_one))
        connection.execute(sa.delete(look_ups).where(_one_of(chunk)))


def _values(result: Result, stored: Entry, now: datetime) -> dict[str, Any]:
    if result.next_due is not None:  # not tried, because the vendor is away
        return {"next_due": result.next_due, "last_error": (stored.last_error or result.error)[:LONGEST_SENTENCE]}
    values: dict[str, Any] = {"tries": stored.tries + 1, "last_error": result.error[:LONGEST_SENTENCE]}
    if result.answer is not None:
        return {**values, "state": State.ANSWERED, "answer": json.dumps(result.answer, default=str)}
    is_over = result.state is State.GIVEN_UP or now - stored.since > GIVE_UP
    # Beyond the tenth doubling the longest pause stands anyway.
    pause = min(FIRST_PAUSE * 2 ** min(stored.tries, 10), LONGEST_PAUSE)
    return {**values, "state": State.GIVEN_UP if is_over else State.WAITING, "next_due": now + pause}


def _one_of(keys: Sequence[Key]) -> sa.ColumnElement[bool]:
    return sa.tuple_(look_ups.c.source, look_ups.c.subject).in_(keys)


def _entry(row: Mapping[Any, Any]) -> Entry:
    values = {name: row[name] for name in Entry.__dataclass_fields__}
    answer = json.loads(row["answer"]) if row["answer"] is not None else None
    return Entry(**{**values, "state": State(row["state"]), "answer": answer})
