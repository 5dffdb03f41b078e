"""From the inbox to the tables: reads kept events and hands their records to the door, event and rows in one transaction."""

from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy.engine import Connection

from analytics.records import Record
from connectors import inbox
from connectors.catalog import INBOX_SOURCES
from connectors.contract import Accepted, LookUp, LookUpFailedError, NoLookUp, UnreadablePayloadError
from connectors.inbox import Entry, Key, State
from connectors.payload import parse

BATCH = 100
TRIES = 5

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
        with self.transaction() as connection:
            entries = inbox.take(connection, limit)
            outcomes = self._read_together(connection, entries)
            inbox.mark(connection, outcomes, self.clock())
        return sum(state is not State.UNREAD for state, _ in outcomes.values())

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

    def _read_together(self, connection: Connection, entries: Sequence[Entry]) -> dict[Key, Outcome]:
        """Read a batch as one; if that crashes, one by one, so that a poisonous event harms itself alone."""
        if not entries:
            return {}
        try:
            with connection.begin_nested():
                return self._read(connection, entries)
        except Exception as error:
            if _is_lost(error):
                raise
        outcomes: dict[Key, Outcome] = {}
        for entry in entries:
            outcomes.update(self._read_alone(connection, entry))
        return outcomes

    def _read_alone(self, connection: Connection, entry: Entry) -> dict[Key, Outcome]:
        try:
            with connection.begin_nested():
                return self._read(connection, [entry])
        except Exception as error:
            if _is_lost(error):
                raise
            state = State.SET_ASIDE if entry.attempts + 1 >= TRIES else State.UNREAD
            return {entry.event.key: (state, f"reading it failed: {type(error).__name__}")}

    def _read(self, connection: Connection, entries: Sequence[Entry]) -> dict[Key, Outcome]:
        outcomes: dict[Key, Outcome] = {}
        records: list[Record] = []
        owners: list[Key] = []
        for entry in entries:
            try:
                told = list(INBOX_SOURCES[entry.event.source].normalise(parse(entry.event.body), self.look_up))
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


def _is_lost(error: Exception) -> bool:
    """Tell whether the whole transaction is gone (deadlock, lock wait, lost connection), so that nothing was done at all."""
    original = getattr(error, "orig", None)
    code = original.args[0] if original is not None and original.args else None
    return bool(getattr(error, "connection_invalidated", False)) or code in {1205, 1213, 2006, 2013}
