"""The people in a session from minute to minute."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from analytics.challenge import Period
from analytics.schema import attendance_samples, attendance_sessions


def samples_of_day(connection: Connection, period: Period) -> list[tuple[str, str, str, datetime, int]]:
    """Return (platform, session id, topic, moment, people) of every sample of a period's sessions, oldest first."""
    sample, session = attendance_samples.c, attendance_sessions.c
    same = sa.and_(session.platform == sample.platform, session.session_id == sample.session_id)
    query = (
        sa.select(sample.platform, sample.session_id, session.topic, sample.seen_at, sample.participants)
        .join_from(attendance_samples, attendance_sessions, same)
        .where(session.date.between(period.first, period.last))
        .order_by(sample.platform, sample.session_id, sample.seen_at)
    )
    return [tuple(row) for row in connection.execute(query)]


def newest_sampled_day(connection: Connection, period: Period) -> object:
    """Return the newest date of a period whose sessions have samples; None without any."""
    sample, session = attendance_samples.c, attendance_sessions.c
    same = sa.and_(session.platform == sample.platform, session.session_id == sample.session_id)
    query = (
        sa.select(sa.func.max(session.date))
        .join_from(attendance_sessions, attendance_samples, same)
        .where(session.date.between(period.first, period.last))
    )
    return connection.scalar(query)
