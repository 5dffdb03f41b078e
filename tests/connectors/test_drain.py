"""From the inbox to the tables: any order, any repetition, any split, and trouble that stays where it is."""

import random
import threading
from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from decimal import Decimal

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from analytics import ingest
from analytics.challenge import Challenge
from analytics.database import DatabaseError, open_engine, reading, writing
from analytics.ingest import Accepted, Rules
from analytics.migrate import upgrade
from analytics.offers import Patterns
from analytics.records import Record
from analytics.schema import (
    attendance,
    attendance_sessions,
    attendance_stays,
    disputes,
    freshness,
    funnel_orders,
    high_ticket_sales,
    leads,
    orders,
    payments,
    refunds,
    sale_facts,
    shared_ids,
)
from connectors import drain as draining
from connectors import inbox
from connectors.drain import Drain
from connectors.inbox import Event, Kept, State
from tests.connectors.events import NOW, body, kept_events

RULES = Rules(
    Challenge.starting(date(2026, 1, 1), "America/Sao_Paulo"),
    patterns=Patterns(vip=("*vip*",), oto=("*workbook*",), high_ticket_from=Decimal(500)),
)
TOLD = (leads, orders, shared_ids, payments, refunds, disputes, funnel_orders)
CONCLUDED = (attendance, attendance_sessions, attendance_stays, freshness)
NUMBERED = {"id", "sale_id", "lead_id", "created_at", "updated_at"}


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    engine = open_engine(database_url)
    upgrade(engine)
    yield engine
    engine.dispose()


def drain_of(engine: Engine, accept: object = None) -> Drain:
    def usual(connection: Connection, records: Iterable[Record]) -> Accepted:
        return ingest.accept(connection, RULES, records)

    return Drain(lambda: writing(engine), accept or usual, lambda: NOW)  # type: ignore[arg-type]


def keep(engine: Engine, events: list[Event]) -> list[Kept]:
    with writing(engine) as connection:
        return inbox.keep(connection, events)


def dump(engine: Engine) -> dict[str, list[str]]:
    """Everything but the numbers that a database gives in the order of arrival."""
    with reading(engine) as connection:
        told = {}
        for table in (*TOLD, *CONCLUDED):
            columns = [column for column in table.columns if column.name not in NUMBERED]
            told[table.name] = sorted(str(row) for row in connection.execute(sa.select(*columns)))
        sales = sa.join(high_ticket_sales, sale_facts, sale_facts.c.sale_id == high_ticket_sales.c.id)
        lead = sales.outerjoin(leads, leads.c.id == high_ticket_sales.c.lead_id)
        columns = [column for column in (*high_ticket_sales.c, *sale_facts.c) if column.name not in NUMBERED]
        query = sa.select(*columns, leads.c.source, leads.c.external_id).select_from(lead)
        told["sales"] = sorted(str(tuple(row)) for row in connection.execute(query))
    return told


def empty(engine: Engine) -> None:
    with writing(engine) as connection:
        for table in leads.metadata.tables.values():
            connection.execute(sa.delete(table))


def test_any_order_repetition_and_split_ends_in_the_same_database(engine: Engine) -> None:
    events = kept_events()
    keep(engine, events)
    drain_of(engine).all()
    expected = dump(engine)
    assert len(expected["sales"]) == 3
    assert all(expected[table.name] for table in TOLD)
    for seed in range(8 if engine.dialect.name == "sqlite" else 3):
        empty(engine)
        dice = random.Random(seed)
        arriving = dice.sample([*events, *dice.sample(events, 20)], len(events) + 20)
        while arriving:
            size = dice.choice((1, 3, 20, 60))
            now, arriving = arriving[:size], arriving[size:]
            keep(engine, now)
            drain_of(engine).once(limit=dice.choice((1, 5, 100)))
        drain_of(engine).all()
        assert dump(engine) == expected, f"seed {seed}"


def test_an_event_is_kept_once_and_another_body_under_its_id_is_set_aside(engine: Engine) -> None:
    first = Event("stripe", "evt_1", "x", b'{"a": 1}', NOW)
    other = Event("stripe", "evt_1", "x", b'{"a": 2}', NOW)
    twin = Event("stripe", "EVT_1", "x", b'{"a": 3}', NOW)
    assert keep(engine, [first, first]) == [Kept.NEW, Kept.DUPLICATE]
    assert keep(engine, [first, other, twin]) == [Kept.DUPLICATE, Kept.CONFLICT, Kept.NEW]
    with reading(engine) as connection:
        assert [entry.event.body for entry in inbox.entries(connection, State.UNREAD)] == [b'{"a": 3}', b'{"a": 1}']
        (aside,) = inbox.entries(connection, State.SET_ASIDE)
    assert aside.event.body == b'{"a": 2}'
    assert "another body" in aside.reason


def test_what_cannot_be_read_is_set_aside_with_its_reason_and_holds_nobody_up(engine: Engine) -> None:
    broken = Event("stripe", "evt_broken", "x", b'{"id": "evt_broken", "type": "charge.succeeded", "data": {}}', NOW)
    good = [event for event in kept_events() if event.body == body("stripe", "session-paid")]
    keep(engine, [broken, *good])
    assert drain_of(engine).once() == 2
    with reading(engine) as connection:
        (aside,) = inbox.entries(connection, State.SET_ASIDE)
        assert aside.reason
        assert connection.scalar(sa.select(sa.func.count()).select_from(high_ticket_sales)) == 1
    with writing(engine) as connection:
        assert inbox.retry(connection) == 1
    assert drain_of(engine).once() == 1


def test_a_poisonous_event_harms_itself_alone_and_is_set_aside_after_a_few_tries(engine: Engine) -> None:
    events = kept_events()
    poison = next(event for event in events if event.body == body("stripe", "session-paid"))

    def accept(connection: Connection, records: Iterable[Record]) -> Accepted:
        told = list(records)
        if any(getattr(record, "external_id", "").startswith("cs_live_bloom1") for record in told):
            raise ZeroDivisionError
        return ingest.accept(connection, RULES, told)

    keep(engine, events)
    drain = drain_of(engine, accept)
    drain.all()
    for _ in range(6):
        drain.once()
    with reading(engine) as connection:
        assert inbox.waiting(connection) == 0
        reasons = {entry.event.event_id: entry.reason for entry in inbox.entries(connection, State.SET_ASIDE)}
    assert reasons[poison.event_id] == "reading it failed: ZeroDivisionError"


def test_a_database_without_room_costs_no_event_a_try(engine: Engine) -> None:
    events = kept_events()
    keep(engine, events)

    def accept(connection: Connection, records: Iterable[Record]) -> Accepted:
        ingest.accept(connection, RULES, records)
        _fill_up(connection)
        raise AssertionError("there was room")

    drain = drain_of(engine, accept)
    for _ in range(6):
        with pytest.raises(DatabaseError):
            drain.once()
    with reading(engine) as connection:
        assert {entry.attempts for entry in inbox.entries(connection, State.UNREAD)} == {0}
        assert inbox.waiting(connection) == len(events)
    engine.dispose()  # a new connection knows no limit
    drain_of(engine).all()
    with reading(engine) as connection:
        assert inbox.waiting(connection) == 0


def _fill_up(connection: Connection) -> None:
    """Let the database say that it is full."""
    if connection.dialect.name != "sqlite":
        connection.exec_driver_sql("SIGNAL SQLSTATE 'HY000' SET MYSQL_ERRNO = 1114, MESSAGE_TEXT = 'The table is full'")
    pages = connection.exec_driver_sql("PRAGMA page_count").scalar()
    connection.exec_driver_sql(f"PRAGMA max_page_count = {pages}")
    connection.exec_driver_sql("CREATE TABLE too_much AS SELECT zeroblob(1000000) AS room")


def test_a_drain_that_dies_half_way_has_done_nothing(engine: Engine) -> None:
    keep(engine, kept_events())
    before = dump(engine)

    class DiedError(BaseException):
        """Like a kill: nothing catches it."""

    def accept(connection: Connection, records: Iterable[Record]) -> Accepted:
        ingest.accept(connection, RULES, records)
        raise DiedError

    with pytest.raises(DiedError):
        drain_of(engine, accept).once()
    assert dump(engine) == before
    with reading(engine) as connection:
        assert inbox.waiting(connection) == len(kept_events())


def test_several_drains_side_by_side_read_every_event_once(engine: Engine) -> None:
    events = kept_events()
    keep(engine, events)
    drain_of(engine).all()
    expected = dump(engine)
    empty(engine)
    keep(engine, events)
    counts: list[int] = []

    def work() -> None:
        drain = drain_of(engine)
        done = 0
        for _ in range(400):
            try:
                done += drain.once(limit=7)
            except Exception as error:
                if "1213" not in str(error) and "1205" not in str(error) and "locked" not in str(error):
                    raise
            with reading(engine) as connection:
                if not inbox.waiting(connection):
                    break
        counts.append(done)

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert sum(counts) == len(events)
    assert dump(engine) == expected


def test_old_events_that_were_read_are_pruned_and_others_stay(engine: Engine) -> None:
    old = [Event("zoom", f"zm-{number}", "x", b"{}", NOW - timedelta(days=401)) for number in range(3)]
    keep(engine, [*old, Event("zoom", "zm-new", "x", b"{}", NOW)])
    with writing(engine) as connection:
        inbox.mark(connection, {event.key: (State.IGNORED, "") for event in old[:2]}, NOW)
    assert drain_of(engine).prune(400) == 2
    with reading(engine) as connection:
        assert inbox.waiting(connection) == 2


@pytest.mark.parametrize(
    ("seconds", "sizes"),
    [
        (0.1, [100, 100, 100]),
        (1.0, [50, 25, 12]),
        (20.0, [50, 25, 12]),
    ],
)
def test_a_batch_is_as_large_as_can_be_read_in_a_moment(seconds: float, sizes: list[int]) -> None:
    size = draining._Size()
    seen = []
    for _ in sizes:
        size.adapt(size.events, seconds)
        seen.append(size.events)
    assert seen == sizes
    for _ in range(9):
        size.adapt(size.events, 60.0)
    assert size.events == draining.SMALLEST
    size.adapt(10, 0.01)
    assert size.events == draining.BATCH
