"""What the page reads, in parts: each fails alone, and none is read again while neither question nor database changed."""

import logging
from collections import deque
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar, cast

from analytics.challenge import Period
from analytics.dashboard.address import Address
from analytics.view3 import Choices, SaleRow, SalesFilter, SalesPage, View3

log = logging.getLogger(__name__)
T = TypeVar("T")
_told: deque[str] = deque(maxlen=8)


@dataclass(frozen=True, slots=True)
class Wish:
    """What the viewer asks for, taken from the controls in one moment."""

    address: Address
    period: Period | None
    sales: SalesFilter
    selected: SaleRow | None


@dataclass(frozen=True, slots=True)
class Reading:
    """What was read for a wish; a part that could not be read is None."""

    at: datetime
    mark: str
    view: View3 | None
    page: SalesPage | None
    choices: Choices | None
    why: str


class Parts:
    """Remembers the newest good answer of every part with its question and the mark of the database at that time."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[str, Hashable, object]] = {}

    def have(self, name: str, mark: str, question: Hashable, action: Callable[[], T]) -> T | None:
        """Return a part, read anew where database or question changed since; None where it cannot be read."""
        known = self._known.get(name)
        if known is not None and mark and known[:2] == (mark, question):
            return cast("T", known[2])
        value = attempt(action)
        if value is not None:
            self._known[name] = (mark, question, value)
        return value

    def forget(self, name: str) -> None:
        """Have a part read anew whatever the mark says."""
        self._known.pop(name, None)


def attempt(action: Callable[[], T]) -> T | None:
    """Return what an action gives, or None and a line in the log; a viewer never meets a traceback."""
    try:
        return action()
    except Exception as error:
        if str(error) not in _told:  # while a database is away, every other second brings the same
            _told.append(str(error))
            log.exception("a part of the page could not be read")
        return None
