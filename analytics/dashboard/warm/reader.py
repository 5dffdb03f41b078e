"""The one process that reads the database for every open page: each question once per revision, whoever asks."""

import asyncio
import logging
import os
import pickle
import signal
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from analytics.dashboard.settings import read_alone
from analytics.dashboard.source import Source
from analytics.dashboard.warm import wire
from analytics.dashboard.warm.board import AWAY, Board, Revision
from analytics.dashboard.warm.kernel import die_with, name_process

EVERY: Final = 0.1  # seconds between looks at the database, for all pages together
QUIET: Final = (
    2.0  # seconds after which a page that waits for news is told that there are none: the clock goes on as well
)
JUST_NOW: Final = 0.02  # a look this young is good enough to answer by
AT_ONCE: Final = 4  # questions that are read side by side
TRUE_FOR: Final = 5.0  # seconds: whether a session is live depends on the moment as well
REMEMBERED: Final = 128  # answers; a page has four
SHARED: Final = frozenset({"view", "sales", "choices", "campaigns_of"})

Open = Callable[[], Source]
Question = tuple[str, tuple[Hashable, ...]]

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Told:
    """An answer as it goes over the wire, and what it was read at."""

    revision: Revision
    moment: int  # in steps of TRUE_FOR
    reply: bytes


class Reader:
    """Answers questions; the database is asked in threads, each with a source of its own."""

    def __init__(self, open_source: Open, board: Board, clock: Callable[[], float] = time.time) -> None:
        self._open, self._board, self._clock = open_source, board, clock
        self._own = threading.local()
        self._looking, self._reading = ThreadPoolExecutor(1), ThreadPoolExecutor(AT_ONCE)
        self._revision, self._fingerprint = Revision(time.time_ns(), AWAY), ""
        self._states, self._looked = 0, 0.0
        self._moved = asyncio.Event()
        self._look_task: asyncio.Task[None] | None = None
        self._known: OrderedDict[Question, Told] = OrderedDict()
        self._flights: dict[Question, tuple[Revision, int, asyncio.Task[Told]]] = {}

    async def keep_looking(self) -> None:
        """Announce what the database has, for as long as the process lives."""
        while True:
            await self.look()
            await asyncio.sleep(EVERY)

    async def look(self) -> None:
        """Look at the database unless that has just been done; all who ask meanwhile wait for the same look."""
        if time.monotonic() - self._looked < JUST_NOW:
            return
        if self._look_task is None or self._look_task.done():
            self._look_task = asyncio.create_task(self._look())
        await asyncio.shield(self._look_task)

    async def answer(self, question: Question, least: Revision | None) -> bytes:
        """Return the answer to a question, read at the present revision, or at `least` if that is newer."""
        await self.look()
        now = (max(self._revision, least or self._revision), int(self._clock() // TRUE_FOR))
        known = self._known.get(question)
        if known is not None and self._revision.count != AWAY and (known.revision, known.moment) >= now:
            self._known.move_to_end(question)
            return known.reply
        flight = self._flights.get(question)
        if flight is None or (flight[0], flight[1]) < now:
            flight = (*now, asyncio.create_task(self._fly(question, *now)))
            self._flights[question] = flight
        return (await asyncio.shield(flight[2])).reply

    async def news(self, than: Revision | None) -> bytes:
        """Return the present revision as soon as it is another than one that is known, or after a while."""
        with suppress(TimeoutError):
            async with asyncio.timeout(QUIET):
                while self._revision == than:
                    await self._moved.wait()
        return pickle.dumps((None, self._revision), pickle.HIGHEST_PROTOCOL)

    async def _look(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            fingerprint = await loop.run_in_executor(self._looking, lambda: self._source().fingerprint())
        except Exception as error:  # noqa: BLE001 - whatever it is, pages must hear of it
            if self._revision.count != AWAY:
                log.warning("the database cannot be looked at: %s", error)
            self._announce(AWAY, "")
        else:
            if fingerprint != self._fingerprint or self._revision.count == AWAY:
                self._states += 1
            self._announce(self._states, fingerprint)
        self._looked = time.monotonic()

    def _announce(self, count: int, fingerprint: str) -> None:
        before, self._fingerprint = self._revision, fingerprint
        self._revision = Revision(before.reader, count)
        self._board.write(self._revision)
        if self._revision != before:
            self._moved.set()
            self._moved = asyncio.Event()

    async def _fly(self, question: Question, revision: Revision, moment: int) -> Told:
        loop = asyncio.get_running_loop()
        try:
            reply = await loop.run_in_executor(self._reading, self._read, question)
            told = Told(revision, moment, reply)
            self._remember(question, told)
            return told
        finally:
            flight = self._flights.get(question)
            if flight is not None and flight[2] is asyncio.current_task():
                del self._flights[question]

    def _remember(self, question: Question, told: Told) -> None:
        known = self._known.get(question)
        if known is not None and (known.revision, known.moment) > (told.revision, told.moment):
            return  # a slow reading that a later one overtook
        self._known[question] = told
        self._known.move_to_end(question)
        if len(self._known) > REMEMBERED:
            self._known.popitem(last=False)

    def _read(self, question: Question) -> bytes:
        name, arguments = question
        source = self._source()
        if name not in SHARED:
            raise ValueError(name)
        answer = getattr(source, name)(*map(wire.unpacked, arguments))
        return pickle.dumps((source.challenge, answer), pickle.HIGHEST_PROTOCOL)

    def _source(self) -> Source:
        if not hasattr(self._own, "source"):
            self._own.source = self._open()
        source: Source = self._own.source
        return source


async def serve_reads(folder: Path, reader: Reader) -> None:
    """Answer at the folder's socket until cancelled."""

    async def converse(incoming: asyncio.StreamReader, outgoing: asyncio.StreamWriter) -> None:
        try:
            while True:
                asked = await incoming.readexactly(wire.length(await incoming.readexactly(wire.HEAD_SIZE)))
                question, least = pickle.loads(asked)  # noqa: S301 - the folder is our user's alone
                outgoing.write(wire.framed(await _told(reader, question, least)))
                await outgoing.drain()
        except (OSError, asyncio.IncompleteReadError):
            pass  # the page was closed
        finally:
            outgoing.close()

    server = await asyncio.start_unix_server(converse, sock=wire.listen(folder / wire.READS))
    async with server:
        await reader.keep_looking()


async def _told(reader: Reader, question: Question, least: Revision | None) -> bytes:
    try:
        return await (reader.news(least) if question[0] == wire.NEWS else reader.answer(question, least))
    except Exception as error:  # noqa: BLE001 - told to the page, which asked
        log.warning("a question could not be answered: %s", error)
        return pickle.dumps(str(error))


def read_for_all(folder: Path, open_source: Open, server: int, clock: Callable[[], float] = time.time) -> None:
    """Answer what pages ask until the server, a pidfd, ends."""
    name_process("view3-reader")
    read_alone()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    die_with(server, os.pidfd_open(os.getppid()))  # the warm process that follows a dead one brings its own reader
    asyncio.run(serve_reads(folder, Reader(open_source, Board(folder), clock)))
