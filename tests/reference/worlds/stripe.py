"""What Stripe sends: events in the shapes before and since Basil."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from tests.reference.facts import (
    NO_UTM,
    ZERO,
    Bought,
    Dispute,
    Ended,
    Fact,
    Item,
    Message,
    Paid,
    Refund,
    Statement,
    Tie,
)
from tests.reference.worlds.truth import Contested, Line, Payment, Purchase, Returned, minor, seconds

UTM_KEYS = ("utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content")
STRIPE = "stripe"


def event(kind: str, thing: dict[str, Any], at: datetime, facts: Iterable[Fact] = (), version: str = "") -> Message:
    """Return an event about a thing; its id follows from what it is about."""
    number = f"{thing['id']}_{kind}_{seconds(at)}_{thing.get('status') or ''}_{thing.get('amount_refunded') or ''}"
    is_live = thing.get("livemode", True)
    body = {
        "id": "evt_" + number.replace(".", ""),
        "object": "event",
        "api_version": version or "2026-10-28.endive",
        "created": seconds(at),
        "data": {"object": thing},
        "livemode": is_live,
        "pending_webhooks": 1,
        "request": {"id": None, "idempotency_key": None},
        "type": kind,
    }
    return Message(STRIPE, json.dumps(body), tuple(facts), f"{kind} {thing['id']}")


def _utm_of(purchase: Purchase) -> dict[str, str]:
    if purchase.utm == NO_UTM:
        return {}
    return dict(zip(UTM_KEYS, purchase.utm, strict=True))


def _metadata(purchase: Purchase) -> dict[str, str]:
    words: dict[str, str] = {}
    if purchase.words == "metadata":
        words = {"product": purchase.names[0]} if len(purchase.names) == 1 else {"items": ", ".join(purchase.names)}
    return {**words, **_utm_of(purchase)}


def _bought(purchase: Purchase, ids: Iterable[str], at: datetime, **more: Any) -> Bought:
    return Bought(
        STRIPE,
        frozenset(ids),
        purchase.currency,
        at,
        **{"is_live": purchase.is_live, "customer": purchase.buyer.stripe if purchase.customer else "", **more},
    )


def _paid(purchase: Purchase, payment: Payment, ids: Iterable[str]) -> Paid:
    return Paid(STRIPE, frozenset(ids), payment.amount, purchase.currency, payment.at, purchase.is_live)


def session(purchase: Purchase, status: str = "paid", kind: str = "completed") -> Message:
    """Return what a checkout session tells: paid, unpaid (a bank debit on its way) or no_payment_required."""
    payment = purchase.payments[0] if purchase.payments else None
    began = (payment and payment.started_at) or purchase.at
    at = began if status == "unpaid" else purchase.at
    money, gross = minor(purchase.total, purchase.currency), purchase.total + purchase.discount - purchase.tax
    intent = payment.intent if payment else None
    thing = {
        "id": purchase.session,
        "object": "checkout.session",
        "amount_subtotal": minor(gross, purchase.currency),
        "amount_total": money,
        "currency": purchase.currency.lower(),
        "created": seconds(began) - 300,
        "customer": purchase.buyer.stripe if purchase.customer else None,
        "customer_details": {"email": purchase.address, "name": purchase.buyer.name, "phone": None},
        "customer_email": None,
        "invoice": purchase.extra.get("receipt"),
        "livemode": purchase.is_live,
        "metadata": _metadata(purchase),
        "mode": "payment",
        "payment_intent": intent,
        "payment_link": purchase.lines[0].product.link,
        "payment_status": status,
        "status": "complete",
        "subscription": None,
        "total_details": {
            "amount_discount": minor(purchase.discount, purchase.currency),
            "amount_shipping": 0,
            "amount_tax": minor(purchase.tax, purchase.currency),
        },
    }
    facts: list[Fact] = [
        _bought(
            purchase,
            filter(None, (purchase.session, intent)),
            at,
            is_paid=status != "unpaid",
            total=purchase.total,
            tax=purchase.tax,
            names=purchase.names if purchase.words == "metadata" else (),
            texts=(purchase.lines[0].product.link,),
            email=purchase.address,
            name=purchase.buyer.name,
            utm=purchase.utm,
        )
    ]
    if status == "paid" and payment:
        facts.append(_paid(purchase, payment, (payment.intent, purchase.session)))
    return event(f"checkout.session.{kind}", thing, at, facts)


def _description(purchase: Purchase, payment: Payment) -> str | None:
    if purchase.instalments or purchase.extra.get("invoice"):
        return "Payment for Invoice"
    if order := purchase.extra.get("order_number"):
        return f"Payment for order {order}"
    return purchase.names[0] if purchase.words == "description" and len(purchase.names) == 1 else None


def intent(purchase: Purchase, payment: Payment) -> Message:
    """Return what a payment intent tells once it succeeded."""
    text = _description(purchase, payment)
    thing = {
        "id": payment.intent,
        "object": "payment_intent",
        "amount": minor(payment.amount, purchase.currency),
        "amount_received": minor(payment.amount, purchase.currency),
        "currency": purchase.currency.lower(),
        "created": seconds(payment.started_at or payment.at) - 60,
        "customer": purchase.buyer.stripe if purchase.customer else None,
        "description": text,
        "latest_charge": payment.charge,
        "livemode": purchase.is_live,
        "metadata": {},
        "receipt_email": None,
        "status": "succeeded",
    }
    ids = (payment.intent, payment.charge)
    facts: list[Fact] = [
        _bought(purchase, ids, payment.at, names=(text,) if text else ()),
        _paid(purchase, payment, ids),
    ]
    return event("payment_intent.succeeded", thing, payment.at, facts)


def _address_in_metadata(purchase: Purchase) -> dict[str, str]:
    """Return the address where a charge tells it in its metadata alone."""
    if purchase.extra.get("card on file") != "address in metadata":
        return {}
    return {"customer_email": purchase.address, "customer_name": purchase.buyer.name}


def _charge(purchase: Purchase, payment: Payment, refunded: Decimal = ZERO) -> dict[str, Any]:
    is_known = not purchase.extra.get("card on file")
    amount = minor(payment.amount, purchase.currency)
    return {
        "id": payment.charge,
        "object": "charge",
        "amount": amount,
        "amount_captured": amount,
        "amount_refunded": minor(refunded, purchase.currency),
        "billing_details": {
            "email": purchase.address if is_known else None,
            "name": purchase.buyer.name if is_known else None,
        },
        "captured": True,
        "created": seconds(payment.started_at or payment.at),
        "currency": purchase.currency.lower(),
        "customer": purchase.buyer.stripe if purchase.customer else None,
        "description": _description(purchase, payment),
        "disputed": False,
        "livemode": purchase.is_live,
        "metadata": _address_in_metadata(purchase),
        "paid": True,
        "payment_intent": payment.intent,
        "receipt_email": None,
        "refunded": refunded == payment.amount,
        "status": "succeeded",
    }


def _of_charge(purchase: Purchase, payment: Payment) -> list[Fact]:
    is_known = purchase.extra.get("card on file", "address in metadata") == "address in metadata"
    text = _description(purchase, payment)
    words = {"email": purchase.address, "name": purchase.buyer.name} if is_known else {}
    ids = (payment.intent, payment.charge)
    bought = _bought(purchase, ids, payment.at, names=(text,) if text else (), **words)
    return [bought, _paid(purchase, payment, ids)]


def charge(purchase: Purchase, payment: Payment) -> Message:
    """Return what a charge tells once it succeeded."""
    return event("charge.succeeded", _charge(purchase, payment), payment.at, _of_charge(purchase, payment))


def captured(purchase: Purchase, payment: Payment, so_far: Decimal, at: datetime, *, is_last: bool) -> Message:
    """Return a charge of which nothing, a part, or at last all was captured."""
    thing = _charge(purchase, payment) | {
        "amount_captured": minor(so_far, purchase.currency),
        "captured": bool(so_far),
    }
    kind = "charge.captured" if so_far else "charge.succeeded"
    return event(kind, thing, at, _of_charge(purchase, payment) if is_last else ())


def charge_refunded(purchase: Purchase, payment: Payment, until: datetime) -> Message:
    """Return a charge with the running total of its refunds at a moment."""
    held = [one for one in payment.refunds if one.at <= until and not (one.failed_at and one.failed_at <= until)]
    on = frozenset((payment.intent, payment.charge))
    back = [Refund(one.id, on, one.amount, one.at, by_total=True) for one in held]
    thing = _charge(purchase, payment, payment.total_refunded(until))
    return event("charge.refunded", thing, until, [*_of_charge(purchase, payment), *back])


def refund(
    purchase: Purchase, payment: Payment, one: Returned, kind: str = "refund.created", state: str = "succeeded"
) -> Message:
    """Return what a refund tells of itself."""
    at = one.failed_at if state == "failed" and one.failed_at else one.at
    thing = {
        "id": one.id,
        "object": "refund",
        "amount": minor(one.amount, purchase.currency),
        "charge": payment.charge,
        "payment_intent": payment.intent,
        "currency": purchase.currency.lower(),
        "created": seconds(one.at),
        "status": state,
        "reason": "requested_by_customer",
        "metadata": {},
    }
    on = frozenset((payment.intent, payment.charge))
    fact = Refund(one.id, on, one.amount, one.at, "failed" if state == "failed" else "done")
    return event(kind, thing, at, [fact])


def dispute(purchase: Purchase, payment: Payment, one: Contested, kind: str = "created") -> Message:
    """Return what a dispute tells when it opens, when its money is withdrawn, and when it closes."""
    is_over = kind == "closed" or (kind == "created" and one.closed_at == one.at)
    state = one.outcome if is_over else "needs_response"
    at = one.closed_at if is_over and one.closed_at else one.at
    thing = {
        "id": one.id,
        "object": "dispute",
        "amount": minor(one.amount, purchase.currency),
        "charge": payment.charge,
        "payment_intent": payment.intent if one.names_intent else None,
        "currency": purchase.currency.lower(),
        "created": seconds(one.at),
        "status": state,
        "livemode": purchase.is_live,
        "reason": "fraudulent",
    }
    on = frozenset((payment.charge, payment.intent) if one.names_intent else (payment.charge,))
    fact = Dispute(one.id, on, one.amount, at, state if is_over else "open")
    return event(f"charge.dispute.{kind}", thing, at, [fact])


@dataclass(frozen=True)
class Invoice:
    """An invoice of a purchase: one instalment, or all of it."""

    id: str
    amount: Decimal
    at: datetime
    payments: tuple[Payment, ...] = ()
    subscription: str = ""
    is_first: bool = True
    attempts: int = 1
    is_outside: bool = False
    is_old: bool = False


def _line(line: Line, place: str, bill: Invoice, currency: str, *, is_plan: bool) -> dict[str, Any]:
    product, whole = line.product, minor(line.amount, currency)
    words = f"1 × {product.name} (at ${line.amount} / month)" if is_plan else product.name
    told: dict[str, Any] = {
        "id": f"il_{bill.id}_{place}",
        "amount": whole,
        "currency": currency.lower(),
        "description": words,
        "discount_amounts": [],
        "metadata": {},
        "quantity": line.quantity,
    }
    if bill.is_old:
        price = {"id": product.price_id, "product": product.product, "unit_amount": whole // line.quantity}
        old = {"price": price, "type": "subscription" if is_plan else "invoiceitem", "proration": False}
        return {**told, **old, "subscription": bill.subscription or None}
    kind = "subscription_item_details" if is_plan else "invoice_item_details"
    parent = {"type": kind, **({kind: {"subscription": bill.subscription}} if is_plan else {})}
    pricing = {"price_details": {"price": product.price_id, "product": product.product}}
    return {**told, "parent": parent, "pricing": pricing}


def invoice(purchase: Purchase, bill: Invoice) -> Message:
    """Return a paid invoice, or the receipt that is written after a checkout."""
    is_receipt = not bill.attempts and not bill.is_outside
    plan = {"instalments": str(purchase.instalments)} if purchase.instalments else {}
    lines = [
        _line(line, str(at), bill, purchase.currency, is_plan=bool(bill.subscription) and at == 0)
        for at, line in enumerate(purchase.lines if bill.is_first else purchase.lines[:1])
    ]
    reason = ("subscription_create" if bill.is_first else "subscription_cycle") if bill.subscription else "manual"
    thing = {
        "id": bill.id,
        "object": "invoice",
        "amount_due": minor(bill.amount, purchase.currency),
        "amount_paid": minor(bill.amount, purchase.currency),
        "amount_remaining": 0,
        "attempt_count": bill.attempts,
        "attempted": bool(bill.attempts),
        "billing_reason": reason,
        "currency": purchase.currency.lower(),
        "customer": purchase.buyer.stripe,
        "customer_email": purchase.address,
        "customer_name": purchase.buyer.name,
        "description": None,
        "livemode": purchase.is_live,
        "metadata": {},
        "lines": {"data": lines, "has_more": False, "object": "list"},
        "status": "paid",
        "status_transitions": {"paid_at": seconds(bill.at)},
        "subtotal": minor(bill.amount - purchase.tax, purchase.currency),
        "total": minor(bill.amount, purchase.currency),
        "total_excluding_tax": minor(bill.amount - purchase.tax, purchase.currency),
        **_shape(purchase, bill, plan),
    }
    version = "2020-08-27" if bill.is_old else ""
    return event("invoice.paid", thing, bill.at, () if is_receipt else _of_invoice(purchase, bill), version)


def _shape(purchase: Purchase, bill: Invoice, plan: dict[str, str]) -> dict[str, Any]:
    if not bill.is_old:
        details = {"subscription": bill.subscription, "metadata": plan}
        parent = {"type": "subscription_details", "subscription_details": details} if bill.subscription else None
        tax = [{"amount": minor(purchase.tax, purchase.currency), "tax_behavior": "exclusive"}] if purchase.tax else []
        return {"parent": parent, "total_taxes": tax}
    payment = bill.payments[0] if bill.payments else None
    return {
        "charge": payment.charge if payment else None,
        "payment_intent": payment.intent if payment else None,
        "paid": True,
        "paid_out_of_band": bill.is_outside,
        "subscription": bill.subscription or None,
        "subscription_details": {"metadata": plan} if bill.subscription else None,
        "tax": minor(purchase.tax, purchase.currency) if purchase.tax else None,
    }


def _of_invoice(purchase: Purchase, bill: Invoice) -> list[Fact]:
    is_plan = bool(bill.subscription)
    lines = purchase.lines if bill.is_first else purchase.lines[:1]
    items = tuple(
        Item(
            line.product.name,
            line.amount,
            (line.product.name, line.product.product, line.product.price_id),
            is_plan and at == 0,
        )
        for at, line in enumerate(lines)
    )
    ids = {bill.id, *filter(None, (bill.subscription,))}
    facts: list[Fact] = [
        _bought(
            purchase,
            ids,
            bill.at,
            total=None if is_plan else bill.amount,
            tax=purchase.tax,
            items=items,
            email=purchase.address,
            name=purchase.buyer.name,
            customer=purchase.buyer.stripe,
            instalments=purchase.instalments,
            instalment=lines[0].amount if is_plan else None,
        ),
        Statement(STRIPE, bill.id, bill.amount, bill.at),
    ]
    if bill.is_old and bill.payments:
        facts.append(Tie(frozenset((bill.id, bill.payments[0].intent, bill.payments[0].charge))))
    return facts


def invoice_payment(purchase: Purchase, bill: Invoice, payment: Payment) -> Message:
    """Return what ties a payment to an invoice."""
    thing = {
        "id": f"inpay_{payment.intent}",
        "object": "invoice_payment",
        "amount_paid": minor(payment.amount, purchase.currency),
        "amount_requested": minor(payment.amount, purchase.currency),
        "created": seconds(payment.at),
        "currency": purchase.currency.lower(),
        "invoice": bill.id,
        "is_default": True,
        "livemode": purchase.is_live,
        "payment": {"type": "payment_intent", "payment_intent": payment.intent},
        "status": "paid",
        "status_transitions": {"canceled_at": None, "paid_at": seconds(payment.at)},
    }
    facts: list[Fact] = [Tie(frozenset((bill.id, payment.intent))), _paid(purchase, payment, (payment.intent,))]
    return event("invoice_payment.paid", thing, payment.at, facts)


def subscription_ended(purchase: Purchase, subscription: str, at: datetime) -> Message:
    """Return the end of a subscription."""
    thing = {
        "id": subscription,
        "object": "subscription",
        "canceled_at": seconds(at),
        "cancel_at": None,
        "cancel_at_period_end": False,
        "created": seconds(purchase.at),
        "currency": purchase.currency.lower(),
        "customer": purchase.buyer.stripe,
        "ended_at": seconds(at),
        "livemode": purchase.is_live,
        "metadata": {"instalments": str(purchase.instalments)} if purchase.instalments else {},
        "status": "canceled",
    }
    return event("customer.subscription.deleted", thing, at, [Ended(subscription, at)])


def failed(purchase: Purchase, payment: Payment) -> list[Message]:
    """Return what is sent about a payment that did not succeed."""
    thing = _charge(purchase, payment) | {"status": "failed", "paid": False, "captured": False, "amount_captured": 0}
    thing |= {"id": payment.charge + "_failed", "failure_code": "card_declined"}
    attempt = {
        "id": payment.intent,
        "object": "payment_intent",
        "amount": minor(payment.amount, purchase.currency),
        "amount_received": 0,
        "currency": purchase.currency.lower(),
        "created": seconds(payment.at) - 60,
        "customer": purchase.buyer.stripe,
        "description": None,
        "latest_charge": thing["id"],
        "livemode": purchase.is_live,
        "metadata": {},
        "receipt_email": None,
        "status": "requires_payment_method",
    }
    return [
        event("charge.failed", thing, payment.at),
        event("payment_intent.payment_failed", attempt, payment.at),
    ]


def export_row(purchase: Purchase, payment: Payment) -> Message:
    """Return a row of the payments export of all columns, in which Checkout leaves the description empty."""
    refunded = payment.total_refunded(max((one.at for one in payment.refunds), default=payment.at))
    row = {
        "id": payment.charge,
        "Created date (UTC)": f"{payment.at:%Y-%m-%d %H:%M:%S}",
        "Amount": f"{payment.amount:.2f}",
        "Amount Refunded": f"{refunded:.2f}",
        "Currency": purchase.currency.lower(),
        "Captured": "true",
        "Status": "Refunded" if refunded == payment.amount else "Paid",
        "Mode": "Live" if purchase.is_live else "Test",
        "PaymentIntent ID": payment.intent,
        "Customer ID": purchase.buyer.stripe if purchase.customer else "",
        "Customer Email": purchase.address,
        "Card Name": purchase.buyer.name,
        "Description": "",
        "Checkout Session ID": purchase.session,
        "Checkout Line Item Summary": "; ".join(f"{line.product.name} ({line.quantity})" for line in purchase.lines),
        "Payment Link ID": purchase.lines[0].product.link,
        **dict(zip(("UTM Source", "UTM Medium", "UTM Campaign", "UTM Term", "UTM Content"), purchase.utm, strict=True)),
    }
    ids = (payment.intent, payment.charge, purchase.session)
    facts: list[Fact] = [
        _bought(
            purchase,
            filter(None, ids),
            payment.at,
            names=purchase.names,
            texts=(purchase.lines[0].product.link,),
            email=purchase.address,
            name=purchase.buyer.name,
            utm=purchase.utm,
        ),
        _paid(purchase, payment, filter(None, ids)),
    ]
    on = frozenset((payment.intent, payment.charge))
    facts += [Refund(one.id, on, one.amount, None, by_total=True) for one in payment.refunds if not one.failed_at]
    return Message("stripe-payments", json.dumps(row), tuple(facts), f"export row {payment.charge}")
