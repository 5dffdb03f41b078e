from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from analytics.records import Dispute, DisputeState, Payment
from connectors.contract import UnusableFileError

FILE = Path(__file__).with_name("stripe-payments.csv")


def payments(outcome):
    return {record.external_id: record for record in outcome.records if isinstance(record, Payment)}


def test_a_paid_charge_is_a_payment_that_says_what_was_bought(take):
    (payment, *_) = take(FILE).records
    assert payment == Payment(
        source="stripe",
        external_id="ch_paid/file",
        amount=Decimal("3000.00"),
        currency="USD",
        paid_at=datetime(2026, 1, 17, 23, 30, tzinfo=UTC),
        is_estimate=True,
        ids=("ch_paid", "pi_paid"),
        refunded=Decimal("0.00"),
        product="Mastermind",
        labels=("Mastermind", "price_ht", "Payment for Invoice"),
        name="Ana Souza",
        email="Ana@Example.com",
        customer_id="cus_1",
    )


def test_only_money_that_was_taken_is_a_sale(take):
    outcome = take(FILE)
    found = payments(outcome)
    later = [charge for charge, payment in found.items() if payment.for_invoice]
    assert [charge for charge in found if charge not in later] == [
        *("ch_paid/file", "py_part/file", "ch_full/file", "ch_jpy/file", "ch_test/file")
    ]
    assert len(later) == 1  # an instalment, for which its invoice speaks
    assert outcome.report.left_out == {"with status Failed": 1, "not captured": 1}


@pytest.mark.parametrize("captured", ["false", "FALSCH", "FAUX", "FALSO", "Falso", "ЛОЖЬ"])
def test_what_was_not_captured_took_no_money_in_any_language(take, captured):
    row = f"ch_1,2026-01-05 10:00,47.00,0.00,usd,Paid,{captured}"
    outcome = take(f"id,Created (UTC),Amount,Amount Refunded,Currency,Status,Captured\n{row}\n")
    assert outcome.report.left_out == {"not captured": 1}


def test_products_stand_in_the_summary_of_a_checkout(take):
    header = (
        "id,Created (UTC),Amount,Amount Refunded,Currency,Status,Description,Checkout Line Item Summary,Payment Link ID"
    )
    row = "ch_1,2026-01-05 10:00,47.00,0.00,usd,Paid,,VIP ticket (1); Workbook (2),plink_1"
    (payment,) = take(f"{header}\n{row}\n").records
    assert (payment.product, payment.labels) == ("VIP ticket, Workbook", ("VIP ticket", "Workbook", "plink_1"))


@pytest.mark.parametrize(
    ("charge", "price", "refunded", "currency"),
    [("py_part", "1000.00", "250.00", "EUR"), ("ch_full", "97.00", "97.00", "USD"), ("ch_jpy", "5000", "0", "JPY")],
)
def test_amounts_are_in_major_units_and_refunds_cumulative(take, charge, price, refunded, currency):
    payment = payments(take(FILE))[f"{charge}/file"]
    assert (payment.amount, payment.refunded, payment.currency) == (Decimal(price), Decimal(refunded), currency)


def test_metadata_stands_in_for_columns_that_were_not_ticked(take):
    payment = payments(take(FILE))["py_part/file"]
    assert (payment.email, payment.name, payment.product) == ("bob@example.com", "Bob Stone", "VIP ticket")


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
    assert [charge for charge, payment in payments(take(FILE)).items() if payment.test] == ["ch_test/file"]


def test_an_unreadable_amount_rejects_its_row_only(take):
    outcome = take(FILE)
    assert outcome.report.rejected == 1
    assert outcome.rejects[0].startswith("10,'a lot' is not a number,ch_bad")


def test_a_full_refund_without_its_amount_is_of_the_whole_price(take):
    outcome = take(
        "id,Created (UTC),Amount,Amount Refunded,Currency,Status\n"
        "ch_1,2026-01-05 10:00,47.00,,usd,Refunded\nch_2,2026-01-05 10:00,47.00,,usd,Paid\n"
    )
    assert [payment.refunded for payment in payments(outcome).values()] == [Decimal("47.00"), Decimal(0)]


def test_the_older_header_is_understood(take):
    outcome = take(
        "id,Description,Created (UTC),Amount,Amount Refunded,Currency,Status\n"
        "ch_1,VIP,2021-01-05 10:00,47.00,0.00,usd,Paid\n"
    )
    assert outcome.report.kind == "stripe-payments"
    assert outcome.records[0].paid_at == datetime(2021, 1, 5, 10, tzinfo=UTC)


def test_another_report_of_stripe_is_sent_back(take):
    with pytest.raises(UnusableFileError, match="no column amount refunded: in Stripe open Payments"):
        take("id,Amount,Arrival Date (UTC),Created (UTC),Currency,Status\npo_1,10.00,2026-01-01,2026-01-01,usd,paid\n")
