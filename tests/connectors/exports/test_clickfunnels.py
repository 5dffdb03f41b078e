from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from analytics.records import Lead, Messenger, OrderState, Utm, order_of_one
from connectors.contract import UnusableFileError

HERE = Path(__file__).parent


def test_classic_contacts_are_leads_with_the_utms_of_their_ruby_hash(take):
    outcome = take(HERE / "clickfunnels-classic-contacts.csv")
    assert outcome.report.kind == "clickfunnels-classic-contacts"
    assert outcome.records == [
        Lead(
            source="clickfunnels",
            external_id="501",
            email="ana@example.com",
            opted_in_at=datetime(2026, 1, 5, 22, 30, tzinfo=UTC),
            name="Ana Souza",
            customer_id="classic:9001",
            utm=Utm("fb", "paid", 'Jan "early" birds', "Broad", "Video 1"),
        ),
        Lead(
            source="clickfunnels",
            external_id="502",
            email="bob@example.com",
            opted_in_at=datetime(2026, 1, 6, 10, tzinfo=UTC),
            name="Bob Stone",
            customer_id="classic:9002",
            utm=Utm(content="Ad + 2"),
        ),
        Lead(
            source="clickfunnels",
            external_id="503",
            email="",
            opted_in_at=datetime(2026, 1, 6, 11, tzinfo=UTC),
            name="Carla Dias",
            customer_id="classic:9003",
        ),
        Lead(
            source="clickfunnels",
            external_id="504",
            email="dai@example.com",
            opted_in_at=datetime(2026, 1, 6, 12, tzinfo=UTC),
            name="Dai Ito",
            customer_id="classic:9004",
            utm=Utm("ig", campaign="café"),
        ),
    ]
    assert outcome.report.rejected == 0


def test_classic_sales_are_in_cents_and_name_the_charge(take):
    outcome = take(HERE / "clickfunnels-classic-sales.csv")
    assert outcome.report.kind == "clickfunnels-classic-sales"
    first, second, yen = outcome.records
    assert first == order_of_one(
        source="clickfunnels",
        external_id="7001",
        email="ana@example.com",
        name="Ana Souza",
        product="VIP ticket, Order bump",
        price=Decimal("47.00"),
        currency="USD",
        ordered_at=datetime(2026, 1, 5, 22, 35, tzinfo=UTC),
        messenger=Messenger.CLASSIC_FUNNEL_TOOL,
        labels=("VIP ticket", "Order bump"),
        ids=("pi_paid",),
        utm=Utm("fb"),
    )
    assert (second.lines[0].product, second.ids, second.currency) == ("OTO bundle", (), "USD")
    assert (yen.total, yen.currency) == (Decimal(5000), "JPY")
    assert outcome.report.left_out == {"with status failed": 1}


def test_contacts_of_the_newer_clickfunnels_are_leads(take):
    outcome = take(
        "ID,First Name,Last Name,Email Address,Created At,UTM Source,UTM Campaign\n"
        "77,Ana,Souza,ana@example.com,2026-01-05 19:30:00,fb,January\n"
        "78,Bob,,bob@example.com,2026-01-06T10:00:00Z,,\n"
    )
    assert outcome.report.kind == "clickfunnels-contacts"
    assert outcome.records[0] == Lead(
        source="clickfunnels",
        external_id="77",
        email="ana@example.com",
        opted_in_at=datetime(2026, 1, 5, 22, 30, tzinfo=UTC),
        name="Ana Souza",
        customer_id="77",
        utm=Utm("fb", campaign="January"),
    )
    assert not outcome.records[1].utm


def test_orders_of_the_newer_clickfunnels_are_sales_once_paid(take):
    outcome = take(HERE / "clickfunnels-orders.csv")
    assert outcome.report.kind == "clickfunnels-orders"
    paid, returned, part, late = outcome.records
    assert paid == order_of_one(
        source="clickfunnels",
        external_id="1001",
        email="ana@example.com",
        name="Ana Souza",
        product="Mastermind",
        price=Decimal("1997.00"),
        currency="USD",
        ordered_at=datetime(2026, 1, 17, 20, 15, tzinfo=UTC),
        messenger=Messenger.FUNNEL_TOOL,
        labels=("Mastermind",),
        ids=("clickfunnels:1001", "clickfunnels-number:1001:ana@example.com", "clickfunnels-number:1001:1997.00"),
    )
    assert (returned.refunded, part.refunded) == (Decimal("47.00"), None)
    assert part.currency == "EUR"
    activated_at = datetime(2026, 1, 17, 22, 30, tzinfo=UTC)
    assert (late.state, late.ordered_at, late.paid_at) == (OrderState.PAID, activated_at, activated_at)  # past due now
    assert outcome.report.left_out == {"with status Pending": 1}
    assert "partly refunded" in outcome.report.notes[0]


def test_the_refunded_amount_of_an_order_where_the_file_tells_it(take):
    outcome = take(
        "Order Number,Email,Total,Status,Product,Date,Refunded Amount,Live Mode\n"
        "#1,a@x.io,97.00,partially_refunded,VIP,2026-01-05,50.00,true\n#2,b@x.io,97.00,paid,VIP,2026-01-05,,false\n"
    )
    assert [(order.refunded, order.test) for order in outcome.records] == [
        (Decimal("50.00"), False),
        (Decimal(0), True),
    ]
    assert outcome.report.notes == ()


def test_an_order_without_its_number_is_known_again_by_what_it_says(take):
    text = (
        "Contact Email,Total,Billing Status,Products,Created At,Tags\nana@example.com,47.00,paid,VIP,2026-01-05,{tag}\n"
    )
    first, again = (take(text.replace("{tag}", tag)).records[0] for tag in ("cold", "warm"))
    assert first.external_id == again.external_id
    assert first.external_id.startswith("row-")


def test_orders_without_their_status_are_sent_back(take):
    with pytest.raises(UnusableFileError, match="no column billing status: tick Contact Email, Total, Billing Status"):
        take(
            "Order Number,Customer Name,Contact Email,Total,Products,Created At\n#1,A,a@example.com,1,VIP,2026-01-05\n"
        )


def test_rows_of_one_order_are_its_products_and_share_its_ids(take):
    text = (
        "Order Number,Contact Email,Billing Status,Total,Currency,Product,Created At\n"
        "#31,a@x.io,paid,144.00,USD,Mastermind,2026-01-05 10:00\n"
        "#31,a@x.io,paid,144.00,USD,Workbook,2026-01-05 10:00\n"
    )
    first, second = take(text).records
    assert [order.lines[0].product for order in (first, second)] == ["Mastermind", "Workbook"]
    assert (first.total, second.total, first.lines[0].amount, second.lines[0].amount) == (144, 144, None, None)
    assert first.ids == second.ids
    assert first.external_id != second.external_id
    assert take(text).records == [first, second]


@pytest.mark.parametrize(
    ("live", "test"),
    [
        *((word, True) for word in ("false", "FALSCH", "FAUX", "FALSO", "Falso")),
        *((word, False) for word in ("true", "WAHR", "VRAI", "VERDADERO", "VERDADEIRO", "")),
    ],
)
def test_test_mode_is_read_in_the_language_of_a_spreadsheet(take, live, test):
    header = "Order Number,Contact Email,Billing Status,Total,Product,Created At,Live Mode"
    (order,) = take(f"{header}\n#1,a@x.io,paid,47.00,VIP,2026-01-05,{live}\n").records
    assert order.test is test


def test_a_disputed_order_is_at_risk_and_a_voided_one_gave_back_what_was_paid(take):
    outcome = take(
        "Order Number,Contact Email,Billing Status,Total,Product,Activated At,Created At\n"
        "#1,a@x.io,disputed,47.00,VIP,2026-01-05 10:00,2026-01-05 10:00\n"
        "#2,b@x.io,voided,97.00,VIP,2026-01-05 10:00,2026-01-05 10:00\n"
        "#3,c@x.io,voided,97.00,VIP,,2026-01-05 10:00\n"
    )
    disputed, voided = outcome.records
    assert (disputed.state, disputed.disputed) == (OrderState.PAID, Decimal("47.00"))
    assert (voided.state, voided.paid_at) == (OrderState.VOIDED, datetime(2026, 1, 5, 13, tzinfo=UTC))
    assert outcome.report.left_out == {"with status voided": 1}


def test_a_classic_list_of_contacts_may_hold_their_orders(take):
    outcome = take(
        "Email,First name,Last name,Created at,Product names,Original amount cents,Taxamo amount,Additional info\n"
        'ana@example.com,Ana,Souza,2026-01-05 22:30:00 UTC,,,,"{:utm_source=>""fb"", :purchase=>{:product_ids=>[""1""]}}"\n'
        'bob@example.com,Bob,Stone,2026-01-05 22:40:00 UTC,VIP ticket,4700.0,,"{:utm_source=>""ig""}"\n'
    )
    assert outcome.report.kind == "clickfunnels-classic-contacts"
    ana, bob, order = outcome.records
    assert (ana.utm, bob.utm, order.utm) == (Utm("fb"), Utm("ig"), Utm("ig"))
    assert (order.email, order.lines[0].product, order.total) == ("bob@example.com", "VIP ticket", Decimal("47.00"))
