"""Events to send, keep and read: the payloads of tests/payloads, signed as their vendors sign."""

from datetime import UTC, datetime
from pathlib import Path

from connectors import signatures
from connectors.clickfunnels import webhooks as clickfunnels
from connectors.clickfunnels_classic import webhooks as clickfunnels_classic
from connectors.inbox import Event
from connectors.payload import parse
from connectors.stripe import webhooks as stripe
from connectors.zoom import webhooks as zoom

NOW = datetime(2026, 1, 20, 18, 0, tzinfo=UTC)
FOLDER = Path(__file__).parents[1] / "payloads"
SOURCES = {
    "stripe": ("stripe", stripe),
    "clickfunnels": ("clickfunnels", clickfunnels),
    "clickfunnels_classic": ("clickfunnels-classic", clickfunnels_classic),
    "zoom": ("zoom", zoom),
}
SECRET = "a secret between two"


def body(vendor: str, case: str) -> bytes:
    return (FOLDER / vendor / f"{case}.json").read_bytes()


def signed(vendor: str, raw: bytes, now: datetime = NOW, secret: str = SECRET) -> dict[str, str]:
    stamp = str(int(now.timestamp()))
    match vendor:
        case "stripe":
            digest = signatures.digest(secret, stamp.encode() + b"." + raw)
            return {"Stripe-Signature": f"t={stamp},v1={digest}"}
        case "clickfunnels":
            digest = signatures.digest(secret, stamp.encode() + b"." + raw)
            return {"X-Webhook-ClickFunnels-Signature": digest, "X-Webhook-ClickFunnels-Timestamp": stamp}
        case "zoom":
            digest = signatures.digest(secret, b"v0:" + stamp.encode() + b":" + raw)
            return {"x-zm-signature": f"v0={digest}", "x-zm-request-timestamp": stamp}
    return {}


def kept_events() -> list[Event]:
    """Every payload as the inbox would hold it; of those that share an id, the first."""
    events: dict[tuple[str, str], Event] = {}
    for folder, (source, vendor) in SOURCES.items():
        for path in sorted((FOLDER / folder).glob("*.json")):
            if path.name.endswith(".records.json"):
                continue
            raw = path.read_bytes()
            payload = parse(raw)
            event_id, kept = vendor.event_id(payload, raw, {}), vendor.keep(payload, raw)
            event = Event(source, event_id, vendor.kind(payload), kept, NOW)
            events.setdefault(event.key, event)
    return list(events.values())
