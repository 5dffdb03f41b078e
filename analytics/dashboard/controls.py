"""The page's controls as forms: without a script each loads the page anew, with one each is answered in place."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from html import escape
from typing import Final

from analytics.challenge import Challenge, Period
from analytics.dashboard import address as addresses
from analytics.dashboard.address import (
    EARLIEST,
    LATEST,
    LONGEST_SEARCH,
    PAGE_SIZES,
    SIDE_BY_SIDE,
    Address,
    Arrangement,
    Scope,
)
from analytics.dashboard.wording import plain, span
from analytics.view3 import Choices, SalesPage

PERIOD: Final = "period days first last from to page"  # what each form has the say in, by the address's names
ROWS: Final = "search campaign product page"
QUICK: Final = {Scope.WHOLE: "", Scope.CHALLENGE: "challenge", Scope.WEEK: "week", Scope.TODAY: "today"}
LONGEST_LABEL: Final = 60
SAID: Final = '<span class="view3-said" role="status"></span>'
SHOW: Final = '<noscript><button type="submit" class="view3-button">Show</button></noscript>'


@dataclass(frozen=True, slots=True)
class Controls:
    """Writes the controls as an address sets them."""

    asked: Address
    challenge: Challenge

    def form(self, asks: str, inner: str, *, named: str = "", style: str = "", action: str = "") -> str:
        """Return a form that has the say in some parts of the address and hands on the others."""
        kept = addresses.parts(self.asked, self.challenge).items()
        hidden = "".join(
            f'<input type="hidden" name="{name}" value="{escape(value)}">'
            for name, value in kept
            if name not in asks.split()
        )
        told = {"id": named, "class": style, "action": action, "data-asks": asks}
        attributes = "".join(f' {name}="{value}"' for name, value in told.items() if value or name == "data-asks")
        # Last, so that what a viewer sees keeps its place, and its node, when there is more to hand on.
        return f'<form method="get"{attributes}>{inner}{hidden}</form>'

    def period(self, period: Period, today: date) -> str:
        """Return the filter: quick periods, challenge days, dates, and in words what is in force."""
        return f"{self._quick()}{period_html(period)}{self._days()}{self._dates(today)}"

    def arrangement(self) -> str:
        """Return the switch between stacked bars and bars side by side."""
        both = (("Stacked", "", Arrangement.STACKED), ("Side by side", SIDE_BY_SIDE, Arrangement.SIDE_BY_SIDE))
        buttons = "".join(_pressable(name, "bars", value, self.asked.arrangement is one) for name, value, one in both)
        return self.form("bars", _segments("Stacked / Side by side", buttons))

    def rows(self, choices: Choices) -> str:
        """Return search, campaign and product."""
        search = (
            '<label class="view3-search">Search<input type="search" name="search" placeholder="Name, product, campaign, ad…" '
            f'title="Search every text column" maxlength="{LONGEST_SEARCH}" value="{escape(self.asked.search)}"></label>'
        )
        campaign = _choice("Campaign", "campaign", "All campaigns", choices.campaigns, self.asked.campaign)
        product = _choice("Product", "product", "All products", choices.products, self.asked.product)
        return self.form(ROWS, f"{search}{campaign}{product}{SHOW}", style="view3-narrowing")

    def files(self) -> str:
        """Return the buttons that hand out files of what the page shows."""
        notebook = '<button type="submit" class="view3-button view3-save-notebook">Open in a notebook</button>'
        sales = '<button type="submit" class="view3-button view3-save-sales">Export CSV</button>'
        return (
            f"{self.form('', notebook + SAID, action='view3/notebook.ipynb', style='view3-file')}"
            f"{self.form('', sales + SAID, action='view3/sales.csv', style='view3-file')}"
        )

    def pages(self, page: SalesPage) -> str:
        """Return how many rows make a page, and the ways to the pages before and after."""
        asked, number = self.asked, self.asked.page
        sizes = "".join(_option(str(size), str(size), str(asked.rows)) for size in PAGE_SIZES)
        rows = f'<label>Rows<select name="rows" aria-label="Rows per page">{sizes}</select></label>{SHOW}'
        before = _turn("Previous", number - 1, possible=number > 1)
        after = _turn("Next", number + 1, possible=asked.offset + len(page.rows) < page.total)
        return f"{self.form('rows page', rows)}{self.form('page', before + after)}"

    def _quick(self) -> str:
        quick = [_pressable(scope.value, "period", value, scope is self.asked.scope) for scope, value in QUICK.items()]
        others = {Scope.DAYS: "view3-days-asked", Scope.DATES: "view3-dates-asked"}
        quick += [_pressable(scope.value, "", form, scope is self.asked.scope) for scope, form in others.items()]
        return self.form(PERIOD, _segments("Period", "".join(quick)))

    def _days(self) -> str:
        last_day, (first, last) = self.challenge.length, self._days_in_force()
        on_top = ' style="z-index: 1"' if first > last_day / 2 else ""  # else nobody could take it from under the other
        ends = (("First", "first", first, on_top), ("Last", "last", last, ""))
        inputs = "".join(
            f'<input type="range" name="{name}" min="1" max="{last_day}" value="{value}" aria-label="{end} challenge day"{on_top}>'
            for end, name, value, on_top in ends
        )
        start, end = (100 * (day - 1) / max(last_day - 1, 1) for day in (first, last))
        inner = (
            f'<span class="view3-label" aria-hidden="true">Challenge days</span><span class="view3-slider" role="group" aria-label="Challenge days" style="--from:{start:.2f}%;--to:{end:.2f}%">'
            f"{inputs}</span><output>{first} – {last}</output>{SHOW}"
        )
        return self.form(PERIOD, inner, named="view3-days-asked", style=_idle("view3-range", self.asked, Scope.DAYS))

    def _dates(self, today: date) -> str:
        first, last = self.challenge.starts_on, max(today, self.challenge.starts_on)
        if self.asked.scope is Scope.DATES and self.asked.chosen:
            first, last = self.asked.chosen.first, self.asked.chosen.last
        inputs = "".join(
            f'<label>{label}<input type="date" name="{name}" title="{title}" min="{EARLIEST}" max="{LATEST}" value="{value}" required></label>'
            for label, name, title, value in (("Dates", "from", "First date", first), ("to", "to", "Last date", last))
        )
        style = _idle("view3-dates", self.asked, Scope.DATES)
        return self.form(PERIOD, inputs + SHOW, named="view3-dates-asked", style=style)

    def _days_in_force(self) -> tuple[int, int]:
        whole, chosen = (1, self.challenge.length), self.asked.chosen
        if self.asked.scope is not Scope.DAYS or chosen is None:
            return whole
        return self.challenge.day_of(chosen.first) or whole[0], self.challenge.day_of(chosen.last) or whole[1]


def period_html(period: Period) -> str:
    """Return the period in force, in words."""
    return f'<p class="view3-period" role="status">Showing <b>{plain(span(period))}</b></p>'


def _segments(label: str, buttons: str) -> str:
    return f'<div class="view3-segments" role="group" aria-label="{label}">{buttons}</div>'


def _pressable(text: str, name: str, value: str, pressed: bool) -> str:  # noqa: FBT001 - what it shows
    does = f'name="{name}" value="{value}"' if name else f'form="{value}"'
    return f'<button type="submit" {does} aria-pressed="{str(pressed).lower()}">{text}</button>'


def _turn(text: str, page: int, *, possible: bool) -> str:
    off = "" if possible else " disabled"
    return f'<button type="submit" class="view3-button" name="page" value="{page}"{off}>{text}</button>'


def _choice(label: str, name: str, everything: str, choices: Sequence[tuple[str, str]], chosen: str) -> str:
    offered = [("", everything), *((key, text) for key, text in choices if key)]
    if chosen and chosen not in dict(offered):
        offered.append((chosen, chosen))
    options = "".join(_option(key, _shortened(text), chosen) for key, text in offered)
    return f'<label>{label}<select name="{name}" aria-label="{label}">{options}</select></label>'


def _option(value: str, text: str, chosen: str) -> str:
    return f'<option value="{escape(value)}"{" selected" if value == chosen else ""}>{escape(text)}</option>'


def _idle(style: str, asked: Address, scope: Scope) -> str:
    return style if asked.scope is scope else f"{style} view3-idle"


def _shortened(label: str) -> str:
    text = " ".join(label.split())
    return text if len(text) <= LONGEST_LABEL else f"{text[: LONGEST_LABEL - 1]}…"
