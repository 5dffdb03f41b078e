"""Dates and times as exports write them, read with one order of day and month per file."""

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from enum import Enum
from functools import lru_cache
from typing import NamedTuple

from analytics.challenge import CalendarError, Challenge
from connectors.contract import RowError, UnusableFileError

YEARS = range(2000, 2100)
STRAY = 0.05
NOON = 12
MONTHS = {
    name: number
    for number, name in enumerate(
        ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"], 1
    )
}
MONTH_NAME = re.compile(
    "jan(uary)?|feb(ruary)?|mar(ch)?|apr(il)?|may|june?|july?|aug(ust)?|sept?(ember)?|oct(ober)?|nov(ember)?|dec(ember)?",
    re.IGNORECASE,
)

_CLOCK = r"(?:(?:\s+at\s+|,\s*|[T\s]\s*)(?P<clock>.+))?"
_YEAR_FIRST = re.compile(r"(?P<year>[0-9]{4})(?P<by>[-/])(?P<month>[0-9]{1,2})(?P=by)(?P<day>[0-9]{1,2})" + _CLOCK)
_NAME_FIRST = re.compile(r"(?P<name>[A-Za-z]{3,9})\.?\s+(?P<day>[0-9]{1,2}),?\s+(?P<year>[0-9]{4})" + _CLOCK)
_DAY_FIRST = re.compile(r"(?P<day>[0-9]{1,2})[\s-](?P<name>[A-Za-z]{3,9})\.?,?[\s-](?P<year>[0-9]{4})" + _CLOCK)
_CLEAR = (_YEAR_FIRST, _NAME_FIRST, _DAY_FIRST)
_FIGURES = re.compile(r"(?P<a>[0-9]{1,2})(?P<by>[/.-])(?P<b>[0-9]{1,2})(?P=by)(?P<year>[0-9]{4})" + _CLOCK)
_TIME = re.compile(
    r"(?P<hour>[0-9]{1,2}):(?P<minute>[0-9]{2})(?::(?P<second>[0-9]{2})(?:\.[0-9]+)?)?"
    r"(?:\s*(?P<half>[AaPp])\.?[Mm]\.?)?\s*(?P<zone>Z|UTC|GMT|(?:UTC|GMT)?[+-][0-9]{2}:?[0-9]{2})?(?:\s*UTC)?"
)


class Order(Enum):
    """Which of two figures is the day."""

    DAY_FIRST = "day first"
    MONTH_FIRST = "month first"


class Written(NamedTuple):
    """A date as written, with its clock time and zone where it has them."""

    on: date
    at: time | None
    zone: tzinfo | None


@dataclass(frozen=True, slots=True)
class Moments:
    """A reader of dates in one order; naive times are in the business zone unless `naive_is_utc`."""

    challenge: Challenge
    order: Order | None = None
    sure: bool = True
    naive_is_utc: bool = False

    def day(self, text: str) -> date:
        """Return the date a cell holds, whatever its clock time."""
        return _written(text, self.order, self.sure).on

    def moment(self, text: str) -> tuple[datetime, bool]:
        """Return the UTC moment a cell holds, and whether it is a date alone, meant from the start of its business day."""
        on, at, zone = _written(text, self.order, self.sure)
        if at is None:
            return self.challenge.start_of(on), True
        if zone or self.naive_is_utc:
            return datetime.combine(on, at, tzinfo=zone or UTC).astimezone(UTC), False
        try:
            return self.challenge.moment(datetime.combine(on, at)), False
        except CalendarError as error:
            raise RowError(str(error).rstrip(".")) from None


def _once() -> Callable[[str], bool]:
    """Return a function that tells whether a text is new; it forgets when many were seen, to stay small."""
    seen: set[str] = set()

    def is_new(text: str) -> bool:
        if text in seen:
            return False
        if len(seen) > 1 << 14:
            seen.clear()
        seen.add(text)
        return True

    return is_new


@dataclass(slots=True)
class DateEvidence:
    """What the dates seen so far prove about the order of day and month in a file."""

    proofs: Counter[Order] = field(default_factory=Counter)
    unclear: str = ""
    has_clear: bool = False  # some date needs no order, so the unclear ones are rows' faults and not the file's
    seen: Callable[[str], bool] = field(default_factory=_once)

    def see(self, text: str) -> None:
        """Count a cell that is a date in one order only, and remember one that is a date in both."""
        if not text or (self.has_clear and text[:4].isdigit()) or not self.seen(text):
            return
        figures = _FIGURES.fullmatch(text)
        if not figures:
            self.has_clear = self.has_clear or any(form.fullmatch(text) for form in _CLEAR)
            return
        orders = _orders(figures)
        if len(orders) == 1:
            self.proofs.update(list(orders))
        elif len(set(orders.values())) > 1:
            self.unclear = self.unclear or text

    def conclude(self, challenge: Challenge, habit: Order | None = None, *, naive_is_utc: bool = False) -> Moments:
        """Return the reader for the file; raises UnusableFileError where no row and no habit of the source tells the order."""
        if self.proofs:
            (order, most), *others = self.proofs.most_common()
            return Moments(challenge, order, not others or others[0][1] <= STRAY * most, naive_is_utc)
        if self.unclear and habit is None and not self.has_clear:
            raise UnusableFileError(
                f"Dates such as {self.unclear} can be day/month or month/day, and no row of the file proves which: "
                "write them as 2026-01-31 and import again."
            )
        return Moments(challenge, habit, sure=True, naive_is_utc=naive_is_utc)


@lru_cache(1 << 12)
def _written(text: str, order: Order | None, sure: bool) -> Written:  # noqa: FBT001
    if named := _YEAR_FIRST.fullmatch(text):
        on = _date(text, int(named["year"]), int(named["month"]), int(named["day"]))
    elif named := _NAME_FIRST.fullmatch(text) or _DAY_FIRST.fullmatch(text):
        on = _date(text, int(named["year"]), _month(text, named["name"]), int(named["day"]))
    elif named := _FIGURES.fullmatch(text):
        on = _figured(text, named, order, sure=sure)
    else:
        raise RowError(f"'{text[:40]}' is not a date")
    clock = named["clock"]
    return Written(on, None, None) if clock is None else Written(on, *_time(text, clock.strip()))


def _date(text: str, year: int, month: int, day: int) -> date:
    try:
        on = date(year, month, day)
    except ValueError:
        raise RowError(f"'{text}' is not a day of the calendar") from None
    if on.year not in YEARS:
        raise RowError(f"'{text}' is not in a year this program knows ({YEARS[0]}–{YEARS[-1]})")
    return on


def _month(text: str, name: str) -> int:
    if not MONTH_NAME.fullmatch(name):
        raise RowError(f"'{text}' is not a date: '{name}' is no month")
    return MONTHS[name.casefold()[:3]]


def _orders(figures: re.Match[str]) -> dict[Order, date]:
    """Return the dates that figures can mean, by order; dots are only ever written day first."""
    first, second, year = int(figures["a"]), int(figures["b"]), int(figures["year"])
    dates = {}
    for order, month, day in ((Order.DAY_FIRST, second, first), (Order.MONTH_FIRST, first, second)):
        if figures["by"] == "." and order is Order.MONTH_FIRST:
            continue
        try:
            dates[order] = date(year, month, day)
        except ValueError:
            continue
    return dates


def _figured(text: str, figures: re.Match[str], order: Order | None, *, sure: bool) -> date:
    dates = _orders(figures)
    if not dates:
        raise RowError(f"'{text}' is not a day of the calendar")
    if figures["by"] == "." or (len(set(dates.values())) == 1 and len(dates) > 1):
        order = Order.DAY_FIRST
    if order not in dates:
        raise RowError(f"'{text}' is not written like the other dates of this file")
    if not sure and len(set(dates.values())) > 1:
        raise RowError(f"'{text}' can be read day first or month first, and the file does both")
    on = dates[order]
    return _date(text, on.year, on.month, on.day)


def _time(text: str, clock: str) -> tuple[time, tzinfo | None]:
    parts = _TIME.fullmatch(clock)
    unreadable = RowError(f"'{text[:40]}' holds no time of day that can be read")
    if not parts:
        raise unreadable
    try:
        at = time(_hour(int(parts["hour"]), parts["half"]), int(parts["minute"]), int(parts["second"] or 0))
    except ValueError:
        raise unreadable from None
    return at, _zone(parts["zone"], clock)


def _hour(hour: int, half: str | None) -> int:
    if half is None:
        return hour
    if not 1 <= hour <= NOON:
        raise ValueError(hour)
    return hour % NOON + (NOON if half in "Pp" else 0)


def _zone(zone: str | None, clock: str) -> tzinfo | None:
    if zone is None:
        return UTC if clock.endswith("UTC") else None
    figures = re.search(r"([+-])([0-9]{2}):?([0-9]{2})$", zone)
    if not figures:
        return UTC
    offset = timedelta(hours=int(figures[2]), minutes=int(figures[3]))
    return timezone(-offset if figures[1] == "-" else offset)
