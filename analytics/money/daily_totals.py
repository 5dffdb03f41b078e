"""The sums of each business date's sales and orders, kept up in the transaction that changes one of them."""

from collections.abc import Collection
from datetime import date

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from analytics.queries import money
from analytics.schema import funnel_orders, order_days, sale_days, sale_facts
from analytics.store import chunks, upsert

SUMS = ((sale_days, money.daily_sums), (order_days, money.daily_order_sums))


def days_of(
    connection: Connection, sale_ids: Collection[int], purchases: Collection[tuple[str, str]] = ()
) -> set[date]:
    """Return the business dates of the given sales, and of the funnel orders of the given purchases."""
    days: set[date] = set()
    for chunk in chunks(sorted(sale_ids)):
        query = sa.select(sale_facts.c.purchased_on).distinct().where(sale_facts.c.sale_id.in_(chunk))
        days.update(connection.scalars(query))
    order = funnel_orders.c
    for keys in chunks(sorted(purchases)):
        query = sa.select(order.purchased_on).distinct().where(sa.tuple_(order.source, order.external_id).in_(keys))
        days.update(connection.scalars(query))
    return days


def sum_days(connection: Connection, days: Collection[date]) -> None:
    """Add up the sales and orders of the given dates again."""
    for chunk in chunks(sorted(days)):
        for table, sums in SUMS:
            connection.execute(sa.delete(table).where(table.c.date.in_(chunk)))
            upsert(connection, table, sums(connection, chunk))


def sum_all(connection: Connection) -> None:
    """Add up every date's sales and orders again."""
    for table, sums in SUMS:
        connection.execute(sa.delete(table))
        upsert(connection, table, sums(connection, None))
