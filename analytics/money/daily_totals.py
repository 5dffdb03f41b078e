"""The sums of each business date's sales, kept up in the transaction that changes one of them."""

from collections.abc import Collection
from datetime import date

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from analytics.queries import money
from analytics.schema import sale_days, sale_facts
from analytics.store import chunks, upsert


def days_of(connection: Connection, sale_ids: Collection[int]) -> set[date]:
    """Return the business dates on which the given sales were made."""
    days: set[date] = set()
    for chunk in chunks(sorted(sale_ids)):
        query = sa.select(sale_facts.c.purchased_on).distinct().where(sale_facts.c.sale_id.in_(chunk))
        days.update(connection.scalars(query))
    return days


def sum_days(connection: Connection, days: Collection[date]) -> None:
    """Add up the sales of the given dates anew."""
    for chunk in chunks(sorted(days)):
        connection.execute(sa.delete(sale_days).where(sale_days.c.date.in_(chunk)))
        upsert(connection, sale_days, money.daily_sums(connection, chunk))


def sum_all(connection: Connection) -> None:
    """Add up every date's sales anew."""
    connection.execute(sa.delete(sale_days))
    upsert(connection, sale_days, money.daily_sums(connection, None))
