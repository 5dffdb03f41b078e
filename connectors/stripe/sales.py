"""The three objects that one single payment at Stripe fires: Checkout session, payment intent and charge."""

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any

from analytics.records import Line, Messenger, Order, OrderState, Payment, Record
from connectors.payload import Fields
from connectors.stripe.event import NAMES, PRODUCT_NAMES, SOURCE, Event, Metadata, moment, price_labels, told

# What Stripe itself writes on the payments of its invoices; the invoice speaks for them.
INVOICE_DESCRIPTIONS = frozenset({"subscription creation", "subscription update", "payment for invoice"})
NOTHING = Decimal(0)
TELL_SUCCESS = frozenset({"charge.succeeded", "charge.captured"})


def read_session(event: Event) -> Iterator[Record]:
    """Yield the order of a Checkout session, paid or not; one for a subscription only says what its invoices are for."""
    session, mode = event.about, event.about.text("mode")
    if mode not in {"payment", "subscription"}:
        return
    is_settled = session.text("payment_status") in {"paid", "no_payment_required"}
    is_paid = mode == "payment" and (is_settled or event.kind.endswith(".async_payment_succeeded"))
    intent, invoice = session.id("payment_intent"), session.id("invoice")
    metadata, customer = event.metadata(), session.within("customer_details")
    total = event.money("amount_total")
    yield Order(
        source=SOURCE,
        external_id=event.id,
        email=customer.text("email") or session.text("customer_email") or metadata.email,
        name=customer.text("name") or metadata.first(NAMES),
        currency=event.currency,
        ordered_at=event.at,
        lines=_session_lines(event, metadata),
        total=total if mode == "payment" else None,
        tax=_tax(event) if mode == "payment" else NOTHING,
        messenger=Messenger.PAYMENT_PROVIDER,
        state=OrderState.PAID if is_paid else OrderState.PENDING,
        ids=told(event.id, intent, invoice),
        plan_id=session.id("subscription"),
        customer_id=session.id("customer"),
        paid_at=event.at if is_paid else None,
        test=event.test,
        utm=session.within("metadata").utm(),
        as_of=event.at,
    )
    if intent and is_paid:
        yield event.payment(event.id, (intent,), total, order_ids=told(event.id, invoice))


def _tax(event: Event) -> Decimal:
    details = event.about.within("total_details")
    return event.money("amount_tax", details) if details.has("amount_tax") else NOTHING


def _session_lines(event: Event, metadata: Metadata) -> tuple[Line, ...]:
    """Return what was bought, as Stripe lists it, else as the seller noted it beside the session."""
    link, noted = event.about.id("payment_link"), metadata.labels()
    items = [Fields(item, "line_items") for item in event.look_up.line_items(event.id) or ()]
    if not items:
        return _noted_lines(metadata, told(*noted, link))
    more = (*noted, link) if len(items) == 1 else ()
    return tuple(
        Line(item.text("description"), told(*price_labels(item), *more), _item_amount(event, item)) for item in items
    )


def _noted_lines(metadata: Metadata, labels: tuple[str, ...]) -> tuple[Line, ...]:
    """Return the products that the seller noted; the whole note comes last, since a name may hold a comma."""
    product = metadata.first(PRODUCT_NAMES)
    whole = (Line(product, labels),) if product or labels else ()
    return (*map(Line, metadata.several()), *whole)


def _item_amount(event: Event, item: Fields) -> Decimal | None:
    """Return what an item costs after its discount and before tax; None where it is not told."""
    if not item.has("amount_total"):
        return None
    return event.money("amount_total", item) - (event.money("amount_tax", item) if item.has("amount_tax") else NOTHING)


def read_intent(event: Event) -> Iterator[Record]:
    """Yield the payment of an intent."""
    intent, charge = event.about, event.about.id("latest_charge")
    embedded = next(reversed(list(intent.within("charges").each("data"))), Fields())  # before 2022-11-15
    ids = (event.id, charge or embedded.id("id"))
    yield _payment(event, ids, event.money("amount_received"), embedded or intent)


def read_charge(event: Event) -> Iterator[Record]:
    """Yield the payment of a charge with what went back of it so far; one that only reserves money is none."""
    charge = event.about
    if charge.text("status") != "succeeded" or charge.flag("captured") is False or charge.flag("paid") is False:
        return
    amount, refunded = _captured(event)
    # A bank debit succeeds days after its charge was created: only these events tell when.
    made_at = moment(charge, "created")
    when = {} if event.kind in TELL_SUCCESS else {"paid_at": made_at, "is_estimate": True}
    yield _payment(event, (event.id, charge.id("payment_intent")), amount, charge, refunded=refunded, **when)


def _captured(event: Event) -> tuple[Decimal, Decimal]:
    """Return what was taken and what of it went back; what was reserved and never taken is neither."""
    amount = event.money("amount")
    taken = event.money("amount_captured") if event.about.has("amount_captured") else amount
    refunded = event.money("amount_refunded") if event.about.has("amount_refunded") else NOTHING
    released = amount - taken
    return taken, refunded - released if NOTHING < released <= refunded else refunded


def _payment(event: Event, ids: Sequence[str], amount: Decimal, person: Fields, **more: Any) -> Payment:
    """Return the payment behind an intent or a charge, with what little they know of buyer and product."""
    about, metadata = event.about, event.metadata()
    billing, description = person.within("billing_details"), about.text("description")
    addresses = (billing.text("email"), about.text("receipt_email"), person.text("receipt_email"), metadata.email)
    invoice = _invoice_of(about)
    is_for_invoice = bool(invoice) or description.casefold() in INVOICE_DESCRIPTIONS
    return event.payment(
        event.id,
        ids,
        amount,
        order_ids=told(invoice),
        for_invoice=is_for_invoice,
        product="" if is_for_invoice else metadata.first(PRODUCT_NAMES) or description,
        labels=told(*metadata.labels(), "" if is_for_invoice else description),
        email=next(filter(None, addresses), ""),
        name=billing.text("name") or metadata.first(NAMES),
        customer_id=about.id("customer"),
        utm=about.within("metadata").utm(),
        **more,
    )


def _invoice_of(about: Fields) -> str:
    """Return the invoice that an intent or a charge pays, by its own field or, since Basil, by the order it names."""
    reference = about.within("payment_details").text("order_reference")
    return about.id("invoice") or (reference if reference.startswith("in_") else "")
