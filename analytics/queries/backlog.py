"""What arrived and is not settled yet."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from analytics.backlog import Backlog, Pending
from analytics.schema import inbox, look_ups


def read_backlog(connection: Connection, now: datetime) -> Backlog:
    """Return what of all that had arrived by `now` is not settled."""
    return Backlog(
        unread=_pending(connection, inbox.c.received_at, inbox.c.state == "unread", now),
        set_aside=_pending(connection, inbox.c.received_at, inbox.c.state == "set aside", now),
        look_ups=_pending(connection, look_ups.c.since, look_ups.c.state.in_(["waiting", "given up"]), now),
    )


def _pending(
    connection: Connection, since: sa.ColumnElement[datetime], condition: sa.ColumnElement[bool], now: datetime
) -> Pending:
    query = sa.select(sa.func.count(), sa.func.min(since)).where(condition, since <= now)
    count, oldest = connection.execute(query).one()
    return Pending(count, oldest)
