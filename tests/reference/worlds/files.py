"""Rows of the product's own templates, and rows that another program writes into the table of sales."""

import json
from datetime import UTC, datetime
from decimal import Decimal

from tests.reference.facts import Bought, Fact, Message, OptIn, Refund, Spent, Statement, Utm
from tests.reference.worlds.truth import Person, Product

FILE = "file"


def _when(at: datetime, *, date_only: bool = False) -> str:
    """Return a moment in UTC, or the date of a moment in the business zone."""
    return f"{at:%Y-%m-%d}" if date_only else f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%S}+00:00"


def lead(person: Person, number: str, email: str, at: datetime, utm: Utm, *, date_only: bool = False) -> Message:
    """Return a row of the template of leads."""
    row = {
        "lead_id": number,
        "email": email,
        "name": person.name,
        "opted_in_at": _when(at, date_only=date_only),
        **dict(zip(("utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content"), utm, strict=True)),
        "customer_id": "",
    }
    return Message(
        "leads", json.dumps(row), (OptIn(FILE, number, email, at, utm, date_only=date_only),), f"lead row {number}"
    )


def sale(
    person: Person,
    product: Product,
    number: str,
    at: datetime,
    *,
    currency: str = "USD",
    email: str = "",
    collected: Decimal | None = None,
    refunded: Decimal | None = None,
    date_only: bool = False,
) -> Message:
    """Return a row of the template of high-ticket sales."""
    row = {
        "sale_id": number,
        "customer_name": person.name,
        "customer_email": email or person.email,
        "product_name": product.name,
        "price": f"{product.price:.2f}",
        "currency": currency,
        "purchase_date": _when(at, date_only=date_only),
        "customer_id": "",
        "payment_id": "",
        "collected": "" if collected is None else f"{collected:.2f}",
        "refunded": "" if refunded is None else f"{refunded:.2f}",
    }
    facts = _bought(
        person,
        product,
        f"file:{number}",
        at,
        "high-ticket",
        currency=currency,
        email=email,
        collected=collected,
        date_only=date_only,
    )
    if refunded:
        facts.append(Refund(f"file:{number}", frozenset((f"file:{number}",)), refunded, None))
    return Message("high-ticket-sales", json.dumps(row), tuple(facts), f"sale row {number}")


def funnel_order(
    person: Person, product: Product, number: str, at: datetime, currency: str = "USD", refunded: Decimal | None = None
) -> Message:
    """Return a row of the template of funnel orders."""
    row = {
        "order_id": number,
        "kind": product.kind,
        "email": person.email,
        "name": person.name,
        "product": product.name,
        "price": f"{product.price:.2f}",
        "currency": currency,
        "ordered_at": _when(at),
        "refunded": "" if refunded is None else f"{refunded:.2f}",
    }
    facts = _bought(person, product, f"file:{number}", at, product.kind, currency=currency)
    if refunded:
        facts.append(Refund(f"file:{number}", frozenset((f"file:{number}",)), refunded, None))
    return Message("funnel-orders", json.dumps(row), tuple(facts), f"order row {number}")


def foreign(person: Person, product: Product, number: int, at: datetime, before: Decimal | None = None) -> Message:
    """Return a row that another program inserts into the table of sales, at another price before it updates it."""
    row = {
        "customer_name": person.name,
        "customer_email": person.email,
        "product_name": product.name,
        "price": f"{product.price:.2f}",
        "purchase_date": f"{at:%Y-%m-%d %H:%M:%S}",
        "number": number,
        "before": None if before is None else f"{before:.2f}",
    }
    facts = _bought(person, product, f"foreign:{number}", at, "high-ticket", currency="")
    return Message("insert", json.dumps(row), tuple(facts), f"foreign row {number}")


def _bought(
    person: Person,
    product: Product,
    key: str,
    at: datetime,
    kind: str,
    *,
    currency: str,
    email: str = "",
    collected: Decimal | None = None,
    date_only: bool = False,
) -> list[Fact]:
    paid = product.price if collected is None else collected
    return [
        Bought(
            FILE,
            frozenset((key,)),
            currency,
            at,
            total=product.price,
            names=(product.name,),
            kind=kind,
            email=email or person.email,
            name=person.name,
            date_only=date_only,
        ),
        Statement(FILE, key, paid, at),
    ]


def spend(day: str, campaign: str, amount: Decimal, currency: str) -> Message:
    """Return a row of the template of ad spend."""
    row = {
        "date": day,
        "platform": "meta",
        "account_id": "1234567890",
        "campaign": campaign,
        "campaign_id": "",
        "ad_set": "Broad",
        "ad_set_id": "",
        "ad": "Video",
        "ad_id": "",
        "spend": f"{amount:.2f}",
        "currency": currency,
    }
    return Message("ad-spend", json.dumps(row), (Spent(day, campaign, amount),), f"spend {day} {campaign}")
