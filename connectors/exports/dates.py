"""Single dates and times as exports write them: ISO, with the month's name, or in figures whose order must be known."""

import re
from datetime import UTC, date, time, timedelta, timezone, tzinfo
from enum import Enum
from functools import lru_cache
from typing import NamedTuple

from connectors.contract import RowError
from connectors.exports.languages import months
from connectors.exports.table import key

YEARS = range(2000, 2100)
NOON = 12
HALVES = {"AM": ("午前", "ص"), "PM": ("午後", "م")}
_CLOCK = r"(?:(?:\s+at\s+|,\s*|[T\s]\s*)(?P<clock>.+))?"
_YEAR_FIRST = re.compile(
    r"(?P<year>[0-9]{4})(?:(?P<by>[-/.])(?P<month>[0-9]{1,2})(?P=by)(?P<day>[0-9]{1,2})"
    r"|年\s?(?P<kanji_month>[0-9]{1,2})月\s?(?P<kanji_day>[0-9]{1,2})日)" + _CLOCK
)
_NAME_FIRST = re.compile(r"(?P<name>[^\W\d_]{2,12})\.?\s+(?P<day>[0-9]{1,2}),?\s+(?P<year>[0-9]{4})" + _CLOCK)
_DAY_FIRST = re.compile(
    r"(?P<day>[0-9]{1,2})(?:er|º|°)?\.?[\s-](?:de\s)?(?P<name>[^\W\d_]{2,12})\.?,?[\s-](?:de\s)?(?P<year>[0-9]{4})"
    + _CLOCK
)
_CLEAR = (_YEAR_FIRST, _NAME_FIRST, _DAY_FIRST)
_FIGURES = re.compile(r"(?P<a>[0-9]{1,2})(?P<by>[/.-])(?P<b>[0-9]{1,2})(?P=by)(?P<year>[0-9]{4})" + _CLOCK)
_TIME = re.compile(
    r"(?P<hour>[0-9]{1,2}):(?P<minute>[0-9]{2})(?::(?P<second>[0-9]{2})(?:\.[0-9]+)?)?"
    r"(?:\s*(?P<half>[AaPp])\.?\s?[Mm]\.?)?\s*(?P<zone>Z|UTC|GMT|(?:UTC|GMT)?[+-][0-9]{2}:?[0-9]{2})?(?:\s*UTC)?"
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


@lru_cache(1 << 12)
def written(text: str, order: Order | None, sure: bool) -> Written:  # noqa: FBT001 (a cache has no keywords)
    """Return what a cell says; raises RowError for what is no date, or not surely one."""
    if named := _YEAR_FIRST.fullmatch(text):
        month, day = named["month"] or named["kanji_month"], named["day"] or named["kanji_day"]
        on = _date(text, int(named["year"]), int(month), int(day))
    elif named := _NAME_FIRST.fullmatch(text) or _DAY_FIRST.fullmatch(text):
        on = _date(text, int(named["year"]), _month(text, named["name"]), int(named["day"]))
    elif named := _FIGURES.fullmatch(text):
        on = _figured(text, named, order, sure=sure)
    else:
        raise RowError(f"'{text[:40]}' is not a date")
    clock = named["clock"]
    return Written(on, None, None) if clock is None else Written(on, *_time(text, clock.strip()))


def readings(text: str) -> dict[Order, date] | None:
    """Return the dates that a text in figures can mean, by order; None for a text that is not in figures."""
    figures = _FIGURES.fullmatch(text)
    return _orders(figures) if figures else None


def needs_no_order(text: str) -> bool:
    """Tell whether a text is a date that reads the same in every order."""
    return any(form.fullmatch(text) for form in _CLEAR)


def _date(text: str, year: int, month: int, day: int) -> date:
    try:
        on = date(year, month, day)
    except ValueError:
        raise RowError(f"'{text}' is not a day of the calendar") from None
    if on.year not in YEARS:
        raise RowError(f"'{text}' is not in a year this program knows ({YEARS[0]}–{YEARS[-1]})")
    return on


def _month(text: str, name: str) -> int:
    month = months().get(key(name))
    if month is None:
        raise RowError(f"'{text}' is not a date: '{name}' is no month")
    return month


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
    parts = _TIME.fullmatch(_in_latin(clock))
    unreadable = RowError(f"'{text[:40]}' holds no time of day that can be read")
    if not parts:
        raise unreadable
    try:
        at = time(_hour(int(parts["hour"]), parts["half"]), int(parts["minute"]), int(parts["second"] or 0))
    except ValueError:
        raise unreadable from None
    return at, _zone(parts["zone"], clock)


def _in_latin(clock: str) -> str:
    """Return a clock time with AM and PM as English writes them; Japanese puts them in front."""
    for half, names in HALVES.items():
        for name in names:
            if name in clock:
                return f"{clock.replace(name, '').strip()} {half}"
    return clock


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
