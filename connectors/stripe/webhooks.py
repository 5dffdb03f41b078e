"""Stripe's webhooks: what its events say of purchases, payments, refunds and disputes.

One payment fires session, intent and charge, an instalment an invoice besides. Each object is a message of its own that
mentions the ids it shares with the others; nothing here depends on which of them arrives first. Events carry the API
version of the endpoint, so fields are read by presence.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta

from analytics.records import Dispute, DisputeState, Order, Payment, Record, Refund, RefundState
from connectors import signatures
from connectors.contract import BadSignatureError, LookUp, Payload
from connectors.payload import Fields
from connectors.stripe.customers import stated_addresses
from connectors.stripe.event import SOURCE as SOURCE
from connectors.stripe.event import Event, moment
from connectors.stripe.invoices import read_invoice, read_invoice_payment, read_subscription
from connectors.stripe.sales import read_charge, read_intent, read_session

TOLERANCE = timedelta(seconds=300)  # either way; Stripe's own library lets the future pass
LONGEST_ID, LONGEST_KIND = 191, 64
MOST_SIGNATURES = 16
_LOST, _WON = frozenset({"lost"}), frozenset({"won", "warning_closed", "charge_refunded", "prevented"})
_RETURNED = {
    "succeeded": RefundState.SUCCEEDED,
    "pending": RefundState.PENDING,
    "requires_action": RefundState.PENDING,
    "failed": RefundState.FAILED,
    "canceled": RefundState.FAILED,
}


def verify(headers: Mapping[str, str], body: bytes, secrets: Sequence[str], now: datetime) -> None:
    """Raise BadSignatureError unless Stripe signed these bytes; while a secret is rolled, one of two has to fit."""
    stamps, claimed = _signature(headers.get("stripe-signature", ""))
    if len(stamps) != 1 or not signatures.is_stamp(stamps[0]) or len(claimed) > MOST_SIGNATURES:
        raise BadSignatureError(signatures.MISSING)
    signatures.check(stamps[0].encode() + b"." + body, claimed, secrets)
    signatures.check_time(stamps[0], now, TOLERANCE)


def event_id(payload: Payload, body: bytes, headers: Mapping[str, str]) -> str:  # noqa: ARG001 (one face for every vendor)
    """Return Stripe's id of the event."""
    return Fields(payload).token("id", LONGEST_ID)


def kind(payload: Payload) -> str:
    """Return the event's type."""
    return Fields(payload).token("type", LONGEST_KIND)


def keep(payload: Payload, body: bytes) -> bytes:  # noqa: ARG001 (one face for every vendor)
    """Return the body as it came."""
    return body


def normalise(payload: Payload, look_up: LookUp) -> Iterator[Record]:
    """Yield what an event says of purchases and money."""
    name = kind(payload)
    records = list(READERS[name](Event(payload, name, look_up))) if name in READERS else []
    yield from records
    stated = {one.email.strip() for one in records if isinstance(one, Order | Payment) and one.customer_id}
    yield from (one for one in stated_addresses(payload) if one.email not in stated)


def _signature(header: str) -> tuple[list[str], list[str]]:
    """Return the times and the v1 digests of a signature header."""
    parts = [part.partition("=") for part in header.split(",")]
    return [value for name, _, value in parts if name == "t"], [value for name, _, value in parts if name == "v1"]


def _refund(event: Event) -> Iterator[Record]:
    """Yield the state of one refund."""
    refund, status = event.about, event.about.text("status") or "succeeded"
    payment_id = refund.id("payment_intent") or refund.id("charge") or refund.fail("payment_intent")
    state = RefundState.FAILED if event.kind == "refund.failed" else _RETURNED.get(status)
    yield Refund(
        source=SOURCE,
        external_id=event.id,
        payment_id=payment_id,
        amount=event.money("amount"),
        currency=event.currency,
        state=state or refund.fail("status", "is unknown"),
        created_at=moment(refund, "created"),
        as_of=event.at,
        other_id=refund.id("charge"),
    )


def _dispute(event: Event) -> Iterator[Record]:
    """Yield the state of one dispute: a warning that was closed costs nothing."""
    dispute, status = event.about, event.about.text("status")
    if status in _LOST and not event.kind.endswith(".funds_reinstated"):
        state = DisputeState.LOST
    elif status in _WON or event.kind.endswith(".funds_reinstated"):
        state = DisputeState.WON
    elif event.kind.endswith(".closed"):
        dispute.fail("status", "is unknown")
    else:
        state = DisputeState.OPEN
    yield Dispute(
        source=SOURCE,
        external_id=event.id,
        payment_id=dispute.id("payment_intent") or dispute.id("charge") or dispute.fail("charge"),
        amount=event.money("amount"),
        currency=event.currency,
        state=state,
        as_of=event.at,
        opened_at=dispute.seconds("created"),
        other_id=dispute.id("charge"),
    )


READERS: Mapping[str, Callable[[Event], Iterator[Record]]] = {
    "checkout.session.completed": read_session,
    "checkout.session.async_payment_succeeded": read_session,
    "checkout.session.async_payment_failed": read_session,
    "payment_intent.succeeded": read_intent,
    "charge.succeeded": read_charge,
    "charge.captured": read_charge,
    "charge.updated": read_charge,
    "charge.refunded": read_charge,
    "invoice.paid": read_invoice,
    "invoice.payment_succeeded": read_invoice,
    "invoice.finalized": read_invoice,
    "invoice.updated": read_invoice,
    "invoice_payment.paid": read_invoice_payment,
    "customer.subscription.updated": read_subscription,
    "customer.subscription.deleted": read_subscription,
    "refund.created": _refund,
    "refund.updated": _refund,
    "refund.failed": _refund,
    "charge.refund.updated": _refund,
    "charge.dispute.created": _dispute,
    "charge.dispute.updated": _dispute,
    "charge.dispute.closed": _dispute,
    "charge.dispute.funds_withdrawn": _dispute,
    "charge.dispute.funds_reinstated": _dispute,
}
