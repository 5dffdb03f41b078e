"""The sums of each day's sales, and the indexes that the attribution table is filtered by."""

from collections.abc import Iterator

import sqlalchemy as sa
from alembic import op

from analytics.schema import NAMING, Key, Money

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

# Frozen: what analytics.schema said at this revision.
sale_days = sa.Table(
    "sale_days",
    sa.MetaData(naming_convention=NAMING),
    sa.Column("date", sa.Date, primary_key=True),
    sa.Column("campaign_key", Key(255), primary_key=True),
    sa.Column("outcome", Key(16), primary_key=True),
    sa.Column("reason", Key(32), primary_key=True),
    sa.Column("currency", Key(3), primary_key=True),
    sa.Column("sales", sa.Integer, nullable=False),
    sa.Column("net_sales", sa.Integer, nullable=False),
    sa.Column("amount", Money(15, 2), nullable=False),
    sa.Column("refunded", Money(15, 2), nullable=False),
    sa.Column("collected", Money(15, 2), nullable=False),
    sa.Column("at_risk", Money(15, 2), nullable=False),
    sa.Column("seal", sa.BigInteger, nullable=False),
    mysql_charset="utf8mb4",
)


def _indexes() -> Iterator[tuple[str, str, list[str]]]:
    yield "sale_facts", "ix_sale_facts_credit", ["outcome", "utm_campaign_key"]
    yield "sale_facts", "ix_sale_facts_product", ["product_key"]
    yield "sale_facts", "ix_sale_facts_day", ["purchased_on"]
    yield "purchases", "ix_purchases_duplicate", ["duplicate_of", "purchased_at"]
    yield "purchases", "ix_purchases_counted", ["counted_as", "purchased_at"]


def upgrade() -> None:
    """Create what is missing. The sums stay empty until something is written: a view that finds none adds up itself."""
    connection = op.get_bind()
    sale_days.create(connection, checkfirst=True)
    inspector = sa.inspect(connection)
    there = {index["name"] for table in ("sale_facts", "purchases") for index in inspector.get_indexes(table)}
    for table, name, columns in _indexes():
        if name not in there:
            op.create_index(name, table, columns)
    if "ix_sale_facts_campaign" in there:
        op.drop_index("ix_sale_facts_campaign", "sale_facts")
