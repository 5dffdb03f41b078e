"""What the page reads, in parts: each fails alone, and none is read again while neither question nor database changed."""

import logging
from collections import OrderedDict, deque
from collections.abc import Callable, Hashable
from dataclasses import dataclass, replace
from datetime import datetime
from threading import Lock
from typing import Final, TypeVar, cast

from analytics.breakdown import Breakdown
from analytics.dashboard.address import Address
from analytics.dashboard.explained import explained_html, unknown_html, unread_html
from analytics.dashboard.source import Source
from analytics.explanation import NoSuchSaleError
from analytics.view3 import Choices, SaleRow, SalesPage, View3

KEPT: Final = 64  # answers of each kind

log = logging.getLogger(__name__)
T = TypeVar("T")
_told: deque[str] = deque(maxlen=8)


@dataclass(frozen=True, slots=True)
class Reading:
    """What was read for an address; a part that could not be read is None, `mark` is what it depends on besides."""

    asked: Address
    at: datetime
    mark: str
    view: View3 | None
    page: SalesPage | None
    choices: Choices | None
    why: str
    campaigns: Breakdown | None = None

    @property
    def is_whole(self) -> bool:
        """Tell whether every part could be read."""
        return all(part is not None for part in (self.view, self.page, self.choices, self.campaigns))


class AddressReader:
    """Reads what an address asks for, in any thread; never raises."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._parts = Parts()
        self._marking = Lock()

    def read(self, asked: Address, mark: str = "") -> Reading:
        """Return what an address asks for, of it anew what is not known at this mark; a page beyond the last row turns back to the last."""
        reading = self._read(asked, mark)
        page = reading.page
        if page is None or page.rows or not page.total or asked.page == 1:
            return reading
        return self._read(replace(asked, page=(page.total - 1) // asked.rows + 1), mark)

    def mark(self) -> str:
        """Return what a reading depends on besides its address, the database's fingerprint and the business date; or nothing."""
        with self._marking:  # one looks while another reads
            fingerprint = attempt(self._source.fingerprint)
        return "" if fingerprint is None else f"{self._source.challenge.local_date(self._source.now())} {fingerprint}"

    def _read(self, asked: Address, mark: str) -> Reading:
        source, have = self._source, self._parts.have
        local = source.challenge.local_time(source.now())
        period = asked.period(source.challenge, local.date())
        wanted = asked.wanted(source.challenge, local)
        rows = (wanted, asked.sort, asked.rows, asked.offset)
        page = have("page", mark, rows, lambda: source.sales(*rows))
        view = have("view", mark, period, lambda: source.view(period), lambda old: not may_have_ended(old, local))
        chosen = next((row for row in page.rows if row.sale_id == asked.sale), None) if page else None
        return Reading(
            asked=asked,
            at=local,
            mark=mark,
            view=view,
            page=page,
            choices=have("choices", mark, wanted.period, lambda: source.choices(wanted.period)),
            why="" if chosen is None else self._why(mark, chosen),
            campaigns=None if view is None else have("campaigns", mark, period, lambda: source.campaigns_of(view)),
        )

    def _why(self, mark: str, row: SaleRow) -> str:
        return self._parts.have("why", mark, row, lambda: self._explained(row)) or unread_html(row)

    def _explained(self, row: SaleRow) -> str:
        try:
            return explained_html(row, self._source.explain(row.sale_id), self._source.challenge)
        except NoSuchSaleError:
            return unknown_html(row)


class Parts:
    """Remembers good answers with their question and the mark of the database at that time; without a mark none, for none could be used again."""

    def __init__(self) -> None:
        self._known: OrderedDict[tuple[str, Hashable], tuple[str, object]] = OrderedDict()
        self._remembering = Lock()

    def have(
        self,
        name: str,
        mark: str,
        question: Hashable,
        action: Callable[[], T],
        still: Callable[[T], bool] = lambda _: True,
    ) -> T | None:
        """Return a part, read anew where the database changed since or it is no longer `still` true; None where it cannot be read."""
        known = self._known.get((name, question))
        if known is not None and known[0] == mark and still(cast("T", known[1])):
            return cast("T", known[1])
        value = attempt(action)
        if value is not None and mark:
            self._remember((name, question), (mark, value))
        return value

    def _remember(self, question: tuple[str, Hashable], answer: tuple[str, object]) -> None:
        with self._remembering:
            self._known[question] = answer
            self._known.move_to_end(question)
            if len(self._known) > KEPT:
                self._known.popitem(last=False)


def may_have_ended(view: View3, now: datetime) -> bool:
    """Tell whether a session was live a minute ago or more: its end may be a matter of time alone."""
    return view.cards.live and f"{view.as_of:%F %H:%M}" != f"{now:%F %H:%M}"


def attempt(action: Callable[[], T]) -> T | None:
    """Return what an action gives, or None and a line in the log; a viewer never meets a traceback."""
    try:
        return action()
    except Exception as error:
        if str(error) not in _told:  # while a database is away, every other second brings the same
            _told.append(str(error))
            log.exception("a part of the page could not be read")
        return None
