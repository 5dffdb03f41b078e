"""What every connector promises and how it says no."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from analytics.challenge import Challenge
from analytics.records import Record


class UnusableFileError(ValueError):
    """A file that cannot be imported at all; the message is a sentence for people that says what to do instead."""


class RowError(ValueError):
    """A row that cannot be read; the message is a sentence for people that names the value."""


class Refusal(Protocol):
    """A record the door refused: its position in the stream, from 0, and why."""

    @property
    def position(self) -> int: ...  # noqa: D102
    @property
    def reason(self) -> str: ...  # noqa: D102


class Accepted(Protocol):
    """What the door answers: how many records were new, changed, already there, and which it refused."""

    @property
    def new(self) -> int: ...  # noqa: D102
    @property
    def changed(self) -> int: ...  # noqa: D102
    @property
    def same(self) -> int: ...  # noqa: D102
    @property
    def unclassified(self) -> int: ...  # noqa: D102
    @property
    def excluded(self) -> int: ...  # noqa: D102
    @property
    def refused(self) -> Sequence[Refusal]: ...  # noqa: D102


Door = Callable[[Iterable[Record]], Accepted]


@dataclass(frozen=True, slots=True)
class Reading:
    """What a file is read against: the challenge, whose zone naive times are in, and the reporting currency."""

    challenge: Challenge
    currency: str
