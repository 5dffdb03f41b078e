"""ClickFunnels Classic's webhooks: contacts become leads, paid purchases orders.

Classic signs nothing, so a secret stands in the address. Its bodies come in four shapes and echo every form field, card
numbers and passwords included: only the fields on a list are read and kept, in one shape of our own.
"""

import hashlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from analytics.records import Lead, Line, Messenger, Order, Record
from connectors import signatures
from connectors.clickfunnels_classic.printed_python import read_printed
from connectors.contract import BadSignatureError, LookUp, Payload
from connectors.exports.currencies import THREE_DECIMALS, ZERO_DECIMALS
from connectors.exports.identity import classic_customer_id
from connectors.payload import Fields, clean

SOURCE = "clickfunnels"
PATH_TOKEN = "x-view3-token"  # noqa: S105 (the receiver puts the address's token here; a request cannot forge what it must equal)
DELIVERY_ID = "x-clickfunnels-webhook-delivery-id"
SALES = frozenset({"", "paid", "complete", "completed", "succeeded", "refunded"})
MOST_INSTALMENTS = 120
MONTH = 30
MOST_TEXT, MOST_ITEMS = 1000, 200
UTM = ("utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content")
# What is read and kept, by object.
KEPT = {
    "purchase": (
        *("id", "charge_id", "subscription_id", "status", "payments_count", "manual", "created_at", "updated_at"),
        *("original_amount_cents", "original_amount_currency", "funnel_id"),
    ),
    "product": ("id", "name", "bump", "stripe_plan", "stripe_cancel_after_payments", "amount_currency"),
    "contact": (
        *("id", "email", "name", "first_name", "last_name", "created_at", "updated_at"),
        *("funnel_id", "funnel_step_id", "page_id"),
    ),
    "contact_profile": ("id", "email"),
    "additional_info": UTM,
    "amount": ("cents", "currency_iso", "fractional"),
}
_DELIVERY = re.compile(r"[A-Za-z0-9-]{8,64}").fullmatch
_CENTS = re.compile(r"-?[0-9]{1,18}(?:\.0+)?").fullmatch


def verify(headers: Mapping[str, str], body: bytes, secrets: Sequence[str], now: datetime) -> None:  # noqa: ARG001 (one face for every vendor)
    """Raise BadSignatureError unless the address, whose token the receiver puts among the headers, holds the secret."""
    if not signatures.same_secret(headers.get(PATH_TOKEN, ""), secrets):
        raise BadSignatureError("the address does not hold the secret token")


def event_id(payload: Payload, body: bytes, headers: Mapping[str, str]) -> str:
    """Return the delivery's id, else one made of what is kept of the event."""
    delivery = headers.get(DELIVERY_ID, "")
    if _DELIVERY(delivery):
        return delivery
    return f"body-{hashlib.blake2b(keep(payload, body), digest_size=20).hexdigest()}"


def kind(payload: Payload) -> str:
    """Return the event's type as Classic names it where webhooks are set up."""
    if is_test_ping(payload):
        return "test"
    about, happened = _subject(payload)[0], payload.get("event")
    what = happened if happened in ("created", "updated") else "unknown"
    return f"{about or 'unknown'}_{what}"


def is_test_ping(payload: Payload) -> bool:
    """Tell whether this is the call with which ClickFunnels tries an address; it means nothing."""
    return set(payload) == {"time"}


def keep(payload: Payload, body: bytes) -> bytes:  # noqa: ARG001 (one face for every vendor)
    """Return the fields on the list, in one shape: never the body, which holds what people typed."""
    return json.dumps(_kept(payload), sort_keys=True, separators=(",", ":"), default=str).encode()


def normalise(payload: Payload, look_up: LookUp) -> Iterator[Record]:  # noqa: ARG001 (one face for every vendor)
    """Yield the lead or the purchase an event tells of."""
    kept = Fields(_kept(payload))
    if kept.has("purchase"):
        yield from _purchase(kept.within("purchase"))
    elif kept.has("contact"):
        yield _lead(kept.within("contact"))
    elif not is_test_ping(payload):
        kept.fail("purchase", "or 'contact' is missing")


def _subject(payload: Payload) -> tuple[str, Mapping[str, Any]]:
    """Return whether an event is about a purchase or a contact, and its fields, whichever of the shapes it has."""
    for name in ("purchase", "contact"):
        if isinstance(payload.get(name), dict) and not _is_purchase(payload):
            return name, payload[name]
    data = payload.get("data")
    if isinstance(data, dict) and isinstance(data.get("attributes"), dict):
        name = {"purchases": "purchase", "contacts": "contact"}.get(str(data.get("type")), "")
        return name, {"id": data.get("id"), **data["attributes"]}
    if _is_purchase(payload):
        return "purchase", payload
    return ("contact", payload) if "email" in payload and "created_at" in payload else ("", {})


def _is_purchase(fields: Mapping[str, Any]) -> bool:
    return "products" in fields or "original_amount_cents" in fields


def _kept(payload: Payload) -> dict[str, Any]:
    """Return the fields on the list, under `purchase` or `contact`."""
    if is_test_ping(payload):
        return {"time": _scalar(payload["time"])}
    about, fields = _subject(payload)
    kept = _listed({"event": payload.get("event")}, ("event",))
    if about == "purchase":
        products = [_kept_product(one) for one in _objects(fields.get("products"))]
        amount = _kept_amount(fields.get("original_amount"))
        contact = _kept_contact(_object(fields.get("contact")))
        kept["purchase"] = {
            **_listed(fields, KEPT["purchase"]),
            "products": products,
            "original_amount": amount,
            "contact": contact,
        }
    elif about == "contact":
        kept["contact"] = _kept_contact(fields)
    return kept


def _kept_contact(fields: Mapping[str, Any]) -> dict[str, Any]:
    inner = {name: _listed(_object(fields.get(name)), KEPT[name]) for name in ("contact_profile", "additional_info")}
    return {**_listed(fields, KEPT["contact"]), **inner}


def _kept_product(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {**_listed(fields, KEPT["product"]), "amount": _kept_amount(fields.get("amount"))}


def _kept_amount(amount: object) -> dict[str, Any]:
    fields = _object(amount)
    code = _object(fields.get("currency")).get("iso_code")
    return {**({} if code is None else {"currency_iso": _scalar(code)}), **_listed(fields, KEPT["amount"])}


def _listed(fields: Mapping[str, Any], names: Sequence[str]) -> dict[str, Any]:
    """Return the listed fields that say something; of one that should be a single value and is not, nothing."""
    return {name: value for name in names if (value := _scalar(fields.get(name))) is not None}


def _scalar(value: object) -> Any:
    if isinstance(value, str):
        return clean(value)[:MOST_TEXT]
    return str(value) if isinstance(value, Decimal) else value if isinstance(value, bool | int) else None


def _object(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _objects(value: object) -> list[Mapping[str, Any]]:
    """Return the objects of a list, which Zapier hands on as Python prints it."""
    items = read_printed(value) if isinstance(value, str) else value
    return [_object(one) for one in items if isinstance(one, dict)][:MOST_ITEMS] if isinstance(items, list) else []


def _lead(contact: Fields) -> Lead:
    """Return the lead of one submitted form; its profile is the person."""
    created_at = contact.moment("created_at")
    profile = contact.within("contact_profile")
    return Lead(
        source=SOURCE,
        external_id=contact.text("id") or contact.fail("id"),
        email=contact.text("email") or profile.text("email"),
        opted_in_at=created_at or contact.fail("created_at"),
        name=_name(contact),
        customer_id=classic_customer_id(profile.text("id")),
        utm=contact.within("additional_info").utm(),
        as_of=contact.moment("updated_at") or created_at,
    )


def _purchase(purchase: Fields) -> Iterator[Order]:
    """Yield the order behind a purchase once it is paid."""
    status = purchase.text("status").lower()
    if status not in SALES:
        return
    contact, products = purchase.within("contact"), list(purchase.each("products"))
    currency, total = _total(purchase)
    created_at, subscription = purchase.moment("created_at"), purchase.id("subscription_id")
    sold = tuple(_line(one, currency, total if len(products) == 1 else None) for one in products)
    is_plan, updated_at = any(line.payments > 1 for line in sold), purchase.moment("updated_at") or created_at
    yield Order(
        source=SOURCE,
        external_id=purchase.text("id") or purchase.fail("id"),
        email=contact.text("email") or contact.within("contact_profile").text("email"),
        name=_name(contact),
        currency=currency,
        ordered_at=created_at or purchase.fail("created_at"),
        lines=sold,
        total=total,
        messenger=Messenger.CLASSIC_FUNNEL_TOOL,
        ids=_told(purchase.id("charge_id")),
        plan_id=subscription if subscription.startswith("sub_") else "",
        interval_days=MONTH if is_plan else 0,
        customer_id=classic_customer_id(contact.within("contact_profile").text("id")),
        refunded=total if status == "refunded" else Decimal(0),
        refunded_at=updated_at if status == "refunded" else None,
        utm=contact.within("additional_info").utm(),
        as_of=updated_at,
    )


def _line(product: Fields, currency: str, total: Decimal | None) -> Line:
    """Return a line; a plan's product may show 0 while the purchase holds what was taken."""
    name, amount = product.text("name"), product.within("amount")
    told = _amount(amount, currency) if amount.text("cents") or amount.text("fractional") else None
    labels = _told(name, product.text("id"), product.text("stripe_plan"))
    return Line(name, labels, told or total, payments=_payments(product))


def _total(purchase: Fields) -> tuple[str, Decimal]:
    """Return currency and amount of the first payment."""
    amount = purchase.within("original_amount")
    currency = (purchase.text("original_amount_currency") or amount.text("currency_iso")).upper()
    if not currency:
        purchase.fail("original_amount_currency")
    if purchase.text("original_amount_cents"):
        return currency, _cents(purchase, "original_amount_cents", currency)
    return currency, _amount(amount, currency)


def _amount(amount: Fields, currency: str) -> Decimal:
    return _cents(amount, "cents" if amount.text("cents") else "fractional", currency)


def _cents(fields: Fields, name: str, currency: str) -> Decimal:
    """Return an amount from a count of the currency's smallest unit, which may end in `.0`."""
    text = fields.text(name)
    if not _CENTS(text):
        fields.fail(name, "is not a number of cents")
    units = Decimal(text.partition(".")[0])
    if currency in ZERO_DECIMALS:
        return units
    return units.scaleb(-3 if currency in THREE_DECIMALS else -2)


def _payments(product: Fields) -> int:
    """Return how often a product is paid; a plan without an end, which Classic does not mark, counts as one payment."""
    count = product.text("stripe_cancel_after_payments")
    return int(count) if count.isdecimal() and 1 < int(count) <= MOST_INSTALMENTS else 1


def _name(contact: Fields) -> str:
    return contact.text("name") or f"{contact.text('first_name')} {contact.text('last_name')}".strip()


def _told(*texts: str) -> tuple[str, ...]:
    """Return the texts that are not empty, each once, in their order."""
    return tuple(dict.fromkeys(filter(None, texts)))
