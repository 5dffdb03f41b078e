"""The people in a session from minute to minute: as sampled, and where nobody sampled, as the platform told every stay."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from analytics.challenge import Period
from analytics.schema import attendance_samples, attendance_sessions, attendance_stays
from analytics.sessions import MinutesStayed, Stayed, minutes_stayed
from analytics.versions import PRESENTER

_sample, _session, _stay = attendance_samples.c, attendance_sessions.c, attendance_stays.c
_of_sample = sa.and_(_session.platform == _sample.platform, _session.session_id == _sample.session_id)
_of_stay = sa.and_(_session.platform == _stay.platform, _session.session_id == _stay.session_id)
_is_sampled = sa.exists().where(_of_sample)
# A stay that nobody told may be missing from all others: people are counted from them where they are complete.
_is_complete = sa.and_(_session.is_complete, _session.started_at.is_not(None), _session.ended_at.is_not(None))
_is_told_by_stays = sa.and_(_is_complete, ~_is_sampled)


@dataclass(frozen=True, slots=True)
class Visited:
    """A session that nobody sampled, and every stay in it."""

    platform: str
    session_id: str
    topic: str
    started_at: datetime
    ended_at: datetime
    stays: tuple[Stayed, ...]


def samples_of_day(connection: Connection, period: Period) -> list[tuple[str, str, str, datetime, int]]:
    """Return (platform, session id, topic, moment, people) of every sample of a period's sessions, oldest first."""
    query = (
        sa.select(_sample.platform, _sample.session_id, _session.topic, _sample.seen_at, _sample.participants)
        .join_from(attendance_samples, attendance_sessions, _of_sample)
        .where(_session.date.between(period.first, period.last))
        .order_by(_sample.platform, _sample.session_id, _sample.seen_at)
    )
    return [tuple(row) for row in connection.execute(query)]


def visits_of_day(connection: Connection, period: Period) -> list[Visited]:
    """Return the sessions of a period without samples whose stays are all told; presenters are left out."""
    return _visited(connection, period, _is_told_by_stays)


def _visited(connection: Connection, period: Period, are_meant: sa.ColumnElement[bool]) -> list[Visited]:
    about = (_session.platform, _session.session_id, _session.topic, _session.started_at, _session.ended_at)
    query = (
        sa.select(*about, _stay.person, _stay.joined_at, _stay.left_at)
        .join_from(attendance_sessions, attendance_stays, _of_stay)
        .where(_session.date.between(period.first, period.last), are_meant)
        .where(~_stay.person.startswith(f"{PRESENTER}:", autoescape=True))
        .order_by(_session.platform, _session.session_id)
    )
    sessions: dict[tuple[Any, ...], list[Stayed]] = {}
    for *told, person, joined_at, left_at in connection.execute(query):
        sessions.setdefault(tuple(told), []).append(Stayed(person, joined_at, left_at))
    return [Visited(*(*told, tuple(stays))) for told, stays in sessions.items()]


def minutes_of_sessions(connection: Connection, period: Period) -> dict[tuple[str, str], MinutesStayed]:
    """Return how long people stayed in each session of a period whose stays are all told, by platform and session id."""
    found = {
        (one.platform, one.session_id): minutes_stayed(one.stays, one.started_at, one.ended_at)
        for one in _visited(connection, period, _is_complete)
    }
    return {session: minutes for session, minutes in found.items() if minutes}


def newest_watched_day(connection: Connection, period: Period) -> date | None:
    """Return the newest date of a period with a session that was sampled, or whose stays are all told; None without any."""
    is_visited = sa.and_(_is_told_by_stays, sa.exists().where(_of_stay))
    query = sa.select(sa.func.max(_session.date)).where(
        _session.date.between(period.first, period.last), sa.or_(_is_sampled, is_visited)
    )
    newest: date | None = connection.scalar(query)
    return newest
