"""Rows for the analysts' frames: opt-ins and ad spend one by one, the funnel summed by date."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from analytics.challenge import Challenge, Period
from analytics.dialect import exact_sum
from analytics.queries import money
from analytics.queries.costs import SPEND_SCALE
from analytics.queries.money import ZERO, Bounds, Revenue, inside
from analytics.records import Offer, UtmMapping
from analytics.schema import ad_spend, funnel_orders, high_ticket_sales, leads

NOTHING = Revenue(0, 0, ZERO, ZERO, ZERO, ZERO, ZERO)
NO_SALES = (0, ZERO)


def opt_ins(
    connection: Connection, bounds: Bounds, mapping: UtmMapping, most: int | None
) -> Sequence[Mapping[Any, Any]]:
    """Return the opt-ins inside the bounds, oldest first; no more than `most`."""
    lead = leads.c
    query = (
        sa.select(
            lead.source,
            lead.external_id.label("lead_id"),
            lead.email_key.label("person"),
            lead.email,
            lead.name,
            lead.opted_in_at,
            lead.opted_in_on,
            lead.utm_source,
            lead.utm_medium,
            lead.utm_campaign.label("campaign"),
            lead[mapping.ad_set].label("ad_set"),
            lead[mapping.ad].label("ad"),
            lead.utm_campaign_key.label("campaign_key"),
            lead[f"{mapping.ad_set}_key"].label("ad_set_key"),
            lead[f"{mapping.ad}_key"].label("ad_key"),
        )
        .where(inside(lead.opted_in_at, bounds))
        .order_by(lead.opted_in_at, lead.source, lead.external_id)
        .limit(most)
    )
    return connection.execute(query).mappings().all()


def ad_spend_rows(connection: Connection, period: Period, most: int | None) -> Sequence[Mapping[Any, Any]]:
    """Return the rows of ad spend of a period by date, platform, account and ad; no more than `most`."""
    spend = ad_spend.c
    query = (
        sa.select(ad_spend)
        .where(spend.date.between(period.first, period.last))
        .order_by(spend.date, spend.platform, spend.account_id, spend.entity_key)
        .limit(most)
    )
    return connection.execute(query).mappings().all()


def spend_by_date(connection: Connection, period: Period, currency: str) -> dict[date, Decimal]:
    """Return the ad spend of each date that has any in the reporting currency."""
    spend = ad_spend.c
    query = (
        sa.select(spend.date, exact_sum(spend.spend, SPEND_SCALE))
        .where(spend.date.between(period.first, period.last), spend.currency == currency)
        .group_by(spend.date)
    )
    return dict(connection.execute(query).all())


def leads_by_date(connection: Connection, bounds: Bounds) -> dict[date, int]:
    """Return how many opted in on each business date inside the bounds."""
    lead = leads.c
    query = (
        sa.select(lead.opted_in_on, sa.func.count()).where(inside(lead.opted_in_at, bounds)).group_by(lead.opted_in_on)
    )
    return dict(connection.execute(query).all())


def orders_by_date(
    connection: Connection, challenge: Challenge, period: Period, currency: str
) -> dict[date, Mapping[Offer, Revenue]]:
    """Return the revenue of VIP and OTO orders of each date that has any."""
    dates = _dates_with(connection, funnel_orders.c.ordered_at, challenge, period)
    return {on: money.funnel_revenue(connection, challenge.bounds(Period(on, on)), currency) for on in dates}


def high_ticket_by_date(
    connection: Connection, challenge: Challenge, period: Period, currency: str
) -> dict[date, tuple[int, Decimal]]:
    """Return high-ticket sales and their revenue of each date that has any."""
    sold: dict[date, tuple[int, Decimal]] = {}
    for on in _dates_with(connection, high_ticket_sales.c.purchase_date, challenge, period):
        day = Period(on, on)
        bounds = challenge.bounds(day)
        whole = money.whole_sales(connection, bounds)
        groups = money.sales_by_campaign(connection, day, bounds, currency, whole)
        sold[on] = whole.sales, sum((group.revenue for group in groups), ZERO)
    return sold


def _dates_with(
    connection: Connection, moment: sa.Column[Any], challenge: Challenge, period: Period
) -> Collection[date]:
    """Return the dates of a period between the first and the last row: no database may turn a moment into a day."""
    start, end = challenge.bounds(period)
    query = sa.select(sa.func.min(moment), sa.func.max(moment)).where(moment >= start, moment < end)
    first, last = connection.execute(query).one()
    if first is None:
        return ()
    return tuple(Period(challenge.local_date(first), challenge.local_date(last)).dates())
