"""The page itself: reads a View3 every time the database or the clock moved on, and changes what differs in place."""

import asyncio
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime
from threading import Lock

import ipywidgets as w
from IPython.display import display

from analytics.dashboard import address as addresses
from analytics.dashboard.address import Address, Arrangement
from analytics.dashboard.attendance import HEADING, attendance_table_html
from analytics.dashboard.bars import bars_html
from analytics.dashboard.cards import cards_html
from analytics.dashboard.elements import Place, Pulse, Region
from analytics.dashboard.explained import explained_html, unknown_html, unread_html
from analytics.dashboard.filters import PeriodFilter
from analytics.dashboard.handover import notebook, notebook_name
from analytics.dashboard.masthead import banner_html, masthead_html, trouble_sentence
from analytics.dashboard.parts import Parts, Reading, Wish, attempt
from analytics.dashboard.refreshing import MAY_TAKE, Patience, Refresher
from analytics.dashboard.sales_table import SalesTable
from analytics.dashboard.source import Source
from analytics.dashboard.wording import file_name
from analytics.explanation import NoSuchSaleError
from analytics.view3 import SaleRow, View3

BEAT = 5.0


class Dashboard:
    """View 3 as widgets over a source; display it in a notebook and it keeps itself up to date."""

    def __init__(self, source: Source, query: str = "") -> None:
        self._source, self._challenge = source, source.challenge
        heard = addresses.read(query, source.challenge)
        asked, self._complaint = heard.address, heard.complaint
        self._patience, self._marking = Patience(), Lock()
        self._refresher = Refresher(self._look, self._read_and_show)
        self._tasks: list[asyncio.Task[None]] = []
        self._parts = Parts()
        self._good: datetime | None = None
        self._view: View3 | None = None
        self._mark = ""
        self.masthead, self.banner, self.cards, self.attendance = Region(), Region(), Region(), Region()
        self.pulse, self.place = Pulse(), Place(query=addresses.write(asked, source.challenge))
        self.arrangement = w.ToggleButtons(
            options=[("Stacked", Arrangement.STACKED.value), ("Side by side", Arrangement.SIDE_BY_SIDE.value)],
            value=asked.arrangement.value,
        )
        self.filter = PeriodFilter(source.challenge, source.challenge.local_date(source.now()), self._refilter, asked)
        self.sales = SalesTable(source.currency, self._ask, (self._export, self._notebook), asked)
        self.arrangement.observe(lambda _: self._redraw(), "value")
        self.root = self._layout()

    def address(self) -> Address:
        """Return what the controls ask for now, as the page's address tells it."""
        challenge = self._source.challenge
        scope, chosen = self.filter.chosen(challenge.local_date(self._source.now()))
        campaign, product, search = self.sales.asked()
        rows, page = self.sales.page()
        arrangement = Arrangement(self.arrangement.value)
        return Address(scope, chosen, campaign, product, search, self.sales.sort(), rows, page, arrangement)

    def wish(self) -> Wish:
        """Return what the viewer asks for now."""
        challenge, now = self._source.challenge, self._source.now()
        address = self.address()
        period = address.period(challenge, challenge.local_date(now))
        return Wish(address, period, address.sales(period or challenge.whole(now)), self.sales.chosen())

    def read(self, wish: Wish) -> Reading:
        """Read what a wish needs and is not known yet; safe in another thread, never raises."""
        source, asked, mark = self._source, wish.address, self.mark()
        if self._may_have_ended():
            self._parts.forget("view")
        rows = (wish.sales, asked.sort, asked.rows, asked.offset)
        return Reading(
            at=source.challenge.local_time(source.now()),
            mark=mark,
            view=self._parts.have("view", mark, wish.period, lambda: source.view(wish.period)),
            page=self._parts.have("page", mark, rows, lambda: source.sales(*rows)),
            choices=self._parts.have("choices", mark, wish.sales.period, lambda: source.choices(wish.sales.period)),
            why=self._parts.have("why", mark, wish.selected, lambda: self._why(wish.selected))
            or _unread(wish.selected),
        )

    def show(self, reading: Reading) -> None:
        """Put a reading on the page; parts that could not be read keep what they showed, and say so."""
        view, page, choices = reading.view, reading.page, reading.choices
        failed = view is None or page is None or choices is None
        if view is not None:
            self._view, self._good = view, reading.at
            for block in (self._show_head, self._show_cards, self._draw, self._show_match_rate):
                attempt(lambda: block(view))  # noqa: B023 - called at once
        if choices is not None:
            attempt(lambda: self.sales.offer(choices))
        if page is not None:
            attempt(lambda: self.sales.show(page))
        elif view is not None:
            self.sales.admit(f"These rows could not be read at {reading.at:%H:%M}; they are older than the cards.")
        self.sales.table.why = reading.why
        trouble = trouble_sentence(reading.at, self._good) if view is None else ""
        (self.root.add_class if trouble else self.root.remove_class)("view3-away")
        self.banner.html = banner_html(self._view, trouble, self._complaint)
        self.place.query = addresses.write(self.address(), self._source.challenge)
        self._mark = "" if failed else reading.mark
        # Another Day 1 came to light, as when the database was away at first: the controls were made for the old one.
        self.place.outdated = self._source.challenge != self._challenge

    def refresh(self) -> None:
        """Read and show once, here and now."""
        self.show(self.read(self.wish()))

    def mark(self) -> str:
        """Return what a reading depends on besides the wish, the database's fingerprint and the business date; or nothing."""
        with self._marking:  # one looks while another reads
            fingerprint = attempt(self._source.fingerprint)
        return "" if fingerprint is None else f"{self._challenge.local_date(self._source.now())} {fingerprint}"

    def _may_have_ended(self) -> bool:
        """Tell whether a session was live a minute ago or more: its end may be a matter of time alone."""
        if self._view is None or not self._view.cards.live:
            return False
        return self._minute(self._view.as_of) != self._minute(self._source.now())

    def _minute(self, moment: datetime) -> str:
        return f"{self._source.challenge.local_time(moment):%Y-%m-%dT%H:%M}"

    async def keep_beating(self) -> None:
        """Tell the browser that the kernel lives, and until when the numbers are known to be true."""
        while True:
            await asyncio.sleep(BEAT)
            if self.pulse.watched():
                self._beat()

    def _beat(self) -> None:
        if self._mark:
            self.pulse.checked = f"{self._source.challenge.local_time(self._source.now()):%H:%M}"
        self.pulse.beat += 1

    def _ipython_display_(self) -> None:
        self.refresh()
        display(self.root)  # type: ignore[no-untyped-call]
        with suppress(RuntimeError):  # no loop: a static rendering
            loop = asyncio.get_running_loop()
            freshness = self._refresher.keep_fresh(self.pulse.watched)
            self._tasks = [loop.create_task(freshness), loop.create_task(self.keep_beating())]

    def _look(self) -> bool:
        mark = self.mark()
        return not mark or mark != self._mark or self._may_have_ended()

    async def _read_and_show(self) -> bool:
        wish = self.wish()
        reading = await self._patience.have(lambda: self.read(wish), MAY_TAKE)
        if reading is None:
            at = self._source.challenge.local_time(self._source.now())
            reading = Reading(at, "", None, None, None, self.sales.table.why)
        self.show(reading)
        return bool(self._mark)

    def _why(self, row: SaleRow | None) -> str:
        if row is None:
            return ""
        try:
            return explained_html(row, self._source.explain(row.sale_id), self._source.challenge)
        except NoSuchSaleError:
            return unknown_html(row)

    def _ask(self) -> None:
        self._complaint = ""
        self._refresher.ask()

    def _refilter(self) -> None:
        self.sales.start_over()
        self._ask()

    def _redraw(self) -> None:
        if self._view is not None:
            self._draw(self._view)
        self._ask()

    def _show_head(self, view: View3) -> None:
        self.masthead.html = masthead_html(view)
        self.filter.show(view.period)

    def _show_cards(self, view: View3) -> None:
        self.cards.html = cards_html(view)

    def _draw(self, view: View3) -> None:
        self.attendance.html = bars_html(view, Arrangement(self.arrangement.value)) + attendance_table_html(view)

    def _show_match_rate(self, view: View3) -> None:
        self.sales.show_match_rate(view.attribution)

    def _export(self) -> tuple[str, Iterator[str]]:
        wish = self.wish()
        total, text = self._source.export(wish.sales, wish.address.sort)
        return file_name(total, self._source.challenge.local_time(self._source.now())), text

    def _notebook(self) -> tuple[str, Iterator[str]]:
        local = self._source.challenge.local_time(self._source.now())
        return notebook_name(local), iter([notebook(self.wish().sales, local)])

    def _layout(self) -> w.Box:
        self.arrangement.add_class("view3-segments")
        attendance = w.Box([w.Box([Region(html=HEADING), self.arrangement]), self.attendance])
        attendance.children[0].add_class("view3-bar")
        attendance.add_class("view3-attendance")
        attendance.add_class("view3-panel")
        quiet = [self.pulse, self.place]
        root = w.Box([self.masthead, self.banner, self.filter.box, self.cards, attendance, self.sales.box, *quiet])
        root.add_class("view3-page")
        _share_layout(root)
        return root


def _share_layout(root: w.Box) -> None:
    """Give every part the same layout: the style sheet lays out, and each further one is a kilobyte sent to the browser."""
    parts = [root]
    while parts:
        part = parts.pop()
        parts.extend(getattr(part, "children", ()))
        if part is not root:
            part.layout.close()
            part.layout = root.layout


def _unread(row: SaleRow | None) -> str:
    return "" if row is None else unread_html(row)
