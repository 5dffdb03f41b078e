"""How fresh the data is, whether anything changed, and what the database remembers."""

from datetime import date, datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from analytics.schema import challenges, freshness, metadata

UNSETTLED = timedelta(seconds=2)


def newest_by_source(connection: Connection) -> dict[str, datetime]:
    """Return the moment of the newest thing each source told."""
    return dict(connection.execute(sa.select(freshness).order_by(freshness.c.source)).all())


def remembered_start(connection: Connection) -> date | None:
    """Return the first day of the sample challenge, if one was loaded."""
    start: date | None = connection.scalar(sa.select(sa.func.max(challenges.c.starts_on)))
    return start


def holds_real_rows(connection: Connection) -> bool:
    """Tell whether anything but the sample challenge is stored."""
    if connection.scalar(sa.select(sa.func.count()).select_from(challenges).where(challenges.c.is_sample)):
        return False
    tables = (table for name, table in metadata.tables.items() if name != "freshness")
    return any(connection.execute(sa.select(sa.literal(1)).select_from(table).limit(1)).first() for table in tables)


def fingerprint(connection: Connection) -> str:
    """Return a text that changes whenever a table did, whoever wrote it; cheap at any size."""
    if connection.dialect.name == "sqlite":
        return str(connection.exec_driver_sql("PRAGMA data_version").scalar())
    tables = sa.table("tables", sa.column("table_schema"), sa.column("update_time"), schema="information_schema")
    newest, now = connection.execute(
        sa.select(sa.func.max(tables.c.update_time), sa.func.now()).where(tables.c.table_schema == sa.func.database())
    ).one()
    # The server keeps whole seconds: a second write in the same one would go unseen, so a young stamp never settles.
    is_young = newest is not None and now - newest < UNSETTLED
    return f"{newest} {now}" if is_young else str(newest)
