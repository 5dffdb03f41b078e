"""The events of any other tool as they arrive: checked one by one, and each kept under an id made of what it says."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from analytics.records import Record
from connectors import signatures
from connectors.contract import BadSignatureError, LookUp, Payload, UnreadablePayloadError
from connectors.events.fields import LONGEST_ID
from connectors.events.records import records_of
from connectors.events.shapes import AnyEvent, as_json, read
from connectors.inbox import Event, Kept
from connectors.payload import clean, what

SOURCE = "events"
SIGNATURE = "X-View3-Signature"
TOLERANCE = timedelta(seconds=300)
MOST_ITEMS = 500
PATH = "/webhooks/events"
TOKEN, SECRET = "events_token", "events_secret"  # the settings


@dataclass(frozen=True, slots=True)
class Shared:
    """What other tools know of us: the tokens of the address, none where it is off, and the secrets that sign, if any."""

    tokens: Sequence[str] = ()
    secrets: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Item:
    """One event of a request: what is to be kept of it, or why nothing is."""

    id: str
    event: Event | None = None
    reason: str = ""
    ignored: Sequence[str] = ()

    def answer(self, kept: Kept | None) -> dict[str, Any]:
        """Return what its sender is told; `kept` is what keeping it found."""
        if self.event is None:
            return {"id": self.id, "result": "rejected", "reason": self.reason}
        result = "already known" if kept is Kept.DUPLICATE else "accepted"
        return {"id": self.id, "result": result} | ({"ignored": list(self.ignored)} if self.ignored else {})


def verify(headers: Mapping[str, str], body: bytes, secrets: Sequence[str], now: datetime) -> None:
    """Raise BadSignatureError unless the body is signed with one of the secrets, and recently."""
    parts = [part.strip().partition("=") for part in headers.get(SIGNATURE.lower(), "").split(",", 2)]
    told = {name: value for name, _, value in parts}
    stamp = told.get("t", "")
    if len(told) != len(parts) or not signatures.is_stamp(stamp):
        raise BadSignatureError(signatures.MISSING)
    signatures.check(stamp.encode() + b"." + body, [told.get("v1", "")], secrets)
    signatures.check_time(stamp, now, TOLERANCE)


def items_of(payload: Payload, now: datetime) -> list[Item]:
    """Return the events of a body, which is one or holds several; raise UnreadablePayloadError for neither."""
    if "events" not in payload:
        return [_item(payload, now)]
    told = payload["events"]
    if not isinstance(told, list):
        raise UnreadablePayloadError(f"'events' is {what(told)}, not a list")
    if not 0 < len(told) <= MOST_ITEMS:
        raise UnreadablePayloadError(f"'events' holds {len(told)} events: send 1 to {MOST_ITEMS} at once")
    return [_item(one, now) for one in told]


def answer(items: Sequence[Item], kept: Sequence[Kept]) -> tuple[int, dict[str, Any]]:
    """Return status and body of the answer; `kept` is what keeping those found that are to be kept, in their order."""
    found = iter(kept)
    results = [item.answer(next(found) if item.event else None) for item in items]
    counts = {
        result.replace(" ", "_"): sum(one["result"] == result for one in results)
        for result in ("accepted", "already known", "rejected")
    }
    return (200 if kept else 422), {**counts, "results": results}


def to_keep(event: AnyEvent, now: datetime) -> Event:
    """Return an event for the inbox: the same statement has the same id, one that differs an id of its own."""
    body = as_json(event)
    digest = hashlib.blake2b(body, digest_size=16).hexdigest()
    return Event(SOURCE, f"{event.source}.{event.type}.{digest}", event.type, body, now)


def _item(told: object, now: datetime) -> Item:
    known_as = clean(str(told.get("id", "")))[:LONGEST_ID] if isinstance(told, dict) else ""
    try:
        found = read(told, now)
    except UnreadablePayloadError as error:
        return Item(known_as, reason=str(error))
    return Item(found.event.id, to_keep(found.event, now), ignored=found.ignored)


def normalise(payload: Payload, look_up: LookUp) -> Iterator[Record]:  # noqa: ARG001 (one face for every source)
    """Yield what an event means to us."""
    yield from records_of(read(payload).event)
