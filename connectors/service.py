"""Runs the receiver and the drain as services: the one process that gives real time, or two apart."""

import asyncio
import logging
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from random import uniform
from socket import AF_INET, AF_INET6, create_server, socket
from typing import ClassVar

import uvicorn

from analytics.file_limit import raise_file_limit
from analytics.line_limit import LineFilter
from connectors import allocator, inbox
from connectors.catalog import Route
from connectors.contract import Source
from connectors.drain import Drain
from connectors.events.webhook import Shared
from connectors.health import Health
from connectors.http_limits import BACKLOG, MOST_CONNECTIONS, OTHER_FILES, LimitedProtocol
from connectors.inbox import Event, Kept
from connectors.keeper import Keeper
from connectors.poller import Ended, Outcome, Poller, Round
from connectors.receiver import Receiver

IDLE = 1.0
LONGEST_PAUSE = 30.0
WATCH_EVERY = 60.0
PRUNE_EVERY = timedelta(hours=1).total_seconds()


class ServiceError(RuntimeError):
    """The service cannot start; the message is a sentence for people."""


class Reader(threading.Thread):
    """Drains the inbox in the background: at once when woken, else every second; a database that is away is waited for."""

    def __init__(self, drain: Drain, *, days: int, log: Callable[[str], None]) -> None:
        super().__init__(name="view3-drain", daemon=True)
        self.drain, self.days, self.log = drain, days, log
        self._woken, self._stopped = threading.Event(), threading.Event()

    def wake(self) -> None:
        """Tell that something has arrived."""
        self._woken.set()

    def stop(self) -> None:
        """End after the batch in hand."""
        self._stopped.set()
        self._woken.set()
        self.join(10)

    def run(self) -> None:
        """Read until stopped."""
        pause, since_pruned = IDLE, PRUNE_EVERY
        while not self._stopped.is_set():
            self._woken.clear()
            try:
                done = self.drain.once()
                if since_pruned >= PRUNE_EVERY:
                    self.drain.prune(self.days)
                    since_pruned = 0.0
                pause = IDLE
            except Exception as error:  # noqa: BLE001 (the reader outlives any trouble of the database)
                self.log(f"reading the inbox failed, trying again in {pause:.0f} s: {type(error).__name__}")
                done, pause = 0, min(pause * uniform(1.5, 2.5), LONGEST_PAUSE)  # noqa: S311 (jitter)
            if not done:
                self._woken.wait(pause)
                since_pruned += pause


class _Watcher(threading.Thread):
    """Calls something every minute, whatever becomes of it; apart from the reader, which may be what hangs."""

    def __init__(self, check: Callable[[], None], log: Callable[[str], None]) -> None:
        super().__init__(name="view3-watch", daemon=True)
        self.check, self.log, self.over = check, log, threading.Event()

    def run(self) -> None:
        while not self.over.wait(WATCH_EVERY):
            try:
                self.check()
            except Exception as error:  # noqa: BLE001 (the next minute may be better)
                self.log(f"looking for what is overdue failed: {type(error).__name__}")


@contextmanager
def watched(check: Callable[[], None], log: Callable[[str], None]) -> Iterator[None]:
    """Call a check every minute until the block ends."""
    watcher = _Watcher(check, log)
    watcher.start()
    try:
        yield
    finally:
        watcher.over.set()


@dataclass(frozen=True, slots=True)
class Service:
    """The receiver with its reader: `secrets` per route (none: off), where events are read, for how long they are kept.

    `alarm` looks for what is overdue, and is called every minute.
    """

    secrets: Mapping[Route, Sequence[str]]
    drain: Drain
    health: Health
    days: int
    log: Callable[[str], None]
    alarm: Callable[[], None] = lambda: None
    tools: Shared = field(default_factory=Shared)

    def run(self, host: str, port: int, ready: Callable[[], None]) -> None:
        """Receive webhooks and read them in the background until Ctrl-C or SIGTERM."""
        reader = Reader(self.drain, days=self.days, log=self.log)
        reader.start()
        try:
            self._serve(host, port, ready, reader.wake)
        finally:
            reader.stop()

    def run_without_reading(self, host: str, port: int, ready: Callable[[], None]) -> None:
        """Receive webhooks and leave them to `view3 drain`."""
        self._serve(host, port, ready, lambda: None)

    def _serve(self, host: str, port: int, ready: Callable[[], None], wake: Callable[[], None]) -> None:
        allocator.return_large_blocks()
        with watched(self.alarm, self.log):
            self._listen(host, port, ready, wake)

    def _listen(self, host: str, port: int, ready: Callable[[], None], wake: Callable[[], None]) -> None:
        receiver = Receiver(
            self.secrets,
            keep=Keeper(lambda events: self._commit(events, wake)).keep,
            park=lambda event, reason: asyncio.to_thread(self._set_aside, event, reason),
            clock=self.drain.clock,
            health=lambda: asyncio.to_thread(self.health.check),
            log=self.log,
        )
        config = uvicorn.Config(
            receiver.application(self.tools),
            host=host,
            port=port,
            http=limited(),
            backlog=BACKLOG,
            log_level="warning",
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=10,
        )
        quieten()
        with _listener(host, port) as listener:
            asyncio.run(_Server(config, ready).serve([listener]))

    def _commit(self, events: Sequence[Event], wake: Callable[[], None]) -> list[Kept]:
        try:
            with self.drain.transaction() as connection:
                found = inbox.keep(connection, events)
        except Exception:
            self.health.note(stored=False)
            raise
        self.health.note(stored=True)
        wake()
        return found

    def _set_aside(self, event: Event, reason: str) -> None:
        with self.drain.transaction() as connection:
            inbox.set_aside(connection, event, reason)


@dataclass(frozen=True, slots=True)
class Polling:
    """Sources, by the names that people know, and the drain that reads what they answer; `tell` gets a line per run."""

    sources: Mapping[str, Source]
    drain: Drain
    days: int
    tell: Callable[[str], None]
    log: Callable[[str], None]
    alarm: Callable[[], None] = lambda: None

    def once(self, *, only_if_due: bool) -> bool:
        """Ask each source once, read the answers, and return whether all went well."""
        poller, went_well = self._poller(lambda: None), True
        for source in self.sources.values():
            outcome = poller.once(source, only_if_due=only_if_due)
            self._tell(outcome)
            went_well = went_well and outcome.ended is not Ended.BADLY and not outcome.failing
        self.drain.all()
        return went_well

    def run(self) -> None:
        """Ask every source at its own pace and read in the background, until Ctrl-C or until nothing is left to ask."""
        reader = Reader(self.drain, days=self.days, log=self.log)
        reader.start()
        try:
            with watched(self.alarm, self.log):
                Round(self._poller(reader.wake), self._tell).run(list(self.sources.values()))
        finally:
            reader.stop()

    def _poller(self, wake: Callable[[], None]) -> Poller:
        return Poller(self.drain.transaction, self.drain.clock, wake=wake, progress=self._progress)

    def _progress(self, source: str, words: str) -> None:
        self.log(f"{self._known_as(source)}: {words}")

    def _tell(self, outcome: Outcome) -> None:
        name = self._known_as(outcome.source)
        self.tell(f"{name}: {outcome.ended}: {outcome.summary}")
        for sentence in outcome.failing:
            self.tell(f"{name}: {Ended.BADLY}: {sentence}")

    def _known_as(self, source: str) -> str:
        return next(name for name, one in self.sources.items() if one.name == source)


def limited() -> type[LimitedProtocol]:
    """Return uvicorn's HTTP with as many connections as this process may hold, once it has asked for more."""
    files = raise_file_limit(MOST_CONNECTIONS + OTHER_FILES)

    class Protocol(LimitedProtocol):
        most_connections = max(1, min(MOST_CONNECTIONS, files - OTHER_FILES))
        waiting: ClassVar[dict[LimitedProtocol, None]] = {}

    return Protocol


def quieten() -> None:
    """Have what strangers provoke in libraries logged once a minute."""
    for name in ("asyncio", "uvicorn.error"):
        logging.getLogger(name).addFilter(LineFilter())


def _listener(host: str, port: int) -> socket:
    try:
        return create_server((host, port), family=AF_INET6 if ":" in host else AF_INET, backlog=BACKLOG)
    except OSError as error:
        raise ServiceError(f"Nothing can listen on {host}:{port}: {error.strerror}.") from error


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self.ready = ready

    async def startup(self, sockets: list[socket] | None = None) -> None:
        """Tell once the port is open."""
        await super().startup(sockets)
        if not self.should_exit:
            self.ready()
