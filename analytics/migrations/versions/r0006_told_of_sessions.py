"""What reports said of a session, kept apart from the numbers that follow from it."""

from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
from alembic import op

from analytics.schema import Key

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def _columns() -> Iterator[sa.Column[Any]]:
    yield sa.Column("told_people", sa.Integer)
    yield sa.Column("told_peak", sa.Integer)
    yield sa.Column("told_average", sa.Integer)
    yield sa.Column("is_complete", sa.Boolean, nullable=False, server_default="0")
    yield sa.Column("room", Key(64), nullable=False, server_default="")


def upgrade() -> None:
    """Add what is missing; a count that stands was told by somebody."""
    connection = op.get_bind()
    there = {column["name"] for column in sa.inspect(connection).get_columns("attendance_sessions")}
    for column in _columns():
        if column.name not in there:
            op.add_column("attendance_sessions", column)
    session = sa.table(
        "attendance_sessions", sa.column("statistic"), sa.column("participants"), sa.column("told_people")
    )
    is_counted = sa.and_(session.c.statistic != "", session.c.told_people.is_(None))
    connection.execute(sa.update(session).where(is_counted).values(told_people=session.c.participants))
