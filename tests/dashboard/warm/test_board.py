"""The board on which the reader writes the newest revision."""

from pathlib import Path

from analytics.dashboard.warm import board
from analytics.dashboard.warm.board import Board, Onlooker, Revision


def test_what_was_written_last_is_seen(tmp_path: Path):
    onlooker = Onlooker(tmp_path)
    assert onlooker.newest() is None
    written = Board(tmp_path)
    assert onlooker.newest() is None
    for count in (1, 2):
        written.write(Revision(7, count))
        assert onlooker.newest() == Revision(7, count)


def test_a_reader_that_writes_no_more_counts_as_gone_until_another_writes(tmp_path: Path, monkeypatch):
    onlooker = Onlooker(tmp_path)
    Board(tmp_path).write(Revision(7, 3))
    assert onlooker.newest() == Revision(7, 3)
    monkeypatch.setattr(board, "FRESH", 0.0)
    assert onlooker.newest() is None
    monkeypatch.undo()
    Board(tmp_path).write(Revision(8, 1))
    monkeypatch.setattr(onlooker, "_memory", None)
    assert onlooker.newest() == Revision(8, 1)


def test_another_reader_is_newer_whatever_it_has_counted():
    assert Revision(2, 0) > Revision(1, 99) > Revision(1, 98)
