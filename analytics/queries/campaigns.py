"""Spend, opt-ins, orders and sales of a period by campaign, ad set and ad, each as its own side tells them."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from analytics.attribution import Outcome
from analytics.challenge import Period
from analytics.dialect import exact_sum, last_spelling, lower_case, sum_where
from analytics.queries.costs import SPEND_SCALE
from analytics.queries.money import (
    ZERO,
    Bounds,
    SalesGroup,
    fact,
    funnel_revenue,
    inside,
    is_net,
    outcome,
    refunded,
    sale,
    sales_by_campaign,
    sold,
    whole_sales,
    with_facts,
    written_off,
)
from analytics.queries.money import orders_by_campaign as order_sums
from analytics.records import Offer
from analytics.schema import ad_spend, campaign_aliases, funnel_orders, leads

LEVELS = (
    (ad_spend.c.campaign_id, ad_spend.c.campaign_key, ad_spend.c.campaign),
    (ad_spend.c.ad_set_id, ad_spend.c.ad_set_key, ad_spend.c.ad_set),
    (ad_spend.c.ad_id, ad_spend.c.ad_key, ad_spend.c.ad),
)


@dataclass(frozen=True, slots=True)
class Name:
    """What one side calls a campaign, ad set or ad: an id where it has one, a folded key, a label as received."""

    id: str
    key: str
    label: str


@dataclass(frozen=True, slots=True)
class SpendGroup:
    """Spend of one platform's campaign (ad set, ad); None where all of it is in another currency."""

    path: tuple[Name, ...]
    platform: str
    spend: Decimal | None


@dataclass(frozen=True, slots=True)
class LeadsGroup:
    """Opt-ins that carry one set of UTMs."""

    path: tuple[Name, ...]
    leads: int


@dataclass(frozen=True, slots=True)
class CreditedGroup:
    """High-ticket sales credited to one set of UTMs, or to none; money is in the reporting currency alone.

    `refunded` holds what plans that ended will never pay, too.
    """

    path: tuple[Name, ...]
    is_unattributed: bool
    sales: int
    net_sales: int
    revenue: Decimal
    refunded: Decimal


@dataclass(frozen=True, slots=True)
class OrdersGroup:
    """VIP or OTO orders credited to one set of UTMs, or to none; money is in the reporting currency alone.

    `refunded` holds what plans that ended will never pay, too.
    """

    path: tuple[Name, ...]
    is_unattributed: bool
    kind: Offer
    revenue: Decimal
    refunded: Decimal


def spend_by_entity(connection: Connection, period: Period, currency: str, depth: int) -> list[SpendGroup]:
    """Return the spend of a period by platform and the first `depth` of campaign, ad set and ad."""
    here = ad_spend.c.currency == currency
    levels = LEVELS[:depth]
    keys = [column for identity, key, _ in levels for column in (identity, key)]
    labels = [last_spelling(label) for _, _, label in levels]
    query = (
        sa.select(
            ad_spend.c.platform,
            sa.func.sum(sa.case((here, 1), else_=0)),
            exact_sum(sa.case((here, ad_spend.c.spend), else_=0), SPEND_SCALE),
            *keys,
            *labels,
        )
        .where(ad_spend.c.date.between(period.first, period.last))
        .group_by(ad_spend.c.platform, *keys)
    )
    return [
        SpendGroup(_spend_path(rest, depth), platform, spend if count else None)
        for platform, count, spend, *rest in connection.execute(query)
    ]


def credited_by_entity(
    connection: Connection, bounds: Bounds, currency: str, columns: Iterable[str]
) -> list[CreditedGroup]:
    """Return the high-ticket sales of a period by the UTM columns they are credited to; the unattributed in one group."""
    here = sa.func.coalesce(fact.c.currency, currency) == currency
    is_credited = outcome == Outcome.MATCHED
    keys = [
        sa.case((is_credited, _sale_key(name)), else_="").label(f"level_{place}") for place, name in enumerate(columns)
    ]
    labels = [last_spelling(sa.func.coalesce(sale.c[name], "")) for name in columns]
    query = (
        sa.select(
            outcome.label("credited"),
            sa.func.count(),
            sa.func.sum(sa.case((is_net, 1), else_=0)),
            exact_sum(sa.case((here, sale.c.price), else_=0)),
            exact_sum(sa.case((here, refunded + written_off), else_=0)),
            *keys,
            *labels,
        )
        .select_from(with_facts)
        .where(sold(bounds))
        .group_by(sa.literal_column("credited"), *(sa.literal_column(key.name) for key in keys))
    )
    return [
        CreditedGroup(
            _utm_path(rest, len(keys)) if credited == Outcome.MATCHED else _nowhere(len(keys)),
            credited != Outcome.MATCHED,
            count,
            int(net),
            revenue,
            back,
        )
        for credited, count, net, revenue, back, *rest in connection.execute(query)
    ]


def credited_by_campaign(
    connection: Connection, period: Period, bounds: Bounds, currency: str, named: Collection[str]
) -> list[CreditedGroup]:
    """Return the same by campaign alone, from the sums kept per date; `named` are the keys whose label the caller has.

    Of these no sale is read, unless another program wrote one; the label of such a campaign is empty.
    """
    whole = whole_sales(connection, bounds)
    summed: dict[str | None, list[SalesGroup]] = {}
    for group in sales_by_campaign(connection, period, bounds, currency, whole):
        summed.setdefault(group.campaign_key if group.outcome == Outcome.MATCHED else None, []).append(group)
    labels = _labels_of_sales(connection, bounds, summed.keys() - {None, *named})
    return [
        CreditedGroup(
            _nowhere(1) if key is None else (Name(key, key, labels.get(key, "")),),
            key is None,
            sum(group.sales for group in groups),
            sum(group.net_sales for group in groups),
            sum((group.revenue for group in groups), ZERO),
            sum((group.refunded + group.written_off for group in groups), ZERO),
        )
        for key, groups in summed.items()
    ]


def _labels_of_sales(connection: Connection, bounds: Bounds, keys: Collection[str | None]) -> dict[str, str]:
    """Return how the sales of a period spell the campaigns of the given keys."""
    if not keys:
        return {}
    key = _sale_key("utm_campaign").label("told")
    query = (
        sa.select(key, last_spelling(sa.func.coalesce(sale.c.utm_campaign, "")))
        .select_from(with_facts)
        .where(sold(bounds), outcome == Outcome.MATCHED, _sale_key("utm_campaign").in_(keys))
        .group_by(sa.literal_column("told"))
    )
    return dict(connection.execute(query).all())


def labels_of(connection: Connection, keys: Collection[str]) -> dict[str, str]:
    """Return how the first purchase of each folded campaign spells it; each is looked up by itself, for there are few."""
    order = funnel_orders.c
    found: dict[str, str] = {}
    for key in sorted(keys):
        sold = sa.select(sale.c.utm_campaign).join_from(fact, sale, sale.c.id == fact.c.sale_id)
        sold = sold.where(fact.c.outcome == Outcome.MATCHED, fact.c.utm_campaign_key == key).limit(1)
        ordered = sa.select(order.utm_campaign).where(order.utm_campaign_key == key).limit(1)
        found[key] = connection.scalar(sold) or connection.scalar(ordered) or key
    return found


def orders_by_entity(
    connection: Connection, bounds: Bounds, currency: str, columns: Iterable[str]
) -> list[OrdersGroup]:
    """Return the VIP and OTO orders of a period by kind and the UTM columns they are credited to."""
    order, columns = funnel_orders.c, list(columns)
    here, is_credited = order.currency == currency, order.outcome == Outcome.MATCHED
    keys = [
        sa.case((is_credited, order[f"{name}_key"]), else_="").label(f"level_{place}")
        for place, name in enumerate(columns)
    ]
    query = (
        sa.select(
            *(order.kind, order.outcome.label("credited")),
            *(sum_where(here, amount) for amount in (order.price, order.refunded + order.written_off)),
            *keys,
            *(last_spelling(sa.func.coalesce(order[name], "")) for name in columns),
        )
        .where(inside(order.ordered_at, bounds))
        .group_by(order.kind, sa.literal_column("credited"), *(sa.literal_column(key.name) for key in keys))
    )
    return [
        OrdersGroup(
            _utm_path(rest, len(keys)) if credited == Outcome.MATCHED else _nowhere(len(keys)),
            credited != Outcome.MATCHED,
            Offer(kind),
            revenue,
            back,
        )
        for kind, credited, revenue, back, *rest in connection.execute(query)
    ]


def orders_by_campaign(connection: Connection, period: Period, bounds: Bounds, currency: str) -> list[OrdersGroup]:
    """Return the same by campaign alone, from the sums kept per date."""
    order = funnel_orders.c
    whole = funnel_revenue(connection, bounds, currency)
    spelt = sa.select(order.utm_campaign_key, last_spelling(sa.func.coalesce(order.utm_campaign, "")))
    spelt = spelt.where(inside(order.ordered_at, bounds), order.outcome == Outcome.MATCHED)
    labels: dict[str, str] = dict(connection.execute(spelt.group_by(order.utm_campaign_key)).all())
    return [
        OrdersGroup(
            (Name(key, key, labels.get(key, "")),) if one.outcome == Outcome.MATCHED else _nowhere(1),
            one.outcome != Outcome.MATCHED,
            one.kind,
            one.revenue,
            one.refunded,
        )
        for one in order_sums(connection, period, bounds, currency, whole)
        for key in [one.campaign_key]
    ]


def leads_by_entity(connection: Connection, bounds: Bounds, columns: Iterable[str]) -> list[LeadsGroup]:
    """Return the opt-ins of a period by the given UTM columns."""
    columns = list(columns)
    keys = [leads.c[f"{name}_key"] for name in columns]
    labels = [last_spelling(sa.func.coalesce(leads.c[name], "")) for name in columns]
    query = sa.select(sa.func.count(), *keys, *labels).where(inside(leads.c.opted_in_at, bounds)).group_by(*keys)
    return [LeadsGroup(_utm_path(rest, len(keys)), count) for count, *rest in connection.execute(query)]


def sales_total(connection: Connection, bounds: Bounds, currency: str) -> tuple[int, Decimal]:
    """Return how many high-ticket sales there are inside the bounds, and their revenue in the reporting currency."""
    here = sa.func.coalesce(fact.c.currency, currency) == currency
    query = (
        sa.select(sa.func.count(), exact_sum(sa.case((here, sale.c.price), else_=0)))
        .select_from(with_facts)
        .where(sold(bounds))
    )
    count, revenue = connection.execute(query).one()
    return count, revenue or ZERO


def leads_total(connection: Connection, bounds: Bounds) -> int:
    """Return how many people opted in inside the bounds, one of them as often as they did."""
    query = sa.select(sa.func.count()).where(inside(leads.c.opted_in_at, bounds))
    return connection.scalar(query) or 0


def aliases(connection: Connection) -> dict[str, str]:
    """Return which folded campaign names stand for which other ones."""
    return dict(connection.execute(sa.select(campaign_aliases.c.alias_key, campaign_aliases.c.campaign_key)).all())


def newest_spend_by_source(connection: Connection, until: date) -> dict[str, date]:
    """Return the newest day of spend that each source told, up to a date."""
    query = (
        sa.select(ad_spend.c.source, sa.func.max(ad_spend.c.date))
        .where(ad_spend.c.date <= until)
        .group_by(ad_spend.c.source)
    )
    return dict(connection.execute(query).all())


def _sale_key(column: str) -> sa.ColumnElement[str]:
    # A row that another program wrote has no facts yet: it is read as it is recorded.
    return sa.func.coalesce(fact.c[f"{column}_key"], lower_case(sa.func.coalesce(sale.c[column], "")))


def _spend_path(rest: list[Any], depth: int) -> tuple[Name, ...]:
    pairs, labels = rest[: 2 * depth], rest[2 * depth :]
    return tuple(
        Name(identity, key, label) for identity, key, label in zip(pairs[::2], pairs[1::2], labels, strict=True)
    )


def _utm_path(rest: list[Any], depth: int) -> tuple[Name, ...]:
    """Return names from a link, where a name may as well be an id; rows are grouped by the folded key, which leaves digits alone."""
    return tuple(Name(key, key, label) for key, label in zip(rest[:depth], rest[depth:], strict=True))


def _nowhere(depth: int) -> tuple[Name, ...]:
    return (Name("", "", ""),) * depth
