"""Takes in attendance: sessions and samples stay as told, the specification's daily row is written through."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import date
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from analytics.challenge import Challenge
from analytics.records import Attendance, AttendanceSample, Platform, Statistic
from analytics.rows import sample_row, session_row
from analytics.schema import attendance, attendance_samples, attendance_sessions
from analytics.store import chunks, existing, write_changed

DayKey = tuple[date, str]


def take_sessions(connection: Connection, challenge: Challenge, sessions: Sequence[Attendance], rule: str) -> list[str]:
    """Store sessions and write their days through; return per session `new`, `changed` or `same`."""
    states = write_changed(connection, attendance_sessions, [session_row(one) for one in sessions])
    _write_days(connection, challenge, {(one.date, one.platform) for one in sessions}, rule)
    return states


def take_samples(
    connection: Connection, challenge: Challenge, samples: Sequence[AttendanceSample], rule: str
) -> list[str]:
    """Store samples, raise their sessions' peaks, and write the days through; return per sample what it was."""
    states = write_changed(connection, attendance_samples, [sample_row(one) for one in samples])
    touched: defaultdict[tuple[str, str], list[AttendanceSample]] = defaultdict(list)
    for sample in samples:
        touched[sample.platform, sample.session_id.strip()].append(sample)
    stored = existing(connection, attendance_sessions, set(touched))
    sessions = [_session(key, seen, stored.get(key), challenge) for key, seen in touched.items()]
    write_changed(connection, attendance_sessions, sessions)
    _write_days(connection, challenge, {(row["date"], row["platform"]) for row in sessions}, rule)
    return states


def _session(
    key: tuple[str, str], seen: Sequence[AttendanceSample], stored: Any, challenge: Challenge
) -> dict[str, Any]:
    """Return a session with its samples counted in; a session belongs to the day it started, and a peak never falls."""
    peak = max(sample.participants for sample in seen)
    first = min(sample.seen_at for sample in seen).replace(microsecond=0)
    if stored is None:
        statistic = Statistic.PEAK_VIEWERS if key[0] == Platform.YOUTUBE else Statistic.UNIQUE_PEOPLE
        return {
            "platform": key[0],
            "session_id": key[1],
            "date": challenge.local_date(first),
            "participants": peak,
            "statistic": statistic,
            "started_at": first,
            "peak": peak,
            "source": seen[0].source,
        }
    return {
        **{name: stored[name] for name in ("platform", "session_id", "date", "statistic", "source")},
        "participants": max(stored["participants"], peak),
        "started_at": min(stored["started_at"] or first, first),
        "peak": max(stored["peak"] or 0, peak),
    }


def _write_days(connection: Connection, challenge: Challenge, days: set[DayKey], rule: str) -> None:
    """Write the daily row of each date and platform from its sessions: their maximum or their sum."""
    rows = []
    for chunk in chunks(sorted(days)):
        combine = sa.func.sum if rule == "sum" else sa.func.max
        query = (
            sa.select(
                attendance_sessions.c.date,
                attendance_sessions.c.platform,
                combine(attendance_sessions.c.participants).label("participants"),
            )
            .where(sa.tuple_(attendance_sessions.c.date, attendance_sessions.c.platform).in_(chunk))
            .group_by(attendance_sessions.c.date, attendance_sessions.c.platform)
        )
        for row in connection.execute(query):
            day = challenge.day_of(row.date)
            if day is not None:
                rows.append((row.date, row.platform, day, int(row.participants)))
    _upsert_days(connection, rows)


def _upsert_days(connection: Connection, rows: list[tuple[date, str, int, int]]) -> None:
    for on, platform, day, participants in rows:
        is_day = sa.and_(attendance.c.date == on, attendance.c.platform == platform)
        stored = connection.execute(sa.select(attendance.c.id).where(is_day)).scalar()
        values = {"challenge_day": day, "participant_count": participants}
        if stored is None:
            connection.execute(sa.insert(attendance).values(date=on, platform=platform, **values))
        else:
            connection.execute(sa.update(attendance).where(attendance.c.id == stored).values(values))
