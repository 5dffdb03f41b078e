from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from analytics.records import Dispute, DisputeState, Messenger, Order, Payment, order_of_one
from connectors.contract import UnusableFileError

FILE = Path(__file__).with_name("stripe-payments.csv")


def purchases(outcome):
    return {record.external_id: record for record in outcome.records if isinstance(record, Order)}


def test_a_paid_charge_is_a_purchase_and_its_payment(take):
    purchase, payment, *_ = take(FILE).records
    assert purchase == order_of_one(
        source="stripe",
        external_id="ch_paid",
        email="Ana@Example.com",
        name="Ana Souza",
        product="Mastermind",
        price=Decimal("3000.00"),
        currency="USD",
        ordered_at=datetime(2026, 1, 17, 23, 30, tzinfo=UTC),
        messenger=Messenger.PAYMENT_PROVIDER,
        labels=("Mastermind", "price_ht", "Payment for Invoice"),
        ids=("ch_paid", "pi_paid"),
        customer_id="cus_1",
        refunded=Decimal("0.00"),
    )
    assert payment == Payment(
        "stripe",
        "ch_paid",
        "ch_paid",
        Decimal("3000.00"),
        "USD",
        datetime(2026, 1, 17, 23, 30, tzinfo=UTC),
        aliases=("pi_paid",),
    )


def test_only_money_that_was_taken_is_a_sale(take):
    outcome = take(FILE)
    assert list(purchases(outcome)) == ["ch_paid", "py_part", "ch_full", "ch_jpy", "ch_test"]
    assert outcome.report.left_out == {
        "with status Failed": 1,
        "not captured": 1,
        "later instalments of a subscription": 1,
    }


@pytest.mark.parametrize(
    ("charge", "price", "refunded", "currency"),
    [("py_part", "1000.00", "250.00", "EUR"), ("ch_full", "97.00", "97.00", "USD"), ("ch_jpy", "5000", "0", "JPY")],
)
def test_amounts_are_in_major_units_and_refunds_cumulative(take, charge, price, refunded, currency):
    purchase = purchases(take(FILE))[charge]
    assert (purchase.price, purchase.refunded, purchase.currency) == (Decimal(price), Decimal(refunded), currency)


def test_metadata_stands_in_for_columns_that_were_not_ticked(take):
    purchase = purchases(take(FILE))["py_part"]
    assert (purchase.email, purchase.name, purchase.product) == ("bob@example.com", "Bob Stone", "VIP ticket")


@pytest.mark.parametrize(
    ("status", "dispute_status", "state"),
    [
        ("Paid", "lost", DisputeState.LOST),
        ("Paid", "won", DisputeState.WON),
        ("Disputed", "needs_response", DisputeState.OPEN),
        ("Paid", "under_review", DisputeState.OPEN),
        ("Paid", "warning_closed", DisputeState.WON),
        ("Refunded", "charge_refunded", DisputeState.WON),
        ("Dispute lost", "", DisputeState.LOST),
        ("Won", "", DisputeState.WON),
        ("Dispute under review", "", DisputeState.OPEN),
        ("Disputed", "", DisputeState.OPEN),
    ],
)
def test_a_dispute_is_told_with_its_payment(take, status, dispute_status, state):
    (told,) = _disputes(take, status, f"12.34,2026-02-01 10:00,{dispute_status}")
    at = datetime(2026, 2, 1, 10, tzinfo=UTC)
    assert told == Dispute("stripe", "ch_1", "ch_1", Decimal("12.34"), "USD", state, at)


def test_a_dispute_without_amount_and_date_is_about_the_whole_payment(take):
    (told,) = _disputes(take, "Disputed", ",,")
    assert (told.amount, told.as_of) == (Decimal("47.00"), datetime(2026, 1, 5, 10, tzinfo=UTC))


@pytest.mark.parametrize("status", ["Paid", "Succeeded", "Refunded", "Partially refunded"])
def test_a_payment_that_nobody_disputes_has_no_dispute(take, status):
    assert not _disputes(take, status, ",,")


def _disputes(take, status, disputed):
    outcome = take(
        "id,Created (UTC),Amount,Amount Refunded,Currency,Status,Disputed Amount,Dispute Date (UTC),Dispute Status\n"
        f"ch_1,2026-01-05 10:00,47.00,0.00,usd,{status},{disputed}\n"
    )
    assert outcome.report.rejected == 0
    return [record for record in outcome.records if isinstance(record, Dispute)]


def test_test_mode_is_told(take):
    assert [charge for charge, purchase in purchases(take(FILE)).items() if purchase.test] == ["ch_test"]


def test_an_unreadable_amount_rejects_its_row_only(take):
    outcome = take(FILE)
    assert outcome.report.rejected == 1
    assert outcome.rejects[0].startswith("10,'a lot' is not a number,ch_bad")


def test_a_full_refund_without_its_amount_is_of_the_whole_price(take):
    outcome = take(
        "id,Created (UTC),Amount,Amount Refunded,Currency,Status\n"
        "ch_1,2026-01-05 10:00,47.00,,usd,Refunded\nch_2,2026-01-05 10:00,47.00,,usd,Paid\n"
    )
    assert [purchase.refunded for purchase in purchases(outcome).values()] == [Decimal("47.00"), Decimal(0)]


def test_the_older_header_is_understood(take):
    outcome = take(
        "id,Description,Created (UTC),Amount,Amount Refunded,Currency,Status\n"
        "ch_1,VIP,2021-01-05 10:00,47.00,0.00,usd,Paid\n"
    )
    assert outcome.report.kind == "stripe-payments"
    assert outcome.records[0].purchased_at == datetime(2021, 1, 5, 10, tzinfo=UTC)


def test_another_report_of_stripe_is_sent_back(take):
    with pytest.raises(UnusableFileError, match="no column amount refunded: in Stripe open Payments"):
        take("id,Amount,Arrival Date (UTC),Created (UTC),Currency,Status\npo_1,10.00,2026-01-01,2026-01-01,usd,paid\n")
