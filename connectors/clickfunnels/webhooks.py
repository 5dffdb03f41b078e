"""ClickFunnels 2.0's webhooks: contacts and forms become leads, orders and invoices purchases once they are paid.

Event names come with dashes, underscores, dots and slashes for the same thing, in two envelopes, and an order is sent
while it is still pending: what the data says decides, the name only tells what the data is.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal

from analytics.records import Lead, Line, Messenger, Order, OrderState, Payment, Plan, Record, Refund, RefundState, Utm
from connectors import signatures
from connectors.contract import BadSignatureError, LookUp, Payload
from connectors.exports.identity import numbered
from connectors.payload import Fields

SOURCE = "clickfunnels"
SIGNATURE, TIMESTAMP = "x-webhook-clickfunnels-signature", "x-webhook-clickfunnels-timestamp"
TOLERANCE = timedelta(seconds=600)
LONGEST_ID, LONGEST_KIND = 191, 64
PAID = frozenset({"paid", "partially-refunded", "refunded", "disputed"})
OWING = frozenset({"past-due", "unpaid", "voided", "pending", "draft"})  # paid before, where it was activated
SHARED = re.compile(r"(?:pi|ch|py|sub|in)_[A-Za-z0-9_]{1,180}").fullmatch  # ids that Stripe knows as well
MOST_INSTALMENTS = 120
FIRST_TOUCH = timedelta(hours=1)  # a visit that began later than this after the contact did not bring it
NOTHING, CENT = Decimal(0), Decimal("0.01")
DAYS = {"day": 1, "week": 7, "month": 30, "year": 365}
MOST_DAYS = 3650
# Names with every separator made a dash.
_CONTACT = re.compile(r"contact-(?:created|updated|identified)").fullmatch
_FORM = re.compile(r"forms?-submission-(?:created|updated)").fullmatch
_ORDER = re.compile(
    r"(?:one-time-)?orders?-(?:created|updated|completed|paid|(?:partially-)?refunded|disputed|voided|canceled)|"
    r"subscription-(?:created|updated|activated|first-payment-received|completed|canceled|churned|(?:partially-)?refunded)"
).fullmatch
_TRANSACTION = re.compile(r"(?:(?:one-time-)?orders?-|subscription-)?transaction-(?:created|updated)").fullmatch
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
        yield from _order(event, _data(event), name)
    elif _TRANSACTION(name):
        yield from _transaction(event, _data(event))
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


def _order(event: Fields, order: Fields, name: str) -> Iterator[Record]:
    """Yield an order as it stands, paid or not, and that its plan ended where the event says so."""
    if not order.has("billing_status"):
        order.fail("billing_status")
    status, contact, lines = _status(order, "billing_status"), order.within("contact"), list(order.each("line_items"))
    if status not in PAID | OWING:
        return
    total, is_plan = _decimal(order, "total_amount"), _is_plan(order)
    sold = _lines(lines, is_plan=is_plan)
    renewals = order.integer("recurring_invoices_paid_count") or 0
    activated_at = order.moment("activated_at")
    is_paid = status in PAID or (status in {"past-due", "unpaid"} and (activated_at is not None or renewals > 0))
    collected = total + renewals * _instalment(sold, total) if is_plan else total
    is_refund = status == "refunded" or (name.endswith("-refunded") and status == "paid" and "partially" not in name)
    is_part = status == "partially-refunded" or "partially-refunded" in name
    as_of = _as_of(event, order)
    yield Order(
        source=SOURCE,
        external_id=_id(order),
        email=contact.first("email_address", "email"),
        name=_name(contact),
        currency=_currency(order),
        ordered_at=activated_at or order.moment("created_at") or order.fail("created_at"),
        lines=sold,
        total=total,
        tax=order.decimal("tax_amount") or NOTHING,
        messenger=Messenger.FUNNEL_TOOL,
        state=OrderState.VOIDED if status == "voided" else OrderState.PAID if is_paid else OrderState.PENDING,
        ids=(*_numbered(order, contact, total), *_shared(order)),
        plan_id=_plan_id(order),
        interval_days=max((_interval(line) for line in lines), default=0) if is_plan else 0,
        customer_id=order.text("contact_id") or contact.text("id"),
        paid_at=activated_at or (order.moment("created_at") if is_paid else None),
        collected=collected if is_plan and is_paid else None,
        refunded=collected if is_refund else None if is_part else NOTHING,
        refunded_at=as_of if is_refund or is_part else None,
        disputed=collected if status == "disputed" else NOTHING,
        test=order.flag("live_mode") is False,
        utm=_utm(contact) or _order_utm(order),
        as_of=as_of,
    )
    if as_of is not None and name.endswith(("-canceled", "-churned")):
        yield Plan(SOURCE, _id(order), is_ended=True, as_of=as_of, ended_at=as_of)


def _invoice(event: Fields, invoice: Fields, *, is_refund: bool) -> Iterator[Record]:
    """Yield the payment that a paid invoice tells of its order, whose id it mentions; it does not know the buyer."""
    status = _status(invoice, "status")
    if status not in PAID:
        return
    order, lines, total = invoice.id("order_id"), list(invoice.each("line_items")), _decimal(invoice, "total_amount")
    contact, sold = invoice.within("contact"), _lines(lines, is_plan=_is_plan(invoice))
    is_back = status == "refunded" or (is_refund and status == "paid")
    paid_at = invoice.moment("paid_at") or invoice.moment("created_at") or invoice.fail("paid_at")
    key = f"invoice-{_id(invoice)}"
    yield Payment(
        source=SOURCE,
        external_id=key,
        amount=total,
        currency=_currency(invoice),
        paid_at=paid_at,
        messenger=Messenger.FUNNEL_TOOL,
        ids=(f"{SOURCE}:{key}", *_shared(invoice)),
        order_ids=(f"{SOURCE}:{order}",) if order else (),
        refunded=total if is_back else NOTHING,
        product=_product(lines),
        labels=_labels(lines),
        name=_name(contact),
        email=contact.first("email_address", "email"),
        customer_id=contact.text("id"),
        test=invoice.flag("live_mode") is False,
        utm=_order_utm(invoice),
        as_of=_as_of(event, invoice),
    )
    if sold:
        # The order itself may never be sent: its lines are known from here, its payment from above.
        yield Order(
            source=SOURCE,
            external_id=f"bill-{_id(invoice)}",
            email="",
            name="",
            currency=_currency(invoice),
            ordered_at=paid_at,
            lines=sold,
            total=total,
            messenger=Messenger.FUNNEL_TOOL,
            state=OrderState.PENDING,
            ids=(f"{SOURCE}:{order}" if order else f"{SOURCE}:{key}",),
            interval_days=max(map(_interval, lines)),
            as_of=_as_of(event, invoice),
        )


def _transaction(event: Fields, transaction: Fields) -> Iterator[Refund]:
    """Yield a refund; sales are told by orders and invoices, and a refund without an order says nothing."""
    kind = _status(transaction, "external_type")
    order, result = transaction.id("order_id"), _status(transaction, "result")
    if "refund" not in kind or not order or result not in {"", "approved", "succeeded", "success"}:
        return
    made_at = transaction.moment("created_at") or event.moment("created_at") or transaction.fail("created_at")
    yield Refund(
        source=SOURCE,
        external_id=f"transaction-{_id(transaction)}",
        payment_id=f"{SOURCE}:{order}",
        amount=abs(_decimal(transaction, "amount")),
        currency=_currency(transaction),
        state=RefundState.SUCCEEDED,
        created_at=made_at,
        as_of=_as_of(event, transaction) or made_at,
    )


def _numbered(order: Fields, contact: Fields, total: Decimal) -> tuple[str, ...]:
    """Return what an export may know the order by: its number, unique in a workspace alone, with the buyer or the total."""
    number, email = order.text("order_number").lstrip("#"), contact.first("email_address", "email")
    return (numbered(number, email or str(total)),) if number else ()


def _shared(fields: Fields) -> tuple[str, ...]:
    """Return the payment ids that Stripe knows as well."""
    return tuple(one for one in filter(SHARED, (fields.text("external_id"),)) if not one.startswith("sub_"))


def _plan_id(fields: Fields) -> str:
    return one if (one := fields.text("external_id")).startswith("sub_") and SHARED(one) else ""


def _order_utm(order: Fields) -> Utm:
    """Return the UTMs that an order itself carries, those of its first visit before any other."""
    visits = order.within("visits")
    return next(filter(None, (visits.within(name).utm() for name in ("first_visit", "last_visit_with_utm"))), Utm())


def _status(fields: Fields, name: str) -> str:
    return fields.text(name).lower().replace("_", "-").replace(" ", "-")


def _is_plan(order: Fields) -> bool:
    recurring = order.text("invoice_type").startswith(("recurring", "renewal", "initial"))
    return order.text("order_type").startswith("subscription") or recurring


def _lines(lines: Sequence[Fields], *, is_plan: bool) -> tuple[Line, ...]:
    """Return the lines with the amount of one payment each; those of a plan with their number of payments."""
    return tuple(
        Line(_line_name(line), _labels([line]), _line_amount(line), payments=_payments(line) if is_plan else 1)
        for line in lines
    )


def _instalment(sold: Sequence[Line], total: Decimal) -> Decimal:
    """Return what a plan takes again: its lines' amounts, scaled as the order's total is where a discount lowers it."""
    again = sum((line.amount or NOTHING for line in sold if line.payments != 1), NOTHING)
    whole = sum((line.amount or NOTHING for line in sold), NOTHING)
    return (total * again / whole).quantize(CENT) if whole else total


def _payments(line: Fields) -> int:
    """Return how often a line is paid: as its price says, 0 without an end, once where it does not come again."""
    price = line.within("products_price")
    count = price.integer("duration")
    if not price.text("interval"):
        return 1
    return count if count is not None and 1 <= count <= MOST_INSTALMENTS else 0


def _interval(line: Fields) -> int:
    """Return the days between two payments of a line."""
    price = line.within("products_price")
    days = DAYS.get(price.text("interval").lower().rstrip("s"), 0)
    return min(days * (price.integer("interval_count") or 1), MOST_DAYS)


def _line_amount(line: Fields) -> Decimal | None:
    """Return what a line costs with one payment; None where nothing tells it."""
    amount = line.within("products_price").decimal("amount")
    return None if amount is None else amount * (line.integer("quantity") or 1)


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
