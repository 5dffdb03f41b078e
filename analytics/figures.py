"""View 3 as plain figures: what `view3 show --json` prints and every other surface equals, digit for digit."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from decimal import Decimal
from typing import Any

from analytics.kpis import cents
from analytics.view3 import View3


def figures(view: View3) -> dict[str, Any]:
    """Return the view for JSON: money and ratios are decimal strings, moments ISO texts, what is undefined None."""
    cards = view.cards
    return {
        "as_of": _moment(view.as_of),
        "timezone": view.timezone,
        "currency": view.currency,
        "today": view.today.isoformat(),
        "challenge_day": view.challenge_day,
        "period": {"from": view.period.first.isoformat(), "to": view.period.last.isoformat()},
        "cards": {
            "high_ticket_sales_today": cards.high_ticket_sales_today,
            "high_ticket_sales_yesterday": cards.high_ticket_sales_yesterday,
            "cost_per_acquisition": _decimal(cards.cost_per_acquisition),
            "roas": _decimal(cards.roas),
            "roas_net": _decimal(cards.roas_net),
            "roas_collected": _decimal(cards.roas_collected),
            "attendance_today": cards.attendance_today,
            "live": cards.live,
        },
        "totals": {
            name: _decimal(value) if isinstance(value, Decimal) else value
            for name, value in asdict(view.totals).items()
        },
        "attendance": [
            {"challenge_day": day.challenge_day, "date": day.date.isoformat(), "youtube": day.youtube, "zoom": day.zoom}
            for day in view.attendance
        ],
        "attribution": {
            "matched": view.attribution.matched,
            "unattributed": view.attribution.unattributed,
            "reasons": dict(view.attribution.reasons),
            "by_order_utm": view.attribution.by_order_utm,
        },
        "excluded": {**view.excluded, **_amounts(view.excluded_money)},
        "review": {
            **{name: tally.count for name, tally in view.review.items()},
            **_amounts({name: tally.amount for name, tally in view.review.items()}),
        },
        "freshness": {source: _moment(at) for source, at in view.freshness.items()},
        "checks": dict(view.checks),
        "backlog": {
            name: {"count": pending.count, "oldest": _moment(pending.oldest) if pending.oldest else None}
            for name, pending in view.backlog.pending().items()
        },
    }


def _amounts(money: Mapping[str, Decimal]) -> dict[str, str | None]:
    return {f"{name}_amount": _decimal(amount) for name, amount in money.items()}


def _decimal(value: Decimal | None) -> str | None:
    return None if value is None else str(cents(value))


def _moment(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds")
