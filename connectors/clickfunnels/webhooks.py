"""ClickFunnels 2.0's webhooks: contacts and forms become leads, orders and invoices purchases once they are paid.

Event names come with dashes, underscores, dots and slashes for the same thing, in two envelopes, and an order is sent
while it is still pending: what the data says decides, the name only tells what the data is.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal

from analytics.records import Lead, Messenger, Purchase, Record, Utm
from connectors import signatures
from connectors.contract import BadSignatureError, LookUp, Payload
from connectors.payload import Fields

SOURCE = "clickfunnels"
SIGNATURE, TIMESTAMP = "x-webhook-clickfunnels-signature", "x-webhook-clickfunnels-timestamp"
TOLERANCE = timedelta(seconds=600)
LONGEST_ID, LONGEST_KIND = 191, 64
SALES = frozenset({"paid", "partially-refunded", "refunded", "disputed"})
SHARED = re.compile(r"(?:pi|ch|py|sub|in)_[A-Za-z0-9_]{1,180}").fullmatch  # ids that Stripe knows as well
MOST_INSTALMENTS = 120
FIRST_TOUCH = timedelta(hours=1)  # a visit that began later than this after the contact did not bring it
NOTHING = Decimal(0)
# Names with every separator made a dash.
_CONTACT = re.compile(r"contact-(?:created|updated|identified)").fullmatch
_FORM = re.compile(r"forms?-submission-(?:created|updated)").fullmatch
_ORDER = re.compile(
    r"(?:one-time-)?orders?-(?:created|updated|completed|paid|(?:partially-)?refunded|disputed)|"
    r"subscription-(?:created|updated|activated|first-payment-received|completed|canceled|churned|(?:partially-)?refunded)"
).fullmatch
_INVOICE = re.compile(
    r"(?:(?:one-time-)?orders?-|subscription-)?invoice-(?:created|updated|paid|(?:partially-)?refunded)"
).fullmatch


def verify(headers: Mapping[str, str], body: bytes, secrets: Sequence[str], now: datetime) -> None:
    """Raise BadSignatureError unless ClickFunnels signed these bytes within ten minutes of now."""
    stamp = headers.get(TIMESTAMP, "")
    if not signatures.is_stamp(stamp):
        raise BadSignatureError(signatures.MISSING)
    signatures.check(stamp.encode() + b"." + body, [headers.get(SIGNATURE, "")], secrets)
    signatures.check_time(stamp, now, TOLERANCE)


def event_id(payload: Payload, body: bytes, headers: Mapping[str, str]) -> str:  # noqa: ARG001 (one face for every vendor)
    """Return the event's id; the list of sent events calls it `uuid`."""
    event = Fields(payload)
    return event.token("uuid" if event.has("uuid") else "event_id", LONGEST_ID)


def kind(payload: Payload) -> str:
    """Return the event's type as it is spelt; the list of sent events calls it `event_type_id`."""
    event = Fields(payload)
    return event.token("event_type_id" if event.has("event_type_id") else "event_type", LONGEST_KIND)


def keep(payload: Payload, body: bytes) -> bytes:  # noqa: ARG001 (one face for every vendor)
    """Return the body as it came."""
    return body


def normalise(payload: Payload, look_up: LookUp) -> Iterator[Record]:  # noqa: ARG001 (one face for every vendor)
    """Yield the lead or the purchase an event tells of."""
    name = re.sub(r"[^a-z0-9]+", "-", kind(payload).lower())
    event = Fields(payload)
    if _CONTACT(name):
        yield from _contact(event, _data(event))
    elif _FORM(name):
        yield from _form(event, _data(event))
    elif _ORDER(name):
        yield from _order(event, _data(event), is_refund=name.endswith("-refunded"))
    elif _INVOICE(name):
        yield from _invoice(event, _data(event), is_refund=name.endswith("-refunded"))


def _data(event: Fields) -> Fields:
    """Return what the event is about; version 1 wraps it in `attributes`."""
    data = event.within("data")
    if not data:
        event.fail("data")
    return data.within("attributes") or data


def _contact(event: Fields, contact: Fields) -> Iterator[Lead]:
    """Yield the lead of a contact, with the UTMs of the first visit; a visitor without an address is none yet."""
    email = contact.first("email_address", "email")
    if not email:
        return
    contact_id, created_at = _id(contact), contact.moment("created_at")
    yield Lead(
        source=SOURCE,
        external_id=contact_id,
        email=email,
        opted_in_at=created_at or contact.fail("created_at"),
        name=_name(contact),
        customer_id=contact_id,  # in 2.0 a contact is the person
        utm=_utm(contact),
        as_of=_as_of(event, contact),
    )


def _form(event: Fields, form: Fields) -> Iterator[Lead]:
    """Yield the lead of a form that carries UTMs, or whose contact is not told: else the contact's own event says more."""
    told = form.within("data")
    places = (told.within("contact"), told, form.within("contact"))
    email = next(filter(None, (place.first("email", "email_address") for place in places)), "")
    if not email:
        return
    created_at = form.moment("created_at") or event.moment("created_at")
    utm = next(filter(None, (place.utm() for place in places)), Utm())
    contact_id = form.id("contact_id") or form.within("contact").text("id")
    if contact_id and not utm:
        return  # the earliest lead is the first touch, and this one would be earliest and empty
    yield Lead(
        source=SOURCE,
        external_id=f"form-{_id(form)}",
        email=email,
        opted_in_at=created_at or form.fail("created_at"),
        name=next(filter(None, map(_name, places)), ""),
        customer_id=contact_id,
        utm=utm,
        as_of=_as_of(event, form),
    )


def _order(event: Fields, order: Fields, *, is_refund: bool) -> Iterator[Purchase]:
    """Yield the purchase behind an order once its money came; a pending one is not a sale yet."""
    if not order.has("billing_status"):
        order.fail("billing_status")
    status = _status(order, "billing_status")
    if status not in SALES:
        return
    contact, lines = order.within("contact"), list(order.each("line_items"))
    total, product, labels = _decimal(order, "total_amount"), _product(lines), _labels(lines)
    price = total + _still_to_come(order, lines)
    paid_so_far = total + (order.integer("recurring_invoices_paid_count") or 0) * _instalment(lines)
    yield Purchase(
        source=SOURCE,
        external_id=_id(order),
        email=contact.first("email_address", "email"),
        name=_name(contact),
        product=product,
        price=price,
        currency=_currency(order),
        purchased_at=order.moment("activated_at") or order.moment("created_at") or order.fail("created_at"),
        messenger=Messenger.FUNNEL_TOOL,
        labels=labels,
        payment_ids=tuple(filter(SHARED, (order.text("external_id"),))),
        customer_id=order.text("contact_id") or contact.text("id"),
        collected=min(paid_so_far, price) if price != total else None,
        refunded=price if status == "refunded" or (is_refund and status == "paid") else NOTHING,
        test=order.flag("live_mode") is False,
        utm=_utm(contact) or order.within("visits", "last_visit_with_utm").utm(),
        as_of=_as_of(event, order),
    )


def _invoice(event: Fields, invoice: Fields, *, is_refund: bool) -> Iterator[Purchase]:
    """Yield what a paid invoice says of its order, whose id it mentions; it does not know the buyer."""
    status = _status(invoice, "status")
    if status not in SALES:
        return
    order, lines, total = invoice.id("order_id"), list(invoice.each("line_items")), _decimal(invoice, "total_amount")
    yield Purchase(
        source=SOURCE,
        external_id=f"invoice-{_id(invoice)}",
        email=invoice.within("contact").first("email_address", "email"),
        name=_name(invoice.within("contact")),
        product=_product(lines),
        price=total + _still_to_come(invoice, lines),
        currency=_currency(invoice),
        purchased_at=invoice.moment("paid_at") or invoice.moment("created_at") or invoice.fail("paid_at"),
        messenger=Messenger.FUNNEL_TOOL,
        labels=_labels(lines),
        payment_ids=(
            *(f"{SOURCE}:{one}" for one in filter(None, [order])),
            *filter(SHARED, (invoice.text("external_id"),)),
        ),
        collected=total if _still_to_come(invoice, lines) else None,
        refunded=total if status == "refunded" or (is_refund and status == "paid") else NOTHING,
        test=invoice.flag("live_mode") is False,
        utm=invoice.within("visits", "last_visit_with_utm").utm(),
        as_of=_as_of(event, invoice),
    )


def _status(fields: Fields, name: str) -> str:
    return fields.text(name).lower().replace("_", "-").replace(" ", "-")


def _still_to_come(order: Fields, lines: Sequence[Fields]) -> Decimal:
    """Return what a payment plan takes after its first payment; 0 for a single payment or an open-ended subscription."""
    is_plan = order.text("order_type") == "subscription" or order.text("invoice_type").startswith(
        ("recurring", "renewal")
    )
    if not is_plan:
        return NOTHING
    return sum((_line_amount(line) * (_payments(line) - 1) for line in lines), NOTHING)


def _instalment(lines: Sequence[Fields]) -> Decimal:
    return sum((_line_amount(line) for line in lines if _payments(line) > 1), NOTHING)


def _payments(line: Fields) -> int:
    """Return how often a line is paid: once, unless its price names an end."""
    count = line.within("products_price").integer("duration") or 1
    return count if 1 < count <= MOST_INSTALMENTS and line.within("products_price").text("interval") else 1


def _line_amount(line: Fields) -> Decimal:
    amount = line.within("products_price").decimal("amount") or NOTHING
    return amount * (line.integer("quantity") or 1)


def _product(lines: Sequence[Fields]) -> str:
    """Return the names of what was bought."""
    return ", ".join(dict.fromkeys(filter(None, map(_line_name, lines))))


def _line_name(line: Fields) -> str:
    original, variant = line.within("original_product"), line.within("products_variant")
    return original.text("name") or variant.text("name") or line.text("description")


def _labels(lines: Sequence[Fields]) -> tuple[str, ...]:
    """Return every name and id of what was bought."""
    told = []
    for line in lines:
        original, variant, price = (
            line.within(name) for name in ("original_product", "products_variant", "products_price")
        )
        told += [_line_name(line), variant.text("name"), variant.text("sku")]
        told += [part.text(name) for part in (original, variant, price) for name in ("id", "public_id")]
    return tuple(dict.fromkeys(filter(None, told)))


def _utm(person: Fields) -> Utm:
    """Return the UTMs of a contact's first touch: the first visit, else the one that brought it, else its form fields."""
    visits, created_at = person.within("visits"), person.moment("created_at")
    first, last = visits.within("first_visit"), visits.within("last_visit_with_utm")
    began_at = last.moment("started_at")
    brought_it = began_at is None or created_at is None or began_at - created_at <= FIRST_TOUCH
    return first.utm() or (last.utm() if brought_it else Utm()) or person.within("custom_attributes").utm()


def _name(person: Fields) -> str:
    return person.text("name") or f"{person.text('first_name')} {person.text('last_name')}".strip()


def _id(fields: Fields) -> str:
    return fields.text("id") or fields.fail("id")


def _decimal(fields: Fields, name: str) -> Decimal:
    value = fields.decimal(name)
    return fields.fail(name) if value is None else value


def _currency(fields: Fields) -> str:
    return fields.text("currency").upper() or fields.fail("currency")


def _as_of(event: Fields, about: Fields) -> datetime | None:
    """Return when the data was as it says: its own last change, else the event's moment."""
    return about.moment("updated_at") or event.moment("created_at")
