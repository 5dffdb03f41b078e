"""Who attended: the daily rows of both rooms, and the people watching now."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from analytics.challenge import Period
from analytics.records import USUAL_STATISTIC, Platform, Statistic
from analytics.schema import Moment, attendance, attendance_samples, attendance_sessions, attendance_stays
from analytics.sessions import apart, is_total, peak_of_day, session_count

LONGEST = timedelta(hours=12)  # a session whose end nobody told is over by then
LIVE_FOR = timedelta(minutes=5)  # samples come every minute; after five without one nobody knows


@dataclass(frozen=True, slots=True)
class RoomDay:
    """One platform's attendance on one date, with what the number counts (empty where another program wrote it).

    `peak` is the most at once and `unique` how many came; None is unknown.
    """

    date: date
    platform: str
    participants: int
    statistic: str
    peak: int | None = None
    unique: int | None = None


@dataclass(frozen=True, slots=True)
class Live:
    """People watching now over all live sessions, and the moment of the newest sample."""

    participants: int
    sampled_at: datetime


def attendance_by_day(connection: Connection, period: Period) -> list[RoomDay]:
    """Return the daily rows of both rooms inside a period."""
    session = attendance_sessions.c
    about = session.session_id, session.room, session.started_at, session.participants, session.statistic, session.peak
    is_same_day = sa.and_(
        session.date == attendance.c.date, session.platform == attendance.c.platform, session.statistic != ""
    )
    query = (
        sa.select(attendance.c.date.label("day"), attendance.c.platform, attendance.c.participant_count, *about)
        .join_from(attendance, attendance_sessions, is_same_day, isouter=True)
        # Another program may write what our door refuses: a count below zero is no count, and nobody knows the room Zoom2.
        .where(
            attendance.c.date.between(period.first, period.last),
            attendance.c.participant_count >= 0,
            sa.func.lower(attendance.c.platform).in_(list(Platform)),
        )
    )
    days: dict[tuple[date, str, int], list[Mapping[Any, Any]]] = {}
    for row in connection.execute(query).mappings():
        found = days.setdefault((row["day"], row["platform"].lower(), row["participant_count"]), [])
        if row["session_id"] is not None:
            found.append(row)
    return [_room_day(*day, told) for day, told in days.items()]


def _room_day(on: date, platform: str, count: int, told: Sequence[Mapping[Any, Any]]) -> RoomDay:
    """Return a day with what is known of its sessions; a stated total has a peak only where it counts viewers."""
    statistics = {row["statistic"] for row in told} or {USUAL_STATISTIC[Platform(platform)].value}
    sessions = [session_count(row) for row in told if not is_total(row["session_id"])]
    is_peak = statistics == {Statistic.PEAK_VIEWERS}
    return RoomDay(
        on,
        platform,
        count,
        statistic=min(row["statistic"] for row in told) if told else "",
        peak=peak_of_day(apart(sessions)) if sessions else count if is_peak else None,
        unique=count if statistics == {Statistic.UNIQUE_PEOPLE} else None,
    )


def sessions(connection: Connection, period: Period) -> list[dict[str, Any]]:
    """Return the sessions that began inside a period, oldest first, as rows of `attendance_sessions`."""
    session = attendance_sessions.c
    query = sa.select(attendance_sessions).where(session.date.between(period.first, period.last))
    rows = connection.execute(query.order_by(session.date, session.started_at, session.platform, session.session_id))
    return [dict(row) for row in rows.mappings()]


def live_now(connection: Connection, now: datetime) -> Live | None:
    """Return how many people watch at this moment, or None while no session is live.

    A platform that sends samples is believed on them; otherwise those count who came to an open session and have not left.
    """
    rooms = _sampled(connection, now)
    sampled = {platform for platform, _, _ in rooms}
    rooms += [room for room in _present(connection, now) if room[0] not in sampled]
    if not rooms:
        return None
    return Live(sum(people for _, people, _ in rooms), max(at for *_, at in rooms))


def _sampled(connection: Connection, now: datetime) -> list[tuple[str, int, datetime]]:
    """Return platform, people and moment of the newest sample of each live session."""
    sample, session = attendance_samples, attendance_sessions
    query = (
        sa.select(sample.c.platform, sample.c.session_id, sample.c.seen_at, sample.c.participants)
        .join(session, sa.and_(session.c.platform == sample.c.platform, session.c.session_id == sample.c.session_id))
        .where(sample.c.seen_at > now - LIVE_FOR, sample.c.seen_at <= now, _is_open(now))
        .order_by(sample.c.seen_at)
    )
    newest = {(row.platform, row.session_id): row for row in connection.execute(query)}
    return [(row.platform, row.participants, row.seen_at) for row in newest.values()]


def _present(connection: Connection, now: datetime) -> list[tuple[str, int, datetime]]:
    """Return platform, people inside, and the moment of the newest coming or going, of each open session."""
    stay, session = attendance_stays, attendance_sessions
    moved = sa.func.max(sa.func.coalesce(stay.c.left_at, stay.c.joined_at), type_=Moment)
    is_inside = sa.and_(stay.c.joined_at.is_not(None), stay.c.left_at.is_(None))
    inside = sa.func.count(sa.case((is_inside, stay.c.person)).distinct())
    query = (
        sa.select(session.c.platform, inside.label("participants"), moved.label("seen_at"))
        .join_from(
            session, stay, sa.and_(stay.c.platform == session.c.platform, stay.c.session_id == session.c.session_id)
        )
        .where(session.c.started_at > now - LONGEST, session.c.started_at <= now, _is_open(now))
        .group_by(session.c.platform, session.c.session_id)
    )
    return [(platform, people, at) for platform, people, at in connection.execute(query)]


def _is_open(now: datetime) -> sa.ColumnElement[bool]:
    return sa.or_(attendance_sessions.c.ended_at.is_(None), attendance_sessions.c.ended_at > now)
