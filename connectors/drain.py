"""From the inbox to the tables: reads kept events and hands their records to the door, event and rows in one transaction."""

import sqlite3
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy.engine import Connection

from analytics.records import Record
from connectors import inbox
from connectors.catalog import INBOX_SOURCES
from connectors.contract import Accepted, LookUp, LookUpFailedError, NoLookUp, Payload, UnreadablePayloadError
from connectors.inbox import Entry, Key, State
from connectors.payload import parse

BATCH = 100
TRIES = 5
# Lost connection, deadlock, lock wait; server stopping, statement killed or too slow; disk full, read-only, out of memory.
SERVER_TROUBLE = frozenset(
    {2006, 2013, 1020, 1205, 1213, 1053, 1317, 1927, 1969, 3, 28, 1021, 1030, 1114, 1180, 1290, 1792, 1836, 1037, 1041}
)
SQLITE_TROUBLE = frozenset(
    {
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_NOMEM,
        sqlite3.SQLITE_READONLY,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_CANTOPEN,
    }
)

Outcome = tuple[State, str]


@dataclass(frozen=True, slots=True)
class Drain:
    """Reads the inbox. `transaction` opens a writing transaction, `accept` is the door inside it."""

    transaction: Callable[[], AbstractContextManager[Connection]]
    accept: Callable[[Connection, Iterable[Record]], Accepted]
    clock: Callable[[], datetime]
    look_up: LookUp = field(default_factory=NoLookUp)

    def once(self, limit: int = BATCH) -> int:
        """Read a batch of events and return how many are done with; what crashes is tried again a few times."""
        asked = _Asked(self.look_up)
        done = self._batch(limit, asked)
        if asked.ask():
            done += self._batch(limit, asked)
        return done

    def all(self) -> int:
        """Read until nothing more can be done and return how many events are done with."""
        total = 0
        while done := self.once():
            total += done
        return total

    def prune(self, days: int) -> int:
        """Delete read events older than so many days and return how many."""
        with self.transaction() as connection:
            return inbox.prune(connection, self.clock() - timedelta(days=days))

    def _batch(self, limit: int, look_up: LookUp) -> int:
        with self.transaction() as connection:
            entries = inbox.take(connection, limit)
            outcomes = self._read_together(connection, entries, look_up)
            inbox.mark(connection, outcomes, self.clock())
        return sum(state is not State.UNREAD for state, _ in outcomes.values())

    def _read_together(self, connection: Connection, entries: Sequence[Entry], look_up: LookUp) -> dict[Key, Outcome]:
        """Read a batch as one; if that crashes, one by one, so that a poisonous event harms itself alone."""
        if not entries:
            return {}
        try:
            with connection.begin_nested():
                return self._read(connection, entries, look_up)
        except Exception as error:
            if _is_lost(error):
                raise
        outcomes: dict[Key, Outcome] = {}
        for entry in entries:
            outcomes.update(self._read_alone(connection, entry, look_up))
        return outcomes

    def _read_alone(self, connection: Connection, entry: Entry, look_up: LookUp) -> dict[Key, Outcome]:
        try:
            with connection.begin_nested():
                return self._read(connection, [entry], look_up)
        except Exception as error:
            if _is_lost(error):
                raise
            state = State.SET_ASIDE if entry.attempts + 1 >= TRIES else State.UNREAD
            return {entry.event.key: (state, f"reading it failed: {type(error).__name__}")}

    def _read(self, connection: Connection, entries: Sequence[Entry], look_up: LookUp) -> dict[Key, Outcome]:
        outcomes: dict[Key, Outcome] = {}
        records: list[Record] = []
        owners: list[Key] = []
        for entry in entries:
            try:
                told = list(INBOX_SOURCES[entry.event.source].normalise(parse(entry.event.body), look_up))
            except (UnreadablePayloadError, LookUpFailedError) as error:
                again = isinstance(error, LookUpFailedError)
                outcomes[entry.event.key] = (State.UNREAD if again else State.SET_ASIDE, str(error))
                continue
            outcomes[entry.event.key] = (State.READ if told else State.IGNORED, "")
            records += told
            owners += [entry.event.key] * len(told)
        accepted = self.accept(connection, records)
        for refusal in accepted.refused:
            outcomes[owners[refusal.position]] = (State.SET_ASIDE, refusal.reason)
        return outcomes


@dataclass(slots=True)
class _Asked:
    """Answers what a vendor was asked before, and notes what is still to be asked.

    A vendor takes its seconds; asked inside a transaction, it would keep the inbox locked for as long.
    """

    vendor: LookUp
    answers: dict[str, Sequence[Payload] | None] = field(default_factory=dict)
    wanted: list[str] = field(default_factory=list)

    def line_items(self, session_id: str) -> Sequence[Payload] | None:
        """Return what was answered; raise LookUpFailedError for what is still to be asked."""
        if session_id not in self.answers:
            self.wanted.append(session_id)
            raise LookUpFailedError("the vendor could not be asked yet")
        return self.answers[session_id]

    def ask(self) -> bool:
        """Ask what is wanted, up to the first question that fails, and return whether anything was answered."""
        with suppress(LookUpFailedError):  # noted with the event, which is read again later
            for session_id in dict.fromkeys(self.wanted):
                self.answers[session_id] = self.vendor.line_items(session_id)
        return bool(self.answers)


def _is_lost(error: Exception) -> bool:
    """Tell whether the database is at fault and not the event: the transaction is gone, or nothing can be written for now."""
    original = getattr(error, "orig", None)
    if (sqlite := getattr(original, "sqlite_errorcode", None)) is not None:
        return sqlite & 0xFF in SQLITE_TROUBLE
    code = original.args[0] if original is not None and original.args else None
    return bool(getattr(error, "connection_invalidated", False)) or code in SERVER_TROUBLE
