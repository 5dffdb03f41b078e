"""Who confirmed and undid which links between sales and leads."""

import sqlalchemy as sa
from alembic import op

from analytics.schema import NAMING, Key, Moment

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

# Frozen: what analytics.schema said at this revision.
identity_link_history = sa.Table(
    "identity_link_history",
    sa.MetaData(naming_convention=NAMING),
    sa.Column("sale_id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("action", Key(16), nullable=False),
    sa.Column("lead_source", Key(32), nullable=False),
    sa.Column("lead_external_id", Key(191), nullable=False),
    sa.Column("author", sa.String(255), nullable=False),
    sa.Column("done_at", Moment, nullable=False),
    sa.Column("before", sa.Text, nullable=False),
    mysql_charset="utf8mb4",
)


def upgrade() -> None:
    """Create what is missing."""
    identity_link_history.create(op.get_bind(), checkfirst=True)
