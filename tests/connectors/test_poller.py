"""The poller: what it keeps, what it keeps once, who may ask, and what a bad source does to the others. Both engines."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Engine

from analytics.database import open_engine, writing
from analytics.migrate import upgrade
from analytics.schema import inbox as inbox_table
from analytics.schema import polls as polls_table
from connectors import polls
from connectors.contract import Answer, Original, Page, Payload, VendorError
from connectors.poller import Ended, Outcome, Poller, Round

ROOT = Path(__file__).parents[2]
NOW = datetime(2026, 1, 17, 18, tzinfo=UTC)
ONE = timedelta(seconds=1)


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    engine = open_engine(database_url)
    upgrade(engine)
    yield engine
    engine.dispose()


@dataclass
class Clock:
    """A clock that somebody turns."""

    now: datetime = NOW

    def __call__(self) -> datetime:
        self.now += timedelta(milliseconds=1)
        return self.now


@dataclass
class Fake:
    """A source that answers what it is told to."""

    pages: Callable[[Payload], Iterator[Page]]
    name: str = "fake"
    wait: timedelta | None = timedelta(minutes=1)
    note_: str = ""
    states: list[Payload] = field(default_factory=list)

    def fetch(self, state: Payload, clock: Callable[[], datetime]) -> Iterator[Page]:  # noqa: ARG002
        self.states.append(state)
        return self.pages(state)

    def pause(self, state: Payload, now: datetime) -> timedelta | None:  # noqa: ARG002
        return self.wait

    def note(self, state: Payload, now: datetime) -> str:  # noqa: ARG002
        return self.note_

    def check(self, clock: Callable[[], datetime]) -> str:  # noqa: ARG002
        return "fine"


def answering(*told: Any, name: str = "q") -> Callable[[Payload], Iterator[Page]]:
    """Pages that tell one thing after the other about the same question."""
    return lambda _state: (Page({"at": number}, [Answer(name, "kind", {"v": one})]) for number, one in enumerate(told))


def failing(error: Exception) -> Callable[[Payload], Iterator[Page]]:
    """Pages of which the first one is never told."""

    def fail() -> Page:
        raise error

    return lambda _state: (fail() for _ in range(1))


def poller(engine: Engine, **about: Any) -> Poller:
    return Poller(**{"transaction": lambda: writing(engine), "clock": Clock(), **about})


def kept(engine: Engine) -> list[Any]:
    with writing(engine) as connection:
        query = sa.select(inbox_table.c.body).order_by(inbox_table.c.event_id)
        return [json.loads(body)["told"]["v"] for body in connection.scalars(query)]


def row(engine: Engine, source: str = "fake") -> Any:
    with writing(engine) as connection:
        return connection.execute(sa.select(polls_table).where(polls_table.c.source == source)).mappings().one()


def test_what_has_not_changed_is_kept_once_and_what_has_is_a_new_version(engine: Engine) -> None:
    asking = poller(engine)
    for told in ("a", "a", "b", "b", "a"):
        asking.once(Fake(answering(told)))
    assert kept(engine) == ["a", "b", "a"]
    with writing(engine) as connection:
        assert set(connection.scalars(sa.select(inbox_table.c.state))) == {"unread"}


def test_questions_with_names_alike_are_not_confused(engine: Engine) -> None:
    asking = poller(engine)
    for name in ("q", "q/1", "q1", "Q", "q@2", "ключ", "x" * 400):
        asking.once(Fake(answering("a", name=name)))
        asking.once(Fake(answering("a", name=name)))
    assert kept(engine) == ["a"] * 7


def test_an_original_is_left_as_it_came_first(engine: Engine) -> None:
    def pages(_state: Payload) -> Iterator[Page]:
        for body in (b'{"told": {"v": 1}}', b'{"told":{"v":1}}'):
            yield Page({}, [Original("stripe", "evt_1", "charge", body), Original("stripe", "evt_1", "charge", body)])

    assert poller(engine).once(Fake(pages)).new == 1
    assert kept(engine) == [1]


def test_the_state_after_the_last_page_is_where_the_next_run_begins(engine: Engine) -> None:
    source = Fake(answering(1, 2, 3))
    poller(engine).once(source)
    poller(engine).once(source)
    assert source.states == [{}, {"at": 2}]


def test_a_bad_run_keeps_its_good_pages_and_tells_why(engine: Engine) -> None:
    def pages(state: Payload) -> Iterator[Page]:
        yield Page({"at": 1}, [Answer("q", "kind", {"v": 1})])
        raise VendorError("Bloom is closed.")

    source, asking = Fake(pages), poller(engine)
    outcome = asking.once(source)
    assert (outcome.ended, outcome.sentence, outcome.new) == (Ended.BADLY, "Bloom is closed.", 1)
    assert (row(engine)["last_error"], row(engine)["failures"]) == ("Bloom is closed.", 1)
    source.pages = answering(2)
    assert asking.once(source).ended is Ended.WELL
    assert source.states == [{}, {"at": 1}]
    assert (row(engine)["last_error"], row(engine)["failures"]) == ("", 0)
    assert row(engine)["last_success"] is not None
    assert kept(engine) == [1, 2]


def test_a_crash_tells_no_secret(engine: Engine) -> None:
    pages = failing(KeyError("https://bloom.example.com/?token=secret"))

    outcome = poller(engine).once(Fake(pages))
    assert outcome.sentence == "Asking failed: KeyError."


def test_failures_in_a_row_are_ever_further_apart(engine: Engine) -> None:
    pages = failing(VendorError("no"))

    pauses = [poller(engine).once(Fake(pages)).pause for _ in range(9)]
    for number, pause in enumerate(pauses):
        assert pause is not None
        expected = min(timedelta(seconds=30) * 2**number, timedelta(minutes=15))
        assert expected * 0.75 <= pause <= expected * 1.25


def test_a_moment_that_the_vendor_names_is_kept(engine: Engine) -> None:
    clock = Clock()

    pages = failing(VendorError("spent", again_at=clock.now + timedelta(hours=7)))

    pause = poller(engine, clock=clock).once(Fake(pages)).pause
    assert pause is not None
    assert timedelta(hours=6, minutes=59) < pause <= timedelta(hours=7)


def test_a_source_is_asked_when_it_is_due(engine: Engine) -> None:
    source = Fake(answering(1), wait=timedelta(minutes=10))
    assert poller(engine).once(source, only_if_due=True).ended is Ended.WELL
    early = poller(engine).once(source, only_if_due=True)
    assert early.ended is Ended.EARLY
    assert early.pause is not None
    assert timedelta(minutes=9) < early.pause <= timedelta(minutes=10)
    assert poller(engine).once(source).ended is Ended.WELL


def test_a_source_that_another_poller_holds_is_left_to_it(engine: Engine) -> None:
    mine, other, source = poller(engine), poller(engine), Fake(answering(1))
    assert mine.run(source).ended is Ended.WELL  # and keeps the lease
    assert other.once(source).ended is Ended.ELSEWHERE
    assert mine.run(source).ended is Ended.WELL
    mine.release(source)
    assert other.once(source).ended is Ended.WELL


def test_a_lease_ends_by_itself(engine: Engine) -> None:
    dead, heir, source = poller(engine), poller(engine), Fake(answering(1))
    dead.run(source)
    assert heir.run(source).ended is Ended.ELSEWHERE
    held_until = row(engine)["held_until"]
    with writing(engine) as connection:
        assert held_until - polls.database_now(connection) <= timedelta(seconds=60)
    brief = poller(engine, lease=ONE, holder=dead.holder)
    brief.run(source)
    time.sleep(2.1)
    assert heir.run(source).ended is Ended.WELL
    assert row(engine)["holder"] == heir.holder


def test_whoever_lost_its_lease_keeps_nothing_more(engine: Engine) -> None:
    heir = poller(engine)

    def pages(_state: Payload) -> Iterator[Page]:
        yield Page({"at": 1}, [Answer("q", "kind", {"v": "mine"})])
        with writing(engine) as connection:  # as if this process had slept through its lease
            connection.execute(sa.update(polls_table).values(held_until=NOW - timedelta(days=400)))
        assert heir.run(Fake(answering("heir's"))).ended is Ended.WELL
        yield Page({"at": 2}, [Answer("q", "kind", {"v": "too late"})])

    assert poller(engine).run(Fake(pages)).ended is Ended.ELSEWHERE
    assert kept(engine) == ["mine", "heir's"]
    assert json.loads(row(engine)["state"]) == {"at": 0}
    assert row(engine)["holder"] == heir.holder


def test_of_many_pollers_at_once_one_asks(engine: Engine) -> None:
    running, most, lock = 0, 0, threading.Lock()

    def pages(_state: Payload) -> Iterator[Page]:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        time.sleep(0.05)
        yield Page({})
        with lock:
            running -= 1

    threads = [threading.Thread(target=lambda: poller(engine).once(Fake(pages))) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == 1


def test_a_page_and_its_state_are_kept_together_or_not_at_all(engine: Engine) -> None:
    unkeepable = Original("stripe", "evt_1", "charge", None)  # type: ignore[arg-type]

    def pages(_state: Payload) -> Iterator[Page]:
        yield Page({"at": 1}, [Answer("q", "kind", {"v": 1})])
        yield Page({"at": 2}, [Answer("q2", "kind", {"v": 2}), unkeepable])

    assert poller(engine).once(Fake(pages)).ended is Ended.BADLY
    assert kept(engine) == [1]
    assert json.loads(row(engine)["state"]) == {"at": 1}


def test_a_source_that_fails_or_hangs_does_not_hold_up_the_others(engine: Engine) -> None:
    told: list[Outcome] = []
    hang = threading.Event()

    def hanging(_state: Payload) -> Iterator[Page]:
        hang.wait(20)
        yield Page({})

    good = Fake(answering(1), name="good", wait=timedelta(milliseconds=50))
    round_ = Round(poller(engine), told.append)
    sources = [Fake(hanging, name="hangs"), Fake(failing(VendorError("no")), name="fails"), good]
    thread = threading.Thread(target=round_.run, args=[sources])
    thread.start()
    deadline = time.monotonic() + 20
    while sum(one.source == "good" for one in told) < 5 and time.monotonic() < deadline:
        time.sleep(0.02)
    round_.stopped.set()
    hang.set()
    thread.join(20)
    assert not thread.is_alive()
    assert sum(one.source == "good" for one in told) >= 5
    assert [one.sentence for one in told if one.source == "fails"] == ["no"]
    with writing(engine) as connection:
        assert set(connection.scalars(sa.select(polls_table.c.holder))) == {""}


def test_a_minute_is_a_minute_however_long_the_answer_takes(engine: Engine) -> None:
    moments: list[float] = []

    def slow(_state: Payload) -> Iterator[Page]:
        moments.append(time.monotonic())
        time.sleep(0.4)
        yield Page({})
        if len(moments) == 4:
            round_.stopped.set()

    round_ = Round(poller(engine), lambda _outcome: None)
    round_.run([Fake(slow, wait=timedelta(seconds=0.5))])
    gaps = [later - sooner for sooner, later in pairwise(moments)]
    assert min(gaps) > 0.45, gaps
    assert min(gaps) < 0.85, gaps  # a busy machine may be late, but not always by the time of the answer


KILLED = """
import sys
from datetime import datetime, timedelta, UTC
sys.path.insert(0, sys.argv[2])
from analytics.database import open_engine, writing
from connectors.contract import Answer, Page
from connectors.poller import Poller
from tests.connectors.test_poller import Fake

engine = open_engine(sys.argv[1])

def pages(state):
    for number in range(state.get("at", -1) + 1, 400):
        yield Page({"at": number}, [Answer(f"q/{number:03}", "kind", {"v": number})])
        print(number, flush=True)

Poller(lambda: writing(engine), lambda: datetime.now(UTC), lease=timedelta(seconds=1)).run(Fake(pages))
"""


def test_killed_at_any_moment_it_goes_on_where_it_was(database_url: str, engine: Engine) -> None:
    settings = {name: value for name, value in os.environ.items() if not name.startswith("VIEW3_")}
    command = [sys.executable, "-c", KILLED, database_url, str(ROOT)]
    for death in (20, 60, 61):
        with subprocess.Popen(command, cwd=ROOT, env=settings, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            for line in process.stdout:
                if int(line) >= death:
                    process.send_signal(signal.SIGKILL)
                    break
        time.sleep(2.1)  # until the lease of the dead is over
    asked: list[int] = []

    def rest(state: Payload) -> Iterator[Page]:
        asked.append(state["at"])
        for number in range(state["at"] + 1, 400):
            yield Page({"at": number}, [Answer(f"q/{number:03}", "kind", {"v": number})])

    assert poller(engine).once(Fake(rest)).ended is Ended.WELL
    assert asked[0] >= 61
    assert kept(engine) == list(range(400))


def test_the_database_keeps_the_time(engine: Engine) -> None:
    with writing(engine) as connection:
        now = polls.database_now(connection)
    assert abs(now - datetime.now(UTC)) < timedelta(minutes=1)
