"""The figures of a period, added up one purchase at a time."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any
from zoneinfo import ZoneInfo

from analytics.records import AdSpend, Lead
from tests.reference.attribution import Credit, Stated, credit
from tests.reference.purchases import Bought

NAMES = {"vip": "vip_revenue", "oto": "oto_revenue", "high_ticket": "high_ticket_revenue"}


@dataclass
class Figures:
    """Money as numbers, sales as counts, the ratios where they are defined."""

    money: dict[str, Decimal] = field(default_factory=lambda: defaultdict(Decimal))
    ad_spend: Decimal | None = None
    high_ticket_sales: int = 0
    net_sales: int = 0
    other_currency: int = 0
    matched: int = 0
    reasons: Counter[str] = field(default_factory=Counter)

    def ratios(self) -> dict[str, Any]:
        """Return cost per acquisition and the three returns."""
        revenue = sum((self.money[name] for name in NAMES.values()), Decimal(0))
        spend = self.ad_spend
        return {
            "cost_per_acquisition": _ratio(spend, Decimal(self.high_ticket_sales)) if spend is not None else None,
            "roas": _ratio(revenue, spend),
            "roas_net": _ratio(revenue - self.money["refunded"], spend),
            "roas_collected": _ratio(Decimal(self.money["collected"]), spend),
        }


def figures(
    bought: Iterable[Bought],
    leads: Iterable[Lead],
    spend: Iterable[AdSpend],
    days: tuple[date, date],
    zone: ZoneInfo,
    *,
    currency: str,
    stated: Sequence[Stated],
) -> Figures:
    """Return the figures of the days from one date to another, both included."""
    told, leads = Figures(), list(leads)
    inside = [days[0] + timedelta(days=offset) for offset in range((days[1] - days[0]).days + 1)]
    for one in bought:
        if one.at.astimezone(zone).date() in inside:
            _add(told, one, currency)
            if one.offer == "high_ticket":
                _add_sale(told, one, credit(one, leads, zone, stated))
    for row in spend:
        if row.date in inside and row.currency == currency:
            told.ad_spend = (told.ad_spend or Decimal(0)) + row.spend
    return told


def _add(told: Figures, one: Bought, currency: str) -> None:
    if one.currency != currency:
        told.other_currency += 1
        return
    told.money[NAMES[one.offer]] += one.price
    told.money["refunded"] += one.refunded
    told.money["collected"] += one.collected


def _add_sale(told: Figures, one: Bought, given: Credit) -> None:
    told.high_ticket_sales += 1
    told.net_sales += not (one.refunded > 0 and one.refunded >= one.price)
    if given.outcome == "matched":
        told.matched += 1
    else:
        told.reasons[given.reason] += 1


def _ratio(above: Decimal, below: Decimal | None) -> Decimal | None:
    return (above / below).quantize(Decimal("0.01"), ROUND_HALF_UP) if below else None
