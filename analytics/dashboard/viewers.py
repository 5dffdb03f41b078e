"""How many may look at once: each viewer is a kernel, and a kernel is memory."""

import asyncio
import logging
from dataclasses import dataclass
from typing import Any, Final

from jupyter_server.services.kernels.kernelmanager import AsyncMappingKernelManager
from tornado.web import HTTPError
from traitlets import Float, Int, Unicode

from analytics.dashboard.documents import document
from analytics.dashboard.door import Page
from analytics.dashboard.memory import free_memory
from analytics.file_limit import raise_file_limit

MOST_VIEWERS: Final = 150
HANDLES, HANDLES_EACH = 512, 24  # files and sockets that the server holds, and for each viewer; fourteen were seen
LEAST_MEMORY: Final = 256 * 1024 * 1024  # bytes that stay free for the database and for pages that are open
SOCKET_WITHIN: Final = 45.0  # seconds from a page's last byte to its socket; its scripts may have a slow way
AGAIN: Final = 30  # seconds after which a visitor who found no place tries again

log = logging.getLogger(__name__)


def allow_handles(most: int) -> None:
    """Let this process hold as many files and sockets as so many viewers need; systems allow 1,024 until they are asked."""
    wanted = HANDLES + most * HANDLES_EACH
    possible = raise_file_limit(wanted)
    if possible < wanted:
        log.warning("The system lets this process open %s files; %s viewers may need %s.", possible, most, wanted)


class FullError(HTTPError):
    """There is no place for another viewer just now."""

    def __init__(self) -> None:
        super().__init__(503, reason="View 3 has too many viewers just now, please try again in a minute")


@dataclass(eq=False, slots=True)
class Place:
    """Where a visitor sits from the first look on: alone, and then with a kernel."""

    kernel_id: str = ""


class ViewersKernels(AsyncMappingKernelManager):
    """Kernels up to a limit; one that is still starting counts, so visits at the same moment cannot exceed it."""

    connection_dir = Unicode(help="where the files of kernels' connections lie").tag(config=True)
    most = Int(MOST_VIEWERS, help="how many may look at once").tag(config=True)
    socket_within = Float(SOCKET_WITHIN, help="seconds a kernel waits for its page").tag(config=True)
    least_memory = LEAST_MEMORY

    def __init__(self, **traits: Any) -> None:
        """Keep who sits without a kernel yet, and whose kernel is the next to start."""
        super().__init__(**traits)  # type: ignore[no-untyped-call]
        self._waiting: set[Place] = set()
        self._next: Place | None = None
        self._linked: set[str] = set()  # kernels whose page has come
        self._ending: set[asyncio.Task[None]] = set()  # a task that nobody holds may vanish

    def take_place(self) -> Place:
        """Return a place that is taken until it is given back, or raise FullError; from the check to the taking nothing else runs."""
        if len(self.list_kernel_ids()) + len(self._waiting) >= self.most or free_memory() < self.least_memory:
            raise FullError
        place = Place()
        self._waiting.add(place)
        return place

    def seat_next(self, place: Place) -> None:
        """Have the kernel that is started next, before anything else runs, sit in a place that is taken."""
        self._next = place

    async def start_kernel(self, *args: Any, **kwargs: Any) -> str:  # type: ignore[override]
        """Start a kernel in its visitor's place, or in one of its own."""
        place, self._next = self._next or self.take_place(), None
        try:
            place.kernel_id = await super().start_kernel(*args, **kwargs)
        finally:
            self._waiting.discard(place)
        return place.kernel_id

    async def give_back(self, place: Place, *, left: bool) -> None:
        """Free a place that no kernel took; end the kernel that did once its visitor has left or never links to it."""
        self._waiting.discard(place)
        if place.kernel_id not in self:
            return
        if left:
            await self.shutdown_kernel(place.kernel_id)  # type: ignore[no-untyped-call]
        else:
            asyncio.get_running_loop().call_later(self.socket_within, self._end_if_alone, place.kernel_id)

    def notify_connect(self, kernel_id: str) -> None:
        """Note that a page has linked to its kernel."""
        if kernel_id in self:  # not one that ended while its page was on the way
            self._linked.add(kernel_id)
        super().notify_connect(kernel_id)  # type: ignore[no-untyped-call]

    def remove_kernel(self, kernel_id: str) -> Any:
        """Forget a kernel."""
        self._linked.discard(kernel_id)
        return super().remove_kernel(kernel_id)

    def _end_if_alone(self, kernel_id: str) -> None:
        if kernel_id in self and kernel_id not in self._linked:
            task = asyncio.ensure_future(self.shutdown_kernel(kernel_id))  # type: ignore[no-untyped-call]
            self._ending.add(task)
            task.add_done_callback(self._ending.discard)


class Visit(Page):
    """The page, or a small one that tries again by itself where there is no place."""

    def write_error(self, status_code: int, **told: Any) -> None:
        """Write why there is no page."""
        if not isinstance(told.get("exc_info", (None, None))[1], FullError):
            super().write_error(status_code, **told)
            return
        self.set_header("Retry-After", str(AGAIN))
        self.finish(document("full.html", again=AGAIN))
