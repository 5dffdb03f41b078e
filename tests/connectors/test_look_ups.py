"""What a vendor is asked about events: once, outside every lock, again later where it fails, and no sale waits for it."""

import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from analytics import ingest
from analytics.challenge import Challenge
from analytics.database import open_engine, reading, writing
from analytics.ingest import Rules
from analytics.migrate import upgrade
from analytics.offers import Patterns
from analytics.schema import funnel_orders, high_ticket_sales, orders, sale_facts
from analytics.schema import inbox as inbox_table
from connectors import drain as draining
from connectors import inbox, look_ups
from connectors.contract import LookUpFailedError
from connectors.drain import Drain
from connectors.inbox import Event, State
from tests.connectors.events import NOW, body

RULES = Rules(
    Challenge.starting(date(2026, 1, 1), "America/Sao_Paulo"), patterns=Patterns(high_ticket=("*mastermind*",))
)
ONE_SECOND = timedelta(seconds=1)


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    engine = open_engine(database_url)
    upgrade(engine)
    yield engine
    engine.dispose()


@dataclass
class Clock:
    now: datetime = NOW

    def __call__(self) -> datetime:
        return self.now


@dataclass
class Vendor:
    """A vendor that is asked; `meanwhile` is called as the receiver would be."""

    is_away: bool = False
    answers: int = 1_000_000
    knows: bool = True
    meanwhile: Callable[[], object] = lambda: None
    asked: list[str] = field(default_factory=list)

    def line_items(self, session_id: str) -> list[dict[str, str]] | None:
        self.meanwhile()
        self.asked.append(session_id)
        if self.is_away or len(self.asked) > self.answers:
            raise LookUpFailedError("Stripe could not be asked: AuthenticationError")
        return [{"description": "Bloom Mastermind"}] if self.knows else None


def sessions(count: int, start: int = 0, kind: str = "checkout.session.completed", later: int = 0) -> list[Event]:
    told = json.loads(body("stripe", "session-paid"))
    events = []
    for number in range(start, start + count):
        event_id = f"evt_{kind[-4:]}{number}"
        about = told["data"]["object"] | {
            "id": f"cs_{number}",
            "payment_intent": f"pi_{number}",
            "amount_total": 100_000 + number,
            "customer_details": {"email": f"buyer{number}@example.com", "name": f"Buyer {number}"},
            "metadata": {},
        }
        event = told | {"id": event_id, "type": kind, "created": told["created"] + later, "data": {"object": about}}
        events.append(Event("stripe", event_id, kind, json.dumps(event).encode(), NOW))
    return events


def drain_of(engine: Engine, vendor: Vendor, clock: Clock) -> Drain:
    def accept(connection: Connection, records: object) -> ingest.Accepted:
        return ingest.accept(connection, RULES, records)  # type: ignore[arg-type]

    return Drain(lambda: writing(engine), accept, clock, vendor)


def keep(engine: Engine, events: list[Event]) -> None:
    with writing(engine) as connection:
        inbox.keep(connection, events)


def states(engine: Engine) -> dict[str, int]:
    with reading(engine) as connection:
        query = sa.select(inbox_table.c.state, sa.func.count()).group_by(inbox_table.c.state)
        return dict(connection.execute(query).all())


def products(engine: Engine) -> list[tuple[str, str | None, Decimal]]:
    with reading(engine) as connection:
        sold = sa.select(sale_facts.c.external_id, sa.literal("high_ticket"))
        kinds = dict(
            connection.execute(sa.union_all(sold, sa.select(funnel_orders.c.external_id, funnel_orders.c.kind))).all()
        )
        query = sa.select(orders.c.line_items, orders.c.external_id, orders.c.total).order_by(orders.c.total)
        rows = connection.execute(query).all()
    return [
        (next((line[0] for line in json.loads(lines)), ""), kinds.get(external_id), total)
        for lines, external_id, total in rows
    ]


def sold(engine: Engine) -> int:
    with reading(engine) as connection:
        return connection.scalar(sa.select(sa.func.count()).select_from(high_ticket_sales)) or 0


def unanswered(engine: Engine) -> list[look_ups.Entry]:
    with reading(engine) as connection:
        return look_ups.unanswered(connection)


def test_what_is_looked_up_is_what_is_read_however_many_wait(engine: Engine) -> None:
    vendor = Vendor()
    keep(engine, sessions(250))
    assert drain_of(engine, vendor, Clock()).all() == 250
    assert states(engine) == {"read": 250}
    assert sorted(vendor.asked) == sorted({f"cs_{number}" for number in range(250)})
    assert sold(engine) == 250


def test_a_vendor_is_asked_while_nothing_is_locked(engine: Engine) -> None:
    arriving = iter(Event("zoom", f"zm-{number}", "x", b"{}", NOW) for number in range(9))
    vendor = Vendor(meanwhile=lambda: keep(engine, [next(arriving)]))  # a locked inbox would not take it
    keep(engine, sessions(3))
    drain_of(engine, vendor, Clock()).once()
    assert sold(engine) == 3


def test_a_sale_counts_without_its_product_and_is_completed_when_the_vendor_answers(engine: Engine) -> None:
    vendor, clock = Vendor(is_away=True), Clock()
    drain = drain_of(engine, vendor, clock)
    keep(engine, [*sessions(3), Event("zoom", "zm-1", "x", b"{}", NOW)])
    assert drain.all() == 4
    assert states(engine) == {"set aside": 1, "read": 3}
    assert products(engine) == [("", None, Decimal(100_000 + number) / 100) for number in range(3)]
    assert sorted(one.tries for one in unanswered(engine)) == [0, 0, 1]
    assert {one.last_error for one in unanswered(engine)} == {"Stripe could not be asked: AuthenticationError"}
    vendor.is_away = False
    clock.now += look_ups.FIRST_PAUSE
    assert drain.all() == 3
    assert [(name, offer) for name, offer, _ in products(engine)] == [("Bloom Mastermind", "high_ticket")] * 3
    assert (sold(engine), unanswered(engine), states(engine)) == (3, [], {"set aside": 1, "read": 3})
    assert len(vendor.asked) == 4


def test_a_vendor_that_is_away_is_asked_once_and_not_for_every_event(engine: Engine) -> None:
    vendor, clock = Vendor(is_away=True), Clock()
    drain = drain_of(engine, vendor, clock)
    for start in range(0, 60, 20):
        keep(engine, sessions(20, start))
        assert drain.all() == 20
        clock.now += ONE_SECOND
    assert len(vendor.asked) == 1


def test_nothing_is_asked_again_before_its_time(engine: Engine) -> None:
    vendor, clock = Vendor(is_away=True), Clock()
    keep(engine, sessions(1))
    asked_after = []
    for second in range(0, 1900, 30):
        clock.now = NOW + timedelta(seconds=second)
        before = len(vendor.asked)
        drain_of(engine, vendor, clock).all()  # a new process each time: what is waited for stands in the database
        if len(vendor.asked) > before:
            asked_after.append(second)
    assert asked_after == [0, 30, 90, 210, 450, 930, 1890]


def test_a_look_up_without_an_answer_is_given_up_at_once_or_after_a_month_and_asked_for_by_hand(engine: Engine) -> None:
    vendor, clock = Vendor(knows=False), Clock()
    drain = drain_of(engine, vendor, clock)
    keep(engine, sessions(1))
    drain.all()
    vendor.is_away = True
    keep(engine, sessions(1, 1))
    drain.all()
    for _ in range(2):
        clock.now += look_ups.GIVE_UP
        drain.all()
    assert [(one.subject, one.state) for one in unanswered(engine)] == [("cs_0", "given up"), ("cs_1", "given up")]
    asked = len(vendor.asked)
    clock.now += look_ups.GIVE_UP
    drain.all()
    assert len(vendor.asked) == asked
    vendor.is_away, vendor.knows = False, True
    with writing(engine) as connection:
        assert look_ups.retry(connection, clock.now) == 2
    clock.now += timedelta(hours=1)  # the vendor was away
    drain.all()
    assert (sold(engine), unanswered(engine)) == (2, [])


def test_every_message_of_a_session_is_completed(engine: Engine) -> None:
    vendor, clock = Vendor(is_away=True), Clock()
    drain = drain_of(engine, vendor, clock)
    keep(engine, sessions(1))
    drain.all()
    keep(engine, sessions(1, kind="checkout.session.async_payment_succeeded", later=60))
    drain.all()
    assert len(unanswered(engine)) == 1
    vendor.is_away = False
    clock.now += timedelta(hours=1)
    assert drain.all() == 2
    assert products(engine) == [("Bloom Mastermind", "high_ticket", Decimal("1000.00"))]


def test_labels_of_the_answer_stand_whatever_notes_the_session_had(engine: Engine) -> None:
    vendor, clock = Vendor(is_away=True), Clock()
    drain = drain_of(engine, vendor, clock)
    (event,) = sessions(1)
    told = json.loads(event.body)
    told["data"]["object"]["metadata"] = {"product": "zz"}
    keep(engine, [Event("stripe", event.event_id, event.kind, json.dumps(told).encode(), NOW)])
    drain.all()
    vendor.is_away = False
    clock.now += timedelta(hours=1)
    drain.all()
    assert products(engine) == [("Bloom Mastermind", "high_ticket", Decimal("1000.00"))]


def test_a_process_that_dies_while_it_asks_loses_nothing(engine: Engine) -> None:
    class DiedError(BaseException):
        """Like a kill: nothing catches it."""

    def die() -> None:
        raise DiedError

    clock = Clock()
    keep(engine, sessions(2))
    with pytest.raises(DiedError):
        drain_of(engine, Vendor(meanwhile=die), clock).once()
    assert states(engine) == {"unread": 2}
    vendor = Vendor()
    drain_of(engine, vendor, clock).all()
    assert states(engine) == {"read": 2}  # counted, while the look-ups are still leased to the dead one
    clock.now += look_ups.LEASE
    drain_of(engine, vendor, clock).all()
    assert (sold(engine), unanswered(engine), len(vendor.asked)) == (2, [], 2)


def test_a_slow_vendor_does_not_hold_up_the_sales(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(draining, "ASKING", 0.0)
    vendor, clock = Vendor(), Clock()
    drain = drain_of(engine, vendor, clock)
    keep(engine, sessions(5))
    assert drain.once() == 5
    assert (states(engine), vendor.asked) == ({"read": 5}, [])
    monkeypatch.undo()
    drain.all()
    assert (sold(engine), len(vendor.asked)) == (5, 5)


def test_drains_side_by_side_ask_once_and_read_once(engine: Engine) -> None:
    vendor, clock = Vendor(), Clock()
    keep(engine, sessions(120))

    def work() -> None:
        drain = drain_of(engine, vendor, clock)
        for _ in range(200):
            try:
                drain.once(limit=7)
            except Exception as error:
                if "1213" not in str(error) and "1205" not in str(error) and "locked" not in str(error):
                    raise
            if "unread" not in states(engine):
                break

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    clock.now += timedelta(hours=1)  # what one had leased when the other read its event
    drain_of(engine, vendor, clock).all()
    assert (sold(engine), unanswered(engine), states(engine)) == (120, [], {"read": 120})


def test_an_answer_is_kept_and_read_from_the_queue(engine: Engine) -> None:
    vendor, clock = Vendor(), Clock()
    drain = drain_of(engine, vendor, clock)
    keep(engine, sessions(1))
    drain.all()
    with writing(engine) as connection:
        inbox.read_again(connection, [("stripe", "evt_eted0")])
    assert drain.all() == 1
    assert vendor.asked == ["cs_0"]


def test_look_ups_that_are_over_are_pruned_with_their_events(engine: Engine) -> None:
    clock = Clock()
    keep(engine, sessions(1))
    drain = drain_of(engine, Vendor(), clock)
    drain.all()
    clock.now += timedelta(days=401)
    drain.prune(400)
    with reading(engine) as connection:
        assert look_ups.find(connection, ("stripe", "cs_0")) is None
    assert states(engine) == {}


def test_an_event_that_waits_for_its_product_says_so(engine: Engine) -> None:
    keep(engine, sessions(1))
    drain_of(engine, Vendor(is_away=True), Clock()).all()
    with reading(engine) as connection:
        (entry,) = inbox.entries(connection, State.READ)
    assert "look-up that has no answer yet" in entry.reason
