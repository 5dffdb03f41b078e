"""Reads what was stated about money and where it is counted, as stored: the two sides of conservation."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from analytics.conservation import NO_PURCHASE, Key, OrderFact, PaymentFact, PlacedPart, ReturnFact, StoredMoney
from analytics.dialect import exact_sum
from analytics.schema import (
    allocations,
    disputes,
    funnel_orders,
    high_ticket_sales,
    orders,
    payments,
    refunds,
    review_items,
    sale_facts,
    shared_ids,
)

Ids = dict[Key, dict[str, tuple[str, ...]]]  # by fact, then by role


def stored_money(connection: Connection) -> StoredMoney:
    """Return all facts about money, and all places where it is counted."""
    ids = _shared_ids(connection)
    return StoredMoney(
        [_payment(row, ids) for row in connection.execute(_of(payments, PAYMENT_COLUMNS))],
        [_returned(row) for query in (_REFUNDS, _DISPUTES) for row in connection.execute(query)],
        [_order(row, ids) for row in connection.execute(_of(orders, ORDER_COLUMNS).where(_IS_PAID))],
        [_part(row) for row in connection.execute(_of(allocations, PART_COLUMNS))],
    )


def sums_by_place(connection: Connection) -> list[Any]:
    """Return what is counted in each place, by kind, source and currency."""
    key = [allocations.c[name] for name in ("kind", "source", "place", "currency")]
    query = (
        sa.select(*key, sa.func.count().label("parts"), exact_sum(allocations.c.amount).label("amount"))
        .group_by(*key)
        .order_by(*key)
    )
    return list(connection.execute(query))


def purchase_moments(connection: Connection) -> dict[Key, datetime]:
    """Return when each purchase was made, those that are left out included."""
    sale, fact, order, item = high_ticket_sales.c, sale_facts.c, funnel_orders.c, review_items.c
    left_out = ("test_mode", "staff", "unclassified")
    queries = (
        sa.select(item.source, item.external_id, item.happened_at).where(item.kind.in_(left_out)),
        sa.select(order.source, order.external_id, order.ordered_at),
        sa.select(fact.source, fact.external_id, sale.purchase_date).join_from(
            sale_facts, high_ticket_sales, sale.id == fact.sale_id
        ),
    )
    return {(source, one): at for query in queries for source, one, at in connection.execute(query)}


def _of(table: sa.Table, names: Iterable[str]) -> sa.Select[Any]:
    return sa.select(*(table.c[name] for name in names))


def _shared_ids(connection: Connection) -> Ids:
    found: defaultdict[Key, defaultdict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    one = shared_ids.c
    for source, external_id, role, shared in connection.execute(
        sa.select(one.source, one.external_id, one.role, one.shared_id).order_by(one.shared_id)
    ):
        found[source, external_id][role].append(shared)
    return {key: {role: tuple(ids) for role, ids in roles.items()} for key, roles in found.items()}


def _payment(row: Any, ids: Ids) -> PaymentFact:
    roles = ids.get((row.source, row.external_id), {})
    facts = {name: getattr(row, name) for name in PAYMENT_COLUMNS[:8]}
    home = (row.purchase_source, row.purchase_id)
    return PaymentFact(**facts, purchase=home, ids=roles.get("payment", ()), pays=roles.get("pays", ()))


def _returned(row: Any) -> ReturnFact:
    kind, source, external_id, payment_id, other_id, *rest = row
    return ReturnFact(kind, source, external_id, tuple(filter(None, (payment_id, other_id))), *rest)


def _order(row: Any, ids: Ids) -> OrderFact:
    return OrderFact(
        source=row.source,
        external_id=row.external_id,
        messenger=row.messenger,
        currency=row.currency,
        is_voided=row.state == "voided",
        paid_at=row.paid_at or row.ordered_at,
        total=row.total,
        collected=row.collected,
        refunded=row.refunded,
        disputed=row.disputed or Decimal(0),
        refunded_at=row.refunded_at,
        as_of=row.as_of,
        purchase=(row.purchase_source, row.purchase_id),
        ids=ids.get((row.source, row.external_id), {}).get("order", (f"{row.source}:{row.external_id}",)),
    )


def _part(row: Any) -> PlacedPart:
    kind, source, external_id, place, purchase_source, purchase_id, *rest = row
    home = (purchase_source, purchase_id) if purchase_id else NO_PURCHASE
    return PlacedPart(kind, source, external_id, place, home, *rest)


PAYMENT_COLUMNS = (
    *("source", "external_id", "messenger", "amount", "currency", "paid_at", "refunded", "as_of"),
    *("purchase_source", "purchase_id"),
)
ORDER_COLUMNS = (
    *("source", "external_id", "messenger", "currency", "state", "ordered_at", "paid_at", "total", "collected"),
    *("refunded", "disputed", "refunded_at", "as_of", "purchase_source", "purchase_id"),
)
PART_COLUMNS = (
    *("kind", "source", "external_id", "place", "purchase_source", "purchase_id", "amount", "currency", "state"),
    "happened_at",
)
_IS_PAID = sa.or_(orders.c.state == "paid", sa.and_(orders.c.state == "voided", orders.c.paid_at.is_not(None)))
_RETURNED = ("source", "external_id", "payment_id", "other_id", "amount", "currency", "state")
_REFUNDS = sa.select(sa.literal("refund"), *(refunds.c[name] for name in _RETURNED), refunds.c.made_at, refunds.c.as_of)
_DISPUTES = sa.select(
    sa.literal("dispute"), *(disputes.c[name] for name in _RETURNED), disputes.c.opened_at, disputes.c.as_of
)
