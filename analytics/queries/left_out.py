"""What is not counted, and what is counted and wants a look: listed, and summed up for a period."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from analytics.dialect import sum_where
from analytics.queries.money import Bounds, inside
from analytics.schema import orders, payments, review_items
from analytics.view3 import Tally

EXCLUDED = ("test_mode", "staff", "unclassified")
REVIEW = (
    *("possible_double_charges", "joined_by_likeness", "refunds_without_purchase", "payments_without_purchase"),
    *("disputes_without_purchase", "unclassified_lines"),
)
WITHOUT_PURCHASE = tuple(kind for kind in REVIEW if kind.endswith("_without_purchase"))


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A purchase, payment, refund or line that is listed; `why` is one of EXCLUDED or REVIEW, `other` the other of a pair."""

    source: str
    external_id: str
    why: str
    product: str
    price: Decimal
    currency: str
    purchased_at: datetime
    other: str


def tallies(connection: Connection, bounds: Bounds, currency: str) -> dict[str, Tally]:
    """Return what is listed of a period, by why."""
    query = (
        sa.select(
            _item.kind.label("why"),
            sa.func.count().label("purchases"),
            sum_where(_item.currency == currency, _item.amount).label("amount"),
        )
        .where(inside(_item.happened_at, bounds))
        .group_by(_item.kind)
    )
    return {kind: Tally(count, amount) for kind, count, amount in connection.execute(query)}


def listed(connection: Connection) -> list[LeftOut]:
    """Return everything that is listed, oldest first."""
    rows = connection.execute(
        sa.select(*_columns).order_by(_item.happened_at, _item.source, _item.external_id, _item.kind)
    )
    return [LeftOut(*row) for row in rows]


def newest(connection: Connection, bounds: Bounds, why: str, most: int) -> list[LeftOut]:
    """Return the newest items of a period that are listed for one reason, at most so many."""
    query = (
        sa.select(*_columns)
        .where(_item.kind == why, inside(_item.happened_at, bounds))
        .order_by(_item.happened_at.desc(), _item.source, _item.external_id)
        .limit(most)
    )
    return [LeftOut(*row) for row in connection.execute(query)]


def states(
    connection: Connection, order_keys: Collection[tuple[str, str]], payment_keys: Collection[tuple[str, str]]
) -> list[str]:
    """Return `excluded` or `unclassified` for each of the given orders and payments whose purchase is not counted."""
    both = (
        _states(connection, table, keys) for table, keys in ((orders, order_keys), (payments, payment_keys)) if keys
    )
    return [state for states in both for state in states]


def _states(connection: Connection, table: sa.Table, keys: Collection[tuple[str, str]]) -> list[str]:
    is_theirs = sa.and_(_item.source == table.c.purchase_source, _item.external_id == table.c.purchase_id)
    query = (
        sa.select(_item.kind)
        .join_from(table, review_items, is_theirs)
        .where(sa.tuple_(table.c.source, table.c.external_id).in_(sorted(keys)), _item.kind.in_(EXCLUDED))
    )
    return ["unclassified" if kind == "unclassified" else "excluded" for kind in connection.scalars(query)]


_item = review_items.c
_columns = (
    _item.source,
    _item.external_id,
    _item.kind,
    _item.product,
    _item.amount,
    _item.currency,
    _item.happened_at,
    _item.other,
)
