"""Takes in attendance: sessions, samples and stays as told, and the specification's daily row written through."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from analytics.challenge import Challenge
from analytics.intake.rows import Row, mark_row, sample_row, session_row, stay_row
from analytics.records import Attendance, AttendanceSample, Session, Stay
from analytics.schema import Moment, attendance, attendance_samples, attendance_sessions, attendance_stays
from analytics.sessions import (
    Crowd,
    DayTold,
    Seen,
    SessionCount,
    Stayed,
    apart,
    crowd_of,
    derived,
    is_total,
    session_count,
)
from analytics.store import chunks, existing, write_changed
from analytics.versions import PRESENTER, both_parts, told_so_far

DayKey = tuple[date, str]
SessionKey = tuple[str, str]


def take_sessions(connection: Connection, challenge: Challenge, sessions: Sequence[Attendance], rule: str) -> list[str]:
    """Store reported sessions and write their days through; return per session `new`, `changed` or `same`."""
    return _settle(connection, challenge, [session_row(one) for one in sessions], rule)


def take_samples(
    connection: Connection, challenge: Challenge, samples: Sequence[AttendanceSample], rule: str
) -> list[str]:
    """Store samples, raise their sessions' peaks, and write the days through; return per sample what it was."""
    states = write_changed(connection, attendance_samples, [sample_row(one) for one in samples])
    told = {(one.platform.value, one.session_id.strip()): one.source for one in samples}
    _settle(connection, challenge, [_mention(key, source) for key, source in told.items()], rule)
    return states


def take_presence(
    connection: Connection, challenge: Challenge, marks: Sequence[Session], stays: Sequence[Stay], rule: str
) -> list[str]:
    """Store who came and left and when sessions began and ended, and write the days through; return what each was."""
    states = write_changed(connection, attendance_stays, [stay_row(stay) for stay in stays], merge=both_parts)
    told = {(one.platform.value, one.session_id.strip()): one.source for one in stays}
    mentions = [_mention(key, source) for key, source in told.items()]
    return states + _settle(connection, challenge, [*(mark_row(mark) for mark in marks), *mentions], rule)[: len(marks)]


def redate_sessions(connection: Connection, challenge: Challenge, rule: str) -> None:
    """Count the sessions on the days that the calendar gives them now, and by the rule; both may have been set since.

    A day's count that neither rule explains was corrected by another program, and stays.
    """
    rows = connection.execute(sa.select(attendance.c.date, attendance.c.platform, attendance.c.participant_count))
    there = {(on, platform): count for on, platform, count in rows}
    told = connection.execute(sa.select(attendance_sessions)).mappings().all()
    stale = [row for row in told if _is_misdated(row, challenge) or _has_no_day(row, challenge, there)]
    _settle(
        connection, challenge, [_mention((row["platform"], row["session_id"]), row["source"]) for row in stale], rule
    )
    counted = _told_of_days(connection, there.keys()).items()
    ours = {day for day, told_of in counted if there[day] in {told_of.by("max"), told_of.by("sum")}}
    _write_days(connection, challenge, ours, rule)


def _is_misdated(row: Mapping[Any, Any], challenge: Challenge) -> bool:
    began = row["started_at"] or row["ended_at"] or row["planned_start"]
    return began is not None and challenge.local_date(began) != row["date"]


def _has_no_day(row: Mapping[Any, Any], challenge: Challenge, there: Collection[tuple[Any, ...]]) -> bool:
    on = row["date"]
    is_due = on is not None and row["statistic"] != "" and challenge.day_of(on) is not None
    return is_due and (on, row["platform"]) not in there


def _mention(key: SessionKey, source: str) -> Row:
    return {"platform": key[0], "session_id": key[1], "source": source}


def _settle(connection: Connection, challenge: Challenge, told: Sequence[Row], rule: str) -> list[str]:
    """Bring the sessions that something was told of up to date, and their days; return per row told what it was."""
    keys = [(row["platform"], row["session_id"]) for row in told]
    stored = existing(connection, attendance_sessions, set(keys))
    facts: dict[SessionKey, Row] = {}
    for key, row in zip(keys, told, strict=True):
        facts[key] = told_so_far(facts.get(key) or stored.get(key), row)
    seen, crowds = _seen(connection, facts), _crowds(connection, facts)
    rows = [derived(facts[key], seen.get(key), crowds.get(key), challenge) for key in facts]
    states = dict(zip(facts, write_changed(connection, attendance_sessions, rows, stored=stored), strict=True))
    days = {(row["date"], row["platform"]) for row in [*rows, *stored.values()]}
    _write_days(connection, challenge, days, rule)
    return [states[key] for key in keys]


def _seen(connection: Connection, keys: Collection[SessionKey]) -> dict[SessionKey, Seen]:
    """Return the samples of each session that has any."""
    found: defaultdict[SessionKey, list[tuple[datetime, int]]] = defaultdict(list)
    sample = attendance_samples.c
    for chunk in chunks(sorted(keys)):
        query = (
            sa.select(sample.platform, sample.session_id, sample.seen_at, sample.participants)
            .where(sa.tuple_(sample.platform, sample.session_id).in_(chunk))
            .order_by(sample.seen_at)
        )
        for platform, session_id, seen_at, count in connection.execute(query):
            found[platform, session_id].append((seen_at, count))
    return {key: Seen(samples) for key, samples in found.items()}


def _crowds(connection: Connection, facts: Mapping[SessionKey, Row]) -> dict[SessionKey, Crowd]:
    """Return the people of each session that has any: counted, and held against each other once all stays are told."""
    whole = [key for key, row in facts.items() if row["is_complete"]]
    found = _counted(connection, facts.keys() - set(whole))
    for key in whole:
        crowd = crowd_of(_stays(connection, key), facts[key]["started_at"], facts[key]["ended_at"])
        if crowd is not None:
            found[key] = crowd
    return found


def _counted(connection: Connection, keys: Collection[SessionKey]) -> dict[SessionKey, Crowd]:
    found: dict[SessionKey, Crowd] = {}
    stay = attendance_stays.c
    for chunk in chunks(sorted(keys)):
        query = (
            sa.select(
                stay.platform,
                stay.session_id,
                sa.func.count(stay.person.distinct()),
                sa.func.min(sa.func.coalesce(stay.joined_at, stay.left_at), type_=Moment),
            )
            .where(sa.tuple_(stay.platform, stay.session_id).in_(chunk), ~_presents())
            .group_by(stay.platform, stay.session_id)
        )
        for platform, session_id, people, first in connection.execute(query):
            found[platform, session_id] = Crowd(people, first)
    return found


def _stays(connection: Connection, key: SessionKey) -> list[Stayed]:
    stay = attendance_stays.c
    query = sa.select(stay.person, stay.joined_at, stay.left_at)
    rows = connection.execute(query.where(stay.platform == key[0], stay.session_id == key[1], ~_presents()))
    return [Stayed(*row) for row in rows]


def _presents() -> sa.ColumnElement[bool]:
    return attendance_stays.c.person.startswith(f"{PRESENTER}:", autoescape=True)


def _write_days(connection: Connection, challenge: Challenge, days: set[DayKey], rule: str) -> None:
    """Write the daily row of each date and platform from its sessions, their maximum or sum; without one it goes."""
    sessions = _told_of_days(connection, days)
    for (on, platform), told in sorted(sessions.items(), key=lambda one: one[0]):
        day = challenge.day_of(on)
        if day is not None:
            _upsert_day(connection, (on, platform), {"challenge_day": day, "participant_count": told.by(rule)})
    for key in days - sessions.keys():  # the session that was counted there turned out to have begun the day before
        connection.execute(sa.delete(attendance).where(_is_day(key)))


def _told_of_days(connection: Connection, days: Collection[DayKey]) -> dict[DayKey, DayTold]:
    """Return what each date's sessions counted, a session that several sources tell of once, and its stated total."""
    sessions: defaultdict[DayKey, list[SessionCount]] = defaultdict(list)
    totals: dict[DayKey, int] = {}
    one = attendance_sessions.c
    for chunk in chunks(sorted(days)):
        query = sa.select(attendance_sessions).where(sa.tuple_(one.date, one.platform).in_(chunk), one.statistic != "")
        for row in connection.execute(query).mappings():
            day = row["date"], row["platform"]
            if is_total(row["session_id"]):
                totals[day] = row["participants"]
            else:
                sessions[day].append(session_count(row))
    return {
        day: DayTold([one.count for one in apart(sessions.get(day, ()))], totals.get(day, 0))
        for day in {*sessions, *totals}
    }


def _upsert_day(connection: Connection, key: DayKey, values: Mapping[str, int]) -> None:
    stored = connection.execute(sa.select(attendance.c.id).where(_is_day(key))).scalar()
    if stored is None:
        connection.execute(sa.insert(attendance).values(date=key[0], platform=key[1], **values))
    else:
        connection.execute(sa.update(attendance).where(attendance.c.id == stored).values(values))


def _is_day(key: DayKey) -> sa.ColumnElement[bool]:
    return sa.and_(attendance.c.date == key[0], attendance.c.platform == key[1])
