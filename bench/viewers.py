"""What viewers cost one machine: memory, processor time, the wait of the next one, and what is left when they have gone.

Viewers are programs that talk as a browser does; one real browser among them tells what a person waits for.
"""

import asyncio
import threading
import time
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any, Final

import psutil
from playwright.sync_api import Playwright, sync_playwright

from bench.browsing import visiting
from bench.contenders import OBVIOUS, OURS, PREHEATED, Contender, Served, fill_with_sample, sample_settings
from bench.page import sell
from bench.report import Line, step, tell
from bench.server import Server
from bench.viewer import Viewer

CROWD: Final = 100
FEW, SOME, HALF = 10, 30, 50
AT_ONCE: Final = 4  # pages that open at the same time
MINUTE: Final = 60.0
WATCHED = 60.0  # seconds in which processor time is taken
EVENTS: Final = 20
CURRENT_WITHIN: Final = 2.0  # seconds
VISITS: Final = 10  # for each of the crowd: a thousand
LOOKS: Final = 3  # of the real browser
PEAK: Final = 300  # sales before the first event, so that their count is no other number on the page


class Stage:
    """Ours or a peer, served, with the viewers that look at it."""

    def __init__(self, served: Served, server: Server, playwright: Playwright, folder: Path) -> None:
        self.served, self._server, self._playwright, self._folder = served, server, playwright, folder
        self.viewers: list[Viewer] = []
        self.lines: list[Line] = []
        self._talk = Talk()
        self._sold = self._count()

    def note(self, what: str, amount: float, unit: str = "s", aim: str = "") -> None:
        """Keep a measured amount."""
        self.lines.append(Line(f"{self.served.contender.name}: {what}", amount, unit, aim=aim))
        print(f"    {what}: {amount:.3f} {unit}", flush=True)

    def fill(self, count: int) -> None:
        """Have so many viewers, a few opening at a time."""
        fresh = [Viewer(self.served.address) for _ in range(count - len(self.viewers))]
        self._talk.run(_in_turns([viewer.open for viewer in fresh]))
        self.viewers += fresh

    def memory(self) -> float:
        """Return the megabytes of the server and all it started, shared ones shared out (PSS)."""
        return sum(_pss(process) for process in self.served.tree()) / 2**20

    def processor(self, seconds: float) -> float:
        """Return the processor seconds that server and kernels take in so long a time, per viewer and minute."""
        before = _processor_seconds(self.served.tree())
        time.sleep(seconds)
        taken = _processor_seconds(self.served.tree()) - before
        return taken / len(self.viewers) * MINUTE / seconds

    @contextmanager
    def events(self) -> Iterator[None]:
        """Have a sale every second."""
        over = threading.Event()

        def keep_selling() -> None:
            while not over.wait(1.0):
                self.sell()

        seller = threading.Thread(target=keep_selling)
        seller.start()
        try:
            yield
        finally:
            over.set()
            seller.join()

    def sell(self) -> int:
        """Insert a sale and return how many there are today."""
        with self._server.client("sample") as client:
            sell(client)
        self._sold += 1
        return self._sold

    def current(self) -> float:
        """Return the share of viewers, in percent, whom the count after an event has reached in time; over many events."""
        shares = []
        for _ in range(EVENTS):
            for viewer in self.viewers:
                viewer.await_text(f">{self._sold + 1}<")
            begun = time.monotonic()
            self.sell()
            time.sleep(CURRENT_WITHIN + 0.5)
            shares += [0 < viewer.seen_at() - begun <= CURRENT_WITHIN for viewer in self.viewers]
        return 100 * sum(shares) / len(shares)

    def first_number(self) -> float:
        """Return the median seconds until a person in a real browser sees the first number."""
        taken = []
        for number in range(LOOKS):
            profile = self._folder / f"{self.served.contender.name} {len(self.viewers)} {number}"
            with visiting(self._playwright, profile, self.served.contender) as visit:
                visit.open(self.served.address)
                taken.append(visit.seen("number"))
        return median(taken)

    def leave(self) -> None:
        """Have everybody close the page; as the last that is done here."""
        self._talk.run(_in_turns([viewer.leave for viewer in self.viewers]))
        self.viewers = []

    def visit(self) -> None:
        """Have one viewer more come and go."""
        viewer = Viewer(self.served.address)
        self._talk.run(viewer.open())
        self._talk.run(viewer.leave())

    def _count(self) -> int:
        with self._server.client("sample") as client, client.cursor() as cursor:
            for _ in range(PEAK):
                sell(client)
            cursor.execute("SELECT COUNT(*) FROM high_ticket_sales WHERE DATE(purchase_date) = UTC_DATE()")
            return int(cursor.fetchone()[0])


class Talk:
    """A loop in a thread of its own, in which viewers listen while the benchmark does something else."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        threading.Thread(target=self._loop.run_forever, daemon=True).start()

    def run(self, doing: Coroutine[Any, Any, Any]) -> None:
        """Do it there and wait for it."""
        asyncio.run_coroutine_threadsafe(doing, self._loop).result()


def viewers(crowd: int) -> None:
    """Measure ours with up to so many viewers, and its peers with as many as they need to show what one more costs."""
    with TemporaryDirectory() as scratch, Server(Path(scratch)) as server, sync_playwright() as playwright:
        folder = Path(scratch) / "viewers"
        folder.mkdir()
        settings = sample_settings(server)
        fill_with_sample(folder, settings)

        @contextmanager
        def staged(contender: Contender) -> Iterator[Stage]:
            served = Served(contender, folder, settings)
            try:
                served.wait()
                yield Stage(served, server, playwright, folder)
            finally:
                served.stop()

        lines: list[Line] = []
        for contender, most in ((OURS, crowd), (OBVIOUS, SOME), (PREHEATED, SOME)):
            with staged(contender) as stage:
                measure(stage, min(most, crowd))
                lines += stage.lines
        with staged(OURS) as stage:
            many_visits(stage, crowd * VISITS)
            lines += stage.lines
        tell("viewers", f"up to {crowd} viewers", lines, server.version())


def measure(stage: Stage, most: int) -> None:
    """Measure one contender with more and more viewers, then with none again."""
    stage.fill(1)
    stage.leave()  # whatever is made for the first viewer ever is not the cost of one more
    empty = stage.memory()
    alone = stage.first_number()
    stage.note("first number, no viewers", alone)
    for count in (size for size in (FEW, SOME, HALF, CROWD) if size <= most):
        with step(f"{stage.served.contender.name}: {count} viewers"):
            stage.fill(count)
            stage.note(
                f"memory (PSS) of one viewer, {count} viewers", (stage.memory() - empty) / count, "MB", "≤ 15 MB"
            )
            if count in {FEW, most}:
                stage.note(f"processor per viewer-minute, {count} viewers, idle", stage.processor(WATCHED))
            if count == FEW:
                with stage.events():
                    stage.note(
                        f"processor per viewer-minute, {count} viewers, an event a second", stage.processor(WATCHED)
                    )
            if count != SOME:
                later = stage.first_number()
                stage.note(f"first number, {count} viewers", later)
    stage.note("kernel named after a visit, median", median(viewer.named for viewer in stage.viewers), aim="≤ 0.15 s")
    stage.note("page complete after a visit, median", median(viewer.complete for viewer in stage.viewers))
    stage.note(f"viewers current {CURRENT_WITHIN:.0f} s after an event, {most} viewers", stage.current(), "%", "≥ 99 %")
    stage.leave()
    time.sleep(MINUTE)
    stage.note("kernels left a minute after the last page closed", len(stage.served.kernels()), "", "0")


def many_visits(stage: Stage, count: int) -> None:
    """Measure what so many visits leave behind, one after the other."""
    for _ in range(FEW):
        stage.visit()
    memory, handles = stage.memory(), stage.served.handles()
    with step(f"{count:,} visits, one after the other"):
        begun = time.perf_counter()
        for _ in range(count):
            stage.visit()
        stage.note("a visit from its first to its last byte, one at a time", (time.perf_counter() - begun) / count)
    time.sleep(MINUTE)
    stage.note(f"kernels left a minute after {count:,} visits", len(stage.served.kernels()), "", "0")
    stage.note(f"memory (PSS) that {count:,} visits left", stage.memory() - memory, "MB")
    stage.note(f"file handles that {count:,} visits left", stage.served.handles() - handles, "")


async def _in_turns(doings: Sequence[Callable[[], Awaitable[object]]]) -> None:
    places = asyncio.Semaphore(AT_ONCE)

    async def one(doing: Callable[[], Awaitable[object]]) -> None:
        async with places:
            await doing()

    await asyncio.gather(*map(one, doings))


def _pss(process: psutil.Process) -> int:
    try:
        return int(process.memory_full_info().pss)
    except psutil.NoSuchProcess:
        return 0


def _processor_seconds(processes: set[psutil.Process]) -> float:
    taken = 0.0
    for process in processes:
        try:
            times = process.cpu_times()
        except psutil.NoSuchProcess:
            continue
        taken += times.user + times.system
    return taken
