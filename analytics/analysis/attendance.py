"""Who came, who stayed, and did it sell? Both rooms by day, within a session, and against an earlier challenge."""

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any

import pandas as pd

from analytics.challenge import Challenge, Period
from analytics.columns import Column, Kind, amounts, counts, texts
from analytics.frames import framed
from analytics.queries import audiences, rooms, tables
from analytics.records import Platform
from analytics.sessions import CADENCE, people_by_minute
from analytics.workbench import Workbench

ROUNDING = Decimal("0.0001")
SILENCE = CADENCE * 3 / 2  # two samples that are further apart have a gap between them

DAY = counts("day", challenge_day="challenge day")
RETENTION = (
    *DAY,
    *texts(platform="youtube or zoom"),
    *counts("views", participants="attendance of the day; unknown is not zero"),
    *amounts("1 = Day 1", retention="attendance ÷ attendance of Day 1; unknown where either is"),
)
CURVE = (
    *texts(platform="youtube or zoom", session_id="the platform's id", topic="title"),
    Column("seen_at", Kind.MOMENT, "business zone", "moment of the count"),
    *counts("people", participants="people at that moment; unknown inside a gap"),
)
STAYED = ("challenge_day", "platform", "topic", "peak", "unique", "minutes", "minutes_median")
CHALLENGES = (
    *DAY,
    *texts(challenge="this one, or the earlier one"),
    *counts("views", participants="YouTube + Zoom; unknown where either room is"),
)
AGAINST_SALES = (
    Column("date", Kind.DATE, "", "business date"),
    *DAY,
    *counts("views", participants="YouTube + Zoom; unknown where either room is"),
    *counts("sales", high_ticket_sales="high-ticket sales bought on that date"),
)


def by_day(workbench: Workbench) -> pd.DataFrame:
    """Return both rooms on every challenge day up to today; the columns are those of `workbench.frames.attendance`."""
    period = _so_far(workbench)
    return workbench.frames.attendance(period) if period else workbench.frames.attendance().head(0)


def retention(workbench: Workbench) -> pd.DataFrame:
    """Return each room's attendance on every challenge day as a part of its Day 1."""
    seen = _seen(workbench, workbench.challenge)
    rows = []
    for platform in Platform:
        first = seen.get((1, platform))
        for day in _days_so_far(workbench):
            people = seen.get((day, platform))
            part = (Decimal(people) / first).quantize(ROUNDING) if first and people is not None else None
            rows.append({"challenge_day": day, "platform": platform, "participants": people, "retention": part})
    return framed(rows, RETENTION, workbench.challenge.zone)


def within_sessions(workbench: Workbench, on: date | None = None) -> pd.DataFrame:
    """Return the people in each session of a date from minute to minute (default: the newest date with any).

    A session that was sampled is believed on its samples; where some are missing a row without people stands between the
    two around the gap, so that no line is drawn across it. One that was not is counted from its stays, once all are told.
    """
    with workbench.frames.read() as connection:
        day = on or audiences.newest_watched_day(connection, workbench.challenge.whole(workbench.now()))
        told = audiences.samples_of_day(connection, Period(day, day)) if day else []
        visited = audiences.visits_of_day(connection, Period(day, day)) if day else []
    names = [column.name for column in CURVE]
    rows = [dict(zip(names, row, strict=True)) for row in told]
    counted = [
        dict(zip(names, (one.platform, one.session_id, one.topic, *point), strict=True))
        for one in visited
        for point in people_by_minute(one.stays, one.started_at, one.ended_at)
    ]
    return framed([*_with_gaps(rows), *counted], CURVE, workbench.challenge.zone)


def stayed(workbench: Workbench) -> pd.DataFrame:
    """Return how long people stayed in every session so far, where it is known; the columns are of `frames.sessions`."""
    period = _so_far(workbench)
    found = workbench.frames.sessions(period) if period else workbench.frames.sessions().head(0)
    return found[[*STAYED]].reset_index(drop=True)


def against_earlier(workbench: Workbench) -> pd.DataFrame:
    """Return attendance by challenge day of this challenge and of the earlier one that VIEW3_PREVIOUS_START names.

    Without that setting, or where nothing of it is stored, this challenge stands alone.
    """
    challenges = [("this challenge", workbench.challenge)]
    if workbench.settings.previous_start:
        challenges.append(("earlier challenge", _earlier(workbench, workbench.settings.previous_start)))
    rows = []
    for name, challenge in challenges:
        seen = _seen(workbench, challenge)
        if seen:
            days = _days_so_far(workbench) if challenge == workbench.challenge else range(1, challenge.length + 1)
            rows += [{"challenge_day": day, "challenge": name, "participants": _both(seen, day)} for day in days]
    return framed(rows, CHALLENGES, workbench.challenge.zone)


def against_sales(workbench: Workbench) -> pd.DataFrame:
    """Return attendance and high-ticket sales of every challenge day up to today, side by side."""
    challenge, seen = workbench.challenge, _seen(workbench, workbench.challenge)
    period = _so_far(workbench)
    with workbench.frames.read() as connection:
        sold = tables.high_ticket_by_date(connection, challenge, period, workbench.currency) if period else {}
    rows = [
        {
            "date": on,
            "challenge_day": day,
            "participants": _both(seen, day),
            "high_ticket_sales": sold.get(on, (0,))[0],
        }
        for day in _days_so_far(workbench)
        for on in [challenge.date_of(day)]
    ]
    return framed(rows, AGAINST_SALES, challenge.zone)


def _so_far(workbench: Workbench) -> Period | None:
    """Return the challenge from Day 1 to today, or None before it."""
    challenge = workbench.challenge
    today = challenge.local_date(workbench.now())
    if today < challenge.starts_on:
        return None
    return Period(challenge.starts_on, min(today, challenge.date_of(challenge.length)))


def _days_so_far(workbench: Workbench) -> list[int]:
    period = _so_far(workbench)
    return [day for day, _ in workbench.challenge.days_in(period)] if period else []


def _seen(workbench: Workbench, challenge: Challenge) -> dict[tuple[int, str], int]:
    """Return the attendance of a challenge by day and room, where it is known."""
    whole = challenge.days(1, challenge.length)
    with workbench.frames.read() as connection:
        told = rooms.attendance_by_day(connection, whole)
    return {(challenge.day_of(day.date) or 0, day.platform): day.participants for day in told}


def _both(seen: dict[tuple[int, str], int], day: int) -> int | None:
    people = [seen.get((day, platform)) for platform in Platform]
    known = [count for count in people if count is not None]
    return sum(known) if len(known) == len(people) else None


def _earlier(workbench: Workbench, start: date) -> Challenge:
    challenge = workbench.challenge
    return Challenge(start, challenge.length, challenge.zone, start - timedelta(days=30))


def _with_gaps(rows: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for row, after in pairwise(rows):
        yield row
        is_same = (row["platform"], row["session_id"]) == (after["platform"], after["session_id"])
        if is_same and after["seen_at"] - row["seen_at"] > SILENCE:
            yield row | {"seen_at": row["seen_at"] + CADENCE, "participants": None}
    yield from rows[-1:]
