"""Keeps a log readable under strangers: a few lines for each kind of trouble and minute, the others are counted."""

import logging
import time
from collections.abc import Callable
from typing import Final

MINUTE: Final = 60.0  # seconds
LONGEST_LINE: Final = 300  # characters


class LineLimit:
    """Decides which lines are written; kinds are the caller's own constants, so few are remembered."""

    def __init__(self, lines: int = 1, clock: Callable[[], float] = time.monotonic) -> None:
        self._lines, self._clock = lines, clock
        self._seen: dict[str, tuple[float, int]] = {}  # when a kind's minute began, and how many lines came since

    def shortened(self, kind: str, line: str) -> str | None:
        """Return the line with how many like it were left out before; None where it is left out."""
        now = self._clock()
        began, seen = self._seen.get(kind, (now - MINUTE, 0))
        if now - began < MINUTE:
            self._seen[kind] = began, seen + 1
            return line[:LONGEST_LINE] if seen < self._lines else None
        self._seen[kind] = now, 1
        left_out = seen - self._lines
        return (
            f"{line[:LONGEST_LINE]} ({left_out:,} more like it were left out)" if left_out > 0 else line[:LONGEST_LINE]
        )


class LineFilter(logging.Filter):
    """Limits what libraries log: a few lines a minute from one place in their code, each of bounded length."""

    def __init__(self, lines: int = 1) -> None:
        super().__init__()
        self._limit = LineLimit(lines)

    def text(self, record: logging.LogRecord) -> str:
        """Return what a record says."""
        return record.getMessage()

    def filter(self, record: logging.LogRecord) -> bool:
        """Rewrite a record; drop it where too many came from its place."""
        line = self._limit.shortened(f"{record.pathname}:{record.lineno}", self.text(record))
        record.msg, record.args = line, ()
        return line is not None
