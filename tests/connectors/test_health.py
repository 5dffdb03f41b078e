"""Whether events are accepted and settled: the health check writes as an event would, and reads the backlog."""

from collections.abc import Iterator
from contextlib import AbstractContextManager
from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from analytics.backlog import Limits
from analytics.database import free_room, open_engine, open_reader, reading, writing
from analytics.migrate import upgrade
from analytics.queries.backlog import read_backlog
from analytics.schema import inbox as inbox_table
from connectors import inbox, look_ups
from connectors.health import LEAST_ROOM, Health
from connectors.inbox import Event, State
from tests.connectors.events import NOW

LIMITS = Limits(timedelta(minutes=15), timedelta(minutes=60))


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    engine = open_engine(database_url)
    upgrade(engine)
    yield engine
    engine.dispose()


def health_of(engine: Engine, room: int | None = None) -> Health:
    def transaction() -> AbstractContextManager[Connection]:
        return writing(engine)

    return Health(transaction, lambda: NOW, read_backlog, LIMITS, lambda: room)


def arrive(engine: Engine, age: timedelta, state: State = State.UNREAD) -> None:
    event = Event("stripe", f"evt_{age}_{state}", "x", b"{}", NOW - age)
    with writing(engine) as connection:
        inbox.keep(connection, [event])
        if state is not State.UNREAD:
            inbox.mark(connection, {event.key: (state, "why")}, NOW)


def look_up(engine: Engine, since: datetime, state: look_ups.State) -> None:
    key = ("stripe", f"cs_{state}")
    with writing(engine) as connection:
        look_ups.claim(connection, key, since)
        answer = [{"description": "x"}] if state is look_ups.State.ANSWERED else None
        look_ups.record(connection, [look_ups.Result(key, state, answer, error="away")], since)


def test_a_database_that_takes_events_is_well_and_the_check_leaves_nothing(engine: Engine) -> None:
    report = health_of(engine, LEAST_ROOM).check()
    assert report.as_json() == {"database": "ok"}
    with reading(engine) as connection:
        assert connection.scalar(sa.select(sa.func.count()).select_from(inbox_table)) == 0


def test_a_database_that_can_only_be_read_is_not_well(engine: Engine, database_url: str) -> None:
    reader = open_reader(database_url)
    assert health_of(reader).check().trouble == "the database is away or cannot be written"
    reader.dispose()


def test_a_full_disk_is_not_well(engine: Engine) -> None:
    assert health_of(engine, LEAST_ROOM - 1).check().trouble == "the disk is full"


def test_an_event_that_could_not_be_stored_is_remembered_until_one_is(engine: Engine) -> None:
    health = health_of(engine)
    health.note(stored=False)
    assert health.check().trouble == "the last event could not be stored"
    health.note(stored=True)
    assert health.check().trouble == ""


def test_a_disk_tells_its_room(engine: Engine) -> None:
    room = free_room(engine)
    assert room is None if engine.dialect.name != "sqlite" else room is not None and room > 0


@pytest.mark.parametrize(
    ("state", "minutes", "overdue"),
    [
        (State.UNREAD, 14, []),
        (State.UNREAD, 16, ["1 event not read yet, the oldest since 2026-01-20 17:44"]),
        (State.SET_ASIDE, 59, []),
        (State.SET_ASIDE, 61, ["1 event set aside, because they cannot be read, the oldest since 2026-01-20 16:59"]),
        (State.READ, 999, []),
        (State.IGNORED, 999, []),
    ],
)
def test_events_are_overdue_past_their_limit(engine: Engine, state: State, minutes: int, overdue: list[str]) -> None:
    arrive(engine, timedelta(minutes=minutes), state)
    report = health_of(engine).check()
    assert (report.trouble, list(report.overdue.values())) == ("", overdue)
    waits = state in {State.UNREAD, State.SET_ASIDE}
    name = "unread" if state is State.UNREAD else "set_aside"
    assert report.as_json().get(name) == ({"count": 1, "oldest_seconds": minutes * 60} if waits else None)


@pytest.mark.parametrize(
    ("state", "minutes", "overdue"),
    [
        (look_ups.State.WAITING, 59, []),
        (
            look_ups.State.WAITING,
            61,
            ["1 purchase whose product is not known yet, the oldest since 2026-01-20 16:59"],
        ),
        (
            look_ups.State.GIVEN_UP,
            61,
            ["1 purchase whose product is not known yet, the oldest since 2026-01-20 16:59"],
        ),
        (look_ups.State.ANSWERED, 999, []),
    ],
)
def test_look_ups_are_overdue_past_their_limit(
    engine: Engine, state: look_ups.State, minutes: int, overdue: list[str]
) -> None:
    look_up(engine, NOW - timedelta(minutes=minutes), state)
    assert list(health_of(engine).check().overdue.values()) == overdue


def test_what_arrives_later_than_the_moment_asked_for_does_not_wait_yet(engine: Engine) -> None:
    arrive(engine, timedelta(minutes=-5))
    with reading(engine) as connection:
        assert read_backlog(connection, NOW).unread.count == 0
        assert read_backlog(connection, NOW + timedelta(minutes=6)).unread.count == 1


def test_an_event_just_arrived_is_not_worth_a_sentence(engine: Engine) -> None:
    arrive(engine, timedelta(seconds=59))
    with reading(engine) as connection:
        assert read_backlog(connection, NOW).sentences(NOW) == {}


def test_a_dismissed_event_waits_no_more(engine: Engine) -> None:
    arrive(engine, timedelta(days=1), State.SET_ASIDE)
    event_id = f"evt_{timedelta(days=1)}_{State.SET_ASIDE}"
    with writing(engine) as connection:
        assert inbox.dismiss(connection, "stripe", event_id, "dismissed by Ana")
        assert not inbox.dismiss(connection, "stripe", event_id, "dismissed by Ana")
    assert health_of(engine).check().as_json() == {"database": "ok"}
