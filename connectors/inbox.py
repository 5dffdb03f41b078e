"""The inbox: what a vendor said, kept once as it was said, before anybody tries to understand it."""

import hashlib
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from analytics.schema import inbox
from analytics.store import chunks, existing, insert_missing

REASON = 500

Key = tuple[str, str]


class State(StrEnum):
    """What became of an event."""

    UNREAD = "unread"
    READ = "read"
    IGNORED = "ignored"  # means nothing to us
    SET_ASIDE = "set aside"  # could not be read; waits for a fix


class Kept(StrEnum):
    """What keeping an event found."""

    NEW = "new"
    DUPLICATE = "duplicate"
    CONFLICT = "conflict"  # the id is known with another body; both are kept


@dataclass(frozen=True, slots=True)
class Event:
    """A raw thing a vendor sent: who, under which id, of which kind, the bytes to keep, and when it came."""

    source: str
    event_id: str
    kind: str
    body: bytes
    received_at: datetime

    @property
    def key(self) -> Key:
        """Return what identifies the event."""
        return self.source, self.event_id


@dataclass(frozen=True, slots=True)
class Entry:
    """An event as the inbox holds it."""

    event: Event
    state: State
    reason: str
    attempts: int


def keep(connection: Connection, events: Sequence[Event]) -> list[Kept]:
    """Store events that are not stored yet, all in the caller's transaction; return per event what was found.

    A known id with another body is kept beside the first, set aside for people to look at.
    """
    stored = existing(connection, inbox, {event.key for event in events})
    bodies = {event_key: row["body"] for event_key, row in stored.items()}
    found, rows = [], []
    for event in events:
        first = bodies.get(event.key)
        if first is None:
            bodies[event.key] = event.body
            found.append(Kept.NEW)
            rows.append(_row(event, State.UNREAD, ""))
        elif first == event.body:
            found.append(Kept.DUPLICATE)
        else:
            found.append(Kept.CONFLICT)
            rows.append(_row(_beside(event), State.SET_ASIDE, "this id came before with another body"))
    insert_missing(connection, inbox, rows)  # a twin that another process stored in the meantime is the same event
    return found


def keep_unknown(connection: Connection, events: Sequence[Event]) -> int:
    """Store the events whose ids are not known yet and return how many; a known one stays as it came first."""
    stored = existing(connection, inbox, {event.key for event in events})
    missing = {event.key: event for event in events if event.key not in stored}
    insert_missing(connection, inbox, [_row(event, State.UNREAD, "") for event in missing.values()])
    return len(missing)


def newest(connection: Connection, source: str, start: str) -> str:
    """Return the last id, in the order of their bytes, of those that begin with a text; empty where there is none."""
    begins = sa.and_(inbox.c.event_id > start, inbox.c.event_id < start[:-1] + chr(ord(start[-1]) + 1))
    query = sa.select(sa.func.max(inbox.c.event_id)).where(inbox.c.source == source, begins)
    return connection.scalar(query) or ""


def set_aside(connection: Connection, event: Event, reason: str) -> None:
    """Store an event that cannot be read for people to look at, unless it is there."""
    insert_missing(connection, inbox, [_row(event, State.SET_ASIDE, reason)])


def take(connection: Connection, limit: int) -> list[Entry]:
    """Return unread events, locked until the transaction ends: the least tried first, then the oldest.

    Those of another drain are passed over.
    """
    # Asked at once, the server would sort, and lock, everything that waits for the sake of a hundred events.
    entries = _unread(connection, inbox.c.attempts == 0, limit)
    if len(entries) < limit:
        entries += _unread(connection, inbox.c.attempts > 0, limit - len(entries))
    return entries


def take_again(connection: Connection, keys: Collection[Key]) -> list[Entry]:
    """Return those of the given events that are still unread, locked; those of another drain are passed over."""
    found: list[Entry] = []
    for chunk in chunks(sorted(keys)):
        are_events = sa.tuple_(inbox.c.source, inbox.c.event_id).in_(chunk)
        query = sa.select(inbox).where(are_events, inbox.c.state == State.UNREAD).with_for_update(skip_locked=True)
        found += [_entry(row) for row in connection.execute(query).mappings()]
    return sorted(found, key=lambda entry: (entry.event.received_at, entry.event.key))


def read_again(connection: Connection, keys: Collection[Key]) -> None:
    """Make events unread that were read without an answer which has come since."""
    for chunk in chunks(sorted(keys)):
        are_events = sa.tuple_(inbox.c.source, inbox.c.event_id).in_(chunk)
        again = sa.update(inbox).where(are_events, inbox.c.state.in_([State.READ, State.IGNORED]))
        connection.execute(again.values(state=State.UNREAD, attempts=0))


def mark(connection: Connection, outcomes: Mapping[Key, tuple[State, str]], now: datetime) -> None:
    """Write what became of events that were taken."""
    alike: defaultdict[tuple[str, State, str], list[str]] = defaultdict(list)
    for (source, event_id), (state, reason) in outcomes.items():
        alike[source, state, reason[:REASON]].append(event_id)
    for (source, state, reason), event_ids in alike.items():
        values = {"state": state, "reason": reason, "read_at": now, "attempts": inbox.c.attempts + 1}
        for chunk in chunks(event_ids):
            are_events = sa.and_(inbox.c.source == source, inbox.c.event_id.in_(chunk))
            connection.execute(sa.update(inbox).where(are_events).values(values))


def entries(connection: Connection, state: State) -> list[Entry]:
    """Return the events in a state, oldest first."""
    query = sa.select(inbox).where(inbox.c.state == state).order_by(inbox.c.received_at, inbox.c.event_id)
    return [_entry(row) for row in connection.execute(query).mappings()]


def find(connection: Connection, source: str, event_id: str) -> Entry | None:
    """Return one event."""
    found = existing(connection, inbox, {(source, event_id)})
    return _entry(found[source, event_id]) if found else None


def retry(connection: Connection) -> int:
    """Make every event that was set aside unread again and return how many."""
    aside = sa.update(inbox).where(inbox.c.state == State.SET_ASIDE)
    return connection.execute(aside.values(state=State.UNREAD, attempts=0)).rowcount


def prune(connection: Connection, before: datetime, limit: int = 1000) -> int:
    """Delete events that were read or meant nothing and came before a moment, at most `limit`; return how many."""
    old = (
        sa.select(inbox.c.source, inbox.c.event_id)
        .where(inbox.c.state.in_([State.READ, State.IGNORED]), inbox.c.received_at < before)
        .limit(limit)
    )
    keys = [tuple(row) for row in connection.execute(old)]
    for chunk in chunks(keys):
        connection.execute(sa.delete(inbox).where(sa.tuple_(inbox.c.source, inbox.c.event_id).in_(chunk)))
    return len(keys)


def try_to_write(connection: Connection, now: datetime) -> None:
    """Write an event and take it back; raises what keeps the database from being written."""
    trial = Event("health", "trial", "", b"", now)
    with connection.begin_nested() as savepoint:
        insert_missing(connection, inbox, [_row(trial, State.IGNORED, "")])
        savepoint.rollback()


def dismiss(connection: Connection, source: str, event_id: str, reason: str) -> bool:
    """Settle an event that was set aside, for a reason that people give; False where there is none."""
    is_event = sa.and_(inbox.c.source == source, inbox.c.event_id == event_id, inbox.c.state == State.SET_ASIDE)
    values = {"state": State.IGNORED, "reason": reason[:REASON]}
    return bool(connection.execute(sa.update(inbox).where(is_event).values(values)).rowcount)


def waiting(connection: Connection) -> int:
    """Return how many events are unread."""
    query = sa.select(sa.func.count()).select_from(inbox).where(inbox.c.state == State.UNREAD)
    return connection.scalar(query) or 0


def _unread(connection: Connection, tried: sa.ColumnElement[bool], limit: int) -> list[Entry]:
    query = (
        sa.select(inbox)
        .where(inbox.c.state == State.UNREAD, tried)
        .order_by(inbox.c.attempts, inbox.c.received_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    return [_entry(row) for row in connection.execute(query).mappings()]


def _row(event: Event, state: State, reason: str) -> dict[str, Any]:
    return {
        "source": event.source,
        "event_id": event.event_id,
        "kind": event.kind[:64],
        "state": state,
        "reason": reason[:REASON],
        "attempts": 0,
        "received_at": event.received_at.replace(microsecond=0),
        "body": event.body,
    }


def _beside(event: Event) -> Event:
    """Return the event under an id of its own, made of its body."""
    mark_of_body = hashlib.blake2b(event.body, digest_size=8).hexdigest()
    return Event(event.source, f"{event.event_id[:170]}~{mark_of_body}", event.kind, event.body, event.received_at)


def _entry(row: Mapping[Any, Any]) -> Entry:
    event = Event(row["source"], row["event_id"], row["kind"], row["body"], row["received_at"])
    return Entry(event, State(row["state"]), row["reason"], row["attempts"])
