"""Attendance by day, as a part of Day 1, within a session, against an earlier challenge and beside the sales."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pandas as pd
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from analytics.analysis import attendance
from analytics.challenge import Challenge
from analytics.ingest import Rules, accept
from analytics.plots import attendance as pictures
from analytics.reading import Lens
from analytics.records import (
    Attendance,
    AttendanceSample,
    Offer,
    Platform,
    Record,
    Session,
    Statistic,
    Stay,
    order_of_one,
)
from analytics.schema import attendance_sessions
from analytics.workbench import Workbench
from tests.analytics.analysis.conftest import Desk
from tests.tables import drawn

CHALLENGE = Challenge.starting(date(2026, 1, 1), "America/Sao_Paulo", 5)
EARLIER = date(2025, 8, 1)
NOW = CHALLENGE.start_of(date(2026, 1, 4)) + timedelta(hours=20)
DAYS = """
    date       | youtube | zoom | sales
    -----------+---------+------+------
    2026-01-01 | 200     | 40   | 0
    2026-01-02 | 150     |      | 2
    2026-01-03 |         | 30   | 1
    2026-01-04 | 50      | 50   | 0
    2025-08-01 | 90      | 10   | 0
    2025-08-05 | 45      | 5    | 0
"""


def desk(connection: Connection, previous: date | None = None) -> Workbench:
    told: list[Record] = []
    for row in drawn(DAYS):
        on = date.fromisoformat(row["date"])
        told += [
            Attendance(room, f"{room}-{on}", on, int(row[room]), Statistic.PEAK_VIEWERS, str(room))
            for room in Platform
            if row[room]
        ]
        told += [
            order_of_one(
                "stripe", f"{on}-{number}", f"{on}-{number}@x.com", "N", "P", Decimal(9), "USD", CHALLENGE.start_of(on),
                offer=Offer.HIGH_TICKET,
            )
            for number in range(int(row["sales"]))
        ]  # fmt: skip
    # What lies outside a challenge is refused: the earlier one was taken in while it was the challenge of the settings.
    for calendar in (CHALLENGE, Challenge.starting(EARLIER, CHALLENGE.zone.key, CHALLENGE.length)):
        accept(connection, Rules(calendar), told)
    return Desk(connection, Lens(CHALLENGE), NOW, previous).as_workbench()


def listed(found: pd.DataFrame, *names: str) -> list[tuple[object, ...]]:
    rows = found[list(names)].itertuples(index=False)
    return [tuple(None if value is pd.NA else value for value in row) for row in rows]


def test_retention_is_a_part_of_day_1_and_unknown_stays_unknown(connection: Connection) -> None:
    found = attendance.retention(desk(connection))
    assert listed(found[found["platform"] == "youtube"], "challenge_day", "retention") == [
        (1, Decimal(1)),
        (2, Decimal("0.75")),
        (3, None),
        (4, Decimal("0.25")),
    ]
    assert [part for _, part in listed(found[found["platform"] == "zoom"], "challenge_day", "retention")][1] is None


def test_sales_stand_beside_the_views_of_both_rooms(connection: Connection) -> None:
    found = attendance.against_sales(desk(connection))
    assert listed(found, "challenge_day", "participants", "high_ticket_sales") == [
        (1, 240, 0),
        (2, None, 2),
        (3, None, 1),
        (4, 100, 0),
    ]


def test_day_n_stands_against_day_n_of_the_earlier_challenge(connection: Connection) -> None:
    found = attendance.against_earlier(desk(connection, EARLIER))
    earlier = found[found["challenge"] == "earlier challenge"]
    assert listed(earlier, "challenge_day", "participants") == [(1, 100), (2, None), (3, None), (4, None), (5, 50)]
    assert len(found) == 4 + 5
    drawn_days = {
        trace.name: list(zip(trace.x, trace.y, strict=True)) for trace in pictures.against_earlier(found).data
    }
    assert drawn_days == {
        "this challenge": [(1, 240), (2, None), (3, None), (4, 100)],
        "earlier challenge": [(1, 100), (2, None), (3, None), (4, None), (5, 50)],
    }


def test_without_an_earlier_challenge_this_one_stands_alone(connection: Connection) -> None:
    assert set(attendance.against_earlier(desk(connection))["challenge"]) == {"this challenge"}
    assert set(attendance.against_earlier(desk(connection, date(2024, 1, 1)))["challenge"]) == {"this challenge"}


def test_the_curve_of_a_session_is_broken_where_samples_are_missing(connection: Connection) -> None:
    bench = desk(connection)
    start = CHALLENGE.start_of(date(2026, 1, 4)) + timedelta(hours=19)
    minutes = {0: 10, 1: 20, 2: 25, 6: 30}
    told = [
        AttendanceSample(Platform.ZOOM, "live", start + timedelta(minutes=m), n, "zoom") for m, n in minutes.items()
    ]
    accept(connection, Rules(CHALLENGE), told)
    found = attendance.within_sessions(bench)
    people = [None if count is pd.NA else int(count) for count in found["participants"]]
    assert people == [10, 20, 25, None, 30]
    assert found["seen_at"].iloc[0].astimezone(UTC) == start
    assert attendance.within_sessions(bench, date(2026, 1, 2)).empty


STAYS = """
    person       | from | to
    -------------+------+----
    ana          | 0    | 2
    ana          | 1    | 4
    bo           | 2    | 3
    bo           |      | 1
    cy           | 3    |
    presenter:me | 0    | 5
"""


def visited(connection: Connection, *, is_complete: bool) -> Workbench:
    """Tell of a Zoom session of five minutes on Day 4, and of everybody's stays in it."""
    bench, start = desk(connection), CHALLENGE.start_of(date(2026, 1, 4)) + timedelta(hours=19)

    def at(minute: str) -> datetime | None:
        return start + timedelta(minutes=int(minute)) if minute else None

    told: list[Record] = [Session(Platform.ZOOM, "s", "zoom", start, at("5"), "Offer", is_complete=is_complete)]
    told += [
        Stay(Platform.ZOOM, "s", str(number), row["person"], "zoom", at(row["from"]), at(row["to"]))
        for number, row in enumerate(drawn(STAYS))
    ]
    assert not accept(connection, Rules(CHALLENGE), told).refused
    return bench


def test_a_room_that_nobody_sampled_is_counted_from_its_stays_once_all_are_told(connection: Connection) -> None:
    found = attendance.within_sessions(visited(connection, is_complete=True))
    assert listed(found, "topic", "participants") == [("Offer", people) for people in (2, 1, 2, 2, 1, 0)]
    peak = connection.scalar(sa.select(attendance_sessions.c.peak).where(attendance_sessions.c.session_id == "s"))
    assert found["participants"].max() == peak


def test_minutes_stayed_are_known_where_all_stays_are(connection: Connection) -> None:
    found = attendance.stayed(visited(connection, is_complete=True))
    columns = ("platform", "topic", "peak", "unique", "minutes", "minutes_median")
    assert ("zoom", "Offer", 2, 3, 8, 2) in listed(found, *columns)
    assert set(listed(found[found["topic"] != "Offer"], "minutes", "minutes_median")) == {(None, None)}


def test_minutes_are_unknown_where_a_stay_may_be_missing(connection: Connection) -> None:
    found = attendance.stayed(visited(connection, is_complete=False))
    assert listed(found[found["topic"] == "Offer"], "peak", "minutes", "minutes_median") == [(None, None, None)]


def test_stays_that_may_be_missing_make_no_curve(connection: Connection) -> None:
    assert attendance.within_sessions(visited(connection, is_complete=False)).empty


def test_a_room_that_was_sampled_is_believed_on_its_samples(connection: Connection) -> None:
    bench = visited(connection, is_complete=True)
    at = CHALLENGE.start_of(date(2026, 1, 4)) + timedelta(hours=19, minutes=1)
    accept(connection, Rules(CHALLENGE), [AttendanceSample(Platform.ZOOM, "s", at, 7, "zoom")])
    assert listed(attendance.within_sessions(bench), "participants") == [(7,)]


def test_the_sample_s_live_session_has_no_gap(sample: Workbench) -> None:
    found = attendance.within_sessions(sample)
    assert set(found["platform"]) == {"youtube", "zoom"}
    assert found["participants"].notna().all()
    assert len(attendance.by_day(sample)) == 2 * 17


def test_before_day_1_there_is_nothing(connection: Connection) -> None:
    early = Desk(connection, Lens(CHALLENGE), CHALLENGE.start_of(date(2025, 12, 20))).as_workbench()
    for ask in (
        attendance.by_day,
        attendance.retention,
        attendance.within_sessions,
        attendance.against_earlier,
        attendance.against_sales,
    ):
        assert ask(early).empty
