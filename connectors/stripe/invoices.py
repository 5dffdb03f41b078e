"""Stripe's invoices: instalments of one sale, however its API version says so."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from decimal import Decimal

from analytics.records import Messenger, Purchase, Record, Utm
from connectors.payload import Fields
from connectors.stripe.event import (
    CONTRACT_PRICE,
    INSTALMENTS,
    INVOICE,
    NAMES,
    PRODUCT_NAMES,
    SOURCE,
    Event,
    Metadata,
    price_labels,
    told,
)

MOST_INSTALMENTS = 120
NOTHING = Decimal(0)
# "1 × Mastermind – 3 payments (at $666.00 / month)" is how an invoice writes a price's product.
_LINE = re.compile(r"^[0-9]+ × |\s*\(at [^()]*\)$")


def read_invoice(event: Event) -> Iterator[Record]:
    """Yield the payment of an invoice and the sale it belongs to: every invoice of a plan speaks of one and the same."""
    invoice, paid = event.about, event.money("amount_paid")
    if not paid:
        return  # a trial or a voucher: the sale is counted at its first payment
    subscription, others = _subscription(invoice), told(*_paid_by(invoice))
    lines = list(invoice.within("lines").each("data"))
    metadata = event.metadata(*_invoice_metadata(invoice, lines))
    paid_at = invoice.within("status_transitions").seconds("paid_at") or event.at
    described = [_LINE.sub("", line.text("description")) for line in lines]
    yield Purchase(
        source=SOURCE,
        external_id=event.id,
        email=invoice.text("customer_email") or metadata.email,
        name=invoice.text("customer_name") or metadata.first(NAMES),
        product=metadata.first(PRODUCT_NAMES) or ", ".join(told(*described)) or invoice.text("description"),
        price=_contract_price(event, metadata, lines, paid) if subscription else paid,
        currency=event.currency,
        purchased_at=paid_at,
        messenger=Messenger.PAYMENT_PROVIDER,
        labels=told(*metadata.labels(), *described, *(label for line in lines for label in _line_labels(line))),
        payment_ids=told(subscription, event.id, *others),
        customer_id=invoice.id("customer"),
        test=event.test,
        utm=next(filter(None, (place.utm() for place in metadata.places)), Utm()),
        as_of=event.at,
        richness=INVOICE,
    )
    yield replace(event.payment(others, paid, event.id), paid_at=paid_at)


def _subscription(invoice: Fields) -> str:
    """Return the subscription an invoice belongs to, wherever its API version keeps it; empty for a single invoice."""
    lines = list(invoice.within("lines").each("data"))
    places = (
        invoice.within("parent", "subscription_details").id("subscription"),
        invoice.id("subscription"),
        *(line.id("subscription") for line in lines),
        *(line.within("parent", "subscription_item_details").id("subscription") for line in lines),
    )
    return next(filter(None, places), "")


def _paid_by(invoice: Fields) -> Iterator[str]:
    """Yield the intents and charges that paid an invoice, as far as it names them."""
    yield invoice.id("payment_intent")
    yield invoice.id("charge")
    for one in invoice.within("payments").each("data"):
        yield one.within("payment").id("payment_intent")
        yield one.within("payment").id("charge")


def _invoice_metadata(invoice: Fields, lines: Sequence[Fields]) -> Iterator[Fields]:
    yield invoice.within("parent", "subscription_details", "metadata")
    yield invoice.within("subscription_details", "metadata")
    yield from (line.within("metadata") for line in lines)
    yield invoice.within("metadata")


def _line_labels(line: Fields) -> Iterator[str]:
    details = line.within("pricing", "price_details")
    yield details.id("price")
    yield details.id("product")
    if isinstance(line.values.get("price"), dict):  # before Basil
        yield from price_labels(line)


def _contract_price(event: Event, metadata: Metadata, lines: Sequence[Fields], paid: Decimal) -> Decimal:
    """Return what a plan costs in all: as noted, or this payment and all that follow; else what was paid."""
    noted = {
        "contract_price": metadata.first(CONTRACT_PRICE).replace(",", ""),
        "instalments": metadata.first(INSTALMENTS),
    }
    try:
        price, count = Fields(noted).decimal("contract_price"), Fields(noted).integer("instalments")
    except ValueError:
        return paid  # a note for people
    if price and price > 0:
        return price
    if not count or not 1 < count <= MOST_INSTALMENTS:
        return paid
    return paid + (count - 1) * (_instalment(event, lines) or paid)


def _instalment(event: Event, lines: Sequence[Fields]) -> Decimal:
    """Return what comes again with every invoice; 0 where the lines do not tell it from what comes once."""
    if len(lines) < 2:  # noqa: PLR2004 (a single line is the whole)
        return NOTHING
    again = [line for line in lines if line.id("subscription") or line.within("parent", "subscription_item_details")]
    discounts = [discount for line in again for discount in line.each("discount_amounts")]
    return sum((event.money("amount", line) for line in again), NOTHING) - sum(
        (event.money("amount", discount) for discount in discounts), NOTHING
    )


def read_invoice_payment(event: Event) -> Iterator[Record]:
    """Yield the payment of an invoice under the ids of what paid it, which since Basil only this event tells."""
    paid, invoice = event.about.within("payment"), event.about.id("invoice")
    others = told(paid.id("payment_intent"), paid.id("charge"))
    if invoice and others:
        yield event.payment(others, event.money("amount_paid"), invoice)
