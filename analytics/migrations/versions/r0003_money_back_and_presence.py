"""Refunds and disputes one by one, and who stayed in a session."""

import sqlalchemy as sa
from alembic import op

from analytics.schema import NAMING, Key, Moment, Money

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

# Frozen: what analytics.schema said at this revision.
tables = sa.MetaData(naming_convention=NAMING)

sa.Table(
    "payment_ids",
    tables,
    sa.Column("payment_id", Key(191), primary_key=True),
    sa.Column("source", Key(32), primary_key=True),
    sa.Column("external_id", Key(191), primary_key=True),
    sa.Index("ix_payment_ids_payment", "source", "external_id"),
    mysql_charset="utf8mb4",
)
sa.Table(
    "refunds",
    tables,
    sa.Column("source", Key(32), primary_key=True),
    sa.Column("external_id", Key(191), primary_key=True),
    sa.Column("payment_id", Key(191), nullable=False),
    sa.Column("amount", Money(10, 2), nullable=False),
    sa.Column("currency", Key(3), nullable=False),
    sa.Column("state", Key(16), nullable=False),
    sa.Column("made_at", Moment, nullable=False),
    sa.Column("as_of", Moment, nullable=False),
    sa.Index("ix_refunds_payment_id", "payment_id"),
    mysql_charset="utf8mb4",
)
sa.Table(
    "disputes",
    tables,
    sa.Column("source", Key(32), primary_key=True),
    sa.Column("external_id", Key(191), primary_key=True),
    sa.Column("payment_id", Key(191), nullable=False),
    sa.Column("amount", Money(10, 2), nullable=False),
    sa.Column("currency", Key(3), nullable=False),
    sa.Column("state", Key(16), nullable=False),
    sa.Column("as_of", Moment, nullable=False),
    sa.Index("ix_disputes_payment_id", "payment_id"),
    mysql_charset="utf8mb4",
)
sa.Table(
    "attendance_stays",
    tables,
    sa.Column("platform", Key(20), primary_key=True),
    sa.Column("session_id", Key(191), primary_key=True),
    sa.Column("stay_id", Key(191), primary_key=True),
    sa.Column("person", Key(320), nullable=False),
    sa.Column("joined_at", Moment),
    sa.Column("left_at", Moment),
    mysql_charset="utf8mb4",
)


def upgrade() -> None:
    """Create what is missing."""
    connection = op.get_bind()
    for table in tables.sorted_tables:
        table.create(connection, checkfirst=True)
        for index in table.indexes:
            index.create(connection, checkfirst=True)
