"""A source that asks the one reader for all, and reads for itself where there is none."""

import logging
import pickle
import socket
from collections import deque
from collections.abc import Callable, Hashable, Iterator
from contextlib import closing, suppress
from datetime import date, datetime
from pathlib import Path
from typing import Final, TypeVar, cast

from analytics.breakdown import Breakdown
from analytics.challenge import Challenge, Period
from analytics.dashboard.settings import reader_folder
from analytics.dashboard.source import Source
from analytics.dashboard.warm import wire
from analytics.dashboard.warm.board import AWAY, Onlooker, Revision
from analytics.explanation import Explanation
from analytics.view3 import Choices, SalesFilter, SalesPage, Sort, View3

PATIENCE: Final = 10.0  # seconds for an answer; the page itself gives up after eight

T = TypeVar("T")
log = logging.getLogger(__name__)


class AwayError(RuntimeError):
    """The reader could not read either; the message is the database's."""


class Line:
    """Connections to the reader: as many as threads ask at once, made when first needed and again when they broke."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / wire.READS
        self._idle: deque[socket.socket] = deque()

    def ask(self, name: str, arguments: tuple[Hashable, ...], least: Revision | None) -> tuple[Challenge, object]:
        """Return the challenge and an answer no older than `least`; raises OSError without a reader, AwayError without data."""
        asked = wire.framed(pickle.dumps(((name, arguments), least), pickle.HIGHEST_PROTOCOL))
        told = pickle.loads(self._exchange(asked))  # noqa: S301 - the folder is our user's alone
        if isinstance(told, str):
            raise AwayError(told)
        return cast("tuple[Challenge, object]", told)

    def close(self) -> None:
        """Let go of every connection that nobody uses just now."""
        with suppress(IndexError):
            while True:
                self._idle.pop().close()

    def _exchange(self, asked: bytes) -> bytes:
        with suppress(IndexError):
            known = self._idle.pop()
            with suppress(ConnectionError, wire.WireError):  # a reader that died since: there may be a new one
                return self._say(known, asked)
            self.close()
        return self._say(wire.connect(self._path, PATIENCE), asked)

    def _say(self, connection: socket.socket, asked: bytes) -> bytes:
        try:
            connection.sendall(asked)
            told = wire.receive(connection)
        except OSError:
            connection.close()
            raise
        self._idle.append(connection)
        return told


class Shared:
    """A source whose costly answers come from the reader."""

    def __init__(self, own: Source, folder: Path) -> None:
        self._own, self._line, self._board = own, Line(folder), Onlooker(folder)
        self._announced: Revision | None = None  # whatever is answered from now on must not be older
        self._told: Revision | None = None  # after which the reader tells of news
        self._challenge: Challenge | None = None
        self._is_alone = False

    @property
    def challenge(self) -> Challenge:
        """Return the challenge calendar, as the newest answer told it."""
        return self._challenge or self._own.challenge

    @property
    def currency(self) -> str:
        """Return the reporting currency."""
        return self._own.currency

    def now(self) -> datetime:
        """Return the present moment, aware."""
        return self._own.now()

    def view(self, period: Period | None = None) -> View3:
        """Return View 3 for a period."""
        return self._ask("view", (period,), lambda: self._own.view(period))

    def campaigns_of(self, view: View3) -> Breakdown:
        """Return the campaigns of a view."""
        return self._ask("campaigns_of", (wire.packed(view),), lambda: self._own.campaigns_of(view))

    def sales(self, wanted: SalesFilter, sort: Sort, limit: int, offset: int) -> SalesPage:
        """Return one page of the attribution table."""
        asked = (wanted, sort, limit, offset)
        return self._ask("sales", asked, lambda: self._own.sales(*asked))

    def choices(self, period: Period) -> Choices:
        """Return the campaigns and products to filter by."""
        return self._ask("choices", (period,), lambda: self._own.choices(period))

    def export(self, wanted: SalesFilter, sort: Sort) -> tuple[int, Iterator[str]]:
        """Return how many rows match, and the CSV text of exactly these; everybody reads their own."""
        return self._own.export(wanted, sort)

    def explain(self, sale_id: int) -> Explanation:
        """Return why a sale is credited as it is."""
        return self._own.explain(sale_id)

    def fingerprint(self) -> str:
        """Return a mark that changes when the database did; a look at it costs nothing while a reader looks for all."""
        newest = self._board.newest()
        if newest is None:
            return self._own.fingerprint()
        if newest.count == AWAY:
            raise AwayError("the database does not answer the reader")
        self._announced = newest
        return str(newest)

    def pause(self, seconds: float) -> None:
        """Return when the reader tells of another revision than it did last time, or of none for a while."""
        try:
            self._told = cast("Revision", self._line.ask(wire.NEWS, (), self._told)[1])
        except (OSError, AwayError):
            self._own.pause(seconds)

    def close(self) -> None:
        """Let go of the connections to the reader."""
        self._line.close()

    def _ask(self, name: str, arguments: tuple[Hashable, ...], otherwise: Callable[[], T]) -> T:
        try:
            self._challenge, answer = self._line.ask(name, arguments, self._announced)
        except OSError as error:
            self._challenge = None
            self._admit(alone=True, why=str(error))
            return otherwise()
        self._admit(alone=False)
        return cast("T", answer)

    def _admit(self, *, alone: bool, why: str = "") -> None:
        if alone and not self._is_alone:
            log.warning("Read without the common reader: %s", why)
        self._is_alone = alone


def shared(own: Source) -> Source:
    """Return a source through the server's reader; the same one where nobody reads for all."""
    folder = reader_folder()
    return Shared(own, folder) if folder else own


_prepared: Source | None = None


def prepare(source: Source) -> None:
    """Have every fork of this process open the page on this source, whose connections are yet to be made."""
    global _prepared  # noqa: PLW0603 - a fork inherits what its process remembers, and nothing else
    _prepared = source


def prepared() -> Source | None:
    """Return the source that was made before the fork; None in a process of its own."""
    return _prepared


def told_start() -> date | None:
    """Return Day 1 as the server's reader knows it; None where there is no reader or no data."""
    folder = reader_folder()
    if folder is None:
        return None
    with suppress(OSError, AwayError), closing(Line(folder)) as line:
        return line.ask("view", (None,), None)[0].starts_on  # the page asks for this view next, so it is at hand
    return None
