"""Which addresses Stripe states with a customer id, on whatever object: a card on file is charged by the id alone."""

from datetime import UTC, datetime
from typing import Any

import pytest

from analytics.records import CustomerAddress, Payment
from connectors.contract import NoLookUp
from connectors.stripe import webhooks as stripe

AT = datetime(2026, 1, 10, 12, tzinfo=UTC)


def read(kind: str, live: bool = True, **about: Any) -> list[Any]:
    event = {"id": "evt_1", "type": kind, "created": int(AT.timestamp()), "livemode": live, "data": {"object": about}}
    return list(stripe.normalise(event, NoLookUp()))


def stated(*emails: str) -> list[CustomerAddress]:
    return [CustomerAddress("stripe", "cus_1", email, AT) for email in emails]


@pytest.mark.parametrize(
    ("kind", "about", "emails"),
    [
        ("customer.created", {"object": "customer", "id": "cus_1", "email": "ana@x.com"}, ["ana@x.com"]),
        ("customer.updated", {"object": "customer", "id": "cus_1", "email": "new@x.com"}, ["new@x.com"]),
        ("charge.failed", {"customer": "cus_1", "billing_details": {"email": "ana@x.com"}}, ["ana@x.com"]),
        ("payment_intent.created", {"customer": "cus_1", "receipt_email": "ana@x.com"}, ["ana@x.com"]),
        ("checkout.session.expired", {"customer": "cus_1", "customer_details": {"email": "a@x.com"}}, ["a@x.com"]),
        ("setup_intent.succeeded", {"customer": {"id": "cus_1", "email": "ana@x.com"}}, ["ana@x.com"]),
        ("invoice.created", {"customer": "cus_1", "customer_email": "ana@x.com"}, ["ana@x.com"]),
        ("charge.failed", {"customer": "cus_1", "metadata": {"Customer Email": "ana@x.com"}}, ["ana@x.com"]),
        ("charge.failed", {"customer": "cus_1", "receipt_email": "no address"}, []),
        ("charge.failed", {"customer": None, "receipt_email": "ana@x.com"}, []),
        ("charge.failed", {"customer": "cus_1", "billing_details": None}, []),
    ],
)
def test_any_object_states_its_customers_address(kind: str, about: dict[str, Any], emails: list[str]) -> None:
    assert read(kind, **about) == stated(*emails)


def test_test_mode_states_nothing() -> None:
    assert read("customer.created", live=False, object="customer", id="cus_1", email="ana@x.com") == []


def test_what_a_payment_says_itself_is_not_said_twice_and_its_other_address_is_kept() -> None:
    charge: dict[str, Any] = {
        "id": "ch_1", "object": "charge", "amount": 100, "currency": "usd", "created": int(AT.timestamp()),
        "customer": "cus_1", "status": "succeeded", "captured": True, "paid": True, "livemode": True,
        "billing_details": {"email": "ana@x.com"}, "receipt_email": "work@x.com",
    }  # fmt: skip
    told = read("charge.succeeded", **charge)
    assert [one.email for one in told if isinstance(one, Payment)] == ["ana@x.com"]
    assert [one for one in told if isinstance(one, CustomerAddress)] == stated("work@x.com")
