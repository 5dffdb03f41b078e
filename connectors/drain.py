"""From the inbox to the tables: reads kept events and hands their records to the door, event and rows in one transaction."""

import sqlite3
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy.engine import Connection

from analytics.records import Record
from connectors import inbox, look_ups
from connectors.catalog import INBOX_SOURCES
from connectors.contract import Accepted, LookUp, LookUpFailedError, NoLookUp, Payload, UnreadablePayloadError
from connectors.inbox import Entry, Key, State
from connectors.payload import parse

BATCH, SMALLEST = 100, 10
HOLD = 0.25  # seconds that a batch should hold the locks; the receiver has 2.5 to answer
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

ASKING = 15.0  # seconds; what is not looked up by then is read without, so that no vendor holds up the sales
SHORTEST_PAUSE, LONGEST_PAUSE = timedelta(seconds=30), timedelta(minutes=5)
NOT_YET = "the vendor is asked at the next opportunity"
NO_ANSWER = "the vendor has no answer, and would not have one later"
UNANSWERED = "read without a look-up that has no answer yet: view3 inbox list"

Outcome = tuple[State, str]


@dataclass(slots=True)
class _Pace:
    """When a vendor that was away is asked again, and why it was away."""

    until: datetime | None = None
    pause: timedelta = SHORTEST_PAUSE
    error: str = ""

    def fail(self, now: datetime, error: str) -> None:
        self.until, self.error = now + self.pause, error
        self.pause = min(self.pause * 2, LONGEST_PAUSE)

    def succeed(self) -> None:
        self.until, self.pause, self.error = None, SHORTEST_PAUSE, ""


@dataclass(slots=True)
class _Size:
    """How many events a batch may have, so that its transaction keeps other writers waiting for a moment only."""

    events: int = BATCH

    def adapt(self, read: int, seconds: float) -> None:
        """Follow the speed at which a batch was read, by half of the way at most."""
        if read:
            fitting = int(read * HOLD / max(seconds, 0.001))
            self.events = max(SMALLEST, min(BATCH, max(fitting, self.events // 2)))


@dataclass(frozen=True, slots=True)
class Drain:
    """Reads the inbox. `transaction` opens a writing transaction, `accept` is the door inside it."""

    transaction: Callable[[], AbstractContextManager[Connection]]
    accept: Callable[[Connection, Iterable[Record]], Accepted]
    clock: Callable[[], datetime]
    look_up: LookUp | None = None
    _pace: _Pace = field(default_factory=_Pace)
    _size: _Size = field(default_factory=_Size)

    def once(self, limit: int = BATCH) -> int:
        """Read a batch of events and return how many are done with; what crashes is tried again a few times."""
        with self.transaction() as connection:
            began = time.monotonic()
            batch = _Batch(connection, self.clock(), can_look_up=self.look_up is not None)
            entries = inbox.take(connection, min(limit, self._size.events))
            done = self._read_batch(batch, entries)
            self._size.adapt(len(entries), time.monotonic() - began)
            if self.look_up is not None and not self._is_paused(batch.now):
                batch.questions.update(dict.fromkeys(look_ups.claim_due(connection, batch.now, limit)))
        if not batch.questions:
            return done
        # A vendor takes its seconds; asked inside a transaction, it would keep the inbox locked for as long.
        results = self._ask(list(batch.questions))
        with self.transaction() as connection:
            revived = self._record(connection, results)
        with self.transaction() as connection:
            again = _Batch(connection, self.clock(), can_look_up=self.look_up is not None, may_postpone=False)
            return done + self._read_batch(again, inbox.take_again(connection, batch.postponed | revived))

    def all(self) -> int:
        """Read until nothing more can be done and return how many events are done with."""
        total = 0
        while done := self.once():
            total += done
        return total

    def prune(self, days: int) -> int:
        """Delete read events older than so many days and return how many."""
        before = self.clock() - timedelta(days=days)
        with self.transaction() as connection:
            look_ups.prune(connection, before)
            return inbox.prune(connection, before)

    def _is_paused(self, now: datetime) -> bool:
        return self._pace.until is not None and now < self._pace.until

    def _ask(self, keys: Sequence[look_ups.Key]) -> list[look_ups.Result]:
        """Ask the vendor, up to the first question that fails; what is left waits without a try."""
        ends = time.monotonic() + ASKING
        results = []
        for key in keys:
            now = self.clock()
            if self._is_paused(now):
                state, until = look_ups.State.WAITING, self._pace.until
                results.append(look_ups.Result(key, state, error=self._pace.error, next_due=until))
            elif time.monotonic() > ends:
                results.append(look_ups.Result(key, look_ups.State.WAITING, error=NOT_YET, next_due=now))
            else:
                results.append(self._ask_one(key))
        return results

    def _ask_one(self, key: look_ups.Key) -> look_ups.Result:
        assert self.look_up is not None  # noqa: S101 (without it nothing is queued)
        try:
            answer = self.look_up.line_items(key[1])
        except LookUpFailedError as error:
            self._pace.fail(self.clock(), str(error))
            return look_ups.Result(key, look_ups.State.WAITING, error=str(error))
        self._pace.succeed()
        if answer is None:
            return look_ups.Result(key, look_ups.State.GIVEN_UP, error=NO_ANSWER)
        return look_ups.Result(key, look_ups.State.ANSWERED, answer)

    def _record(self, connection: Connection, results: Sequence[look_ups.Result]) -> set[Key]:
        """Keep what came of look-ups and return the events that are to be read again with an answer."""
        look_ups.record(connection, results, self.clock())
        answered = [result.key for result in results if result.answer is not None]
        revived = set(look_ups.linked(connection, answered))
        inbox.read_again(connection, revived)
        return revived

    def _read_batch(self, batch: "_Batch", entries: Sequence[Entry]) -> int:
        outcomes = self._read_together(batch, entries)
        inbox.mark(batch.connection, outcomes, self.clock())
        return sum(state is not State.UNREAD for state, _ in outcomes.values())

    def _read_together(self, batch: "_Batch", entries: Sequence[Entry]) -> dict[Key, Outcome]:
        """Read events as one; if that crashes, half by half, so that a poisonous event harms itself alone."""
        if not entries:
            return {}
        if len(entries) == 1:
            return self._read_alone(batch, entries[0])
        noted = batch.noted()
        try:
            with batch.connection.begin_nested():
                return self._read(batch, entries)
        except Exception as error:
            if _is_lost(error):
                raise
        batch.restore(noted)
        half = len(entries) // 2
        return {**self._read_together(batch, entries[:half]), **self._read_together(batch, entries[half:])}

    def _read_alone(self, batch: "_Batch", entry: Entry) -> dict[Key, Outcome]:
        noted = batch.noted()
        try:
            with batch.connection.begin_nested():
                return self._read(batch, [entry])
        except Exception as error:
            if _is_lost(error):
                raise
            batch.restore(noted)
            state = State.SET_ASIDE if entry.attempts + 1 >= TRIES else State.UNREAD
            return {entry.event.key: (state, f"reading it failed: {type(error).__name__}")}

    def _read(self, batch: "_Batch", entries: Sequence[Entry]) -> dict[Key, Outcome]:
        outcomes: dict[Key, Outcome] = {}
        records: list[Record] = []
        owners: list[Key] = []
        for entry in entries:
            key, look_up = entry.event.key, batch.look_up(entry)
            try:
                found = list(INBOX_SOURCES[entry.event.source].normalise(parse(entry.event.body), look_up))
            except UnreadablePayloadError as error:
                outcomes[key] = (State.SET_ASIDE, str(error))
                continue
            except LookUpFailedError:
                batch.postponed.add(key)
                continue
            outcomes[key] = (State.READ if found else State.IGNORED, UNANSWERED if key in batch.unanswered else "")
            records += found
            owners += [key] * len(found)
        accepted = self.accept(batch.connection, records)
        for refusal in accepted.refused:
            outcomes[owners[refusal.position]] = (State.SET_ASIDE, refusal.reason)
        return outcomes


@dataclass(slots=True)
class _Batch:
    """Events that are read in one transaction: the questions that came up, and the events that wait for an answer."""

    connection: Connection
    now: datetime
    can_look_up: bool
    may_postpone: bool = True
    questions: dict[look_ups.Key, None] = field(default_factory=dict)
    postponed: set[Key] = field(default_factory=set)
    unanswered: set[Key] = field(default_factory=set)

    def look_up(self, entry: Entry) -> LookUp:
        """Return what answers an event's questions from the queue."""
        return _Queued(self, entry) if self.can_look_up else NoLookUp()

    def noted(self) -> tuple[dict[look_ups.Key, None], set[Key], set[Key]]:
        """Return what is noted so far."""
        return dict(self.questions), set(self.postponed), set(self.unanswered)

    def restore(self, noted: tuple[dict[look_ups.Key, None], set[Key], set[Key]]) -> None:
        """Forget what was noted in a part of the transaction that was undone."""
        self.questions, self.postponed, self.unanswered = noted


@dataclass(frozen=True, slots=True)
class _Queued:
    """Answers what the vendor answered before, and queues what it was not asked yet."""

    batch: _Batch
    entry: Entry

    def line_items(self, session_id: str) -> Sequence[Payload] | None:
        """Return the answer, or None while there is none; raise LookUpFailedError for what is asked right after."""
        batch, (source, event_id) = self.batch, self.entry.event.key
        key = (source, session_id)
        stored = look_ups.find(batch.connection, key)
        if stored is None:
            look_ups.claim(batch.connection, key, batch.now)
            batch.questions[key] = None
        if batch.may_postpone and key in batch.questions:
            raise LookUpFailedError(NOT_YET)
        if stored is None or stored.answer is None:
            look_ups.link(batch.connection, key, event_id)
            batch.unanswered.add(self.entry.event.key)
        return stored.answer if stored else None


def _is_lost(error: Exception) -> bool:
    """Tell whether the database is at fault and not the event: the transaction is gone, or nothing can be written for now."""
    original = getattr(error, "orig", None)
    if (sqlite := getattr(original, "sqlite_errorcode", None)) is not None:
        return sqlite & 0xFF in SQLITE_TROUBLE
    code = original.args[0] if original is not None and original.args else None
    return bool(getattr(error, "connection_invalidated", False)) or code in SERVER_TROUBLE
