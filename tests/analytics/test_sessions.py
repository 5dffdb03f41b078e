"""A simulated session against its truth: what was sampled, what was hidden, what was missed, and who was there twice."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from analytics.challenge import Challenge
from analytics.ingest import Rules, accept
from analytics.intake.guards import fault
from analytics.records import Attendance, AttendanceSample, Platform, Record, Session, Statistic, Stay
from analytics.schema import attendance, attendance_sessions
from analytics.sessions import (
    Between,
    DayTold,
    MinutesStayed,
    Seen,
    SessionCount,
    Stayed,
    apart,
    between,
    crowd_of,
    minutes_stayed,
    peak_of_day,
    people_by_minute,
)
from tests.analytics.conftest import Store

CHALLENGE = Challenge.starting(date(2026, 1, 1), "America/Sao_Paulo")
START = CHALLENGE.moment(datetime(2026, 1, 17, 22, 30))  # ends after midnight
MINUTES = 120
END = START + timedelta(minutes=MINUTES)
EXAMPLES = {True: 60, False: 12}


def at(minute: float) -> datetime:
    return START + timedelta(minutes=minute)


audiences = st.lists(st.integers(0, 3000), min_size=MINUTES, max_size=MINUTES)
gaps = st.lists(st.tuples(st.integers(0, MINUTES - 1), st.integers(0, 40)), max_size=4)
late_starts = st.floats(0, 55)


def missed(drawn: list[tuple[int, int]]) -> set[int]:
    """The minutes of some stretches."""
    return {minute for start, length in drawn for minute in range(start, min(start + length, MINUTES))}


def mark(platform: Platform, **about: Any) -> Session:
    return Session(platform, "s", platform.value, started_at=START, ended_at=END, **about)


def day(connection: sa.Connection) -> Any:
    query = sa.select(attendance.c.date, attendance.c.challenge_day, attendance.c.participant_count)
    return [tuple(row) for row in connection.execute(query)]


def session(connection: sa.Connection) -> Any:
    return connection.execute(sa.select(attendance_sessions)).mappings().one()


def holding(store: Store) -> settings:
    return settings(
        max_examples=EXAMPLES[store.is_sqlite],
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.generate],  # a failure is told as found: shrinking it takes minutes
        suppress_health_check=list(HealthCheck),
    )


def contain(shown: tuple[Between, Between], truth: tuple[int, int], *, exactly: bool) -> None:
    """What is shown contains the truth, and is the truth where nothing is missing."""
    assert all(
        one.least <= number and (one.most is None or number <= one.most)
        for one, number in zip(shown, truth, strict=True)
    )
    assert not exactly or [(one.least, one.most) for one in shown] == [(number, number) for number in truth]


def test_two_hours_on_youtube_with_dropped_polls_and_hidden_counts(store: Store) -> None:
    @holding(store)
    @given(audiences, gaps, gaps, late_starts, st.randoms(use_true_random=False), st.booleans())
    def hold(audience: list[int], dropped: Any, hidden: Any, late: float, dice: Any, corrected: bool) -> None:
        unseen = missed(dropped) | missed(hidden)
        seen = [minute for minute in range(MINUTES) if minute not in unseen]
        told: list[Record] = [
            AttendanceSample(Platform.YOUTUBE, "s", at(minute) + timedelta(seconds=late), audience[minute], "youtube")
            for minute in seen
        ]
        told.append(mark(Platform.YOUTUBE))
        peak, average = max(audience), (2 * sum(audience) + MINUTES) // (2 * MINUTES)
        if corrected:
            told.append(mark(Platform.YOUTUBE, peak=peak, average=average))
        dice.shuffle(told)
        with store.fresh() as connection:
            for start in range(0, len(told), 50):
                assert not accept(connection, Rules(CHALLENGE), told[start : start + 50]).refused
            row = session(connection)
            assert (row["samples_received"], row["samples_expected"]) == (len(seen), MINUTES)
            assert row["date"] == date(2026, 1, 17)
            shown = between(row)
            if shown is None:
                assert (seen, corrected, day(connection)) == ([], False, [])
                return
            largest = max((audience[minute] for minute in seen), default=0)
            assert row["peak"] == row["participants"] == (peak if corrected else largest)
            assert day(connection) == [(date(2026, 1, 17), 17, row["participants"])]
            contain(shown, (peak, average), exactly=corrected or not unseen)

    hold()


people = st.lists(
    st.tuples(st.integers(0, 8), st.integers(0, MINUTES * 60 - 2), st.integers(1, MINUTES * 60)),
    min_size=1,
    max_size=25,
)


def test_two_hours_in_zoom_with_overlapping_devices(store: Store) -> None:
    @holding(store)
    @given(people, st.integers(0, 8), st.sets(st.integers(0, 24)), st.randoms(use_true_random=False))
    def hold(drawn: list[tuple[int, int, int]], presenter: int, heard: set[int], dice: Any) -> None:
        visits = [(who, came, min(came + long, MINUTES * 60)) for who, came, long in drawn]
        stays = []
        for number, (who, came, left) in enumerate(visits):
            person = f"presenter:p{who}" if who == presenter else f"email:p{who}"
            joined, gone = START + timedelta(seconds=came), START + timedelta(seconds=left)
            stays.append(Stay(Platform.ZOOM, "s", str(number), person, "zoom", joined, gone))
            if number in heard:  # by webhook, which knows neither the address nor who presents
                stays.append(Stay(Platform.ZOOM, "s", str(number), f"name:{number}", "zoom", joined, None))
        told: list[Record] = [*stays, mark(Platform.ZOOM, is_complete=True), mark(Platform.ZOOM)]
        told.append(AttendanceSample(Platform.ZOOM, "s", at(5), 500, "zoom"))  # who presents was counted, too
        dice.shuffle(told)
        # The truth, second by second.
        there = [
            {who for who, came, left in visits if who != presenter and came <= now < left}
            for now in range(MINUTES * 60)
        ]
        counts = [len(now) for now in there]
        with store.fresh() as connection:
            for start in range(0, len(told), 7):
                assert not accept(connection, Rules(CHALLENGE), told[start : start + 7]).refused
            row = session(connection)
            if not any(who != presenter for who, _, _ in visits):
                return
            assert row["participants"] == len(set.union(*there))
            assert row["peak"] == max(counts)
            assert row["average"] == (2 * sum(counts) + len(counts)) // (2 * len(counts))
            assert day(connection) == [(date(2026, 1, 17), 17, row["participants"])]

    hold()


def test_a_planned_session_is_no_attendance(store: Store) -> None:
    with store.fresh() as connection:
        planned = Session(Platform.YOUTUBE, "s", "youtube", planned_start=START, planned_end=END)
        accept(connection, Rules(CHALLENGE), [planned])
        row = session(connection)
        assert (row["date"], row["planned_start"], row["planned_end"]) == (date(2026, 1, 17), START, END)
        assert (row["samples_expected"], row["statistic"]) == (None, "")
        assert day(connection) == []


def test_a_final_number_never_lowers_a_sampled_peak(store: Store) -> None:
    sample = AttendanceSample(Platform.YOUTUBE, "s", at(5), 130, "youtube")
    final = mark(Platform.YOUTUBE, peak=120, average=80)
    with store.fresh() as connection:
        for record in (sample, final, sample):
            accept(connection, Rules(CHALLENGE), [record])
        assert day(connection) == [(date(2026, 1, 17), 17, 130)]
        assert (session(connection)["peak"], session(connection)["average"]) == (130, 80)


@pytest.mark.parametrize(
    ("rule", "minutes", "room", "count"),
    [("sum", 5, "843", 90), ("sum", 16, "843", 170), ("sum", 5, "", 170), ("max", 5, "843", 90)],
)
def test_one_session_under_two_names_counts_once(store: Store, rule: str, minutes: int, room: str, count: int) -> None:
    file = Attendance(
        *(Platform.ZOOM, "843@2026", date(2026, 1, 17), 80, Statistic.UNIQUE_PEOPLE, "zoom"),
        started_at=START,
        room=room,
    )
    told: list[Record] = [
        Session(Platform.ZOOM, "uuid==", "zoom", started_at=at(minutes), room=room),
        *(Stay(Platform.ZOOM, "uuid==", str(who), f"email:{who}", "zoom", at(minutes), None) for who in range(90)),
    ]
    for way in ([file, *told], [*told, file]):
        with store.fresh() as connection:
            accept(connection, Rules(CHALLENGE, sessions_per_day=rule), way)
            assert [row[2] for row in day(connection)] == [count]


@pytest.mark.parametrize(
    "about", [{"peak": -1}, {"average": -1}, {"peak": 2**31}, {"planned_start": datetime(1970, 1, 1, tzinfo=UTC)}]
)
def test_what_cannot_be_is_refused(about: dict[str, Any]) -> None:
    assert fault(mark(Platform.YOUTUBE, **about), CHALLENGE)
    assert not fault(mark(Platform.YOUTUBE, peak=3, average=2, planned_start=START), CHALLENGE)


def test_samples_in_half_a_minute_are_one() -> None:
    seen = Seen([(at(0), 1), (at(0.2), 2), (at(0.4), 3), (at(1), 4), (at(3), 5)])
    assert (seen.received(), seen.peak, seen.average) == (3, 5, 3)


@pytest.mark.parametrize(
    ("own", "counts"),
    [
        ((), [9]),  # two names of a file and a platform: one session
        ((0,), [9]),
        ((0, 1), [4, 9]),  # two ids of the platform itself: two sessions, however close
    ],
)
def test_two_ids_of_the_platform_are_two_sessions(own: tuple[int, ...], counts: list[int]) -> None:
    told = [SessionCount("a", START, 4, is_own=0 in own), SessionCount("a", at(10), 9, is_own=1 in own)]
    assert sorted(one.count for one in apart(told)) == counts


@pytest.mark.parametrize(
    ("sessions", "total", "largest", "summed"),
    [((4, 9), 0, 9, 13), ((4, 9), 10, 10, 13), ((4, 9), 20, 20, 20), ((), 5, 5, 5)],
)
def test_a_stated_total_is_the_days_number(sessions: tuple[int, ...], total: int, largest: int, summed: int) -> None:
    told = DayTold(sessions, total)
    assert (told.by("max"), told.by("sum")) == (largest, summed)


def test_rooms_are_kept_apart() -> None:
    told = [("a", START, 1), ("b", START, 2), ("a", at(10), 4), ("", START, 8), ("", START, 16), ("a", None, 32)]
    assert sorted(one.count for one in apart(SessionCount(*one) for one in told)) == [2, 4, 8, 16, 32]


@pytest.mark.parametrize(
    ("told", "peak"),
    [
        ([SessionCount("a", START, 90, 70)], 70),
        ([SessionCount("a", START, 90, 70), SessionCount("b", START, 40, 80)], 80),
        ([SessionCount("a", START, 90, 70), SessionCount("b", START, 40)], None),  # b may have had more at once
        ([SessionCount("a", START, 90), SessionCount("a", at(10), 91, 70)], 70),  # one session, told twice
        ([], None),
    ],
)
def test_a_days_peak_is_known_where_that_of_every_session_is(told: list[SessionCount], peak: int | None) -> None:
    assert peak_of_day(apart(told)) == peak


@pytest.mark.parametrize(
    ("stays", "minutes"),
    [
        ([Stayed("a", at(0), at(10)), Stayed("b", at(0), at(60)), Stayed("c", at(30), at(60))], MinutesStayed(100, 30)),
        ([Stayed("a", at(0), at(30)), Stayed("a", at(10), at(40))], MinutesStayed(40, 40)),  # two devices at once
        ([Stayed("a", at(0), at(10)), Stayed("a", at(20), at(30))], MinutesStayed(20, 20)),  # came back
        ([Stayed("a", at(50), None)], MinutesStayed(10, 10)),  # nobody told the end: the session's
        ([], None),
    ],
)
def test_minutes_are_those_that_people_were_there(stays: list[Stayed], minutes: MinutesStayed | None) -> None:
    assert minutes_stayed(stays, START, at(60)) == minutes


def test_a_stay_without_an_end_lasts_until_the_session_ends() -> None:
    crowd = crowd_of([Stayed("a", at(0), None), Stayed("b", None, at(30))], START, at(60))
    assert crowd is not None
    assert (crowd.people, crowd.peak, crowd.average) == (2, 2, 2)  # 1.5, rounded
    assert crowd_of([], START, END) is None
    assert crowd_of([Stayed("a", at(0), None)], None, None) is not None


def test_utc_moments_belong_to_the_business_day() -> None:
    assert START.astimezone(UTC).date() == date(2026, 1, 18)


moments = st.none() | st.integers(0, 8)
stays_drawn = st.lists(st.tuples(st.sampled_from("abc"), moments, moments), max_size=6)


@given(stays_drawn)
def test_people_by_minute_are_those_whose_stay_holds_the_minute(
    drawn: list[tuple[str, int | None, int | None]],
) -> None:
    told = [Stayed(who, None if a is None else at(a), None if b is None else at(b)) for who, a, b in drawn]
    slow = [
        (at(minute), len({who for who, a, b in drawn if (a or 0) <= minute < (8 if b is None else b)}))
        for minute in range(9)
    ]
    assert people_by_minute(told, at(0), at(8)) == slow
    crowd = crowd_of(told, at(0), at(8))
    assert crowd is None or crowd.peak == max(people for _, people in slow)
