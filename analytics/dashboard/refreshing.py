"""When the page reads again: at once when the viewer asks, soon after the database changed, and never for nothing."""

import asyncio
import logging
import threading
from collections.abc import Awaitable, Callable
from contextlib import suppress
from time import monotonic
from typing import Final, NamedTuple, TypeVar

EVERY = 0.3  # seconds between looks at whether anything changed, where nobody tells; one costs a tenth of a millisecond
APART: Final = 0.9  # seconds between readings that the database asked for: what changes within a second is one of them
SETTLE: Final = 0.4  # seconds after an ask that a server has answered: what changed meanwhile can wait as long
MAY_TAKE: Final = 8.0  # seconds after which a database counts as away
AGAIN: Final = 2.0  # seconds between attempts while it is away

log = logging.getLogger(__name__)
T = TypeVar("T")


class Patience:
    """Does one thing at a time in another thread and waits for it only so long."""

    def __init__(self) -> None:
        self._late: asyncio.Task[object] | None = None

    async def have(self, action: Callable[[], T], seconds: float) -> T | None:
        """Return what an action gives; None where it, or one before it that still hangs, takes longer."""
        if self._late is not None:
            await asyncio.wait({self._late}, timeout=seconds)
            if not self._late.done():
                return None
            self._late = None
        task = asyncio.ensure_future(asyncio.to_thread(action))
        await asyncio.wait({task}, timeout=seconds)
        if task.done():
            return task.result()
        self._late = task
        return None


class Took(NamedTuple):
    """How a reading went: whether all could be read, and whether the page changed by it."""

    is_whole: bool
    is_news: bool


class Refresher:
    """Has `read` called when the viewer asked or `look` tells of news.

    A thread of its own looks after each `pause`, for handing every look to the page's loop and back costs ten times the look.
    """

    def __init__(
        self, look: Callable[[], bool], read: Callable[[], Awaitable[Took]], pause: Callable[[float], None]
    ) -> None:
        self._look, self._read, self._pause = look, read, pause
        self._news, self._asking = asyncio.Event(), asyncio.Event()
        self._due = monotonic()
        self._over = threading.Event()
        self._looked = self._last = monotonic()
        self._well, self._was_vain = True, False

    def ask(self, *, at_once: bool) -> None:
        """Have the page read anew for what the viewer just asked: now, or when nothing more is asked."""
        self._due = monotonic() + (0 if at_once else SETTLE)
        self._asking.set()
        self._news.set()

    async def keep_fresh(self, watched: Callable[[], bool]) -> None:
        """Run for as long as the page does."""
        loop = asyncio.get_running_loop()
        threading.Thread(target=self._keep_looking, args=(loop, watched), daemon=True).start()
        try:
            while True:
                await self._something_new()
                await self._read_once()
        finally:
            self._over.set()

    def _keep_looking(self, loop: asyncio.AbstractEventLoop, watched: Callable[[], bool]) -> None:
        while not self._over.is_set():
            self._pause(EVERY) if self._well else self._over.wait(AGAIN)
            if watched() and (not self._well or self._look()):
                with suppress(RuntimeError):  # the loop has just ended
                    loop.call_soon_threadsafe(self._news.set)
            self._looked = monotonic()

    async def _something_new(self) -> None:
        """Return when it is time to read: when the viewer waits for it, else well after the last time."""
        while not self._news.is_set() and monotonic() - self._looked < MAY_TAKE:  # a look that hangs is news as well
            with suppress(TimeoutError):
                await asyncio.wait_for(self._news.wait(), MAY_TAKE)
        with suppress(TimeoutError):
            await asyncio.wait_for(self._asking.wait(), max(0.0, self._last + APART - monotonic()))
        while self._asking.is_set() and (early := self._due - monotonic()) > 0:
            await asyncio.sleep(early)

    async def _read_once(self) -> None:
        self._news.clear()
        self._asking.clear()
        begun = monotonic()
        try:
            took = await self._read()
        except Exception:
            log.exception("the page could not be refreshed")
            took = Took(is_whole=False, is_news=True)
        self._well = took.is_whole
        # What was read in vain, as when a stamp settles, does not keep what really happens next waiting; but once only.
        self._was_vain = not took.is_news and not self._was_vain
        if not self._was_vain:
            self._last = begun
