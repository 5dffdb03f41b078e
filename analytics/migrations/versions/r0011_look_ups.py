"""The queue of look-ups, and the events that wait for their answers."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

from analytics.schema import NAMING, Key, Moment

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

# Frozen: what analytics.schema said at this revision.
look_ups = sa.Table(
    "look_ups",
    sa.MetaData(naming_convention=NAMING),
    sa.Column("source", Key(32), primary_key=True),
    sa.Column("subject", Key(191), primary_key=True),
    sa.Column("state", Key(16), nullable=False),
    sa.Column("tries", sa.Integer, nullable=False),
    sa.Column("since", Moment, nullable=False),
    sa.Column("next_due", Moment, nullable=False),
    sa.Column("last_error", sa.String(500), nullable=False),
    sa.Column("answer", sa.Text().with_variant(mysql.LONGTEXT(), "mysql", "mariadb")),
    sa.Index("ix_look_ups_due", "state", "next_due"),
    mysql_charset="utf8mb4",
)
look_up_events = sa.Table(
    "look_up_events",
    sa.MetaData(naming_convention=NAMING),
    sa.Column("source", Key(32), primary_key=True),
    sa.Column("subject", Key(191), primary_key=True),
    sa.Column("event_id", Key(191), primary_key=True),
    mysql_charset="utf8mb4",
)


def upgrade() -> None:
    """Create what is missing."""
    look_ups.create(op.get_bind(), checkfirst=True)
    look_up_events.create(op.get_bind(), checkfirst=True)
