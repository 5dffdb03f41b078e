"""How it stands with each vendor that we ask."""

import sqlalchemy as sa
from alembic import op

from analytics.schema import NAMING, Key, Moment

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

# Frozen: what analytics.schema said at this revision.
polls = sa.Table(
    "polls",
    sa.MetaData(naming_convention=NAMING),
    sa.Column("source", Key(32), primary_key=True),
    sa.Column("holder", Key(64), nullable=False, server_default=""),
    sa.Column("held_until", Moment),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("next_due", Moment),
    sa.Column("last_success", Moment),
    sa.Column("last_error", sa.String(500), nullable=False, server_default=""),
    sa.Column("failures", sa.Integer, nullable=False, server_default="0"),
    mysql_charset="utf8mb4",
)


def upgrade() -> None:
    """Create what is missing."""
    polls.create(op.get_bind(), checkfirst=True)
