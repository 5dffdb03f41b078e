"""Attendance in any order: sessions and samples that arrive twice, late or mixed end in the same daily rows."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy.engine import Connection

from analytics.challenge import Challenge
from analytics.ingest import Rules, accept
from analytics.queries.rooms import attendance_by_day
from analytics.records import Attendance, AttendanceSample, Platform, Record, Statistic
from analytics.schema import attendance, attendance_sessions
from tests.analytics.conftest import Store
from tests.reference.histories import deliveries

CHALLENGE = Challenge.starting(date(2026, 1, 1), "America/Sao_Paulo")
EXAMPLES = {True: 60, False: 15}
EVENING = CHALLENGE.moment(datetime(2026, 1, 17, 23, 50))


def _session(name: str, people: int, on: date, platform: Platform) -> Attendance:
    statistic = Statistic.PEAK_VIEWERS if platform is Platform.YOUTUBE else Statistic.UNIQUE_PEOPLE
    return Attendance(platform, name, on, people, statistic, str(platform), started_at=EVENING)


def _report(platform: str, people: int, peak: int | None = None, name: str = "s") -> Attendance:
    return replace(_session(name, people, date(2026, 1, 17), Platform(platform)), peak=peak)


def _seen(platform: str, people: int) -> AttendanceSample:
    return AttendanceSample(Platform(platform), "s", EVENING, people, platform)


STORIES: dict[str, tuple[list[Record], dict[str, tuple[int | None, ...]]]] = {
    "a report of both rooms": (
        [_report("youtube", 300), _report("zoom", 90, peak=70)],
        {"youtube": (300, 300, None), "zoom": (90, 70, 90)},
    ),
    "a report without a peak": ([_report("zoom", 90)], {"zoom": (90, None, 90)}),
    "samples alone tell how many were there at once": ([_seen("zoom", 66)], {"zoom": (66, 66, None)}),
    "samples, then the report": ([_seen("zoom", 66), _report("zoom", 90)], {"zoom": (90, 66, 90)}),
    "a stated total has no peak": ([_report("zoom", 90, name="daily:2026-01-17")], {"zoom": (90, None, 90)}),
    "a stated total of viewers is their peak": (
        [_report("youtube", 300, name="daily:2026-01-17")],
        {"youtube": (300, 300, None)},
    ),
}


@pytest.mark.parametrize("story", STORIES)
def test_peak_and_unique_of_each_room(store: Store, story: str) -> None:
    told, expected = STORIES[story]
    with store.fresh() as connection:
        accept(connection, Rules(CHALLENGE), told)
        found = attendance_by_day(connection, CHALLENGE.days(17, 17))
    assert {day.platform: (day.participants, day.peak, day.unique) for day in found} == expected


platforms = st.sampled_from(list(Platform))
sessions = st.lists(
    st.builds(
        _session,
        st.sampled_from("ab"),
        st.integers(0, 9),
        st.just(date(2026, 1, 17)),
        platforms,
    ),
    max_size=4,
    unique_by=lambda one: (one.platform, one.session_id),
)
samples = st.lists(
    st.builds(
        lambda platform, name, minutes, people: AttendanceSample(
            platform, name, EVENING + timedelta(minutes=minutes), people, str(platform)
        ),
        platforms,
        st.sampled_from("ab"),
        st.integers(0, 20),
        st.integers(0, 12),
    ),
    max_size=6,
    unique_by=lambda one: (one.platform, one.session_id, one.seen_at),
)


def days(connection: Connection) -> list[tuple[Any, ...]]:
    query = sa.select(
        attendance.c.date, attendance.c.challenge_day, attendance.c.platform, attendance.c.participant_count
    )
    return sorted(tuple(row) for row in connection.execute(query))


def kept(connection: Connection) -> list[tuple[Any, ...]]:
    return sorted((tuple(row) for row in connection.execute(sa.select(attendance_sessions))), key=repr)


@pytest.mark.parametrize("rule", ["max", "sum"])
def test_any_order_ends_in_the_same_days(store: Store, rule: str) -> None:
    rules = Rules(CHALLENGE, sessions_per_day=rule)

    @settings(
        max_examples=EXAMPLES[store.is_sqlite],
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.generate],  # a failure is told as found: shrinking it against a server takes minutes
        suppress_health_check=list(HealthCheck),
    )
    @given(sessions, samples, st.data())
    def hold(told: list[Attendance], seen: list[AttendanceSample], data: st.DataObject) -> None:
        records: list[Record] = [*told, *seen]
        ends = []
        for way in ([records], [records[::-1]], data.draw(deliveries(records))):
            with store.fresh() as connection:
                for delivery in way:
                    assert not accept(connection, rules, delivery).refused
                ends.append((days(connection), kept(connection)))
        assert ends[0] == ends[1] == ends[2]

    hold()


def test_no_sample_lowers_and_no_session_loses_what_was_seen(connection: Connection) -> None:
    session = _session("a", 100, date(2026, 1, 17), Platform.YOUTUBE)
    sample = AttendanceSample(Platform.YOUTUBE, "a", EVENING, 120, "youtube")
    rules = Rules(CHALLENGE)
    for record in (session, sample, session):
        accept(connection, rules, [record])
    assert days(connection) == [(date(2026, 1, 17), 17, "youtube", 120)]


def test_a_session_over_midnight_belongs_to_the_day_it_started(connection: Connection) -> None:
    rules = Rules(CHALLENGE)
    late = AttendanceSample(Platform.YOUTUBE, "a", EVENING + timedelta(minutes=15), 120, "youtube")
    early = AttendanceSample(Platform.YOUTUBE, "a", EVENING, 80, "youtube")
    accept(connection, rules, [late])
    accept(connection, rules, [early])
    assert days(connection) == [(date(2026, 1, 17), 17, "youtube", 120)]


def test_a_session_outside_the_challenge_is_not_on_the_chart(connection: Connection) -> None:
    at = CHALLENGE.moment(datetime(2025, 12, 31, 20))
    accept(connection, Rules(CHALLENGE), [AttendanceSample(Platform.YOUTUBE, "rehearsal", at, 5, "youtube")])
    assert days(connection) == []
