"""How a vendor's past is walked: kind by kind, newest first, back to a date; a broken-off run goes on where it was."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Generic, TypeVar

from connectors.contract import Answer, Original, Page, Payload

T = TypeVar("T")  # an object as the vendor tells it


@dataclass(frozen=True, slots=True)
class Past(ABC, Generic[T]):
    """A source of objects back to the start of a date (UTC); what it is asked for once it is not asked for again."""

    since: date
    kinds: tuple[str, ...]

    @abstractmethod
    def pages(self, kind: str, after: str) -> Iterator[tuple[list[T], str]]:
        """Yield the objects of each page after an id that are not older than the date, with the id to go on after."""

    @abstractmethod
    def part(self, kind: str, one: T) -> Answer | Original:
        """Return an object as an answer, an event as the one its webhook would have brought."""

    @abstractmethod
    def created_at(self, one: T) -> datetime:
        """Return when an object was made, aware."""

    def fetch(self, state: Payload, clock: Callable[[], datetime]) -> Iterator[Page]:  # noqa: ARG002 (one face for every source)
        """Yield a page of objects at a time, then word that this is all."""
        state = dict(state)
        if state.get("since") != self.since.isoformat() or state.get("done"):
            state = {"since": self.since.isoformat(), "kind": self.kinds[0], "after": "", "pages": 0, "objects": 0}
        for kind in self.kinds[self.kinds.index(state["kind"]) :]:
            for objects, after in self.pages(kind, state["after"] if state["kind"] == kind else ""):
                read = {"pages": state["pages"] + 1, "objects": state["objects"] + len(objects)}
                state = {**state, **read, "kind": kind, "after": after}
                yield Page(state, [self.part(kind, one) for one in objects], self._progress(state, objects))
        yield Page({**state, "done": True})

    def pause(self, state: Payload, now: datetime) -> timedelta | None:  # noqa: ARG002
        """Return nothing: the past is asked for once."""
        return None

    def note(self, state: Payload, now: datetime) -> str:  # noqa: ARG002
        """Return how much has been read."""
        return f"{state.get('objects', 0):,} objects on {state.get('pages', 0):,} pages since {state.get('since', '?')}"

    def young(self, objects: list[T]) -> list[T]:
        """Return the objects that are not older than the date."""
        begin = datetime.combine(self.since, time(), UTC)
        return [one for one in objects if self.created_at(one) >= begin]

    def _progress(self, state: Payload, objects: list[T]) -> str:
        reached = f", back to {self.created_at(objects[-1]):%Y-%m-%d}" if objects else ""
        return f"{state['kind']}s: page {state['pages']:,}, {state['objects']:,} objects{reached}"
