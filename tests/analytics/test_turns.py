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


def test_a_writer_waits_for_the_transaction_in_hand_and_not_for_the_next_one(url: str) -> None:
    batches, writes, over = 0, threading.Event(), threading.Event()

    def write_without_a_pause() -> None:
        nonlocal batches
        engine = open_engine(url)
        while not over.is_set():
            with writing(engine) as connection:
                batches += 1
                writes.set()
                time.sleep(HELD)
                writes.clear()
        engine.dispose()

    drain = threading.Thread(target=write_without_a_pause)
    drain.start()
    engine = open_engine(url)
    waited_for = []
    try:
        for _ in range(20):
            assert writes.wait(10)
            before = batches
            write(engine)
            waited_for.append(batches - before)
    finally:
        over.set()
        drain.join(10)
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
