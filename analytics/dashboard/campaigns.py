"""The campaigns of the period: spend, sales and the full funnel's revenue, in rows that add up to the cards."""

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from html import escape
from typing import Any, Final

from analytics import kpis
from analytics.breakdown import Breakdown, BreakdownRow
from analytics.dashboard.wording import UNDEFINED, many, plain, span

MOST: Final = 12  # campaigns with a row of their own; the others are one row together
HEAD: Final = ("Campaign", "Ad spend", "Sales", "VIP", "OTO", "High-ticket", "Net", "ROAS, full funnel")


def campaigns_html(told: Breakdown) -> str:
    """Return the table: the most spent first, the others as one row, the unattributed row, and the sum."""
    rows = "".join(_row_html(row) for row in in_sight(told))
    head = "".join(f'<th scope="col"{_number(place)}>{name}</th>' for place, name in enumerate(HEAD))
    return (
        '<div class="view3-heading"><h2>Campaigns, full funnel</h2>'
        f"<p>{plain(span(told.period))}, in {plain(told.currency)}. The rows add up to the cards.</p>{_failed_html(told)}</div>"
        '<div class="view3-scroll" tabindex="0" role="region" aria-label="Full funnel"><table class="view3-table">'
        f"<thead><tr>{head}</tr></thead><tbody>{rows}</tbody>"
        f"<tfoot>{_row_html(told.total)}</tfoot></table></div>"
    )


def in_sight(told: Breakdown) -> list[BreakdownRow]:
    """Return the rows to show: those without any money are left out, and beyond MOST the rest is one row."""
    named = [
        row for row in told.rows if not row.is_unattributed and (row.ad_spend or row.revenue or row.high_ticket_sales)
    ]
    rest, others = named[MOST:], [row for row in told.rows if row.is_unattributed]
    return [*named[:MOST], *([together(rest)] if rest else []), *others]


def together(rows: Sequence[BreakdownRow]) -> BreakdownRow:
    """Return rows as one."""
    known = [row.ad_spend for row in rows if row.ad_spend is not None]
    sums: dict[str, Any] = {
        name: sum((getattr(row, name) for row in rows), Decimal(0))
        for name in ("vip_revenue", "oto_revenue", "high_ticket_revenue", "revenue", "net_revenue")
    }
    spend = sum(known, Decimal(0)) if known else None
    return replace(
        rows[0],
        campaign=many(len(rows), "more campaign", "more campaigns"),
        ad_spend=spend,
        high_ticket_sales=sum(row.high_ticket_sales for row in rows),
        net_sales=sum(row.net_sales for row in rows),
        roas=kpis.roas(sums["revenue"], spend),
        **sums,
    )


def _row_html(row: BreakdownRow) -> str:
    cells = (
        _money(row.ad_spend),
        f"{row.high_ticket_sales:,}",
        *(_money(amount) for amount in (row.vip_revenue, row.oto_revenue, row.high_ticket_revenue, row.net_revenue)),
        UNDEFINED if row.roas is None else f"{row.roas}×",
    )
    name = " ".join(row.name.split())
    others = "".join(
        f'<td class="view3-number" data-label="{HEAD[place]}">{cell}</td>' for place, cell in enumerate(cells, 1)
    )
    return (
        f'<tr><th scope="row"><span class="view3-long" title="{escape(name)}">{escape(name)}</span></th>{others}</tr>'
    )


def _failed_html(told: Breakdown) -> str:
    failed = [plain(name.replace("_", " ")) for name, holds in told.checks.items() if not holds]
    return f'<p class="view3-trouble" role="alert">These rows do not add up: {", ".join(failed)}.</p>' if failed else ""


def _money(amount: Decimal | None) -> str:
    return UNDEFINED if amount is None else f"{kpis.cents(amount):,}"


def _number(place: int) -> str:
    return ' class="view3-number"' if place else ""
