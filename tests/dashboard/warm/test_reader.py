"""One reader for all pages: each question once per revision, and never an older answer than the one announced."""

import os
import pickle
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from queue import Queue

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from analytics.breakdown import Breakdown
from analytics.dashboard.warm import wire
from analytics.dashboard.warm.board import Onlooker
from analytics.dashboard.warm.reader import QUIET, TRUE_FOR
from analytics.dashboard.warm.sharing import AwayError, Shared
from analytics.view3 import Asked, View3
from tests.dashboard.fake_source import CHALLENGE, FakeSource
from tests.processes import until

WITHIN = 20.0  # seconds for anything to come about on a busy machine


class Filed(FakeSource):
    """A source whose state is a number in a file, which any process may change; every reading is a line in another."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.folder = folder

    def state(self) -> int:
        with suppress(ValueError):
            return int((self.folder / "state").read_text())
        raise ConnectionError("the database is away")

    def change(self, state: int | str) -> None:
        (self.folder / "state.new").write_text(str(state))
        (self.folder / "state.new").replace(self.folder / "state")

    def fingerprint(self) -> str:
        return str(self.state())

    def view(self, period=None) -> View3:
        with (self.folder / "readings").open("a") as readings:
            readings.write(f"{os.getpid()} {self.state()} {period}\n")
        state = self.state()
        time.sleep(0.01)  # a reading takes its time, and the database goes on meanwhile
        view = super().view(period)
        return replace(view, asked=(Asked("sales", "SELECT 1", (("state", state),), state, "hash"),))

    def campaigns_of(self, view: View3) -> Breakdown:
        with (self.folder / "readings").open("a") as readings:
            readings.write(f"{os.getpid()} {self.state()} campaigns\n")
        return super().campaigns_of(view)

    def readings(self) -> list[list[str]]:
        path = self.folder / "readings"
        return [line.split(" ", 2) for line in path.read_text().splitlines()] if path.exists() else []


class ForAll:
    """A reader in a process of its own, as the warm process has it."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.source = folder, Filed(folder)
        self.source.change(1)
        (folder / "clock").touch()
        self.pid = 0
        self.pages: list[Shared] = []

    def start(self, quiet: float = QUIET) -> None:
        program = (
            "import os, pathlib; from analytics.dashboard.warm import reader;"
            "from analytics.dashboard.warm.reader import read_for_all;"
            f"reader.QUIET = {quiet};"
            "from tests.dashboard.warm.test_reader import Filed;"
            f"folder = pathlib.Path({str(self.folder)!r});"
            "clock = lambda: (folder / 'clock').stat().st_mtime;"
            "read_for_all(folder, lambda: Filed(folder), os.pidfd_open(os.getppid()), clock)"
        )
        self.process = subprocess.Popen([sys.executable, "-c", program])  # not a fork of ours, which has threads
        self.pid = self.process.pid
        until(lambda: Onlooker(self.folder).newest())
        until((self.folder / wire.READS).exists)

    def page(self) -> Shared:
        self.pages.append(Shared(Filed(self.folder), self.folder))
        return self.pages[-1]

    def later(self, seconds: float) -> None:
        """Have the reader's clock, a file's time, go on; it stands still otherwise."""
        then = (self.folder / "clock").stat().st_mtime + seconds
        os.utime(self.folder / "clock", (then, then))

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(WITHIN)


@pytest.fixture
def reader(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Iterator[ForAll]:
    made = ForAll(tmp_path_factory.mktemp("reader"))
    made.start(getattr(request, "param", QUIET))
    yield made
    for page in made.pages:
        page.close()
    made.kill()


def test_a_hundred_pages_with_one_question_are_one_reading(reader: ForAll):
    pages = [reader.page() for _ in range(100)]
    for state in (1, 2, 3):
        mark = pages[0].fingerprint()
        reader.source.change(state)
        until(lambda: state == 1 or pages[0].fingerprint() != mark)  # noqa: B023 - called at once
        before = len(reader.source.readings())
        for page in pages:
            page.fingerprint()
        with ThreadPoolExecutor(100) as crowd:
            views = [*crowd.map(Shared.view, pages)]
        assert {view.asked[0].rows for view in views} == {state}
        assert Counter(pid for pid, *_ in reader.source.readings()[before:]) == {str(reader.pid): 1}


def test_the_campaigns_of_a_view_are_read_once_for_all_pages(reader: ForAll):
    told = [page.campaigns_of(page.view()) for page in (reader.page() for _ in range(10))]
    assert {one.total for one in told} == {reader.source.campaigns_of(FakeSource().view()).total}
    read = [pid for pid, _, what in reader.source.readings() if what == "campaigns"]
    assert Counter(read) == {str(reader.pid): 1, str(os.getpid()): 1}


def test_other_questions_are_other_readings(reader: ForAll):
    page, days = reader.page(), [CHALLENGE.days(1, last) for last in (3, 4, 5)]
    assert [page.view(period).period for period in days + days] == days + days
    assert len(reader.source.readings()) == 3


def test_what_depends_on_the_moment_is_read_again_after_a_while(reader: ForAll):
    page = reader.page()
    for _ in range(2):
        page.view()
    assert len(reader.source.readings()) == 1
    reader.later(TRUE_FOR)
    for _ in range(2):
        page.view()
    assert len(reader.source.readings()) == 2


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(pauses=st.lists(st.integers(0, 30), min_size=1, max_size=6))
def test_nobody_is_told_less_than_anybody_was_told_before(reader: ForAll, pauses: list[int]):
    """The state only grows here, so an answer is old exactly where it is smaller than one that was there when it was asked for."""
    floors = [reader.source.state()]
    faults: list[tuple[int, int]] = []
    over = threading.Event()

    def watch() -> None:
        page = reader.page()
        while not over.is_set():
            floor = floors[-1]
            page.fingerprint()
            told = page.view().asked[0].rows
            if told < floor:
                faults.append((floor, told))
            floors.append(max(told, floors[-1]))

    crowd = [threading.Thread(target=watch) for _ in range(8)]
    for one in crowd:
        one.start()
    for pause in pauses:
        reader.source.change(reader.source.state() + 1)
        time.sleep(pause / 1000)
    until(lambda: floors[-1] == reader.source.state())
    over.set()
    for one in crowd:
        one.join(WITHIN)
    assert faults == []


def test_an_announced_revision_is_read_before_it_is_answered(reader: ForAll):
    page = reader.page()
    page.view()
    for state in range(2, 12):
        mark = page.fingerprint()
        reader.source.change(state)
        until(lambda: page.fingerprint() != mark)  # noqa: B023 - called at once
        assert page.view().asked[0].rows == state


@pytest.mark.parametrize("reader", [10 * WITHIN], indirect=True, ids=["never told that there are none"])
def test_who_waits_for_news_hears_them_at_once(reader: ForAll):
    page, marks = reader.page(), Queue[str]()

    def wait_for_news() -> None:
        for _ in range(3):
            page.pause(WITHIN)
            marks.put(page.fingerprint())

    threading.Thread(target=wait_for_news, daemon=True).start()
    heard = [marks.get(timeout=WITHIN)]  # how things stand
    for state in (2, 3):
        assert marks.empty()
        reader.source.change(state)
        heard.append(marks.get(timeout=WITHIN))

    assert len(set(heard)) == 3


def test_waiting_for_news_keeps_nobody_busy(reader: ForAll):
    page = reader.page()
    page.pause(WITHIN)
    begun, waits = time.monotonic(), 0
    while time.monotonic() < begun + 1.5 * QUIET:
        page.pause(WITHIN)
        waits += 1
    assert waits <= 2


def test_where_nobody_tells_news_a_page_waits_for_itself(reader: ForAll):
    page = reader.page()
    reader.kill()
    begun = time.monotonic()
    page.pause(0.1)
    assert 0.1 <= time.monotonic() - begun < WITHIN


def test_where_the_reader_dies_pages_read_for_themselves_and_then_through_the_next(reader: ForAll):
    page = reader.page()
    assert page.view().asked[0].rows == 1
    reader.kill()
    reader.source.change(5)
    before = len(reader.source.readings())
    assert page.view().asked[0].rows == 5
    assert [pid for pid, *_ in reader.source.readings()[before:]] == [str(os.getpid())]
    until(lambda: "." not in page.fingerprint())  # the board is old, the database itself is asked

    reader.start()
    until(lambda: "." in page.fingerprint())
    assert page.view().asked[0].rows == 5
    assert reader.source.readings()[-1][0] == str(reader.pid)


def test_a_database_that_is_away_is_told_and_its_return_as_well(reader: ForAll):
    page = reader.page()
    page.view()
    reader.source.change("away")
    with pytest.raises(AwayError):
        until(lambda: not page.fingerprint())
    with pytest.raises(AwayError, match="away"):
        page.view()
    reader.source.change(9)

    def is_back() -> bool:
        with suppress(AwayError):
            return bool(page.fingerprint())
        return False

    until(is_back)
    assert page.view().asked[0].rows == 9


def test_what_is_not_shared_is_not_answered(reader: ForAll):
    with wire.connect(reader.folder / wire.READS, WITHIN) as connection:
        connection.sendall(wire.framed(pickle.dumps((("now", ()), None))))
        assert pickle.loads(wire.receive(connection)) == "now"  # noqa: S301 - our own
