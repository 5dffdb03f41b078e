"""Our own files, as the templates print them."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from analytics.records import AdSpend, Attendance, Lead, Offer, Platform, Statistic, Utm, order_of_one
from connectors.contract import UnusableFileError
from connectors.csv_import import template

EXPECTED = {
    "leads": [
        Lead(
            source="file",
            external_id="L-1001",
            email="ana@example.com",
            opted_in_at=datetime(2026, 1, 5, 22, 30, tzinfo=UTC),
            name="Ana Souza",
            utm=Utm("facebook", "paid", "January launch", "Broad 25-45", "Video 1"),
        ),
        Lead(
            source="file",
            external_id="L-1002",
            email="bob@example.com",
            opted_in_at=datetime(2026, 1, 6, 3, tzinfo=UTC),
            name="Bob Stone",
            date_only=True,
            utm=Utm("google", "cpc", "Search brand"),
        ),
    ],
    "funnel-orders": [
        order_of_one(
            source="file",
            external_id="O-2001",
            email="ana@example.com",
            name="Ana Souza",
            product="VIP ticket",
            price=Decimal("47.00"),
            currency="USD",
            ordered_at=datetime(2026, 1, 5, 22, 35, tzinfo=UTC),
            offer=Offer.VIP,
            labels=("VIP ticket",),
        ),
        order_of_one(
            source="file",
            external_id="O-2002",
            email="bob@example.com",
            name="Bob Stone",
            product="Workbook bundle",
            price=Decimal("97.00"),
            currency="USD",
            ordered_at=datetime(2026, 1, 6, 3, tzinfo=UTC),
            offer=Offer.OTO,
            labels=("Workbook bundle",),
            date_only=True,
            refunded=Decimal("97.00"),
        ),
    ],
    "high-ticket-sales": [
        order_of_one(
            source="file",
            external_id="S-3001",
            email="ana@example.com",
            name="Ana Souza",
            product="Mastermind",
            price=Decimal("3000.00"),
            currency="USD",
            ordered_at=datetime(2026, 1, 17, 23, 15, tzinfo=UTC),
            offer=Offer.HIGH_TICKET,
            labels=("Mastermind",),
            collected=Decimal("1000.00"),
        ),
        order_of_one(
            source="file",
            external_id="S-3002",
            email="bob@example.com",
            name="Bob Stone",
            product="Mastermind",
            price=Decimal("3000.00"),
            currency="USD",
            ordered_at=datetime(2026, 1, 18, 3, tzinfo=UTC),
            offer=Offer.HIGH_TICKET,
            labels=("Mastermind",),
            date_only=True,
            collected=Decimal("3000.00"),
        ),
    ],
    "attendance": [
        Attendance(Platform.YOUTUBE, "daily:2026-01-05", date(2026, 1, 5), 812, Statistic.PEAK_VIEWERS, "file"),
        Attendance(Platform.ZOOM, "daily:2026-01-05", date(2026, 1, 5), 143, Statistic.UNIQUE_PEOPLE, "file"),
    ],
    "ad-spend": [
        AdSpend(
            date(2026, 1, 5), "meta", Decimal("120.50"), "USD", "file", "1234567890", "January launch",
            ad_set="Broad 25-45", ad="Video 1",
        ),
        AdSpend(date(2026, 1, 5), "google", Decimal("35.00"), "USD", "file", "9876543210", "Search brand"),
    ],
}  # fmt: skip


@pytest.mark.parametrize("kind", EXPECTED)
def test_a_template_imports_cleanly(take, kind):
    outcome = take(template(kind))
    assert outcome.report.kind == kind
    assert outcome.records == EXPECTED[kind]
    assert (outcome.report.rejected, outcome.report.notes, outcome.report.left_out) == (0, (), {})


def test_there_are_templates_for_our_own_files_only():
    with pytest.raises(UnusableFileError, match="There are templates for leads, funnel-orders"):
        template("stripe-payments")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("kind,email,price,ordered_at\ngold,a@x.io,1,2026-01-05\n", "kind is 'gold'; it is vip or oto"),
        ("kind,email,price,ordered_at\nvip,a@x.io,,2026-01-05\n", "'price' is empty"),
        ("kind,email,price,ordered_at\nvip,a@x.io,1.00 EUR,2026-13-05\n", "'2026-13-05' is not a day of the calendar"),
        (
            "kind,email,price,currency,ordered_at\nvip,a@x.io,€1.50,USD,2026-01-05\n",
            '"the amount is not in USD, the currency of its row"',
        ),
        ("date,platform,participants\n2026-01-05,facebook,12\n", "platform is 'facebook'; it is youtube or zoom"),
        ("date,platform,participants\n2026-01-05,zoom,12.5\n", "'12.5' is not a whole number"),
        ("date,platform,spend\n2026-01-05,meta,\n", "'spend' is empty"),
        ("date,platform,spend\n2026-01-05,meta,\"1,234\"\n", "\"'1,234' can be read in two ways"),
        (
            "customer_name,customer_email,product_name,price,purchase_date\n,a@x.io,Mastermind,1,2026-01-05\n",
            "'customer_name' is empty",
        ),
        ("email,opted_in_at,utm_source\na@x.io,2026-01-05 25:00,fb\n", "'2026-01-05 25:00' holds no time of day"),
        ("date,platform,spend,currency\n2026-01-05,meta,1,dollars\n", "'dollars' is not a currency code such as USD"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_rejected_with_its_reason(take, text, reason):
    outcome = take(text)
    assert outcome.records == []
    assert outcome.rejects[0].startswith(f"2,{reason}")


def test_a_time_that_the_clocks_jumped_over_is_rejected(take):
    outcome = take("email,opted_in_at\na@x.io,2026-03-08 02:30\nb@x.io,2026-03-08 03:30\n", zone="America/New_York")
    assert [lead.email for lead in outcome.records] == ["b@x.io"]
    assert "2026-03-08 02:30 does not exist in America/New_York" in outcome.rejects[0]


def test_the_currency_beside_a_price_is_read_where_there_is_no_column(take):
    outcome = take("kind,email,price,ordered_at\nvip,a@x.io,€1.50,2026-01-05\noto,a@x.io,2.50,2026-01-05\n")
    assert [(order.total, order.currency) for order in outcome.records] == [
        (Decimal("1.50"), "EUR"),
        (Decimal("2.50"), "USD"),
    ]


def test_text_that_looks_like_something_else_stays_text(take):
    outcome = take(
        "lead_id,email,name,opted_in_at,utm_content\n007,a@x.io,None,2026-01-05,1e5\n1e5,b@x.io,NA,2026-01-05,NA\n"
    )
    assert [(lead.external_id, lead.name, lead.utm.content) for lead in outcome.records] == [
        ("007", "None", "1e5"),
        ("1e5", "NA", "NA"),
    ]


def test_a_row_without_an_id_is_known_again(take):
    text = "email,opted_in_at,name\na@x.io,2026-01-05,Ana\n"
    assert take(text).records[0].external_id == take(text.replace("Ana", "Ana S.")).records[0].external_id
