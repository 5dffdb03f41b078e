"""Who said which campaign names stand for others, and took it back."""

import sqlalchemy as sa
from alembic import op

from analytics.schema import NAMING, Key, Moment

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

# Frozen: what analytics.schema said at this revision.
campaign_alias_history = sa.Table(
    "campaign_alias_history",
    sa.MetaData(naming_convention=NAMING),
    sa.Column("alias_key", Key(255), primary_key=True),
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("action", Key(16), nullable=False),
    sa.Column("alias", sa.String(255), nullable=False),
    sa.Column("campaign", sa.String(255), nullable=False),
    sa.Column("author", sa.String(255), nullable=False),
    sa.Column("done_at", Moment, nullable=False),
    mysql_charset="utf8mb4",
)


def upgrade() -> None:
    """Create what is missing."""
    campaign_alias_history.create(op.get_bind(), checkfirst=True)
