"""Which product is what: every pattern is tried on every text."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from fnmatch import fnmatchcase
from zoneinfo import ZoneInfo

HIGH_TICKET, VIP, OTO = "high-ticket", "vip", "oto"
KINDS = (HIGH_TICKET, VIP, OTO)  # the higher first


@dataclass(frozen=True)
class Settings:
    """What the owner decided."""

    zone: ZoneInfo
    currency: str = "USD"
    vip: tuple[str, ...] = ()
    oto: tuple[str, ...] = ()
    high_ticket: tuple[str, ...] = ()
    high_ticket_from: Decimal | None = None
    part_payment: tuple[str, ...] = ()
    staff: tuple[str, ...] = ()
    counts_tax: bool = False
    window: timedelta = timedelta(minutes=30)
    funnel_start: date = date(2025, 12, 1)
    ad_set: int = 3  # which UTM, of source, medium, campaign, term, content
    ad: int = 4


def matches(patterns: Iterable[str], texts: Iterable[str]) -> bool:
    """Tell whether any text fits any pattern, whatever its case."""
    texts = [text.lower() for text in texts]
    return any(fnmatchcase(text, pattern.lower()) for pattern in patterns for text in texts)


def kind_by_text(settings: Settings, texts: Iterable[str]) -> str:
    """Return the highest kind whose patterns fit a text, or nothing."""
    texts = list(texts)
    for kind, patterns in zip(KINDS, (settings.high_ticket, settings.vip, settings.oto), strict=True):
        if matches(patterns, texts):
            return kind
    return ""


def is_part_payment(settings: Settings, texts: Iterable[str]) -> bool:
    """Tell whether a purchase is a payment of another one."""
    return matches(settings.part_payment, texts)
