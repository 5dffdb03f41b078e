"""Writers of one SQLite file take turns: one that writes batch after batch lets every other in between."""

import threading
import time
from pathlib import Path

import pytest
import sqlalchemy as sa

from analytics import database
from analytics.database import open_engine, writing

HELD = 0.05


def write(engine: sa.Engine) -> None:
    with writing(engine) as connection:
        connection.exec_driver_sql("INSERT INTO written VALUES (1)")


@pytest.fixture
def url(tmp_path: Path) -> str:
    url = f"sqlite:///{tmp_path}/view3.db"
    engine = open_engine(url)
    with writing(engine) as connection:
        connection.exec_driver_sql("CREATE TABLE written (one INTEGER)")
    engine.dispose()
    return url


class Busy:
    """A process that writes batch after batch without a pause."""

    def __init__(self, url: str) -> None:
        self.engine, self.batches = open_engine(url), 0
        self.writes, self.over = threading.Event(), threading.Event()
        self.thread = threading.Thread(target=self.work)

    def __enter__(self) -> "Busy":
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.over.set()
        self.thread.join(10)
        self.engine.dispose()

    def work(self) -> None:
        while not self.over.is_set():
            with writing(self.engine):
                self.batches += 1
                self.writes.set()
                time.sleep(HELD)
                self.writes.clear()


def test_a_writer_waits_for_the_transaction_in_hand_and_not_for_the_next_one(url: str) -> None:
    engine, waited_for = open_engine(url), []
    with Busy(url) as busy:
        for _ in range(20):
            assert busy.writes.wait(10)
            before = busy.batches
            write(engine)
            waited_for.append(busy.batches - before)
    engine.dispose()
    # One batch runs, and one may have been ahead in the queue.
    assert max(waited_for) <= 2, waited_for


def test_without_a_file_for_the_queue_writers_still_write(url: str, tmp_path: Path) -> None:
    (tmp_path / "view3.db.turn").unlink()
    (tmp_path / "view3.db.turn").mkdir()  # nothing can be opened under that name
    engine = open_engine(url)
    write(engine)
    engine.dispose()


def test_a_place_in_the_queue_that_is_kept_too_long_is_passed(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "LOCKED", 0.1)
    with (tmp_path / "view3.db.turn").open("ab") as file:
        database._queue(file)
        engine = open_engine(url)
        write(engine)
        engine.dispose()
