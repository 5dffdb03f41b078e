"""The purchases that count nowhere, and why."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from analytics.queries.money import Bounds, inside
from analytics.schema import purchases


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A purchase message that counts nowhere: `why` is test_mode, staff, suspected_duplicates or unclassified."""

    source: str
    external_id: str
    why: str
    product: str
    price: Decimal
    currency: str
    purchased_at: datetime
    duplicate_of: str


def counted(connection: Connection, bounds: Bounds) -> dict[str, int]:
    """Return how many purchase messages of a period count nowhere, by why."""
    # Asked why by why, each finds its few rows by an index; asked together, every purchase would be looked at.
    within = inside(_told.purchased_at, bounds)
    asked = (sa.select(_why).where(within, condition) for condition in (_is_excluded, _is_duplicate, _is_unclassified))
    rows = sa.union_all(*asked).subquery("rows")
    query = sa.select(rows.c.why, sa.func.count().label("purchases")).group_by(rows.c.why)
    return dict(connection.execute(query).all())


def listed(connection: Connection) -> list[LeftOut]:
    """Return every purchase message that counts nowhere, oldest first."""
    query = sa.select(*_columns).where(sa.or_(_is_excluded, _is_duplicate, _is_unclassified))
    rows = connection.execute(query.order_by(_told.purchased_at, _told.source, _told.external_id))
    return [LeftOut(*row) for row in rows]


def newest(connection: Connection, bounds: Bounds, why: str, most: int) -> list[LeftOut]:
    """Return the newest purchases of a period that count nowhere for one reason, at most so many."""
    query = (
        sa.select(*_columns)
        .where(_for[why], inside(_told.purchased_at, bounds))
        .order_by(_told.purchased_at.desc(), _told.source, _told.external_id)
        .limit(most)
    )
    return [LeftOut(*row) for row in connection.execute(query)]


_told = purchases.c
_is_excluded = _told.excluded.is_not(None)
_is_duplicate = sa.and_(_told.duplicate_of.is_not(None), ~_is_excluded)
_is_unclassified = sa.and_(_told.counted_as.is_(None), _told.duplicate_of.is_(None), ~_is_excluded)
_for: Mapping[str, sa.ColumnElement[bool]] = {
    "test_mode": _told.excluded == "test_mode",
    "staff": _told.excluded == "staff",
    "suspected_duplicates": _is_duplicate,
    "unclassified": _is_unclassified,
}
_why = sa.case((_is_excluded, _told.excluded), (_is_duplicate, "suspected_duplicates"), else_="unclassified").label(
    "why"
)
_columns = (
    _told.source,
    _told.external_id,
    _why,
    _told.product,
    _told.price,
    _told.currency,
    _told.purchased_at,
    sa.func.coalesce(_told.duplicate_of, "").label("duplicate_of"),
)
