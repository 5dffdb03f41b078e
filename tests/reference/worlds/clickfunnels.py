"""What ClickFunnels 2.0 sends: contacts, orders, invoices and transactions."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import NAMESPACE_URL, uuid5
from zoneinfo import ZoneInfo

from tests.reference.facts import (
    NO_UTM,
    Bought,
    Dispute,
    Ended,
    Fact,
    Item,
    Message,
    OptIn,
    Refund,
    Statement,
    Tie,
    Utm,
)
from tests.reference.worlds.truth import Person, Purchase

SOURCE = "clickfunnels"
UTM_KEYS = ("utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content")


def _stamp(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%S}.000Z"


def _event(kind: str, data: dict[str, Any], at: datetime, subject: str, facts: Iterable[Fact]) -> Message:
    text = json.dumps(data, sort_keys=True)
    body = {
        "data": data,
        "event_id": str(uuid5(NAMESPACE_URL, f"{kind} {_stamp(at)} {text}")),
        "event_type": kind,
        "subject_id": data["id"],
        "subject_type": subject,
        "created_at": _stamp(at),
        "page_id": None,
        "funnel_id": None,
    }
    return Message(SOURCE, json.dumps(body), tuple(facts), f"{kind} {data['id']}")


def _visits(utm: Utm, at: datetime) -> dict[str, Any]:
    values = {name: value or None for name, value in zip(UTM_KEYS, utm, strict=True)}
    return {"first_visit": {"started_at": _stamp(at), **values}, "last_visit": None, "last_visit_with_utm": None}


def contact(person: Person, email: str, at: datetime, utm: Utm, edited_at: datetime | None = None) -> Message:
    """Return a contact when it opted in, or when its address was edited."""
    first, _, last = person.name.partition(" ")
    data = {
        "id": person.contact,
        "public_id": f"pub{person.contact}",
        "workspace_id": 42,
        "email_address": email,
        "first_name": first,
        "last_name": last,
        "created_at": _stamp(at),
        "updated_at": _stamp(edited_at or at),
        "tags": [],
        "custom_attributes": {},
        "visits": _visits(utm, at),
    }
    kind = "contact.updated" if edited_at else "contact.created"
    fact = OptIn(SOURCE, str(person.contact), email, at, utm, str(person.contact))
    return _event(kind, data, edited_at or at, "Contact", [fact])


@dataclass(frozen=True)
class Order:
    """An order of the funnel tool: its number, and when the tool saw the money."""

    id: int
    at: datetime
    email: str = ""
    knows_contact_by_id: bool = False
    is_disclosed: bool = True  # the order carries the visits of its contact

    @property
    def key(self) -> str:
        """Return the id that is the order's own among all."""
        return f"cf2:{self.id}"


def order(
    purchase: Purchase,
    told: Order,
    status: str = "paid",
    kind: str = "one-time-order.completed",
    at: datetime | None = None,
    paid_before: int = 0,
) -> Message:
    """Return an order in one of its states."""
    at = at or told.at
    data = _order(purchase, told, status, at, paid_before)
    facts: list[Fact] = [_bought(purchase, told, status)]
    facts += _states(purchase, told, status, at, paid_before)
    return _event(kind, data, at, "Order", facts)


def _order(purchase: Purchase, told: Order, status: str, at: datetime, paid_before: int) -> dict[str, Any]:
    first, _, last = purchase.buyer.name.partition(" ")
    person: dict[str, Any] = {"id": purchase.buyer.contact}
    if not told.knows_contact_by_id:
        person |= {
            "email_address": told.email or purchase.buyer.email,
            "first_name": first,
            "last_name": last,
            "created_at": _stamp(told.at),
            "updated_at": _stamp(told.at),
            "custom_attributes": {},
        }
        if purchase.utm != NO_UTM and told.is_disclosed:
            person["visits"] = _visits(purchase.utm, told.at)
    is_plan = bool(purchase.instalments)
    return {
        "id": told.id,
        "public_id": f"o{told.id}",
        "order_number": f"#{told.id}",
        "workspace_id": 42,
        "contact_id": purchase.buyer.contact,
        "total_amount": f"{purchase.total:.2f}",
        "currency": purchase.currency,
        "billing_status": status,
        "service_status": "active" if is_plan else "completed",
        "order_type": "subscription-order" if is_plan else "one-time-order",
        "tax_amount": f"{purchase.tax:.2f}",
        "activated_at": None if status in ("pending", "unpaid", "void before") else _stamp(told.at),
        "canceled_at": None,
        "churned_at": None,
        "created_at": _stamp(told.at),
        "updated_at": _stamp(at),
        "live_mode": purchase.is_live,
        "external_id": None,
        "payment_processor": "payments_ai",
        "recurring_invoices_paid_count": paid_before,
        "contact": person,
        "line_items": [_line(purchase, place, is_plan=is_plan) for place in range(len(purchase.lines))],
    }


def _line(purchase: Purchase, place: int, *, is_plan: bool) -> dict[str, Any]:
    line = purchase.lines[place]
    each = line.amount / line.quantity
    plan: dict[str, Any] = {"duration": None, "interval": None, "interval_count": None}
    if is_plan and place == 0:
        plan = {"duration": purchase.instalments, "interval": "months", "interval_count": 1}
    return {
        "id": 30000 + place,
        "public_id": f"l{place}",
        "quantity": line.quantity,
        "original_product": {"id": line.product.product, "public_id": "p", "name": line.product.name},
        "products_price": {
            "id": line.product.price_id,
            "public_id": "r",
            "amount": f"{each:.1f}" if each == each.quantize(Decimal("0.1")) else f"{each:.2f}",
            "currency": purchase.currency.lower(),
            **plan,
        },
        "products_variant": {"id": 1100 + place, "public_id": "v", "name": line.product.name, "sku": None},
    }


def _billed(purchase: Purchase, place: int, number: int) -> dict[str, Any]:
    """Return a line of an invoice."""
    line, is_plan = purchase.lines[place], bool(purchase.instalments)
    each = line.amount / line.quantity
    return {
        "id": number * 10 + place,
        "description": f"{line.product.name} ${each:.2f}",
        "amount": f"{each:.2f}",
        "quantity": line.quantity,
        "products_price": {
            "id": line.product.price_id,
            "amount": f"{each:.2f}",
            "currency": purchase.currency.lower(),
            "duration": purchase.instalments or None,
            "interval": "months" if is_plan else None,
            "interval_count": 1 if is_plan else None,
        },
        "products_variant": {"id": 1100 + place, "name": line.product.name},
    }


def _items(purchase: Purchase) -> tuple[Item, ...]:
    """Return the lines of an order or invoice."""
    return tuple(
        Item(
            line.product.name,
            line.amount,
            (line.product.name, line.product.product, line.product.price_id),
            bool(purchase.instalments) and place == 0,
        )
        for place, line in enumerate(purchase.lines)
    )


def _bought(purchase: Purchase, told: Order, status: str) -> Bought:
    is_plan = bool(purchase.instalments)
    is_named = not told.knows_contact_by_id
    return Bought(
        SOURCE,
        frozenset((told.key,)),
        purchase.currency,
        told.at,
        is_paid=status not in ("pending", "unpaid", "void before"),
        total=None if is_plan else purchase.total,
        tax=purchase.tax,
        items=_items(purchase),
        email=(told.email or purchase.buyer.email) if is_named else "",
        name=purchase.buyer.name if is_named else "",
        customer=str(purchase.buyer.contact),
        utm=purchase.utm if is_named and told.is_disclosed else NO_UTM,
        is_live=purchase.is_live,
        instalments=purchase.instalments,
        instalment=purchase.lines[0].amount if is_plan else None,
    )


def _states(purchase: Purchase, told: Order, status: str, at: datetime, paid_before: int) -> list[Fact]:
    if status in ("pending", "unpaid", "void before"):
        return []
    paid = purchase.total * (paid_before + 1) if purchase.instalments else purchase.total
    facts: list[Fact] = [Statement(SOURCE, told.key, paid, told.at)]
    on = frozenset((told.key,))
    match status:
        case "refunded" | "voided":
            facts.append(Refund(told.key, on, None, at, "all"))
        case "partially-refunded":
            facts.append(Refund(told.key, on, None, at, "part"))
        case "disputed":
            facts.append(Dispute(told.key, on, None, at))
    return facts


def order_ended(purchase: Purchase, told: Order, at: datetime, paid_before: int = 0) -> Message:
    """Return a plan that was cancelled."""
    data = _order(purchase, told, "paid", at, paid_before)
    data |= {"service_status": "canceled", "canceled_at": _stamp(at), "cancel_reason": "customer"}
    facts = [_bought(purchase, told, "paid"), *_states(purchase, told, "paid", at, paid_before), Ended(told.key, at)]
    return _event("subscription.canceled", data, at, "Order", facts)


def invoice(purchase: Purchase, told: Order, number: int, at: datetime, *, is_first: bool = True) -> Message:
    """Return a paid invoice: the whole order, or one instalment."""
    is_plan = bool(purchase.instalments)
    kind = ("initial" if is_first else "renewal") if is_plan else "one_time_sale"
    data = {
        "id": number,
        "order_id": told.id,
        "status": "paid",
        "total_amount": f"{purchase.total:.2f}",
        "tax_amount": f"{purchase.tax:.2f}",
        "currency": purchase.currency,
        "paid_at": _stamp(at),
        "invoice_type": kind,
        "created_at": _stamp(at),
        "updated_at": _stamp(at),
        "line_items": [_billed(purchase, place, number) for place in range(len(purchase.lines))],
        "payment_processor": "payments_ai",
        "external_id": None,
    }
    facts: list[Fact] = [
        Tie(frozenset((told.key, f"cf2 invoice:{number}"))),
        Bought(
            SOURCE,
            frozenset((told.key, f"cf2 invoice:{number}")),
            purchase.currency,
            at,
            total=None if is_plan else purchase.total,
            instalments=purchase.instalments,
            instalment=purchase.lines[0].amount if is_plan else None,
            is_live=purchase.is_live,
            items=_items(purchase),
        ),
        Statement(SOURCE, f"cf2 invoice:{number}", purchase.total, at),
    ]
    name = "subscription.invoice.paid" if is_plan else "one-time-order.invoice.paid"
    return _event(name, data, at, "Orders::Invoice", facts)


def export_rows(purchase: Purchase, told: Order, zone: ZoneInfo) -> list[Message]:
    """Return the rows of an export of orders: one for each product, the order's total on each."""

    def of(name: str) -> tuple[Fact, ...]:
        bought = Bought(
            SOURCE,
            frozenset((told.key,)),
            purchase.currency,
            told.at,
            total=purchase.total,
            names=(name,),
            email=told.email or purchase.buyer.email,
            name=purchase.buyer.name,
        )
        return bought, Statement(SOURCE, told.key, purchase.total, told.at)

    whole = {
        "Order Number": f"#{told.id}",
        "Customer Name": purchase.buyer.name,
        "Contact Email": told.email or purchase.buyer.email,
        "Billing Status": "paid",
        "Total Amount": f"{purchase.total:.2f}",
        "Currency": purchase.currency,
        "Created At": f"{told.at.astimezone(zone):%Y-%m-%d %H:%M:%S}",
    }
    rows = [whole | {"Product": line.product.name, "Quantity": str(line.quantity)} for line in purchase.lines]
    return [
        Message("clickfunnels-orders", json.dumps(row), of(row["Product"]), f"export row #{told.id}") for row in rows
    ]


def transaction(purchase: Purchase, told: Order, number: int, amount: Decimal, at: datetime) -> Message:
    """Return a refund of a part, as a transaction of the order."""
    data = {
        "id": number,
        "arn": None,
        "amount": f"{amount:.2f}",
        "reason": None,
        "result": "approved",
        "status": "completed",
        "currency": purchase.currency,
        "order_id": told.id,
        "is_rebill": False,
        "created_at": _stamp(at),
        "updated_at": _stamp(at),
        "external_id": f"txn_{number}",
        "external_type": "refund",
        "rebill_number": 0,
        "adjusted_transaction_id": None,
    }
    fact = Refund(f"cf2 transaction:{number}", frozenset((told.key,)), amount, at)
    return _event("orders/transaction.created", data, at, "Orders::Transaction", [fact])
