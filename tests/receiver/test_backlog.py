"""Many events with every kind of trouble: each ends in a state that people can see, within a bounded time."""

import json
import random
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.exc import OperationalError

from analytics import ingest
from analytics.backlog import Limits
from analytics.challenge import Challenge
from analytics.database import open_engine, reading, writing
from analytics.ingest import Rules
from analytics.migrate import upgrade
from analytics.queries.backlog import read_backlog
from analytics.records import Record
from analytics.schema import inbox as inbox_table
from analytics.schema import orders
from connectors import inbox, look_ups
from connectors.contract import LookUpFailedError
from connectors.drain import Drain
from connectors.inbox import Event, State
from tests.connectors.events import NOW, body

RULES = Rules(Challenge.starting(date(2026, 1, 1), "America/Sao_Paulo"))
ROUNDS = 3000  # a bound: batches, crashes and locks together
SEED = 14


class Trouble(StrEnum):
    """What is the matter with an event."""

    NONE = "none"
    LOOK_UP = "its look-up fails for an hour"
    UNKNOWN_SESSION = "its look-up never has an answer"
    UNREADABLE = "unreadable"
    UNKNOWN_TYPE = "unknown type"
    POISON = "reading it crashes"


ENDS = {
    Trouble.NONE: State.READ,
    Trouble.LOOK_UP: State.READ,
    Trouble.UNKNOWN_SESSION: State.READ,
    Trouble.UNREADABLE: State.SET_ASIDE,
    Trouble.UNKNOWN_TYPE: State.IGNORED,
    Trouble.POISON: State.SET_ASIDE,
}
SALES = {Trouble.NONE, Trouble.LOOK_UP, Trouble.UNKNOWN_SESSION}


class DiedError(BaseException):
    """Like a kill: nothing catches it."""


def events(count: int, dice: random.Random) -> dict[str, tuple[Trouble, Event]]:
    template = json.loads(body("stripe", "session-paid"))
    made = {}
    for number in range(count):
        trouble = dice.choices(list(Trouble), (72, 12, 4, 6, 5.7, 0.3))[0]
        event_id = f"evt_{number}"
        about = template["data"]["object"] | {
            "id": f"cs_{trouble.name}_{number}",
            "payment_intent": f"pi_{number}",
            "customer": f"cus_{number}",
            "customer_details": {"email": f"buyer{number}@example.com", "name": "B"},
            "metadata": {},
        }
        event = template | {"id": event_id, "data": {"object": about}}
        if trouble is Trouble.UNREADABLE:
            event["data"] = {}
        if trouble is Trouble.UNKNOWN_TYPE:
            event |= {"type": "product.created", "data": {"object": {"id": f"prod_{number}", "object": "product"}}}
        made[event_id] = trouble, Event("stripe", event_id, event["type"], json.dumps(event).encode(), NOW)
    return made


@dataclass
class World:
    """A vendor, a clock and a database, each with its trouble."""

    engine: Engine
    dice: random.Random
    now: datetime = NOW
    crashes: int = 0
    locks: int = 0
    asked: Counter[str] = field(default_factory=Counter)

    def drain(self) -> Drain:
        return Drain(lambda: writing(self.engine), self.accept, lambda: self.now, self)

    def line_items(self, session_id: str) -> list[dict[str, str]] | None:
        self.asked[session_id] += 1
        if "LOOK_UP" in session_id and self.now < NOW + timedelta(hours=1):
            raise LookUpFailedError("Stripe could not be asked: APIConnectionError")
        return None if "UNKNOWN_SESSION" in session_id else [{"description": "Bloom Mastermind"}]

    def accept(self, connection: Connection, records: Iterable[Record]) -> ingest.Accepted:
        told = list(records)
        if any("POISON" in getattr(record, "external_id", "") for record in told):
            raise ZeroDivisionError
        chance = self.dice.random()
        if chance < 0.1 and self.crashes < 5:
            self.crashes += 1
            raise DiedError
        if chance < 0.3 and self.locks < 5:
            self.locks += 1
            raise OperationalError("", {}, LockedError())
        return ingest.accept(connection, RULES, told)


class LockedError(Exception):
    """A sales lock that another process holds for too long, as both drivers say it."""

    sqlite_errorcode = 5

    def __init__(self) -> None:
        super().__init__(1205, "Lock wait timeout exceeded")


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    engine = open_engine(database_url)
    upgrade(engine)
    yield engine
    engine.dispose()


def run(world: World) -> None:
    """Read until nothing is due; after a crash a new process goes on."""
    drain = world.drain()
    for _ in range(ROUNDS):
        with suppress(OperationalError, Exception):
            try:
                done = drain.once()
            except DiedError:
                drain, done = world.drain(), 1
            if not done and not unread(world.engine):
                return
    raise AssertionError("events are still unread")


def unread(engine: Engine) -> int:
    with reading(engine) as connection:
        return inbox.waiting(connection)


def test_every_event_ends_in_a_state_that_people_can_see(engine: Engine) -> None:
    dice = random.Random(SEED)
    made = events(600 if engine.dialect.name == "sqlite" else 300, dice)
    world = World(engine, dice)
    with writing(engine) as connection:
        inbox.keep(connection, [event for _, event in made.values()])
    run(world)
    assert (world.crashes > 0, world.locks > 0) == (True, True)
    with reading(engine) as connection:
        ended = dict(connection.execute(sa.select(inbox_table.c.event_id, inbox_table.c.state)).all())
        sold = connection.scalar(sa.select(sa.func.count()).select_from(orders))
        waiting = read_backlog(connection, NOW)
    assert ended == {event_id: ENDS[trouble] for event_id, (trouble, _) in made.items()}
    assert sold == sum(trouble in SALES for trouble, _ in made.values())
    assert waiting.unread.count == 0
    assert waiting.set_aside.count == sum(ENDS[trouble] is State.SET_ASIDE for trouble, _ in made.values())
    overdue = waiting.overdue(Limits(), NOW + timedelta(hours=2))
    assert set(overdue) == {"set_aside", "look_ups"}
    _complete(world, made)


def _complete(world: World, made: dict[str, tuple[Trouble, Event]]) -> None:
    """Let the vendor come back: every product that it knows is known in the end, the others are given up visibly."""
    while world.now < NOW + timedelta(hours=9):
        world.now += timedelta(minutes=30)
        run(world)
    with reading(world.engine) as connection:
        left = look_ups.unanswered(connection)
        nameless = connection.scalar(
            sa.select(sa.func.count()).select_from(orders).where(orders.c.line_items.like('%[""%'))
        )
    unknown = sum(trouble is Trouble.UNKNOWN_SESSION for trouble, _ in made.values())
    assert {one.state for one in left} == {look_ups.State.GIVEN_UP}
    assert (len(left), nameless) == (unknown, unknown)
