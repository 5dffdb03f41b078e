"""What ClickFunnels Classic sends: contacts and purchases, nested."""

import json
from datetime import datetime
from typing import Any

from tests.reference.facts import NO_UTM, Bought, Fact, Item, Message, OptIn, Statement, Utm
from tests.reference.worlds.truth import Person, Purchase, minor

SOURCE = "clickfunnels-classic"
UTM_KEYS = ("utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content")


def _stamp(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%S}.000Z"


def _contact(person: Person, number: int, email: str, at: datetime, utm: Utm) -> dict[str, Any]:
    first, _, last = person.name.partition(" ")
    return {
        "id": number,
        "email": email,
        "name": person.name,
        "first_name": first,
        "last_name": last,
        "created_at": _stamp(at),
        "updated_at": _stamp(at),
        "contact_profile": {"id": person.profile, "email": email, "first_name": first, "last_name": last},
        "additional_info": dict(zip(UTM_KEYS, utm, strict=True)),
    }


def contact(person: Person, number: int, email: str, at: datetime, utm: Utm) -> Message:
    """Return a submission of the opt-in form."""
    body = {"event": "created", "contact": _contact(person, number, email, at, utm)}
    fact = OptIn(SOURCE, str(number), email, at, utm, str(person.profile))
    return Message(SOURCE, json.dumps(body), (fact,), f"classic contact {number}")


def contact_row(person: Person, number: int, email: str, at: datetime, utm: Utm) -> Message:
    """Return a row of the export of contacts, its UTMs printed as Ruby does."""
    info = ", ".join(f'"{name}"=>"{value}"' for name, value in zip(UTM_KEYS, utm, strict=True))
    row = {
        "id": str(number),
        "email": email,
        "first_name": person.name.partition(" ")[0],
        "last_name": person.name.partition(" ")[2],
        "created_at": f"{at:%Y-%m-%d %H:%M:%S} UTC",
        "additional_info": "{" + info + "}",
    }
    fact = OptIn(SOURCE, str(number), email, at, utm)
    return Message("clickfunnels-classic-contacts", json.dumps(row), (fact,), f"classic contact row {number}")


def purchase(
    bought: Purchase, number: int, at: datetime, charge: str | None, email: str = "", event: str = "created"
) -> Message:
    """Return a paid purchase; `charge` is Stripe's payment, where Classic names it."""
    currency, money = bought.currency, minor(bought.total, bought.currency)
    address = email or bought.buyer.email
    body = {
        "event": event,
        "purchase": {
            "id": number,
            "charge_id": charge,
            "subscription_id": None,
            "status": "paid",
            "error_message": None,
            "original_amount_cents": money,
            "original_amount": {"cents": money, "currency_iso": currency},
            "original_amount_currency": currency,
            "payments_count": None,
            "manual": False,
            "products": [
                {
                    "id": line.product.product,
                    "name": line.product.name,
                    "bump": place > 0,
                    "amount": {"cents": minor(line.amount, currency), "currency_iso": currency},
                    "amount_currency": currency,
                    "stripe_plan": None,
                    "stripe_cancel_after_payments": None,
                }
                for place, line in enumerate(bought.lines)
            ],
            "contact": _contact(bought.buyer, number + 500000, address, at, NO_UTM),
            "created_at": _stamp(at),
            "updated_at": _stamp(at),
        },
    }
    items = tuple(
        Item(line.product.name, line.amount, (line.product.name, line.product.product)) for line in bought.lines
    )
    key = f"classic:{number}"
    facts: list[Fact] = [
        Bought(
            SOURCE,
            frozenset(filter(None, (key, charge))),
            currency,
            at,
            total=bought.total,
            items=items,
            email=address,
            name=bought.buyer.name,
            customer=str(bought.buyer.profile),
        ),
        Statement(SOURCE, key, bought.total, at),
    ]
    return Message(SOURCE, json.dumps(body), tuple(facts), f"classic purchase {number} {event}")
