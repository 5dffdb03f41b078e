"""The way out: the one HTTP client that asks vendors. It waits, tries again, gives up in time, and keeps secrets."""

import logging
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from random import uniform
from typing import Any

import httpx2
import stamina

from connectors.contract import Payload, UnreadablePayloadError, VendorError
from connectors.payload import parse

LARGEST = 64 * 1024 * 1024
BUSY = frozenset({408, 425, 429, 500, 502, 503, 504})
# Both write whole addresses, and some vendors want their key in there.
for _name in ("httpx2", "httpcore2"):
    logging.getLogger(_name).addFilter(lambda _record: False)
    logging.getLogger(_name).setLevel(logging.CRITICAL)
logging.getLogger("stamina").addHandler(logging.NullHandler())  # a try more is nobody's concern


@dataclass(frozen=True, slots=True)
class Told:
    """What a vendor answered: status, headers under names in lower case, and the bytes."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def payload(self) -> dict[str, Any]:
        """Return the JSON object; raises UnreadablePayloadError for anything else. Decimals stay exact."""
        return parse(self.body)


class RefusedError(VendorError):
    """A vendor that said no, and would say so again: what it said is here for the source to put into words."""

    def __init__(self, sentence: str, told: Told) -> None:
        super().__init__(sentence)
        self.status, self.headers = told.status, told.headers
        self.body, self.payload = told.body, _object(told)


class BusyError(VendorError):
    """A vendor that is away or overburdened: worth another try."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a vendor is waited for, in seconds: for a piece of an answer, between tries, and for everything together."""

    connect: float = 10
    read: float = 30
    attempts: int = 5
    first_pause: float = 1
    longest_pause: float = 30
    deadline: float = 120


def _never(_told: Told) -> bool:
    return False


@dataclass(frozen=True, slots=True)
class Web:
    """Asks one vendor. `is_busy` knows the refusals by which this vendor means "later"; `auth` adds the credentials."""

    vendor: str
    address: str
    clock: Callable[[], datetime]
    auth: httpx2.Auth | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    patience: Patience = field(default_factory=Patience)
    is_busy: Callable[[Told], bool] = _never

    @contextmanager
    def asking(self) -> Iterator["Asking"]:
        """Give what asks over connections that stay open from one question to the next."""
        with httpx2.Client(
            base_url=self.address,
            auth=self.auth,
            headers={"User-Agent": "view3", **self.headers},
            timeout=httpx2.Timeout(self.patience.read, connect=self.patience.connect),
        ) as client:
            yield Asking(self, client)


@dataclass(slots=True)
class Attempts:
    """How often a vendor was asked, every try counted: a quota counts them all."""

    made: int = 0


@dataclass(frozen=True, slots=True)
class Asking:
    """A conversation with one vendor."""

    web: Web
    client: httpx2.Client
    attempts: Attempts = field(default_factory=Attempts)

    def get(self, path: str, params: Mapping[str, str] | None = None) -> Told:
        """Return the answer to GET; `path` is below the vendor's address, or a whole address there (a next page).

        Raises RefusedError where the vendor says no, BusyError where it is still away after every try.
        """
        return self._ask("GET", path, params=params)

    def post(self, path: str, *, json: Payload | None = None, form: Mapping[str, str] | None = None) -> Told:
        """Return the answer to POST, which is tried again like GET: send only what may arrive twice."""
        return self._ask("POST", path, json=json, data=form)

    def once(self) -> "Asking":
        """Return a conversation with one attempt per question, for an object that failed before: others are waiting."""
        return Asking(replace(self.web, patience=replace(self.web.patience, attempts=1)), self.client, self.attempts)

    def _ask(self, method: str, path: str, **content: Any) -> Told:
        patience = self.web.patience
        ends = time.monotonic() + patience.deadline
        request = self.client.build_request(method, path, **content)
        if request.url.host != self.client.base_url.host:  # our credentials are for this vendor alone
            raise VendorError(f"{self.web.vendor} sent us on to another address, {request.url.host}; it was not asked.")
        for attempt in stamina.retry_context(
            on=lambda error: self._worth_waiting(error, ends),
            attempts=patience.attempts,
            timeout=patience.deadline,
            wait_initial=patience.first_pause,
            wait_max=patience.longest_pause,
            wait_jitter=patience.first_pause,
        ):
            with attempt:
                return self._once(request, ends)
        raise AssertionError("the last attempt returns or raises")  # pragma: no cover

    def _worth_waiting(self, error: Exception, ends: float) -> bool | float:
        """Tell whether to try again; a vendor that names a moment is waited for until then, unless that is too late."""
        if not isinstance(error, BusyError) or error.again_at is None:
            return isinstance(error, BusyError)
        pause = max(0.0, (error.again_at - self.web.clock()).total_seconds())
        if pause > self.web.patience.longest_pause or time.monotonic() + pause > ends:
            return False
        return pause + uniform(0, self.web.patience.first_pause)  # noqa: S311 (jitter)

    def _once(self, request: httpx2.Request, ends: float) -> Told:
        what = f"{request.method} {request.url.host}{request.url.path}"  # never the query, which may hold a key
        self.attempts.made += 1
        with self._in_words(what):
            response = self.client.send(request, stream=True)
            try:
                told = Told(response.status_code, dict(response.headers), self._body(response, ends))
            finally:
                response.close()
        if told.status in BUSY or self.web.is_busy(told):
            raise BusyError(
                f"{self.web.vendor} answered {told.status} to {what}.",
                again_at=again_at(told.headers, self.web.clock()),
            )
        if not 200 <= told.status < 300:  # noqa: PLR2004 (HTTP's own)
            raise RefusedError(f"{self.web.vendor} answered {told.status} to {what}.", told)
        return told

    def _body(self, response: httpx2.Response, ends: float) -> bytes:
        body = bytearray()
        for chunk in response.iter_bytes():
            body += chunk
            if time.monotonic() > ends:
                raise BusyError(
                    f"{self.web.vendor} answers too slowly: {self.web.patience.deadline:.0f} s were not enough."
                )
            if len(body) > LARGEST:
                raise VendorError(f"{self.web.vendor} answered more than {LARGEST // 1024**2} MiB at once.")
        return bytes(body)

    @contextmanager
    def _in_words(self, what: str) -> Iterator[None]:
        try:
            yield
        except httpx2.TimeoutException:
            raise BusyError(f"{self.web.vendor} did not answer in time: {what}.") from None
        except httpx2.RequestError as error:  # its text may hold the address, and that a key
            raise BusyError(f"{self.web.vendor} cannot be reached ({type(error).__name__}): {what}.") from None


def again_at(headers: Mapping[str, str], now: datetime) -> datetime | None:
    """Return when a vendor wants to be asked again: Retry-After in seconds, as an HTTP date or as an ISO moment."""
    text = headers.get("retry-after", "").strip()
    if not text:
        return None
    try:
        if text.replace(".", "", 1).isdigit():
            return now + timedelta(seconds=float(text))
        moment = parsedate_to_datetime(text) if text[:1].isalpha() else datetime.fromisoformat(text)
    except (ValueError, OverflowError):
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _object(told: Told) -> dict[str, Any]:
    try:
        return told.payload
    except UnreadablePayloadError:
        return {}
