"""The page itself: reads a View3 every time the database or the clock moved on, and changes what differs in place."""

import asyncio
import logging
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

import ipywidgets as w
from IPython.display import display

from analytics.challenge import Period
from analytics.dashboard.cards import cards_html
from analytics.dashboard.charts import ATTENDANCE_HEADING, Arrangement, attendance_figure, attendance_table_html
from analytics.dashboard.elements import Chart, Pulse, Region
from analytics.dashboard.filters import PeriodFilter
from analytics.dashboard.masthead import banner_html, masthead_html, trouble_sentence
from analytics.dashboard.sales_table import SalesTable
from analytics.dashboard.source import Source
from analytics.view3 import Choices, SalesFilter, SalesPage, Sort, View3

EVERY = 1.5  # seconds between looks at the database's fingerprint
BEAT = 3.0
SETTLE = 0.12  # a viewer who types or drags is waited for

log = logging.getLogger(__name__)
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Wish:
    """What the viewer asks for, taken from the controls in one moment."""

    period: Period | None
    sales: SalesFilter
    sort: Sort
    limit: int
    offset: int


@dataclass(frozen=True, slots=True)
class Reading:
    """What was read for a wish; a part that could not be read is None."""

    at: datetime
    mark: str
    view: View3 | None
    page: SalesPage | None
    choices: Choices | None


class Dashboard:
    """View 3 as widgets over a source; display it in a notebook and it keeps itself up to date."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._wake = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self._good: datetime | None = None
        self._view: View3 | None = None
        self._mark = ""
        self.masthead, self.banner, self.cards, self.twin = Region(), Region(), Region(), Region()
        self.chart, self.pulse = Chart(), Pulse()
        self.arrangement = w.ToggleButtons(
            options=[("Stacked", Arrangement.STACKED.value), ("Side by side", Arrangement.SIDE_BY_SIDE.value)]
        )
        self.filter = PeriodFilter(source.challenge, source.challenge.local_date(source.now()), self._refilter)
        self.sales = SalesTable(source.currency, self._wake.set, self._export)
        self.arrangement.observe(lambda _: self._draw(), "value")
        self.root = self._layout()

    def wish(self) -> Wish:
        """Return what the controls ask for now."""
        challenge, now = self._source.challenge, self._source.now()
        period = self.filter.period(challenge.local_date(now))
        limit, offset = self.sales.page()
        return Wish(period, self.sales.wanted(period or challenge.whole(now)), self.sales.sort(), limit, offset)

    def read(self, wish: Wish) -> Reading:
        """Read everything a wish needs; safe in another thread, never raises."""
        source = self._source
        mark = self.mark()
        return Reading(
            at=source.challenge.local_time(source.now()),
            mark=mark,
            view=_attempt(lambda: source.view(wish.period)),
            page=_attempt(lambda: source.sales(wish.sales, wish.sort, wish.limit, wish.offset)),
            choices=_attempt(lambda: source.choices(wish.sales.period)),
        )

    def show(self, reading: Reading) -> None:
        """Put a reading on the page; parts that could not be read keep what they showed."""
        if reading.view is not None:
            self._view, self._good = reading.view, reading.at
            self.masthead.html = masthead_html(reading.view)
            self.cards.html = cards_html(reading.view)
            self.filter.show(reading.view.period)
            self.sales.show_match_rate(reading.view.attribution)
            self._draw()
        if reading.choices is not None:
            self.sales.offer(reading.choices)
        if reading.page is not None:
            self.sales.show(reading.page)
        failed = reading.view is None or reading.page is None
        self.banner.html = banner_html(self._view, trouble_sentence(reading.at, self._good) if failed else "")
        self._mark = "" if failed else reading.mark

    def refresh(self) -> None:
        """Read and show once, here and now."""
        self.show(self.read(self.wish()))

    def mark(self) -> str:
        """Return what a reading depends on besides the wish: the database's fingerprint and the business minute."""
        source = self._source
        minute = f"{source.challenge.local_time(source.now()):%Y-%m-%dT%H:%M}"
        return f"{minute} {_attempt(source.fingerprint)}"

    async def keep_fresh(self) -> None:
        """Read again whenever the viewer asks, the database changed or the minute turned."""
        while True:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._wake.wait(), EVERY)
                await asyncio.sleep(SETTLE)
            if not self.pulse.watched():
                continue
            asked = self._wake.is_set()
            self._wake.clear()
            if asked or self._mark != await asyncio.to_thread(self.mark):
                reading = await asyncio.to_thread(self.read, self.wish())
                _attempt(lambda: self.show(reading))  # noqa: B023 - called at once

    async def keep_beating(self) -> None:
        """Tell the browser that the kernel lives."""
        while True:
            await asyncio.sleep(BEAT)
            if self.pulse.watched():
                self.pulse.beat += 1

    def _ipython_display_(self) -> None:
        self.refresh()
        display(self.root)  # type: ignore[no-untyped-call]
        with suppress(RuntimeError):  # no loop: a static rendering
            loop = asyncio.get_running_loop()
            self._tasks = [loop.create_task(self.keep_fresh()), loop.create_task(self.keep_beating())]

    def _refilter(self) -> None:
        self.sales.start_over()
        self._wake.set()

    def _draw(self) -> None:
        if self._view is not None:
            self.chart.figure = attendance_figure(self._view, Arrangement(self.arrangement.value))
            self.chart.label = "Participants per challenge day; the same numbers follow as a table."
            self.twin.html = attendance_table_html(self._view)

    def _export(self) -> tuple[str, Iterator[str]]:
        wish = self.wish()
        total = self._source.sales(wish.sales, wish.sort, 1, 0).total
        moment = self._source.challenge.local_time(self._source.now())
        return f"view3-sales-{total}-rows-{moment:%Y%m%d-%H%M%S}.csv", self._source.sales_csv(wish.sales, wish.sort)

    def _layout(self) -> w.Box:
        self.arrangement.add_class("view3-segments")
        attendance = w.Box([w.Box([Region(html=ATTENDANCE_HEADING), self.arrangement]), self.chart, self.twin])
        attendance.children[0].add_class("view3-bar")
        attendance.add_class("view3-attendance")
        attendance.add_class("view3-panel")
        root = w.Box([self.masthead, self.banner, self.filter.box, self.cards, attendance, self.sales.box, self.pulse])
        root.add_class("view3-page")
        return root


def _attempt(action: Callable[[], T]) -> T | None:
    """Return what an action gives, or None and a line in the log; a viewer never meets a traceback."""
    try:
        return action()
    except Exception:
        log.exception("a part of the page could not be read")
        return None
