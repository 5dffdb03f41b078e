"""ClickFunnels 2.0 beyond the golden pairs: its spellings, and that the data decides, not the name."""

import copy
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from analytics.records import OrderState
from connectors.clickfunnels import webhooks as clickfunnels
from connectors.contract import NoLookUp, UnreadablePayloadError
from connectors.payload import parse

FOLDER = Path(__file__).parents[1] / "payloads" / "clickfunnels"


def event(case: str, kind: str = "", **changes: object) -> dict[str, Any]:
    payload = copy.deepcopy(parse((FOLDER / f"{case}.json").read_bytes()))
    payload["data"].update(changes)
    return {**payload, "event_type": kind or payload["event_type"]}


def records(payload: dict[str, Any]) -> list[Any]:
    return list(clickfunnels.normalise(payload, NoLookUp()))


@pytest.mark.parametrize(
    "spelling",
    [
        "one-time-order.completed",
        "one_time_order.completed",
        "One-Time-Order/completed",
        "order.completed",
        "orders.updated",
    ],
)
def test_an_order_is_an_order_however_its_event_is_spelt(spelling: str) -> None:
    assert records(event("order-completed", spelling)) == records(event("order-completed"))


@pytest.mark.parametrize(
    "spelling", ["subscription.invoice.paid", "subscription/invoice.paid", "orders/invoice.paid", "invoice.paid"]
)
def test_an_invoice_is_an_invoice_however_its_event_is_spelt(spelling: str) -> None:
    assert records(event("invoice-paid", spelling)) == records(event("invoice-paid"))


@pytest.mark.parametrize(
    ("status", "refunded"),
    [
        ("paid", "0"),
        ("Paid", "0"),
        ("disputed", "0"),
        ("partially-refunded", None),
        ("partially_refunded", None),
        ("refunded", "1997.00"),
    ],
)
def test_an_order_is_a_sale_once_its_money_came(status: str, refunded: str | None) -> None:
    (purchase,) = records(event("order-completed", "order.updated", billing_status=status))
    assert purchase.refunded == (None if refunded is None else Decimal(refunded))


@pytest.mark.parametrize(
    ("status", "activated", "state"),
    [
        ("pending", True, OrderState.PENDING),
        ("draft", False, OrderState.PENDING),
        ("unpaid", False, OrderState.PENDING),
        ("past-due", False, OrderState.PENDING),
        ("past-due", True, OrderState.PAID),
        ("unpaid", True, OrderState.PAID),
        ("voided", True, OrderState.VOIDED),
    ],
)
def test_an_order_is_paid_once_its_first_payment_came(status: str, *, activated: bool, state: OrderState) -> None:
    changes: dict[str, Any] = {} if activated else {"activated_at": None}
    (order,) = records(event("order-completed", billing_status=status, **changes))
    assert order.state is state
    assert (order.paid_at is not None) is activated


def test_an_order_in_no_state_that_is_known_is_none() -> None:
    assert records(event("order-completed", billing_status="")) == []


def sold(name: str, amount: str, **price: object) -> dict[str, Any]:
    return {"quantity": 1, "original_product": {"name": name}, "products_price": {"amount": amount, **price}}


def test_an_order_bump_is_a_line_of_its_own() -> None:
    items = [sold("Atelier", "600.00"), sold("Workbook", "47.00")]
    (order,) = records(event("order-completed", line_items=items, total_amount="647.00"))
    assert [(line.product, line.amount, line.payments) for line in order.lines] == [
        ("Atelier", Decimal(600), 1),
        ("Workbook", Decimal(47), 1),
    ]
    assert order.total == Decimal(647)


def test_a_subscription_order_has_a_plan_beside_what_is_paid_once() -> None:
    items = [sold("Atelier", "200.00", interval="month", interval_count=1, duration=4), sold("Workbook", "47.00")]
    (order,) = records(
        event("order-completed", order_type="subscription-order", line_items=items, total_amount="247.00")
    )
    assert [(line.amount, line.payments) for line in order.lines] == [(Decimal(200), 4), (Decimal(47), 1)]
    assert (order.interval_days, order.collected) == (30, Decimal(247))


@pytest.mark.parametrize("activated_at", ["2026-01-11T17:00:03.000Z", None])
def test_a_plan_first_heard_of_past_due_has_paid_its_instalments_so_far(activated_at: str | None) -> None:
    items = [sold("Atelier", "200.00", interval="month", interval_count=1, duration=4)]
    (order,) = records(
        event(
            "order-completed",
            order_type="subscription-order",
            billing_status="past-due",
            line_items=items,
            total_amount="200.00",
            recurring_invoices_paid_count=1,
            activated_at=activated_at,
        )
    )
    assert (order.state, order.collected) == (OrderState.PAID, Decimal(400))
    assert order.paid_at == order.ordered_at


def test_a_disputed_order_is_paid_money_at_risk() -> None:
    (order,) = records(event("order-completed", "order.disputed", billing_status="disputed"))
    assert (order.state, order.disputed, order.refunded) == (OrderState.PAID, Decimal("1997.00"), 0)


def test_the_newer_state_of_an_order_is_told_by_its_own_change() -> None:
    paid, refunded = records(event("order-completed")) + records(event("order-refunded-with-underscores"))
    assert paid.external_id == refunded.external_id
    assert paid.as_of < refunded.as_of


def test_an_invoice_mentions_its_order_and_a_payment_that_stripe_knows() -> None:
    (order,) = records(event("order-completed"))
    payment, _ = records(event("invoice-paid", external_id="in_1Stripe"))
    assert payment.order_ids == (f"clickfunnels:{order.external_id}",)
    assert payment.ids == ("clickfunnels:invoice-46100", "in_1Stripe")
    payment, _ = records(event("invoice-paid", external_id="ii_01HNGQ"))
    assert payment.ids == ("clickfunnels:invoice-46100",)


def test_a_subscription_without_an_end_is_an_open_plan() -> None:
    payload = event("order-of-a-plan")
    payload["data"]["line_items"][0]["products_price"]["duration"] = None
    (order,) = records(payload)
    assert (order.total, order.collected, order.lines[0].payments) == (
        Decimal("666.00"),
        Decimal("1332.00"),
        0,
    )  # one renewal so far


def test_a_later_click_is_not_the_first_touch() -> None:
    (lead,) = records(event("contact-updated-after-a-later-click", custom_attributes={}))
    assert not lead.utm


def test_a_form_without_utms_leaves_the_lead_to_its_contact() -> None:
    form = {"contact": {"email": "rosa.lima@example.com"}}
    assert records(event("form-submission", data=form)) == []
    (lead,) = records(event("form-submission", data=form, contact_id=None))
    assert (lead.email, lead.customer_id) == ("rosa.lima@example.com", "")
    assert records(event("form-submission", data={})) == []


@pytest.mark.parametrize(
    ("case", "field"),
    [
        ("order-completed", "id"),
        ("order-completed", "total_amount"),
        ("order-completed", "currency"),
        ("order-completed", "billing_status"),
        ("invoice-paid", "total_amount"),
        ("contact-created", "created_at"),
    ],
)
def test_a_known_event_without_what_it_takes_is_unreadable(case: str, field: str) -> None:
    payload = event(case)
    del payload["data"][field]
    with pytest.raises(UnreadablePayloadError, match=field):
        records(payload)


@pytest.mark.parametrize("data", [None, {}, [], "x"])
def test_a_known_event_without_data_is_unreadable(data: object) -> None:
    with pytest.raises(UnreadablePayloadError, match="data"):
        records({**event("order-completed"), "data": data})


@pytest.mark.parametrize("amount", ["1.997,00", "free", True, [1]])
def test_an_amount_is_written_with_a_point(amount: object) -> None:
    with pytest.raises(UnreadablePayloadError, match="total_amount"):
        records(event("order-completed", total_amount=amount))


def test_id_and_kind_have_other_names_in_the_list_of_sent_events() -> None:
    row = parse((FOLDER / "sent-events-row.json").read_bytes())
    assert clickfunnels.event_id(row, b"", {}) == "00000000-0000-4000-8000-000000009999"
    assert clickfunnels.kind(row) == "one-time-order.completed"
    with pytest.raises(UnreadablePayloadError, match="event_id"):
        clickfunnels.event_id({}, b"", {})
    with pytest.raises(UnreadablePayloadError, match="event_type"):
        clickfunnels.kind({})
