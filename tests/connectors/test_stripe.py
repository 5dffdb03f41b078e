"""What Stripe's events come to, in any order: the rules beyond the golden pairs of test_payloads."""

import copy
from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from analytics.records import CustomerAddress, Order, OrderState, Payment
from connectors.contract import NoLookUp, UnreadablePayloadError
from connectors.payload import parse
from connectors.stripe import webhooks as stripe

FOLDER = Path(__file__).parents[1] / "payloads" / "stripe"


def event(case: str, **changes: object) -> dict[str, Any]:
    """A payload of the folder, with fields of its object changed; `gone` removes one."""
    payload = copy.deepcopy(parse((FOLDER / f"{case}.json").read_bytes()))
    payload["data"]["object"].update(changes)
    return payload


def records(payload: Mapping[str, Any], look_up: Any = None) -> list[Any]:
    return list(stripe.normalise(payload, look_up or NoLookUp()))


def test_session_intent_and_charge_of_one_payment_share_its_id() -> None:
    told = [one for case in ("session-paid", "intent-bare", "charge-succeeded") for one in records(event(case))]
    (order,) = [one for one in told if isinstance(one, Order)]
    payments = [one for one in told if isinstance(one, Payment)]
    assert len({one.external_id for one in payments}) == 3
    assert all("pi_bloom1" in ids for ids in (order.ids, *(one.ids for one in payments)))
    assert {(one.amount, one.currency) for one in payments} == {(order.total, "USD")} == {(Decimal("1997.00"), "USD")}


def test_every_message_of_a_plan_names_its_subscription_or_its_invoice() -> None:
    cases = ["instalment-first-since-basil", "instalment-second-since-basil", "instalment-names-its-intent"]
    told = [one for case in [*cases, "intent-of-an-instalment-since-basil"] for one in records(event(case))]
    assert {one.plan_id for one in told if isinstance(one, Order)} == {"sub_bloom"}
    assert {one.order_ids for one in told if isinstance(one, Payment)} == {("in_inst1",)}
    assert {one.ids for one in told if isinstance(one, Order)} == {("in_inst1",), ("in_inst2",)}


def test_both_events_of_a_paid_invoice_say_the_same() -> None:
    assert records(event("instalment-first-since-basil")) == records(event("instalment-first-twin-event"))


@pytest.mark.parametrize(
    ("currency", "units", "price"),
    [
        *(
            (code, 5000, "5000")
            for code in [
                "bif",
                "clp",
                "djf",
                "gnf",
                "jpy",
                "kmf",
                "krw",
                "mga",
                "pyg",
                "rwf",
                "vnd",
                "vuv",
                "xaf",
                "xof",
                "xpf",
            ]
        ),
        *((code, 12345, "12.345") for code in ["bhd", "jod", "kwd", "omr", "tnd"]),
        *((code, 5000, "50.00") for code in ["usd", "eur", "brl", "isk", "ugx", "huf", "twd"]),
    ],
)
def test_amounts_are_in_the_currencys_smallest_unit(currency: str, units: int, price: str) -> None:
    (payment,) = records(event("charge-succeeded", currency=currency, amount=units, amount_captured=units))
    assert str(payment.amount) == price
    assert payment.currency == currency.upper()


class Shop:
    def __init__(self, items: Sequence[Mapping[str, Any]] | None) -> None:
        self.items, self.asked = items, []

    def line_items(self, session_id: str) -> Sequence[Mapping[str, Any]] | None:
        self.asked.append(session_id)
        return self.items


def test_line_items_name_the_product_where_stripe_can_be_asked() -> None:
    shop = Shop(
        [
            {
                "description": "Bloom Live",
                "price": {"id": "price_1", "product": {"id": "prod_1"}, "nickname": "Founders"},
            },
            {"description": "VIP ticket", "price": {"id": "price_2", "product": "prod_2"}},
        ]
    )
    purchase, _ = records(event("session-paid"), shop)
    assert shop.asked == ["cs_live_bloom1"]
    assert [(line.product, line.labels) for line in purchase.lines] == [
        ("Bloom Live", ("price_1", "prod_1", "Founders")),
        ("VIP ticket", ("price_2", "prod_2")),
    ]
    assert records(event("session-paid"), Shop(None)) == records(event("session-paid"))


@pytest.mark.parametrize(
    ("metadata", "products"),
    [
        ({"product": "Mastermind, 2026"}, ["Mastermind, 2026"]),
        ({"items": "Mastermind"}, ["Mastermind"]),
        ({"Items": "Replay Workbook, Mastermind"}, ["Replay Workbook", "Mastermind", "Replay Workbook, Mastermind"]),
        ({"products": "VIP,,Workbook"}, ["VIP", "Workbook", "VIP,,Workbook"]),
    ],
)
def test_several_products_in_one_note_are_lines_without_amounts(metadata: dict[str, str], products: list[str]) -> None:
    payload = event("session-paid")
    payload["data"]["object"]["metadata"] = metadata
    order = records(payload)[0]
    assert [line.product for line in order.lines] == products
    assert {line.amount for line in order.lines} == {None}


def test_a_session_that_is_not_paid_only_says_what_is_being_bought() -> None:
    (order,) = records(event("session-bank-debit-pending"))
    assert (order.state, order.paid_at) == (OrderState.PENDING, None)


@pytest.mark.parametrize(
    ("metadata", "contract", "payments"),
    [
        ({"instalments": "3"}, None, 3),
        ({"Number of payments": "12"}, None, 12),
        ({"contract_price": "2,500.00", "instalments": "3"}, Decimal("2500.00"), 3),
        ({"contract_price": "about two thousand"}, None, 0),
        ({"instalments": "1"}, None, 0),
        ({"instalments": "50000000"}, None, 0),
        ({"instalments": "three"}, None, 0),
        ({}, None, 0),
    ],
)
def test_a_plan_has_the_length_and_price_that_are_noted(
    metadata: dict[str, str], contract: Decimal | None, payments: int
) -> None:
    payload = event("instalment-first-since-basil")
    invoice = payload["data"]["object"]
    invoice["parent"]["subscription_details"]["metadata"] = metadata
    invoice["lines"]["data"][0]["metadata"] = {}
    order = records(payload)[0]
    (line,) = order.lines
    assert (order.contract, order.total, line.payments) == (contract, Decimal("666.00"), payments)


def test_an_unpaid_session_lends_its_lines_to_its_payment() -> None:
    shop = Shop([{"description": "Atelier", "amount_total": 60000}, {"description": "Workbook", "amount_total": 4700}])
    (order,) = records(event("session-bank-debit-pending"), shop)
    assert [(line.product, line.amount) for line in order.lines] == [("Atelier", 600), ("Workbook", 47)]
    assert order.ids == ("cs_live_bloom1", "pi_bloom1")
    assert shop.asked == ["cs_live_bloom1"]


@pytest.mark.parametrize(
    ("kind", "paid_at", "is_estimate"),
    [
        ("charge.succeeded", 1_768_600_000, False),
        ("charge.captured", 1_768_600_000, False),
        ("charge.updated", 1_768_150_797, True),
        ("charge.refunded", 1_768_150_797, True),
    ],
)
def test_a_bank_debit_is_paid_when_it_succeeds_not_when_it_was_begun(
    kind: str, paid_at: int, *, is_estimate: bool
) -> None:
    payload = {**event("charge-succeeded", created=1_768_150_797), "type": kind, "created": 1_768_600_000}
    (payment,) = records(payload)
    assert (payment.paid_at.timestamp(), payment.is_estimate) == (paid_at, is_estimate)


@pytest.mark.parametrize(
    ("changes", "told", "collected"),
    [
        ({"attempt_count": 0}, [], None),
        ({"attempt_count": 0, "paid_out_of_band": True}, ["Order"], "666.00"),
        ({"attempt_count": 1}, ["Order"], "666.00"),
        ({"attempt_count": 0, "payment_intent": "pi_single"}, ["Order", "Payment"], "666.00"),
        ({"attempt_count": 1, "amount_paid": 0}, [], None),
    ],
    ids=["a receipt", "paid outside", "attempted", "names its payment", "nothing to pay"],
)
def test_an_invoice_is_a_purchase_unless_it_is_a_receipt(
    changes: dict[str, Any], told: list[str], collected: str | None
) -> None:
    found = records(event("invoice-single", **{"payment_intent": None, "charge": None, "customer": None, **changes}))
    assert [type(one).__name__ for one in found] == told
    orders = [one.collected for one in found if isinstance(one, Order)]
    assert orders == ([] if collected is None else [Decimal(collected)])


def test_an_invoice_that_is_paid_in_parts_has_a_payment_for_each() -> None:
    found = []
    for part, amount in (("a", 40000), ("b", 26600)):
        about = {
            "id": f"inpay_{part}",
            "invoice": "in_parts",
            "amount_paid": amount,
            "currency": "usd",
            "payment": {"type": "payment_intent", "payment_intent": f"pi_{part}"},
            "status_transitions": {"paid_at": 1_768_150_800},
        }
        found += records({**event("charge-succeeded"), "type": "invoice_payment.paid", "data": {"object": about}})
    assert [(one.external_id, one.ids, one.order_ids, one.amount) for one in found] == [
        ("inpay_a", ("pi_a",), ("in_parts",), Decimal("400.00")),
        ("inpay_b", ("pi_b",), ("in_parts",), Decimal("266.00")),
    ]


def test_livemode_of_event_or_object_tells_a_test() -> None:
    for payload in (event("charge-succeeded", livemode=False), {**event("charge-succeeded"), "livemode": False}):
        assert all(one.test for one in records(payload))


@pytest.mark.parametrize(
    "kind", ["customer.updated", "charge.failed", "payout.paid", "v1.billing.meter.error_report_triggered"]
)
def test_other_events_say_nothing_but_the_address_of_a_customer(kind: str) -> None:
    assert [type(one) for one in records({**event("charge-succeeded"), "type": kind})] == [CustomerAddress]
    assert records({**event("charge-succeeded", customer=None), "type": kind}) == []


@pytest.mark.parametrize(
    ("case", "field"),
    [
        ("session-paid", "amount_total"),
        ("session-paid", "id"),
        ("charge-succeeded", "currency"),
        ("charge-succeeded", "created"),
        ("intent-bare", "amount_received"),
        ("instalment-first-since-basil", "amount_paid"),
        ("refund-created", "amount"),
        ("dispute-created", "amount"),
    ],
)
def test_a_known_event_without_what_it_takes_is_unreadable(case: str, field: str) -> None:
    payload = event(case)
    del payload["data"]["object"][field]
    with pytest.raises(UnreadablePayloadError, match=field):
        records(payload)


@pytest.mark.parametrize("amount", ["x", "100", 99.5, True, Decimal("99.5"), []])
def test_an_amount_that_is_no_whole_number_is_unreadable(amount: object) -> None:
    with pytest.raises(UnreadablePayloadError, match=r"data\.object\.amount"):
        records(event("charge-succeeded", amount=amount))


def test_states_nobody_knows_are_unreadable() -> None:
    with pytest.raises(UnreadablePayloadError, match="status"):
        records(event("refund-created", status="vanished"))
    with pytest.raises(UnreadablePayloadError, match="status"):
        records(event("dispute-won", status="vanished"))
    with pytest.raises(UnreadablePayloadError, match=r"'data\.object' is missing"):
        records({**event("charge-succeeded"), "data": {}})


@pytest.mark.parametrize("given", [None, 7, "", "evt_" + "x" * 256, "evt/../x", "evt_'--", "évt", "evt_\n"])
def test_an_event_needs_a_plain_id(given: object) -> None:
    with pytest.raises(UnreadablePayloadError, match="'id'"):
        stripe.event_id({**event("charge-succeeded"), "id": given}, b"", {})


def test_ids_of_expanded_objects_are_read() -> None:
    bare = records(event("charge-succeeded"))
    assert records(event("charge-succeeded", payment_intent={"id": "pi_bloom1"}, customer={"id": "cus_rosa"})) == bare
