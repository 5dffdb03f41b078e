"""What was sold inside a period: the sums kept per date, or the sales one by one, and the funnel's orders."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from analytics.attribution import Outcome, Reason, Rule
from analytics.challenge import Period
from analytics.dialect import count_where, exact_sum, lower_case, sum_where
from analytics.records import RECORDED, Offer
from analytics.schema import (
    UTM_COLUMNS,
    funnel_orders,
    high_ticket_sales,
    left_out_sales,
    order_days,
    sale_days,
    sale_facts,
)

Bounds = tuple[datetime, datetime]
ZERO = Decimal(0)

sale, fact = high_ticket_sales, sale_facts
# A row that another program wrote has no facts yet: it is read as it is recorded.
with_facts = sale.outerjoin(fact, fact.c.sale_id == sale.c.id)
is_counted = sale.c.id.not_in(sa.select(left_out_sales.c.sale_id))
has_utm = sa.or_(*(sa.func.coalesce(sale.c[name], "") != "" for name in UTM_COLUMNS))
is_recorded = sa.func.coalesce(sale.c.utm_campaign, "") != ""
outcome = sa.func.coalesce(fact.c.outcome, sa.case((is_recorded, Outcome.MATCHED), else_=Outcome.UNATTRIBUTED))
reason = sa.func.coalesce(
    fact.c.reason,
    sa.case((is_recorded, Rule.AS_RECORDED), (has_utm, Reason.NO_CAMPAIGN), else_=Reason.NO_SUCH_PERSON),
)
recorded_campaign = lower_case(sa.func.coalesce(sale.c.utm_campaign, ""))
campaign_key = sa.func.coalesce(fact.c.utm_campaign_key, recorded_campaign)
product_key = sa.func.coalesce(fact.c.product_key, lower_case(sale.c.product_name))
refunded = sa.func.coalesce(fact.c.refunded, ZERO)
# One that it has corrected since is read as it is now, too.
collected = sa.case((fact.c.source == RECORDED, sale.c.price), else_=sa.func.coalesce(fact.c.collected, sale.c.price))
at_risk = sa.func.coalesce(fact.c.at_risk, ZERO)
written_off = sa.func.coalesce(fact.c.written_off, ZERO)
_AMOUNTS = {"refunded": refunded, "collected": collected, "at_risk": at_risk, "written_off": written_off}
_lost = refunded + written_off
is_net = sa.or_(_lost == ZERO, _lost < sale.c.price)
# A sum that moves when prices move between sales, though count and amount stay: small enough for a million large prices.
_seal = exact_sum(sale.c.price * (sale.c.id % 97)).label("seal")


@dataclass(frozen=True, slots=True)
class SalesGroup:
    """High-ticket sales of one campaign, outcome and reason; money but `amount` is in the reporting currency alone.

    `other_currency` counts purchases. `amount` adds up the prices of all currencies: it means nothing, but it has to add up.
    """

    campaign_key: str
    outcome: str
    reason: str
    sales: int
    net_sales: int
    other_currency: int
    amount: Decimal
    revenue: Decimal
    refunded: Decimal
    collected: Decimal
    at_risk: Decimal
    written_off: Decimal


@dataclass(frozen=True, slots=True)
class Whole:
    """All high-ticket sales of a period together: how many, the sum of their prices in any currency, and their seal."""

    sales: int
    amount: Decimal
    seal: int


@dataclass(frozen=True, slots=True)
class Revenue:
    """Gross revenue and what became of it, in the reporting currency; `other_currency` counts purchases.

    `amount` adds up the prices of all currencies: it means nothing, but it has to add up.
    """

    orders: int
    other_currency: int
    revenue: Decimal
    refunded: Decimal
    collected: Decimal
    at_risk: Decimal
    written_off: Decimal
    amount: Decimal = ZERO


@dataclass(frozen=True, slots=True)
class OrderSums:
    """VIP or OTO orders of one campaign and outcome; money but `amount` is in the reporting currency alone.

    `refunded` holds what plans that ended will never pay, too.
    """

    kind: Offer
    campaign_key: str
    outcome: str
    orders: int
    amount: Decimal
    revenue: Decimal
    refunded: Decimal


def whole_sales(connection: Connection, bounds: Bounds) -> Whole:
    """Return count, amount and seal of all high-ticket sales of a period, asked from their table alone."""
    query = sa.select(sa.func.count().label("sales"), exact_sum(sale.c.price).label("amount"), _seal)
    count, amount, seal = connection.execute(query.where(sold(bounds))).one()
    return Whole(count, amount or ZERO, _whole_cents(seal or ZERO))


def sales_by_campaign(
    connection: Connection, period: Period, bounds: Bounds, currency: str, whole: Whole
) -> list[SalesGroup]:
    """Return the high-ticket sales of a period by campaign, outcome and reason.

    The sums kept per date are believed as long as they make the whole, which is asked from the sales themselves; where they
    don't, because another program wrote a sale or changed one, the sales are added up one by one.
    """
    rows = connection.execute(_sums_of_days(period, currency)).all()
    kept = Whole(sum(int(row.sales) for row in rows), sum((row.amount for row in rows), ZERO), _sealed(rows))
    if kept != whole:
        rows = connection.execute(_sums_of_sales(bounds, currency)).all()
    return [_sales_group(row[:-1]) for row in rows]


def daily_sums(connection: Connection, days: Collection[date] | None) -> list[dict[str, Any]]:
    """Return the rows of `sale_days` for the given dates, or for all of them, from the sales and their facts."""
    told = {"date": fact.c.purchased_on, "campaign_key": fact.c.utm_campaign_key}
    told |= {name: fact.c[name] for name in ("outcome", "reason", "currency")}
    query = (
        sa.select(
            *(column.label(name) for name, column in told.items()),
            sa.func.count().label("sales"),
            count_where(is_net).label("net_sales"),
            count_where(fact.c.line == 0).label("purchases"),
            exact_sum(sale.c.price).label("amount"),
            *(exact_sum(fact.c[name]).label(name) for name in _AMOUNTS),
            _seal,
        )
        .join_from(fact, sale, sale.c.id == fact.c.sale_id)
        .group_by(*told.values())
    )
    if days is not None:
        query = query.where(fact.c.purchased_on.in_(days))
    counts = ("sales", "net_sales", "purchases")  # MariaDB sums whole numbers to decimals
    return [
        {**row, **{name: int(row[name]) for name in counts}, "seal": _whole_cents(row["seal"])}
        for row in connection.execute(query).mappings()
    ]


def daily_order_sums(connection: Connection, days: Collection[date] | None) -> list[dict[str, Any]]:
    """Return the rows of `order_days` for the given dates, or for all of them, from the orders."""
    order = funnel_orders.c
    key = {"date": order.purchased_on, "kind": order.kind, "campaign_key": order.utm_campaign_key}
    key |= {name: order[name] for name in ("outcome", "currency")}
    query = sa.select(
        *(column.label(name) for name, column in key.items()),
        sa.func.count().label("orders"),
        exact_sum(order.price).label("amount"),
        exact_sum(order.refunded + order.written_off).label("refunded"),
    ).group_by(*key.values())
    if days is not None:
        query = query.where(order.purchased_on.in_(days))
    return [dict(row) for row in connection.execute(query).mappings()]


def _sums_of_days(period: Period, currency: str) -> sa.Select[Any]:
    day = sale_days.c
    here = day.currency == currency
    key = (day.campaign_key, day.outcome, day.reason)
    return (
        sa.select(
            *key,
            sa.func.sum(day.sales).label("sales"),
            sa.func.sum(day.net_sales).label("net_sales"),
            sa.func.sum(sa.case((~here, day.purchases), else_=0)).label("other_currency"),
            exact_sum(day.amount).label("amount"),
            sum_where(here, day.amount).label("revenue"),
            *(sum_where(here, day[name]).label(name) for name in _AMOUNTS),
            sa.func.sum(day.seal).label("seal"),
        )
        .where(day.date.between(period.first, period.last))
        .group_by(*key)
    )


def _sums_of_sales(bounds: Bounds, currency: str) -> sa.Select[Any]:
    # Named in a query of its own: GROUP BY would take `outcome` for the column, which a sale of another program lacks.
    told = (
        sa.select(
            *(campaign_key.label("campaign_key"), outcome.label("outcome"), reason.label("reason")),
            *(sale.c.id.label("id"), sale.c.price.label("price"), is_net.label("is_net")),
            *(amount.label(name) for name, amount in _AMOUNTS.items()),
            sa.func.coalesce(fact.c.line, 0).label("line"),
            (sa.func.coalesce(fact.c.currency, currency) == currency).label("here"),
        )
        .select_from(with_facts)
        .where(sold(bounds))
        .subquery("told")
    )
    key = (told.c.campaign_key, told.c.outcome, told.c.reason)
    return sa.select(
        *key,
        sa.func.count().label("sales"),
        count_where(told.c.is_net).label("net_sales"),
        count_where(sa.and_(~told.c.here, told.c.line == 0)).label("other_currency"),
        exact_sum(told.c.price).label("amount"),
        sum_where(told.c.here, told.c.price).label("revenue"),
        *(sum_where(told.c.here, told.c[name]).label(name) for name in _AMOUNTS),
        exact_sum(told.c.price * (told.c.id % 97)).label("seal"),
    ).group_by(*key)


def _sealed(rows: Sequence[Any]) -> int:
    return sum(int(row.seal) for row in rows)


def _whole_cents(amount: Decimal) -> int:
    return int(amount.scaleb(2))


def foreign_sales(connection: Connection, bounds: Bounds) -> Sequence[Any]:
    """Return the sales inside the bounds that another program wrote and that have no facts yet."""
    query = sa.select(sale).select_from(with_facts).where(fact.c.sale_id.is_(None), sold(bounds))
    return connection.execute(query).mappings().all()


def sales_count(connection: Connection, bounds: Bounds) -> int:
    """Return how many high-ticket sales were made inside the bounds."""
    query = sa.select(sa.func.count().label("sales")).select_from(sale).where(sold(bounds))
    return connection.scalar(query) or 0


def funnel_revenue(connection: Connection, bounds: Bounds, currency: str) -> dict[Offer, Revenue]:
    """Return the revenue of VIP and OTO orders of a period."""
    order = funnel_orders
    here = order.c.currency == currency
    query = (
        sa.select(
            order.c.kind,
            sa.func.count().label("orders"),
            count_where(sa.and_(~here, order.c.line == 0)).label("other_currency"),
            sum_where(here, order.c.price).label("revenue"),
            *(sum_where(here, order.c[name]).label(name) for name in _AMOUNTS),
            exact_sum(order.c.price).label("amount"),
        )
        .where(inside(order.c.ordered_at, bounds))
        .group_by(order.c.kind)
    )
    return {
        Offer(kind): Revenue(count, int(others), *amounts)
        for kind, count, others, *amounts in connection.execute(query)
    }


def orders_by_campaign(
    connection: Connection, period: Period, bounds: Bounds, currency: str, whole: dict[Offer, Revenue]
) -> list[OrderSums]:
    """Return the VIP and OTO orders of a period by kind, campaign and outcome.

    The sums kept per date are believed as long as they make the whole; else the orders are added up one by one.
    """
    kept = _order_sums(connection, currency, order_days, order_days.c.date.between(period.first, period.last))
    if made_of(kept) != {kind: (one.orders, one.amount) for kind, one in whole.items()}:
        return _order_sums(connection, currency, funnel_orders, inside(funnel_orders.c.ordered_at, bounds))
    return kept


def made_of(groups: Iterable[OrderSums]) -> dict[Offer, tuple[int, Decimal]]:
    """Return how many orders there are of each kind, and the sum of their prices in any currency."""
    whole: dict[Offer, tuple[int, Decimal]] = {}
    for group in groups:
        count, amount = whole.get(group.kind, (0, ZERO))
        whole[group.kind] = count + group.orders, amount + group.amount
    return whole


def _order_sums(
    connection: Connection, currency: str, table: sa.Table, condition: sa.ColumnElement[bool]
) -> list[OrderSums]:
    one = table.c
    is_summed = table is order_days
    key = (one.kind, one.campaign_key if is_summed else one.utm_campaign_key, one.outcome)
    amount, here = one.amount if is_summed else one.price, one.currency == currency
    back = one.refunded if is_summed else one.refunded + one.written_off
    query = (
        sa.select(*key, sa.func.sum(one.orders) if is_summed else sa.func.count())
        .add_columns(exact_sum(amount).label("amount"), sum_where(here, amount), sum_where(here, back))
        .where(condition)
        .group_by(*key)
    )
    return [
        OrderSums(Offer(kind), campaign, outcome, int(count), *amounts)
        for kind, campaign, outcome, count, *amounts in connection.execute(query)
    ]


def sold(bounds: Bounds) -> sa.ColumnElement[bool]:
    """Return that a high-ticket sale counts and lies inside the bounds."""
    return sa.and_(inside(sale.c.purchase_date, bounds), is_counted)


def inside(moment: sa.Column[Any], bounds: Bounds) -> sa.ColumnElement[bool]:
    """Return that a moment lies inside the bounds."""
    return sa.and_(moment >= bounds[0], moment < bounds[1])


def _sales_group(row: Any) -> SalesGroup:
    key, what, why, sales, net, others, *amounts = row
    return SalesGroup(key, what, why, int(sales), int(net), int(others), *amounts)
