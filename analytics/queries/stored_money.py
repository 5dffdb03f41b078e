"""Reads what was stated about money and where it is counted, as stored: the two sides of conservation."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from analytics.conservation import (
    DISPUTE,
    NO_PURCHASE,
    REFUND,
    Key,
    OrderFact,
    PaymentFact,
    PlacedPart,
    ReturnFact,
    StoredMoney,
)
from analytics.schema import (
    allocations,
    disputes,
    funnel_orders,
    high_ticket_sales,
    money_differences,
    orders,
    payments,
    refunds,
    review_items,
    sale_facts,
    shared_ids,
)

KEY, HOME = ("source", "external_id"), ("purchase_source", "purchase_id")
PAYMENT = (*KEY, *HOME, "messenger", "amount", "currency", "paid_at", "refunded", "as_of")
RETURN = (*KEY, "payment_id", "other_id", "amount", "currency", "state", "as_of")
ORDER = (
    *(*KEY, *HOME, "messenger", "currency", "state", "ordered_at", "paid_at", "total", "collected"),
    *("refunded", "refunded_at", "disputed", "as_of"),
)
PART = (*KEY, *HOME, "kind", "place", "amount", "currency", "state", "happened_at")

Row = Mapping[Any, Any]
Roles = Mapping[Key, Collection[tuple[str, str]]]  # by fact: ids, each with what it is an id of


def stored_money(connection: Connection) -> StoredMoney:
    """Return all facts about money, and all places where it is counted."""
    roles = _shared_ids(connection)
    return StoredMoney(
        [payment_fact(row, roles) for row in _rows(connection, payments, PAYMENT)],
        [
            *(return_fact(REFUND, row) for row in _rows(connection, refunds, (*RETURN, "made_at"))),
            *(return_fact(DISPUTE, row) for row in _rows(connection, disputes, (*RETURN, "opened_at"))),
        ],
        [order_fact(row, roles) for row in _rows(connection, orders, ORDER) if is_paid(row)],
        [placed_part(row) for row in _rows(connection, allocations, PART)],
    )


def differences(connection: Connection) -> list[Any]:
    """Return what is not counted as stated: found when it was written, or when all was last checked."""
    query = sa.select(money_differences).order_by(*money_differences.primary_key)
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


def _rows(connection: Connection, table: sa.Table, names: Iterable[str]) -> Iterable[Row]:
    return connection.execute(sa.select(*(table.c[name] for name in names))).mappings()


def _shared_ids(connection: Connection) -> Roles:
    found: defaultdict[Key, set[tuple[str, str]]] = defaultdict(set)
    one = shared_ids.c
    for source, external_id, shared, role in connection.execute(
        sa.select(one.source, one.external_id, one.shared_id, one.role)
    ):
        found[source, external_id].add((shared, role))
    return found


def _ids(row: Row, roles: Roles, role: str) -> tuple[str, ...]:
    return tuple(sorted(one for one, is_a in roles.get((row["source"], row["external_id"]), ()) if is_a == role))


def payment_fact(row: Row, roles: Roles) -> PaymentFact:
    """Return what a stored payment says."""
    return PaymentFact(
        **{name: row[name] for name in ("source", "external_id", "messenger", "amount", "currency")},
        **{name: row[name] for name in ("paid_at", "refunded", "as_of")},
        purchase=(row["purchase_source"], row["purchase_id"]),
        ids=_ids(row, roles, "payment"),
        pays=_ids(row, roles, "pays"),
    )


def return_fact(kind: str, row: Row) -> ReturnFact:
    """Return what a stored refund or dispute says."""
    return ReturnFact(
        kind,
        payment_ids=tuple(filter(None, (row["payment_id"], row["other_id"]))),
        at=row["made_at" if kind == REFUND else "opened_at"],
        **{name: row[name] for name in ("source", "external_id", "amount", "currency", "state", "as_of")},
    )


def is_paid(row: Row) -> bool:
    """Tell whether a stored order was paid, be it voided since."""
    return row["state"] == "paid" or (row["state"] == "voided" and row["paid_at"] is not None)


def order_fact(row: Row, roles: Roles) -> OrderFact:
    """Return what a stored order says of its money."""
    return OrderFact(
        **{name: row[name] for name in ("source", "external_id", "messenger", "currency", "total", "collected")},
        **{name: row[name] for name in ("refunded", "refunded_at", "as_of")},
        is_voided=row["state"] == "voided",
        paid_at=row["paid_at"] or row["ordered_at"],
        disputed=row["disputed"] or Decimal(0),
        purchase=(row["purchase_source"], row["purchase_id"]),
        ids=_ids(row, roles, "order") or (f"{row['source']}:{row['external_id']}",),
    )


def placed_part(row: Row) -> PlacedPart:
    """Return a stored part."""
    home = (row["purchase_source"], row["purchase_id"]) if row["purchase_id"] else NO_PURCHASE
    names = ("kind", "source", "external_id", "place", "amount", "currency", "state")
    return PlacedPart(**{name: row[name] for name in names}, purchase=home, at=row["happened_at"])
