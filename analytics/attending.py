"""Takes in attendance: sessions and samples stay as told, the specification's daily row is written through."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from analytics.challenge import Challenge
from analytics.records import USUAL_STATISTIC, Attendance, AttendanceSample, Platform, Session, Stay
from analytics.rows import Row, cut, sample_row, session_row, stay_row
from analytics.schema import Moment, attendance, attendance_samples, attendance_sessions, attendance_stays
from analytics.store import chunks, existing, write_changed
from analytics.versions import both_parts

DayKey = tuple[date, str]
SessionKey = tuple[str, str]


def take_sessions(connection: Connection, challenge: Challenge, sessions: Sequence[Attendance], rule: str) -> list[str]:
    """Store sessions and write their days through; return per session `new`, `changed` or `same`."""
    keys = {(one.platform.value, one.session_id.strip()) for one in sessions}
    stored = existing(connection, attendance_sessions, keys)
    seen = _seen(connection, keys)
    whole = []
    for one in sessions:
        key = (one.platform.value, one.session_id.strip())
        # What a report leaves open, such as the peak, stays as the samples told it.
        row = _completed(session_row(one), stored.get(key))
        whole.append(row | _session(key, seen[key], row, one.source, challenge) if key in seen else row)
    states = write_changed(connection, attendance_sessions, whole, stored=stored)
    moved = {(row["date"], row["platform"]) for row in stored.values()}
    _write_days(connection, challenge, moved | {(row["date"], row["platform"]) for row in whole}, rule)
    return states


def take_samples(
    connection: Connection, challenge: Challenge, samples: Sequence[AttendanceSample], rule: str
) -> list[str]:
    """Store samples, raise their sessions' peaks, and write the days through; return per sample what it was."""
    states = write_changed(connection, attendance_samples, [sample_row(one) for one in samples])
    sources = {(sample.platform.value, sample.session_id.strip()): sample.source for sample in samples}
    stored = existing(connection, attendance_sessions, set(sources))
    seen = _seen(connection, set(sources))
    sessions = [_session(key, seen[key], stored.get(key), sources[key], challenge) for key in sorted(sources)]
    write_changed(connection, attendance_sessions, sessions, stored=stored)
    days = {(row["date"], row["platform"]) for row in [*sessions, *stored.values()]}
    _write_days(connection, challenge, days, rule)
    return states


def take_presence(
    connection: Connection, challenge: Challenge, marks: Sequence[Session], stays: Sequence[Stay], rule: str
) -> list[str]:
    """Store who came and left and when sessions began and ended, and write the days through; return what each was."""
    states = write_changed(connection, attendance_stays, [stay_row(stay) for stay in stays], merge=both_parts)
    told: dict[SessionKey, list[Session | Stay]] = defaultdict(list)
    everything: list[Session | Stay] = [*marks, *stays]
    for one in everything:
        told[one.platform.value, one.session_id.strip()].append(one)
    stored = existing(connection, attendance_sessions, set(told))
    crowds = _crowds(connection, set(told))
    rows = [_visited(key, told[key], crowds.get(key), stored.get(key), challenge) for key in sorted(told)]
    session_states = write_changed(connection, attendance_sessions, rows, stored=stored)
    days = {(row["date"], row["platform"]) for row in [*rows, *stored.values()]}
    _write_days(connection, challenge, days, rule)
    return states + session_states[: len(marks)]


def _crowds(connection: Connection, keys: set[SessionKey]) -> dict[SessionKey, tuple[int, datetime]]:
    """Return how many different people each session has seen, and when the first of them came."""
    stay = attendance_stays.c
    found: dict[SessionKey, tuple[int, datetime]] = {}
    for chunk in chunks(sorted(keys)):
        query = (
            sa.select(
                stay.platform,
                stay.session_id,
                sa.func.count(stay.person.distinct()),
                sa.func.min(sa.func.coalesce(stay.joined_at, stay.left_at), type_=Moment),
            )
            .where(sa.tuple_(stay.platform, stay.session_id).in_(chunk))
            .group_by(stay.platform, stay.session_id)
        )
        for platform, session_id, people, first in connection.execute(query):
            found[platform, session_id] = (people, first)
    return found


def _visited(
    key: SessionKey,
    told: Sequence[Session | Stay],
    crowd: tuple[int, datetime] | None,
    stored: Any,
    challenge: Challenge,
) -> Row:
    """Return a session with what was told of it; nobody yet is not a count of zero, so its statistic stays empty."""
    marks = [one for one in told if isinstance(one, Session)]
    starts = [mark.started_at.replace(microsecond=0) for mark in marks if mark.started_at]
    ends = [mark.ended_at.replace(microsecond=0) for mark in marks if mark.ended_at]
    old = dict(stored) if stored is not None else {}
    started_at = min([*starts, *filter(None, [old.get("started_at")])], default=None)
    ended_at = max([*ends, *filter(None, [old.get("ended_at")])], default=None)
    began = started_at or (crowd[1] if crowd else ended_at)
    people = max(crowd[0] if crowd else 0, old.get("participants", 0))
    return {
        "platform": key[0],
        "session_id": key[1],
        "date": challenge.local_date(began) if began else old["date"],
        "participants": people,
        "statistic": USUAL_STATISTIC[Platform(key[0])] if people else "",
        "topic": cut(next((mark.topic for mark in marks if mark.topic), old.get("topic", ""))),
        "started_at": started_at,
        "ended_at": ended_at,
        "source": told[0].source,
    }


def _completed(row: Row, stored: Any) -> Row:
    """Return an arriving session with the stored values of the columns that it leaves open."""
    return (
        {name: stored[name] if value is None else value for name, value in row.items()} if stored is not None else row
    )


def _seen(connection: Connection, keys: set[SessionKey]) -> dict[SessionKey, tuple[datetime, int]]:
    """Return the moment of the first sample and the largest count of each session, over all its samples."""
    found: dict[SessionKey, tuple[datetime, int]] = {}
    sample = attendance_samples.c
    for chunk in chunks(sorted(keys)):
        query = (
            sa.select(sample.platform, sample.session_id, sa.func.min(sample.seen_at), sa.func.max(sample.participants))
            .where(sa.tuple_(sample.platform, sample.session_id).in_(chunk))
            .group_by(sample.platform, sample.session_id)
        )
        for platform, session_id, first, peak in connection.execute(query):
            found[platform, session_id] = (first, peak)
    return found


def _session(key: SessionKey, seen: tuple[datetime, int], stored: Any, source: str, challenge: Challenge) -> Row:
    """Return a session with its samples counted in; it belongs to the day it started, and a peak never falls."""
    first, peak = seen
    platform, session_id = key
    if stored is None:
        return {
            "platform": platform,
            "session_id": session_id,
            "date": challenge.local_date(first),
            "participants": peak,
            "statistic": USUAL_STATISTIC[Platform(platform)],
            "started_at": first,
            "peak": peak,
            "source": source,
        }
    started_at = min(stored["started_at"] or first, first)
    return {
        **{name: stored[name] for name in ("platform", "session_id", "statistic", "source")},
        "date": challenge.local_date(started_at),
        "participants": max(stored["participants"], peak),
        "started_at": started_at,
        "peak": max(stored["peak"] or 0, peak),
    }


def _write_days(connection: Connection, challenge: Challenge, days: set[DayKey], rule: str) -> None:
    """Write the daily row of each date and platform from its sessions, their maximum or sum; without one it goes."""
    rows, told = [], set()
    for chunk in chunks(sorted(days)):
        combine = sa.func.sum if rule == "sum" else sa.func.max
        query = (
            sa.select(
                attendance_sessions.c.date,
                attendance_sessions.c.platform,
                combine(attendance_sessions.c.participants).label("participants"),
            )
            .where(
                sa.tuple_(attendance_sessions.c.date, attendance_sessions.c.platform).in_(chunk),
                attendance_sessions.c.statistic != "",
            )
            .group_by(attendance_sessions.c.date, attendance_sessions.c.platform)
        )
        for row in connection.execute(query):
            told.add((row.date, row.platform))
            day = challenge.day_of(row.date)
            if day is not None:
                rows.append((row.date, row.platform, day, int(row.participants)))
    _upsert_days(connection, rows)
    for on, platform in days - told:  # the session that was counted there turned out to have begun the day before
        is_day = sa.and_(attendance.c.date == on, attendance.c.platform == platform)
        connection.execute(sa.delete(attendance).where(is_day))


def _upsert_days(connection: Connection, rows: list[tuple[date, str, int, int]]) -> None:
    for on, platform, day, participants in rows:
        is_day = sa.and_(attendance.c.date == on, attendance.c.platform == platform)
        stored = connection.execute(sa.select(attendance.c.id).where(is_day)).scalar()
        values = {"challenge_day": day, "participant_count": participants}
        if stored is None:
            connection.execute(sa.insert(attendance).values(date=on, platform=platform, **values))
        else:
            connection.execute(sa.update(attendance).where(attendance.c.id == stored).values(values))
