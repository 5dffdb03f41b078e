"""What every connector promises and how it says no."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Protocol

from analytics.challenge import Challenge
from analytics.records import Record, UtmMapping


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


HeldSale = tuple[str, str, Decimal, str, datetime]


@dataclass(frozen=True, slots=True)
class Reading:
    """What a file is read against: the challenge, whose zone naive times are in, and the reporting currency.

    `held` yields name, product, price, currency and moment of each sale that the database has, for files that name no id.
    `account` is the ad account that a report without one is of; `date_order` settles dates that nothing else does.
    `now` is when it is read, where that matters: an event cannot lie ahead of it.
    `rooms` are the numbers of the challenge's rooms on Zoom; without any, every meeting of a list is taken.
    """

    challenge: Challenge
    currency: str
    mapping: UtmMapping = field(default_factory=UtmMapping)
    held: Callable[[], Iterable[HeldSale]] = tuple
    account: str = ""
    date_order: str = ""
    now: datetime | None = None
    rooms: tuple[str, ...] = ()


class BadSignatureError(ValueError):
    """A request that its vendor did not sign; `stale` where the signature is good and only the time is not."""

    def __init__(self, reason: str, *, stale: bool = False) -> None:
        super().__init__(reason)
        self.stale = stale


class UnreadablePayloadError(ValueError):
    """A body or an event that cannot be read; the message names the field and what stands there, never its value."""


class LookUpFailedError(Exception):
    """A look-up without an answer for now: the vendor is asked later, and the event read again then."""


Payload = Mapping[str, Any]


class LookUp(Protocol):
    """What a vendor is asked when its event does not tell; None where nobody can be asked."""

    def line_items(self, session_id: str) -> Sequence[Payload] | None:
        """Return what was bought in a Stripe Checkout session; raise LookUpFailedError where asking again may help."""
        ...


class NoLookUp:
    """Nobody to ask: the event has to do."""

    def line_items(self, session_id: str) -> None:
        """Return nothing."""


class Reader(Protocol):
    """Whoever understands what the inbox keeps of one source."""

    def normalise(self, payload: Payload, look_up: LookUp) -> Iterator[Record]:
        """Yield what an event means to us: nothing for many; raise UnreadablePayloadError for one that is broken."""
        ...


class Webhook(Reader, Protocol):
    """A vendor that calls us. Header names are in lower case; whatever the bytes, only the two errors above escape."""

    SOURCE: str

    def verify(self, headers: Mapping[str, str], body: bytes, secrets: Sequence[str], now: datetime) -> None:
        """Raise BadSignatureError unless the vendor signed these bytes with one of the secrets, and recently."""
        ...

    def event_id(self, payload: Payload, body: bytes, headers: Mapping[str, str]) -> str:
        """Return the id under which an event is kept once: at most 191 ASCII characters."""
        ...

    def kind(self, payload: Payload) -> str:
        """Return the vendor's name for what happened: at most 64 ASCII characters."""
        ...

    def keep(self, payload: Payload, body: bytes) -> bytes:
        """Return what may be stored of an event, which reads like the event itself."""
        ...


class VendorError(Exception):
    """A vendor that could not be asked; the message is a sentence for people and holds no secret.

    `again_at` is when the vendor wants to be asked again, None where it does not say.
    """

    def __init__(self, sentence: str, *, again_at: datetime | None = None) -> None:
        super().__init__(sentence)
        self.again_at = again_at


@dataclass(frozen=True, slots=True)
class Answer:
    """A part of what a vendor answered. `name` says what was asked: the same question later has the same name.

    The inbox keeps it as `{"asked_at": …, "kind": …, "told": …}`, a new version of it whenever `told` has changed.
    """

    name: str
    kind: str
    told: Payload


@dataclass(frozen=True, slots=True)
class Original:
    """An event of a vendor's own log, kept as its webhook would be: under its own id, once, for the webhook's reader."""

    source: str
    event_id: str
    kind: str
    body: bytes


@dataclass(frozen=True, slots=True)
class Page:
    """What is committed at once: parts of an answer, where to go on after it, and a few words on how far that is."""

    state: Payload
    parts: Sequence[Answer | Original] = ()
    progress: str = ""


class Source(Protocol):
    """A vendor that we ask. Its state is any JSON object, empty before the first run; only its last page's counts."""

    @property
    def name(self) -> str:
        """Return the name under which its state and its answers are kept: at most 32 ASCII characters."""
        ...

    def fetch(self, state: Payload, clock: Callable[[], datetime]) -> Iterator[Page]:
        """Yield pages from where the state says; raise VendorError where the vendor cannot be asked on."""
        ...

    def pause(self, state: Payload, now: datetime) -> timedelta | None:
        """Return how long to wait after a good run; None: there is nothing more to ask, ever."""
        ...

    def note(self, state: Payload, now: datetime) -> str:
        """Return what is worth telling of the state, such as the quota spent; empty where nothing is."""
        ...

    def check(self, clock: Callable[[], datetime]) -> str:
        """Return in a sentence what the credentials are good for, by the cheapest calls; raise VendorError."""
        ...
