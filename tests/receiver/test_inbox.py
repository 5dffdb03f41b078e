"""Which events are read next, and what is written of many at once."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Engine

from analytics.database import open_engine, reading, writing
from analytics.migrate import upgrade
from analytics.schema import inbox as table
from connectors import inbox
from connectors.inbox import Event, State

NOW = datetime(2026, 1, 20, 18, 0, tzinfo=UTC)


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    engine = open_engine(database_url)
    upgrade(engine)
    yield engine
    engine.dispose()


def event(number: int) -> Event:
    return Event("stripe", f"evt_{number}", "x", b"{}", NOW + timedelta(seconds=number))


def test_the_least_tried_are_read_first_and_then_the_oldest(engine: Engine) -> None:
    with writing(engine) as connection:
        inbox.keep(connection, [event(number) for number in (5, 3, 4, 1, 2)])
        for number, times in ((1, 2), (2, 1)):  # the two oldest were tried before
            for _ in range(times):
                inbox.mark(connection, {("stripe", f"evt_{number}"): (State.UNREAD, "again")}, NOW)
    with writing(engine) as connection:
        taken = [entry.event.event_id for entry in inbox.take(connection, 10)]
        few = [entry.event.event_id for entry in inbox.take(connection, 4)]
    assert taken == ["evt_3", "evt_4", "evt_5", "evt_2", "evt_1"]
    assert few == taken[:4]


def test_each_event_of_a_batch_keeps_its_own_outcome(engine: Engine) -> None:
    outcomes = {
        ("stripe", "evt_1"): (State.READ, ""),
        ("stripe", "evt_2"): (State.READ, ""),
        ("stripe", "evt_3"): (State.SET_ASIDE, "x" * 600),
        ("zoom", "evt_1"): (State.IGNORED, ""),
    }
    with writing(engine) as connection:
        twin = Event("zoom", "evt_1", "x", b"{}", NOW)
        inbox.keep(connection, [event(1), event(2), event(3), event(4), twin])
        inbox.mark(connection, outcomes, NOW)
    with reading(engine) as connection:
        rows = connection.execute(sa.select(table).order_by(table.c.source, table.c.event_id)).mappings().all()
    assert [(row["state"], len(row["reason"]), row["attempts"], row["read_at"] is None) for row in rows] == [
        ("read", 0, 1, False),
        ("read", 0, 1, False),
        ("set aside", inbox.REASON, 1, False),
        ("unread", 0, 0, True),
        ("ignored", 0, 1, False),
    ]
