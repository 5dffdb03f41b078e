"""The three objects that one single payment at Stripe fires: Checkout session, payment intent and charge."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal

from analytics.records import Messenger, Purchase, Record
from connectors.payload import Fields
from connectors.stripe.event import (
    CHARGE,
    INTENT,
    NAMES,
    PRODUCT_NAMES,
    SESSION,
    SOURCE,
    Event,
    moment,
    price_labels,
    told,
)

# What Stripe itself writes on the payments of its invoices; the invoice speaks for them.
INVOICE_DESCRIPTIONS = frozenset({"subscription creation", "subscription update", "payment for invoice"})
NOTHING = Decimal(0)


def read_session(event: Event) -> Iterator[Record]:
    """Yield the one-off sale of a Checkout session that is paid; a bank debit that is still under way is none."""
    session = event.about
    is_settled = session.text("payment_status") in {"paid", "no_payment_required"}
    if session.text("mode") != "payment" or not (is_settled or event.kind.endswith(".async_payment_succeeded")):
        return
    intent, invoice = session.id("payment_intent"), session.id("invoice")
    metadata, customer = event.metadata(), session.within("customer_details")
    items = [Fields(item, "line_items") for item in event.look_up.line_items(event.id) or ()]
    price, bought = event.money("amount_total"), [item.text("description") for item in items]
    yield Purchase(
        source=SOURCE,
        external_id=event.id,
        email=customer.text("email") or session.text("customer_email") or metadata.email,
        name=customer.text("name") or metadata.first(NAMES),
        product=", ".join(told(*bought)) or metadata.first(PRODUCT_NAMES),
        price=price,
        currency=event.currency,
        purchased_at=event.at,
        messenger=Messenger.PAYMENT_PROVIDER,
        labels=told(*bought, *_labels(items), *metadata.labels(), session.id("payment_link")),
        payment_ids=told(intent, event.id, invoice),
        customer_id=session.id("customer"),
        test=event.test,
        utm=session.within("metadata").utm(),
        as_of=event.at,
        richness=SESSION,
    )
    if intent:
        yield event.payment((intent,), price, invoice)


def _labels(items: Sequence[Fields]) -> list[str]:
    return [label for item in items for label in price_labels(item)]


def read_intent(event: Event) -> Iterator[Record]:
    """Yield the payment of an intent, and its sale unless an invoice speaks for it."""
    intent, charge = event.about, event.about.id("latest_charge")
    embedded = next(reversed(list(intent.within("charges").each("data"))), Fields())  # before 2022-11-15
    amount, ids = event.money("amount_received"), told(event.id, charge or embedded.id("id"))
    yield event.payment(ids, amount, _invoice_of(intent))
    if not _is_instalment(intent):
        yield _bare_purchase(event, amount, event.at, embedded or intent, ids)


def read_charge(event: Event) -> Iterator[Record]:
    """Yield the payment of a charge with what went back of it so far, and its sale unless an invoice speaks for it."""
    charge, ids = event.about, told(event.about.id("payment_intent"), event.id)
    if charge.text("status") != "succeeded" or charge.flag("captured") is False or charge.flag("paid") is False:
        return
    amount, refunded = _captured(event)
    made_at = moment(charge, "created")
    known = event.payment(ids, amount, _invoice_of(charge))
    yield replace(known, paid_at=made_at, refunded=refunded, as_of=event.at)
    if not _is_instalment(charge):
        yield _bare_purchase(event, amount, made_at, charge, ids)


def _captured(event: Event) -> tuple[Decimal, Decimal]:
    """Return what was taken and what of it went back; what was reserved and never taken is neither."""
    amount = event.money("amount")
    taken = event.money("amount_captured") if event.about.has("amount_captured") else amount
    refunded = event.money("amount_refunded") if event.about.has("amount_refunded") else NOTHING
    released = amount - taken
    return taken, refunded - released if NOTHING < released <= refunded else refunded


def _bare_purchase(event: Event, price: Decimal, at: datetime, person: Fields, ids: tuple[str, ...]) -> Purchase:
    """Return the sale behind an intent or a charge, which know little more than the money."""
    about, metadata = event.about, event.metadata()
    billing, description = person.within("billing_details"), about.text("description")
    addresses = (billing.text("email"), about.text("receipt_email"), person.text("receipt_email"), metadata.email)
    return Purchase(
        source=SOURCE,
        external_id=event.id,
        email=next(filter(None, addresses), ""),
        name=billing.text("name") or metadata.first(NAMES),
        product=metadata.first(PRODUCT_NAMES) or description,
        price=price,
        currency=event.currency,
        purchased_at=at,
        messenger=Messenger.PAYMENT_PROVIDER,
        labels=told(*metadata.labels(), description),
        payment_ids=ids,
        customer_id=about.id("customer"),
        test=event.test,
        utm=about.within("metadata").utm(),
        as_of=event.at,
        richness=INTENT if event.id.startswith("pi_") else CHARGE,
    )


def _is_instalment(about: Fields) -> bool:
    """Tell whether an invoice speaks for an intent or a charge."""
    return bool(_invoice_of(about)) or about.text("description").casefold() in INVOICE_DESCRIPTIONS


def _invoice_of(about: Fields) -> str:
    """Return the invoice that an intent or a charge pays, by its own field or, since Basil, by the order it names."""
    reference = about.within("payment_details").text("order_reference")
    return about.id("invoice") or (reference if reference.startswith("in_") else "")
