"""How many lines strangers may write into a log."""

import logging

from analytics.line_limit import LONGEST_LINE, LineFilter, LineLimit


class Clock:
    seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


def test_a_kind_gets_its_lines_a_minute_and_the_next_minute_says_how_many_were_left_out():
    clock = Clock()
    limit = LineLimit(2, clock)

    assert [limit.shortened("one", "a line") for _ in range(5)] == ["a line", "a line", None, None, None]
    assert limit.shortened("other", "another") == "another"
    clock.seconds += 60
    assert limit.shortened("one", "a line") == "a line (3 more like it were left out)"
    clock.seconds += 60
    assert limit.shortened("one", "a line") == "a line"


def test_a_line_is_cut_to_a_length():
    assert len(LineLimit().shortened("kind", "x" * 100_000) or "") == LONGEST_LINE


def test_a_library_logs_once_a_minute_from_one_place():
    only, record = (
        LineFilter(),
        logging.LogRecord("asyncio", logging.ERROR, "events.py", 80, "accept %s failed", (5,), None),
    )

    assert only.filter(record)
    assert record.getMessage() == "accept 5 failed"
    assert not only.filter(record)
