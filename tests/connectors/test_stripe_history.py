"""An object of Stripe's that was asked for says what its event would have said."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from analytics.records import Order, OrderState, Payment, Record, Refund, RefundState
from connectors.contract import Payload
from connectors.stripe import history as stripe_history

FOLDER = Path(__file__).parents[1] / "payloads" / "stripe"
ASKED_AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
OPENED, CHARGED = datetime(2026, 1, 11, 16, 55, tzinfo=UTC), datetime(2026, 1, 11, 16, 59, 57, tzinfo=UTC)


@dataclass(frozen=True)
class LookUp:
    """Knows one line item of every session, which costs a question."""

    def line_items(self, session_id: str) -> Sequence[Payload]:
        return [{"description": f"asked about {session_id}"}]


def about(case: str, **changes: Any) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((FOLDER / f"{case}.json").read_text())["data"]["object"]
    return {**found, **changes}


def read(kind: str, told: dict[str, Any]) -> list[Record]:
    payload = {"asked_at": ASKED_AT.isoformat(), "kind": kind, "told": told}
    return list(stripe_history.normalise(payload, LookUp()))


def test_a_session_was_bought_when_its_card_was_charged_and_names_what_came_with_it() -> None:
    intent = {"id": "pi_bloom1", "latest_charge": about("charge-succeeded")}
    items = {"data": [{"description": "Bloom Mastermind"}], "has_more": False}
    purchase, payment = read("checkout.session", about("session-paid", payment_intent=intent, line_items=items))
    assert isinstance(purchase, Order)
    assert (purchase.ordered_at, purchase.as_of, purchase.lines[0].product) == (CHARGED, CHARGED, "Bloom Mastermind")
    assert purchase.ids == ("cs_live_bloom1", "pi_bloom1")
    assert isinstance(payment, Payment)
    assert (payment.ids, payment.paid_at, payment.is_estimate) == (("pi_bloom1",), CHARGED, True)


@pytest.mark.parametrize("items", [None, {"data": [{"description": "the first"}], "has_more": True}])
def test_a_session_that_nothing_tells_more_about_was_bought_when_it_was_opened(items: Any) -> None:
    (purchase,) = read("checkout.session", about("session-free", line_items=items))
    assert isinstance(purchase, Order)
    assert purchase.ordered_at == OPENED
    assert purchase.lines[0].product.startswith("asked about cs_")


def test_a_debit_under_way_says_what_is_being_bought_and_of_no_money() -> None:
    (order,) = read("checkout.session", about("session-bank-debit-pending"))
    assert isinstance(order, Order)
    assert (order.state, order.paid_at, order.lines[0].product) == (
        OrderState.PENDING,
        None,
        "asked about cs_live_bloom1",
    )


def test_a_charge_says_what_went_back_of_it_until_now() -> None:
    (payment,) = read("charge", about("charge-refunded-in-part"))
    assert isinstance(payment, Payment)
    assert (payment.refunded, payment.paid_at, payment.as_of) == (Decimal(500), CHARGED, ASKED_AT)


def test_a_refund_is_in_the_state_it_has_now() -> None:
    (refund,) = read("refund", about("refund-failed"))
    assert isinstance(refund, Refund)
    assert (refund.state, refund.as_of) == (RefundState.FAILED, ASKED_AT)


@pytest.mark.parametrize(
    ("kind", "told"),
    [
        ("invoice", about("instalment-first-since-basil", status="open")),
        ("charge", about("charge-failed", customer=None)),
        ("payout", {"id": "po_1"}),
    ],
    ids=["an open invoice", "a failed charge", "what nobody asks for"],
)
def test_what_is_no_sale_says_nothing(kind: str, told: dict[str, Any]) -> None:
    assert read(kind, told) == []
