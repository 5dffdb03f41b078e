"""What ad platforms themselves tell: whose days they are, what may still change, and what was told before."""

from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
from alembic import op

from analytics.schema import NAMING, Key, Moment, Money

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

# Frozen: what analytics.schema said at this revision.
tables = sa.MetaData(naming_convention=NAMING)


def _columns() -> Iterator[sa.Column[Any]]:
    yield sa.Column("account_zone", Key(64), nullable=False, server_default="")
    yield sa.Column("provisional", sa.Boolean, nullable=False, server_default="0")


sa.Table(
    "ad_spend_versions",
    tables,
    sa.Column("platform", Key(32), primary_key=True),
    sa.Column("account_id", Key(64), primary_key=True),
    sa.Column("date", sa.Date, primary_key=True),
    sa.Column("currency", Key(3), primary_key=True),
    sa.Column("spend", Money(15, 6), primary_key=True),
    sa.Column("first_told_at", Moment, nullable=False),
    sa.Column("last_told_at", Moment, nullable=False),
    sa.Index("ix_ad_spend_versions_date", "date"),
    mysql_charset="utf8mb4",
)


def upgrade() -> None:
    """Create what is missing."""
    connection = op.get_bind()
    there = {column["name"] for column in sa.inspect(connection).get_columns("ad_spend")}
    for column in _columns():
        if column.name not in there:
            op.add_column("ad_spend", column)
    for table in tables.sorted_tables:
        table.create(connection, checkfirst=True)
        for index in table.indexes:
            index.create(connection, checkfirst=True)
