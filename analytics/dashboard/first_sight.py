"""What a viewer sees before a kernel is ready: the whole page but its controls, written by the server itself."""

import logging
from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime
from threading import Lock
from typing import Final

from analytics.dashboard import address as addresses
from analytics.dashboard.address import Address, Arrangement, Heard, Scope
from analytics.dashboard.attendance import HEADING, attendance_table_html
from analytics.dashboard.bars import bars_html
from analytics.dashboard.cards import cards_html
from analytics.dashboard.filters import period_html
from analytics.dashboard.masthead import banner_html, masthead_html, trouble_sentence
from analytics.dashboard.sales_rows import count_html, table_html, title_html
from analytics.dashboard.source import Source
from analytics.dashboard.wording import plain
from analytics.view3 import SalesPage, View3

REMEMBERED: Final = 32  # addresses whose last good figures are kept for when the database is away

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Sight:
    """What was read for an address, and when."""

    at: datetime
    view: View3
    page: SalesPage


class FirstSight:
    """Writes the first sight of every visit, in any thread; while the database is away, from what it last read for the address."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._good: OrderedDict[Address, Sight] = OrderedDict()
        self._remembering = Lock()

    def html(self, query: str) -> str:
        """Return the first sight of what a query asks for."""
        challenge, now = self._source.challenge, self._source.now()
        heard = addresses.read(query, challenge)
        try:
            sight = self._read(heard.address, now)
        except Exception:
            log.exception("the first sight could not be read")
            known = self._good.get(heard.address)
            local = challenge.local_time(now)
            if known is None:
                return banner_html(None, trouble_sentence(local, None))
            old = _page_html(known, heard, trouble_sentence(local, known.at))
            return f'<div class="view3-away">{old}</div>'
        self._remember(heard.address, sight)
        return _page_html(sight, heard, "")

    def _remember(self, asked: Address, sight: Sight) -> None:
        with self._remembering:
            self._good[asked] = sight
            self._good.move_to_end(asked)
            if len(self._good) > REMEMBERED:
                self._good.popitem(last=False)

    def _read(self, asked: Address, now: datetime) -> Sight:
        challenge = self._source.challenge
        period = asked.period(challenge, challenge.local_date(now))
        view = self._source.view(period)
        page = self._source.sales(asked.sales(view.period), asked.sort, asked.rows, asked.offset)
        return Sight(challenge.local_time(now), view, page)


def _page_html(sight: Sight, heard: Heard, trouble: str) -> str:
    view, page, asked = sight.view, sight.page, heard.address
    return (
        f"{masthead_html(view)}{banner_html(view, trouble, heard.complaint)}{_filter_html(view, asked)}{cards_html(view)}"
        f"{_attendance_html(view, asked.arrangement)}{_sales_html(view, page, asked)}"
    )


def _filter_html(view: View3, asked: Address) -> str:
    scopes = _segments([scope.value for scope in Scope], asked.scope.value)
    return (
        f'<div class="view3-filter" inert>{scopes}<div class="view3-region">{period_html(view.period)}</div>'
        '<div class="view3-ghost view3-ghost-days">Challenge days</div><div class="view3-ghost view3-ghost-dates">Dates</div></div>'
    )


def _attendance_html(view: View3, arrangement: Arrangement) -> str:
    switch = _segments(["Stacked", "Side by side"], "Stacked" if arrangement is Arrangement.STACKED else "Side by side")
    return (
        f'<section class="view3-attendance view3-panel"><div class="view3-bar">{HEADING}{switch}</div>'
        f'<div class="view3-region">{bars_html(view, arrangement)}{attendance_table_html(view)}</div></section>'
    )


def _sales_html(view: View3, page: SalesPage, asked: Address) -> str:
    narrowed = bool(asked.campaign or asked.product or asked.search)
    return (
        f'<section class="view3-sales view3-panel">{title_html(view.attribution)}'
        '<div class="view3-controls" inert><div class="view3-ghost view3-ghost-search">Search</div>'
        '<div class="view3-ghost view3-ghost-choice">Campaign</div><div class="view3-ghost view3-ghost-choice">Product</div>'
        '<div class="view3-ghost view3-ghost-notebook"></div><div class="view3-ghost view3-ghost-export"></div></div>'
        f'{table_html(page, view.currency)}<div class="view3-pager"><div class="view3-region">'
        f"{count_html(page, asked.offset, view.currency, narrowed=narrowed)}</div></div></section>"
    )


def _segments(names: list[str], active: str) -> str:
    buttons = "".join(
        f'<span class="widget-toggle-button{" mod-active" if name == active else ""}">{plain(name)}</span>'
        for name in names
    )
    return f'<div class="view3-segments" inert><div>{buttons}</div></div>'
