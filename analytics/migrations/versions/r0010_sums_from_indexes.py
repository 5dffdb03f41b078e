"""Indexes that hold all that the sums of ad spend and of funnel orders ask for."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

INDEXES = (
    ("ad_spend", "ix_ad_spend_accounts", ["platform", "account_id", "date", "currency", "spend", "provisional"]),
    ("ad_spend", "ix_ad_spend_ads", ["entity_key", "date", "currency", "spend"]),
    ("funnel_orders", "ix_funnel_orders_sums", ["ordered_at", "kind", "currency", "price", "refunded", "collected"]),
)


def upgrade() -> None:
    """Create what is missing; the index on moments alone has nothing left to do."""
    inspector = sa.inspect(op.get_bind())
    there = {index["name"] for table, *_ in INDEXES for index in inspector.get_indexes(table)}
    for table, name, columns in INDEXES:
        if name not in there:
            op.create_index(name, table, columns)
    if "ix_funnel_orders_ordered_at" in there:
        op.drop_index("ix_funnel_orders_ordered_at", "funnel_orders")
