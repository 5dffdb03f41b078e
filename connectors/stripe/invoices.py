"""Stripe's invoices: instalments of one sale, however its API version says so."""

import re
from collections.abc import Iterator, Sequence
from decimal import Decimal

from analytics.records import Line, Messenger, Order, OrderState, Plan, Record, Utm
from connectors.payload import Fields
from connectors.stripe.event import (
    CONTRACT_PRICE,
    INSTALMENTS,
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
PAID = frozenset({"invoice.paid", "invoice.payment_succeeded"})
ENDED = frozenset({"canceled", "unpaid", "incomplete_expired"})
# "1 × Mastermind – 3 payments (at $666.00 / month)" is how an invoice writes a price's product.
_LINE = re.compile(r"^[0-9]+ × |\s*\(at [^()]*\)$")


def read_invoice(event: Event) -> Iterator[Record]:
    """Yield the order of an invoice and the payment it names: every invoice of a plan is a bill of one purchase."""
    invoice, paid = event.about, event.money("amount_paid")
    others, subscription = told(*_paid_by(invoice)), _subscription(invoice)
    is_paid = event.kind in PAID or invoice.text("status") == "paid"
    if not _moves_money(invoice, paid, others, is_paid=is_paid):
        return
    lines = list(invoice.within("lines").each("data"))
    metadata = event.metadata(*_invoice_metadata(invoice, lines))
    paid_at = invoice.within("status_transitions").seconds("paid_at") or event.at
    yield Order(
        source=SOURCE,
        external_id=event.id,
        email=invoice.text("customer_email") or metadata.email,
        name=invoice.text("customer_name") or metadata.first(NAMES),
        currency=event.currency,
        ordered_at=paid_at,
        lines=_lines(event, metadata, lines, subscription),
        total=paid if is_paid else event.money("amount_due"),
        tax=_tax(event),
        contract=_noted(metadata)[0] if subscription else None,
        messenger=Messenger.PAYMENT_PROVIDER,
        state=OrderState.PAID if is_paid else OrderState.PENDING,
        ids=told(event.id, *others),
        plan_id=subscription,
        customer_id=invoice.id("customer"),
        paid_at=paid_at if is_paid else None,
        collected=paid if is_paid else None,
        test=event.test,
        utm=next(filter(None, (place.utm() for place in metadata.places)), Utm()),
        as_of=event.at,
    )
    if others and is_paid:
        yield event.payment(event.id, others, paid, order_ids=(event.id,), paid_at=paid_at, is_estimate=False)


def _moves_money(invoice: Fields, paid: Decimal, others: Sequence[str], *, is_paid: bool) -> bool:
    """Tell whether an invoice is more than a trial, a voucher or the receipt of what was paid elsewhere."""
    if not is_paid:
        return invoice.text("status") == "open"
    is_receipt = invoice.integer("attempt_count") == 0 and not others and invoice.flag("paid_out_of_band") is not True
    return bool(paid) and not is_receipt


def _tax(event: Event) -> Decimal:
    """Return the tax in an invoice, wherever its API version keeps it."""
    invoice = event.about
    lists = [list(invoice.each(name)) for name in ("total_taxes", "total_tax_amounts")]
    taxes = next(filter(None, lists), [])
    if taxes:
        return sum((event.money("amount", tax) for tax in taxes), NOTHING)
    return event.money("tax") if invoice.has("tax") else NOTHING


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


def _lines(event: Event, metadata: Metadata, lines: Sequence[Fields], subscription: str) -> tuple[Line, ...]:
    """Return the lines of an invoice; those of a subscription come again, as often as is noted or without a known end."""
    count = _noted(metadata)[1] if subscription else 1
    if not lines:
        product = metadata.first(PRODUCT_NAMES) or event.about.text("description")
        return (Line(product, told(*metadata.labels(), product), payments=count),)
    found = []
    for line in lines:
        again = bool(subscription) and (len(lines) == 1 or _is_again(line))
        is_noted = again or len(lines) == 1
        described = _LINE.sub("", line.text("description"))
        product = (metadata.first(PRODUCT_NAMES) if is_noted else "") or described or event.about.text("description")
        labels = told(*(metadata.labels() if is_noted else ()), described, *_line_labels(line))
        found.append(Line(product, labels, _line_amount(event, line), payments=count if again else 1))
    return tuple(found)


def _is_again(line: Fields) -> bool:
    return bool(line.id("subscription") or line.within("parent", "subscription_item_details"))


def _line_amount(event: Event, line: Fields) -> Decimal | None:
    """Return what a line costs after its discounts; None where that cannot be shared over, such as a credit."""
    if not line.has("amount"):
        return None
    amount = event.money("amount", line) - sum(
        (event.money("amount", discount) for discount in line.each("discount_amounts")), NOTHING
    )
    return max(amount, NOTHING)


def _noted(metadata: Metadata) -> tuple[Decimal | None, int]:
    """Return a plan's price in all and its number of payments as the seller noted them; None and 0 where not."""
    noted = {
        "contract_price": metadata.first(CONTRACT_PRICE).replace(",", ""),
        "instalments": metadata.first(INSTALMENTS),
    }
    try:
        price, count = Fields(noted).decimal("contract_price"), Fields(noted).integer("instalments")
    except ValueError:
        return None, 0  # a note for people
    is_plan = count is not None and 1 < count <= MOST_INSTALMENTS
    return price if price and price > 0 else None, count if count is not None and is_plan else 0


def read_invoice_payment(event: Event) -> Iterator[Record]:
    """Yield the payment of an invoice under the ids of what paid it, which since Basil only this event tells."""
    about, invoice = event.about, event.about.id("invoice")
    paid = about.within("payment")
    others = told(paid.id("payment_intent"), paid.id("charge"))
    if invoice and others:
        at = about.within("status_transitions").seconds("paid_at") or event.at
        amount = event.money("amount_paid")
        yield event.payment(event.id, others, amount, order_ids=(invoice,), paid_at=at, for_invoice=True)


def read_subscription(event: Event) -> Iterator[Record]:
    """Yield whether a plan still takes payments: a cancelled one, or one that ended unpaid, does not."""
    subscription = event.about
    is_ended = event.kind.endswith(".deleted") or subscription.text("status") in ENDED
    ended_at = subscription.seconds("ended_at") or subscription.seconds("canceled_at") or event.at
    yield Plan(SOURCE, event.id, is_ended, event.at, ended_at if is_ended else None)
