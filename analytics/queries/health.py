"""How fresh the data is, whether anything changed, and what the database remembers."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from analytics.schema import (
    ad_spend,
    ad_spend_versions,
    challenges,
    freshness,
    funnel_orders,
    high_ticket_sales,
    metadata,
)

UNSETTLED = timedelta(seconds=2)
NOTES = frozenset({"freshness", "locks", "resolved_terms"})  # the machinery's own, which say nothing of a business


@dataclass(frozen=True, slots=True)
class AdAccount:
    """An ad account that its platform was asked about: whose days it has, and how settled they are."""

    platform: str
    account_id: str
    zone: str
    provisional_from: date | None  # the first day that the platform still counts
    restated_days: int


def newest_by_source(connection: Connection) -> dict[str, datetime]:
    """Return the moment of the newest thing each source told."""
    return dict(connection.execute(sa.select(freshness).order_by(freshness.c.source)).all())


def ad_accounts(connection: Connection) -> list[AdAccount]:
    """Return every ad account whose platform told its spend, in order."""
    day = ad_spend_versions.c.platform, ad_spend_versions.c.account_id, ad_spend_versions.c.date
    told = sa.select(*day, sa.case((sa.func.count() > 1, 1), else_=0).label("restated")).group_by(*day).subquery()
    restated = dict[tuple[str, str], int]()
    query = sa.select(told.c.platform, told.c.account_id, sa.func.sum(told.c.restated))
    for platform, account_id, days in connection.execute(query.group_by(told.c.platform, told.c.account_id)):
        restated[platform, account_id] = int(days)
    spend, provisional = ad_spend.c, sa.case((ad_spend.c.provisional, ad_spend.c.date))
    accounts = (
        sa.select(spend.platform, spend.account_id, spend.account_zone, sa.func.min(provisional))
        .where(spend.account_zone != "")
        .group_by(spend.platform, spend.account_id, spend.account_zone)
        .order_by(spend.platform, spend.account_id)
    )
    return [AdAccount(*row, restated.get((row[0], row[1]), 0)) for row in connection.execute(accounts)]


def product_names(connection: Connection) -> list[str]:
    """Return every product that was sold, in order."""
    named = sa.union(sa.select(high_ticket_sales.c.product_name), sa.select(funnel_orders.c.product))
    return sorted(connection.scalars(named))


def remembered_start(connection: Connection) -> date | None:
    """Return the first day of the sample challenge, if one was loaded."""
    start: date | None = connection.scalar(sa.select(sa.func.max(challenges.c.starts_on)))
    return start


def holds_real_rows(connection: Connection) -> bool:
    """Tell whether anything but the sample challenge is stored."""
    if connection.scalar(sa.select(sa.func.count()).select_from(challenges).where(challenges.c.is_sample)):
        return False
    tables = (table for name, table in metadata.tables.items() if name not in NOTES)
    return any(connection.execute(sa.select(sa.literal(1)).select_from(table).limit(1)).first() for table in tables)


def fingerprint(connection: Connection) -> str:
    """Return a text that changes whenever a table did, whoever wrote it; cheap at any size. The connection is the caller's own.

    On MariaDB a change is told once more two seconds later, when its stamp has settled: until then another transaction, whose
    rows were counted before it was committed, may have the same stamp.
    """
    if connection.dialect.name == "sqlite":
        # Past the library, whose statement and transaction cost five times the answer: open pages ask several times a second.
        return str(connection.connection.cursor().execute("PRAGMA data_version").fetchone()[0])
    tables = sa.table("tables", sa.column("table_schema"), sa.column("update_time"), schema="information_schema")
    query = sa.select(sa.func.max(tables.c.update_time), sa.func.now())
    with connection.begin():
        newest, now = connection.execute(query.where(tables.c.table_schema == sa.func.database())).one()
        # The server keeps whole seconds: a second write in the same one shows in its counts of rows only.
        is_young = newest is not None and now - newest < UNSETTLED
        return f"{newest} {_rows_written(connection)}" if is_young else str(newest)


def _rows_written(connection: Connection) -> int:
    """Return how many rows the server has written since it started; its log would move on by housekeeping as well."""
    counts = connection.exec_driver_sql(
        "SHOW GLOBAL STATUS WHERE variable_name IN ('Handler_write', 'Handler_update', 'Handler_delete')"
    )
    return sum(int(count) for _, count in counts)
