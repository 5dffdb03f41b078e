"""Numbers, dates and moments as people read them, ready for HTML."""

from datetime import date, datetime
from decimal import Decimal
from html import escape

from analytics.challenge import Period

UNDEFINED = "—"


def number(value: object) -> str:
    """Return a number as HTML: its text is exactly the value, thousands are set apart by a style, not by a character."""
    if value is None:
        return UNDEFINED
    whole, point, cents = str(value).partition(".")
    sign, digits = ("-", whole[1:]) if whole.startswith("-") else ("", whole)
    head = len(digits) % 3 or 3
    groups = [digits[:head], *(digits[start : start + 3] for start in range(head, len(digits), 3))]
    return sign + "".join(f"<span>{group}</span>" for group in groups) + point + cents


def money(amount: Decimal, currency: str) -> str:
    """Return an amount of money for running text, to the cent."""
    return f"{currency} {amount:,.2f}"


def many(count: int, one: str, several: str) -> str:
    """Return a count with its noun."""
    return f"{count:,} {one if count == 1 else several}"


def short_day(on: date) -> str:
    """Return a date as `17 Jan 2026`."""
    return f"{on.day} {on:%b %Y}"


def long_day(on: date) -> str:
    """Return a date as `Saturday 17 January 2026`."""
    return f"{on:%A} {on.day} {on:%B %Y}"


def span(period: Period) -> str:
    """Return a period as `1 Dec 2025 – 17 Jan 2026`."""
    if period.first == period.last:
        return short_day(period.first)
    return f"{short_day(period.first)} – {short_day(period.last)}"


def clock(moment: datetime, now: datetime) -> str:
    """Return a moment as the business clock shows it: the time alone today, else with its day."""
    local = moment.astimezone(now.tzinfo)
    return f"{local:%H:%M}" if local.date() == now.date() else f"{local.day} {local:%b %H:%M}"


def file_name(total: int, local: datetime) -> str:
    """Return an export's name, which tells how many rows it holds and when they were true."""
    return f"view3-sales-{total}-rows-{local:%Y%m%d-%H%M%S}.csv"


def plain(text: str) -> str:
    """Return any text as one line of HTML that shows it literally."""
    return escape(" ".join(text.split()))
