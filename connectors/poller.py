"""Asks the vendors: each source at its own pace, in a thread of its own, and what it answers goes through the inbox.

A page and the state after it are committed together: whoever is killed in between asks for that page again.
"""

import hashlib
import json
import re
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from random import uniform
from uuid import uuid4

from sqlalchemy.engine import Connection

from connectors import inbox, polls
from connectors.contract import Answer, Original, Page, Source, VendorError
from connectors.inbox import Event
from connectors.object_failures import FIRST_PAUSE, backoff, error_sentence, failing_sentences

LEASE = timedelta(seconds=45)
HEARTBEAT, GOODBYE = 15.0, 5.0
PLAIN = re.compile(r"[A-Za-z0-9_.:/+=-]{1,140}").fullmatch


class LostLeaseError(Exception):
    """Another poller has taken a source over in the middle of a run."""


class Ended(StrEnum):
    """How a run ended."""

    WELL = "ok"
    BADLY = "failed"
    ELSEWHERE = "elsewhere"  # another poller has the source
    EARLY = "not due"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one run of a source: how many parts were new, a sentence, and the objects that failed."""

    source: str
    ended: Ended
    summary: str
    new: int = 0
    pause: timedelta | None = None  # until the next run; None: there is none
    failing: tuple[str, ...] = ()  # a sentence per object that is set aside

    @property
    def sentence(self) -> str:
        """Return the summary and every object that is set aside in one text."""
        return "; ".join([self.summary, *self.failing])


@dataclass(frozen=True, slots=True)
class Poller:
    """Asks sources. `transaction` opens a writing transaction; `progress` hears of every page, `wake` of new parts."""

    transaction: Callable[[], AbstractContextManager[Connection]]
    clock: Callable[[], datetime]
    wake: Callable[[], None] = lambda: None
    progress: Callable[[str, str], None] = lambda _source, _words: None
    lease: timedelta = LEASE
    holder: str = field(default_factory=lambda: uuid4().hex)

    def once(self, source: Source, *, only_if_due: bool = False) -> Outcome:
        """Ask a source unless another poller does, and give its lease back."""
        try:
            return self.run(source, only_if_due=only_if_due)
        finally:
            self.release(source)

    def run(self, source: Source, *, only_if_due: bool = False) -> Outcome:
        """Ask a source unless another poller does, keep its lease, and tell what became of it."""
        with self.transaction() as connection:
            poll = polls.lease(connection, source.name, self.holder, self.lease)
            now = polls.database_now(connection)
        if poll is None:
            return Outcome(source.name, Ended.ELSEWHERE, "another poller is asking it", pause=self.lease / 3)
        if only_if_due and poll.next_due is not None and poll.next_due > now:
            return Outcome(
                source.name, Ended.EARLY, f"not due before {poll.next_due:%H:%M:%S} UTC", pause=poll.next_due - now
            )
        with _Heart(lambda: self.prolong(source)):
            return self._run(source, poll)

    def release(self, source: Source) -> None:
        """Give a source back, so that another poller need not wait for the lease to end."""
        with self.transaction() as connection:
            polls.release(connection, source.name, self.holder)

    def prolong(self, source: Source) -> None:
        """Keep the lease of a source a while longer."""
        with self.transaction() as connection:
            polls.lease(connection, source.name, self.holder, self.lease)

    def _run(self, source: Source, poll: polls.Poll) -> Outcome:
        new, state = 0, poll.state
        try:
            for page in source.fetch(poll.state, self.clock):
                new += self._commit(source, page)
                state = page.state
                if page.progress:
                    self.progress(source.name, page.progress)
        except LostLeaseError:
            return Outcome(source.name, Ended.ELSEWHERE, "another poller has taken it over", new, self.lease / 3)
        except Exception as error:  # noqa: BLE001 (whatever ails one source must not hold up the others)
            return self._failed(source, poll.failures + 1, error, new)
        pause = source.pause(state, self.clock())
        with self.transaction() as connection:
            polls.succeed(connection, source.name, self.holder, pause)
        note = source.note(state, self.clock())
        told = f"{new:,} new" + (f"; {note}" if note else "")
        return Outcome(source.name, Ended.WELL, told, new, pause, failing_sentences(state))

    def _commit(self, source: Source, page: Page) -> int:
        """Keep a page and the state after it together; return how many of its parts were new."""
        asked_at = self.clock()
        answers = [_event(source.name, part, asked_at) for part in page.parts if isinstance(part, Answer)]
        originals = [_original(part, asked_at) for part in page.parts if isinstance(part, Original)]
        with self.transaction() as connection:
            if not polls.advance(connection, source.name, self.holder, page.state):
                raise LostLeaseError
            changed = [event for event in answers if _has_changed(connection, event)]
            new = inbox.keep_unknown(connection, [*changed, *originals])
        if new:
            self.wake()
        return new

    def _failed(self, source: Source, failures: int, error: Exception, new: int) -> Outcome:
        sentence = error_sentence(error)
        pause = _backoff(failures)
        if isinstance(error, VendorError) and error.again_at is not None:
            pause = max(pause, error.again_at - self.clock())
        with self.transaction() as connection:
            polls.fail(connection, source.name, self.holder, sentence, pause)
        return Outcome(source.name, Ended.BADLY, sentence, new, pause)


@dataclass(frozen=True, slots=True)
class Round:
    """Asks all sources for as long as it runs, each in a thread; their pauses are kept by a clock that nobody turns."""

    poller: Poller
    tell: Callable[[Outcome], None]
    stopped: threading.Event = field(default_factory=threading.Event)

    def run(self, sources: Sequence[Source]) -> None:
        """Ask until stopped, or until no source has anything more to ask."""
        threads = [threading.Thread(target=self._ask, args=[one], name=one.name, daemon=True) for one in sources]
        for thread in threads:
            thread.start()
        try:
            for thread in threads:
                while thread.is_alive():  # in small waits, so that Ctrl-C is heard
                    thread.join(0.2)
        finally:
            self.stopped.set()
            for thread in threads:
                thread.join(GOODBYE)

    def _ask(self, source: Source) -> None:
        last: Outcome | None = None
        while not self.stopped.is_set():
            began = time.monotonic()  # so that a minute is a minute, however long the answer takes
            outcome = self._run(source, is_ours=last is not None and last.ended is not Ended.ELSEWHERE)
            if outcome.ended is Ended.WELL or last is None or outcome.sentence != last.sentence:
                is_known = last is not None and last.failing == outcome.failing
                self.tell(replace(outcome, failing=()) if is_known else outcome)
            if outcome.pause is None:
                break
            self._rest(source, outcome, began)
            last = outcome
        with suppress(Exception):  # a lease that cannot be given back ends by itself
            self.poller.release(source)

    def _run(self, source: Source, *, is_ours: bool) -> Outcome:
        try:
            return self.poller.run(source, only_if_due=not is_ours)
        except Exception as error:  # noqa: BLE001 (the database is away: the poller outlives it)
            sentence = f"The database cannot be asked: {type(error).__name__}."
            return Outcome(source.name, Ended.BADLY, sentence, pause=FIRST_PAUSE)

    def _rest(self, source: Source, outcome: Outcome, began: float) -> None:
        """Wait, and keep the lease meanwhile: whoever watches a source goes on watching it."""
        ends = began + (outcome.pause or timedelta()).total_seconds()
        while (left := ends - time.monotonic()) > 0 and not self.stopped.wait(min(left, HEARTBEAT)):
            if outcome.ended is not Ended.ELSEWHERE:
                with suppress(Exception):
                    self.poller.prolong(source)


class _Heart:
    """Prolongs a lease while a run takes its time."""

    def __init__(self, beat: Callable[[], object]) -> None:
        self.beat, self._stopped = beat, threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stopped.wait(HEARTBEAT):
            with suppress(Exception):  # a database that is away for a moment; a lost lease shows at the next page
                self.beat()


def _event(source: str, part: Answer, asked_at: datetime) -> Event:
    """Return a version of an answer: its id sorts by the moment of asking and ends with a mark of what was told."""
    told = json.dumps(part.told, default=str, sort_keys=True)  # decimals become texts and stay exact
    mark = hashlib.blake2b(told.encode(), digest_size=8).hexdigest()
    name = part.name if PLAIN(part.name) else hashlib.blake2b(part.name.encode(), digest_size=20).hexdigest()
    body = f'{{"asked_at": "{asked_at.isoformat()}", "kind": {json.dumps(part.kind)}, "told": {told}}}'
    moment = asked_at.astimezone(UTC)
    return Event(source, f"{name}@{moment:%Y%m%dT%H%M%S.%fZ}~{mark}", part.kind, body.encode(), asked_at)


def _original(part: Original, now: datetime) -> Event:
    return Event(part.source, part.event_id, part.kind, part.body, now)


def _has_changed(connection: Connection, event: Event) -> bool:
    """Tell whether an answer differs from its newest version in the inbox."""
    name, _, version = event.event_id.partition("@")
    last = inbox.newest(connection, event.source, f"{name}@")
    return last.rpartition("~")[2] != version.rpartition("~")[2]


def _backoff(failures: int) -> timedelta:
    """Return a pause that doubles with every failure in a row, give or take a quarter."""
    return backoff(failures) * uniform(0.75, 1.25)  # noqa: S311 (jitter)
