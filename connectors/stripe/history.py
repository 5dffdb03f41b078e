"""What Stripe's own objects say when they are asked for, read as the events that would have told it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from analytics.records import Record
from connectors.contract import LookUp, Payload
from connectors.payload import Fields
from connectors.stripe import webhooks as stripe

SOURCE = "stripe-history"
PAID = "paid"
# The event whose reader understands an object as it stands now.
EVENTS = {
    "checkout.session": "checkout.session.completed",
    "charge": "charge.updated",
    "refund": "refund.updated",
    "invoice": "invoice.paid",
    "dispute": "charge.dispute.updated",
}


def normalise(payload: Payload, look_up: LookUp) -> Iterator[Record]:
    """Yield what an object says of purchases and money."""
    answer, told = Fields(payload), Fields(payload).within("told")
    kind = answer.text("kind")
    if kind not in EVENTS or (kind == "invoice" and told.text("status") != PAID):
        return
    asked_at = answer.moment("asked_at") or answer.fail("asked_at")
    event = {
        "id": told.id("id"),
        "type": EVENTS[kind],
        "created": _paid_at(told) if kind == "checkout.session" else int(asked_at.timestamp()),
        "livemode": told.values.get("livemode"),
        "snapshot": True,
        "data": {"object": told.values},
    }
    yield from stripe.normalise(event, _Told(told.within("line_items"), look_up))


def _paid_at(session: Fields) -> int | None:
    """Return when a session was paid: it only knows when it was opened, its charge when the money came."""
    intent = session.values.get("payment_intent")
    charge = Fields(intent).values.get("latest_charge") if isinstance(intent, dict) else None
    paid_at = Fields(charge).integer("created") if isinstance(charge, dict) else None
    return paid_at or session.integer("created")


@dataclass(frozen=True, slots=True)
class _Told:
    """Line items that came with their session, so that nobody has to be asked."""

    items: Fields
    look_up: LookUp

    def line_items(self, session_id: str) -> Sequence[Payload] | None:
        """Return what was bought."""
        if self.items.has("data") and not self.items.flag("has_more"):
            return [item.values for item in self.items.each("data")]
        return self.look_up.line_items(session_id)
