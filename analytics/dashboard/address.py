"""What a viewer asks for, as the end of the page's address: a link shows another what one sees oneself."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Final, NoReturn, TypeVar
from urllib.parse import parse_qs, urlencode

from analytics.challenge import Challenge, Period
from analytics.view3 import SalesFilter, Sort, SortColumn

EARLIEST: Final = date(2000, 1, 1)
LATEST: Final = date(2100, 1, 1)
LONGEST_SEARCH: Final = 200
LONGEST_KEY: Final = 5000  # characters; folding can lengthen a name of 255
LAST_PAGE: Final = 1_000_000
LONGEST_ID: Final = 18  # digits
PAGE_SIZES: Final = (10, 25, 50, 100)
USUAL_ROWS: Final = 25
USUAL_SORT: Final = Sort()
SIDE_BY_SIDE: Final = "side-by-side"
WRONG: Final = {
    "period": "a period that does not exist here",
    "sort": "an unknown order",
    "rows": "an unusual number of rows",
    "page": "a page that does not exist",
    "bars": "an unknown kind of bars",
}

T = TypeVar("T")


class Scope(StrEnum):
    """What decides the period in force."""

    WHOLE = "Whole period"
    CHALLENGE = "Whole challenge"
    WEEK = "This week"
    TODAY = "Today"
    DAYS = "By day"
    DATES = "By date"


class Arrangement(StrEnum):
    """How the two bars of a day stand."""

    STACKED = "stack"
    SIDE_BY_SIDE = "group"


@dataclass(frozen=True, slots=True)
class Address:
    """Everything a viewer asks for; campaign and product are folded keys, `chosen` is the period of By day and By date."""

    scope: Scope = Scope.WHOLE
    chosen: Period | None = None
    campaign: str = ""
    product: str = ""
    search: str = ""
    sort: Sort = USUAL_SORT
    rows: int = USUAL_ROWS
    page: int = 1
    arrangement: Arrangement = Arrangement.STACKED
    sale: int = 0  # whose row explains itself; no part of a link

    def period(self, challenge: Challenge, today: date) -> Period | None:
        """Return the period in force; None is the whole funnel until now."""
        match self.scope:
            case Scope.CHALLENGE:
                return challenge.days(1, challenge.length)
            case Scope.WEEK:
                return Period(today - timedelta(days=today.weekday()), today)
            case Scope.TODAY:
                return Period(today, today)
            case Scope.DAYS | Scope.DATES:
                return self.chosen
        return None

    def sales(self, period: Period) -> SalesFilter:
        """Return which rows of the attribution table are asked for, inside a period."""
        return SalesFilter(period, self.campaign, self.product, self.search)

    def wanted(self, challenge: Challenge, now: datetime) -> SalesFilter:
        """Return which rows of the attribution table are asked for at a moment."""
        return self.sales(self.period(challenge, challenge.local_date(now)) or challenge.whole(now))

    @property
    def offset(self) -> int:
        """Return how many rows stand before the page."""
        return (self.page - 1) * self.rows


@dataclass(frozen=True, slots=True)
class Heard:
    """An address as it was understood, and one sentence about what could not be."""

    address: Address
    complaint: str = ""


def read(query: str, challenge: Challenge) -> Heard:
    """Return what a query asks for; whatever is wrong in it counts as not asked, and is said."""
    given = {name: values[-1] for name, values in parse_qs(query, errors="replace", separator="&").items()}
    wrong: list[str] = []

    def one(name: str, meaning: Callable[[str], T], otherwise: T) -> T:
        try:
            return meaning(given[name]) if name in given else otherwise
        except (ValueError, OverflowError):
            wrong.append(name)
            return otherwise

    scope, chosen = _period(given, challenge, wrong)
    address = Address(
        scope=scope,
        chosen=chosen,
        campaign=_text(given.get("campaign", "")).casefold()[:LONGEST_KEY],
        product=_text(given.get("product", "")).casefold()[:LONGEST_KEY],
        search=_text(given.get("search", ""))[:LONGEST_SEARCH],
        sort=one("sort", _sort, USUAL_SORT),
        rows=one("rows", _rows, USUAL_ROWS),
        page=one("page", _page, 1),
        arrangement=one("bars", _arrangement, Arrangement.STACKED),
        sale=_sale(given.get("sale", "")),
    )
    return Heard(address, _complaint(wrong))


def write(address: Address, challenge: Challenge) -> str:
    """Return the query that `read` understands as this address; what is usual is left out."""
    return urlencode(parts(address, challenge))


def parts(address: Address, challenge: Challenge) -> dict[str, str]:
    """Return an address in its parts by name; what is usual is left out."""
    written = {
        **_written_period(address, challenge),
        "campaign": address.campaign,
        "product": address.product,
        "search": address.search,
        "sort": "" if address.sort == USUAL_SORT else written_sort(address.sort),
        "rows": "" if address.rows == USUAL_ROWS else str(address.rows),
        "page": "" if address.page == 1 else str(address.page),
        "bars": SIDE_BY_SIDE if address.arrangement is Arrangement.SIDE_BY_SIDE else "",
    }
    return {name: value for name, value in written.items() if value}


def written_sort(sort: Sort) -> str:
    """Return an order as the address tells it."""
    return f"{'-' if sort.descending else ''}{sort.column}"


def _period(given: Mapping[str, str], challenge: Challenge, wrong: list[str]) -> tuple[Scope, Period | None]:
    quick = {"challenge": Scope.CHALLENGE, "week": Scope.WEEK, "today": Scope.TODAY}
    try:
        if "days" in given:
            first, last = (int(day) for day in given["days"].split("-"))
            return Scope.DAYS, challenge.days(first, last)
        if "first" in given or "last" in given:  # as the slider's two ends tell it, which may pass each other
            return Scope.DAYS, challenge.days(*sorted((int(given["first"]), int(given["last"]))))
        if "from" in given or "to" in given:
            return Scope.DATES, Period(*sorted((_date(given["from"]), _date(given["to"]))))
        if "period" in given:
            return quick[given["period"]], None
    except (ValueError, KeyError):
        wrong.append("period")
    return Scope.WHOLE, None


def _written_period(address: Address, challenge: Challenge) -> dict[str, str]:
    period = address.chosen
    match address.scope:
        case Scope.DAYS if period is not None:
            return {"days": f"{challenge.day_of(period.first)}-{challenge.day_of(period.last)}"}
        case Scope.DATES if period is not None:
            return {"from": f"{period.first}", "to": f"{period.last}"}
        case Scope.CHALLENGE:
            return {"period": "challenge"}
        case Scope.WEEK | Scope.TODAY:
            return {"period": "week" if address.scope is Scope.WEEK else "today"}
    return {}


def _date(text: str) -> date:
    on = date.fromisoformat(text)
    return on if EARLIEST <= on <= LATEST else _refuse()


def _sort(text: str) -> Sort:
    return Sort(SortColumn(text.removeprefix("-")), descending=text.startswith("-"))


def _rows(text: str) -> int:
    return int(text) if int(text) in PAGE_SIZES else _refuse()


def _page(text: str) -> int:
    return int(text) if 1 <= int(text) <= LAST_PAGE else _refuse()


def _sale(text: str) -> int:
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= LONGEST_ID else 0


def _refuse() -> NoReturn:
    raise ValueError("not a value of the page")


def _arrangement(text: str) -> Arrangement:
    return Arrangement.SIDE_BY_SIDE if text == SIDE_BY_SIDE else _refuse()


def _text(text: str) -> str:
    return text.replace("\x00", "").strip()


def _complaint(wrong: list[str]) -> str:
    if not wrong:
        return ""
    return f"The address asks for {' and '.join(WRONG[name] for name in wrong)}; the usual is shown instead."
