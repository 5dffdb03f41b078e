"""`view3 reconcile`: a month drawn by hand, its totals, the CSV file, a break, and Stripe's balance held against it."""

import csv
import io
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from click.testing import CliRunner, Result

import view3
from analytics.challenge import Challenge
from analytics.database import open_engine, writing
from analytics.ingest import Rules, accept
from analytics.offers import Patterns
from analytics.records import Dispute, DisputeState, Line, Messenger, Order, Payment, Record, Refund, RefundState
from analytics.schema import allocations
from connectors.stripe.api import StripeLists
from tests.connectors.fake_lists import KEY, FakeStripe, seconds
from tests.connectors.vendor_server import VendorServer
from tests.tables import drawn

CHALLENGE = Challenge.starting(date(2026, 1, 1), "UTC")
RULES = Rules(CHALLENGE, "USD", Patterns(vip=("*vip*",), oto=("*workbook*",), high_ticket=("*mastermind*",)))
SETTINGS = {
    "VIEW3_CHALLENGE_START": "2026-01-01",
    "VIEW3_FUNNEL_START": "2025-12-01",
    "VIEW3_TIMEZONE": "UTC",
    "VIEW3_CURRENCY": "USD",
    "VIEW3_NOW": "2026-02-20T12:00:00+00:00",
    "VIEW3_VIP": "*vip*",
    "VIEW3_OTO": "*workbook*",
    "VIEW3_HIGH_TICKET": "*mastermind*",
}
Run = Callable[..., Result]

BY_MONEY = """
    Date          | Provider | Currency | What     | Stated  | High-ticket | VIP   | OTO   | Tax   | Without a purchase
    --------------|----------|----------|----------|---------|-------------|-------|-------|-------|-------------------
    2026-01-11    | Stripe   | USD      | payments | 792.00  | 666.00      | 0.00  | 54.00 | 72.00 | 0.00
    2026-01-12    | Stripe   | EUR      | payments | 97.00   | 0.00        | 97.00 | 0.00  | 0.00  | 0.00
    2026-01-20    | Stripe   | EUR      | disputes | 97.00   | 0.00        | 97.00 | 0.00  | 0.00  | 0.00
    Total 2026-01 | Stripe   | EUR      | disputes | 97.00   | 0.00        | 97.00 | 0.00  | 0.00  | 0.00
    Total 2026-01 | Stripe   | EUR      | payments | 97.00   | 0.00        | 97.00 | 0.00  | 0.00  | 0.00
    Total 2026-01 | Stripe   | USD      | payments | 792.00  | 666.00      | 0.00  | 54.00 | 72.00 | 0.00
    2026-02-11    | Stripe   | USD      | payments | 666.00  | 666.00      | 0.00  | 0.00  | 0.00  | 0.00
    2026-02-12    | Stripe   | USD      | refunds  | 743.00  | 70.35       | 0.00  | 2.85  | 3.80  | 666.00
    Total 2026-02 | Stripe   | USD      | payments | 666.00  | 666.00      | 0.00  | 0.00  | 0.00  | 0.00
    Total 2026-02 | Stripe   | USD      | refunds  | 743.00  | 70.35       | 0.00  | 2.85  | 3.80  | 666.00
    Total period  | Stripe   | EUR      | disputes | 97.00   | 0.00        | 97.00 | 0.00  | 0.00  | 0.00
    Total period  | Stripe   | EUR      | payments | 97.00   | 0.00        | 97.00 | 0.00  | 0.00  | 0.00
    Total period  | Stripe   | USD      | payments | 1458.00 | 1332.00     | 0.00  | 54.00 | 72.00 | 0.00
    Total period  | Stripe   | USD      | refunds  | 743.00  | 70.35       | 0.00  | 2.85  | 3.80  | 666.00
"""


def on(month: int, day: int) -> datetime:
    return CHALLENGE.moment(datetime(2026, month, day, 12))


@pytest.fixture
def run(database_url: str) -> Run:
    """Runs `view3 reconcile` over a plan with a bump and a part refund, a lost dispute in euros, and a stray refund."""
    lines = (Line("Mastermind", amount=Decimal(666), payments=3), Line("Workbook", amount=Decimal(54)))
    first = Order(
        *("stripe", "in_1", "ana@x.com", "Ana", "USD", on(1, 11), lines, Decimal(792), Decimal(72)),
        messenger=Messenger.PAYMENT_PROVIDER,
        ids=("in_1", "pi_1"),
        plan_id="sub_1",
    )
    again = Order(
        *("stripe", "in_2", "ana@x.com", "Ana", "USD", on(2, 11), lines[:1], Decimal(666)),
        messenger=Messenger.PAYMENT_PROVIDER,
        ids=("in_2", "pi_2"),
        plan_id="sub_1",
    )
    records: list[Record] = [
        first,
        again,
        Payment("stripe", "ch_1", Decimal(792), "USD", on(1, 11), ids=("ch_1", "pi_1"), order_ids=("in_1",)),
        Payment("stripe", "ch_2", Decimal(666), "USD", on(2, 11), ids=("ch_2", "pi_2"), order_ids=("in_2",)),
        Payment("stripe", "ch_3", Decimal(97), "EUR", on(1, 12), product="VIP ticket", email="cy@x.com"),
        Refund("stripe", "re_1", "pi_2", Decimal(77), "USD", RefundState.SUCCEEDED, on(2, 12), on(2, 12)),
        Refund("stripe", "re_2", "pi_9", Decimal(666), "USD", RefundState.SUCCEEDED, on(2, 12), on(2, 12)),
        Dispute("stripe", "dp_1", "ch_3", Decimal(97), "EUR", DisputeState.LOST, on(2, 1), on(1, 20)),
    ]
    engine = open_engine(database_url)
    with writing(engine) as connection:
        assert not accept(connection, RULES, records).refused
    engine.dispose()
    settings = SETTINGS | {"VIEW3_DATABASE_URL": database_url}
    return lambda *words, **more: CliRunner().invoke(view3.main, ["reconcile", *words], env={**settings, **more})


def table(run: Run, path: Path, *words: str, code: int = 0, **more: str) -> list[dict[str, str]]:
    done = run(*words, "--csv", str(path), **more)
    assert done.exit_code == code, done.output
    return list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8-sig"))))


def test_a_month_by_the_day_of_the_money(run: Run, tmp_path: Path) -> None:
    rows = table(run, tmp_path / "money.csv")
    expected = drawn(BY_MONEY)
    assert [{name: row[name] for name in expected[0]} for row in rows] == expected
    assert {row["Difference"] for row in rows} == {"0.00"}
    assert {row["Time zone"] for row in rows} == {"UTC"}


def test_by_sale_a_refund_stands_on_the_day_of_its_purchase(run: Run, tmp_path: Path) -> None:
    rows = table(run, tmp_path / "sale.csv", "--by", "sale")
    assert {row["Date"]: row["Stated"] for row in rows if row["What"] == "refunds"} == {
        "2026-01-11": "77.00",
        "2026-02-12": "666.00",
        "Total 2026-01": "77.00",
        "Total 2026-02": "666.00",
        "Total period": "743.00",
    }
    assert {row["Difference"] for row in rows} == {"0.00"}


def test_what_happened_after_the_moment_is_left_out(run: Run, tmp_path: Path) -> None:
    rows = table(run, tmp_path / "early.csv", "--now", "2026-02-01T00:00:00+00:00")
    assert {row["What"] for row in rows} == {"payments", "disputes"}


def test_the_terminal_prints_what_differs_and_the_command_fails(run: Run, database_url: str) -> None:
    whole = run("--from", "2026-02-01", "--to", "2026-02-28")
    assert whole.exit_code == 0, whole.output
    assert "time zone UTC" in whole.stdout
    assert "Not held against Stripe's balance: VIEW3_STRIPE_API_KEY is not set." in whole.stdout
    engine = open_engine(database_url)
    with writing(engine) as connection:
        connection.execute(sa.delete(allocations).where(allocations.c.external_id == "re_1", allocations.c.part == 0))
    engine.dispose()
    broken = run("--from", "2026-02-01", "--to", "2026-02-28")
    assert broken.exit_code == view3.FAILED
    assert "stripe:re_1 refund: stated 77.00 USD, counted 6.65, difference 70.35." in broken.stdout
    assert "differ" in broken.stderr
    assert run("--from", "2026-01-01", "--to", "2026-01-31").exit_code == 0


def movement(number: int, day: str, kind: str, amount: int, fee: int = 0, **more: object) -> dict[str, object]:
    told = {"id": f"txn_{number}", "object": "balance_transaction", "created": seconds(day), "type": kind}
    return {**told, "amount": amount, "fee": fee, "currency": "usd", "reporting_category": kind, **more}


EUROS = {"currency": "eur", "amount": 9700}
BALANCE = [
    movement(6, "2026-02-12", "refund", -66600),
    movement(5, "2026-02-12", "refund", -7700),
    movement(4, "2026-02-11", "charge", 66600, 1960),
    movement(3, "2026-01-20", "adjustment", -10500, 1500, reporting_category="dispute", source=EUROS),
    movement(2, "2026-01-12", "charge", 10500, 300, source=EUROS),
    movement(1, "2026-01-11", "charge", 79200, 2330),
]


@pytest.fixture
def held(run: Run, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """Runs the command with a key, against a simulated Stripe."""
    real = StripeLists.with_key

    def against(balance: list[dict[str, object]], *words: str, key: str = KEY, **more: Any) -> Result:
        with VendorServer(FakeStripe({"/v1/balance_transactions": balance}, **more)) as server:
            monkeypatch.setattr(StripeLists, "with_key", lambda secret: real(secret, server.url))
            return run(*words, VIEW3_STRIPE_API_KEY=key)

    return against


def test_every_day_is_held_against_stripes_balance_page_by_page(held: Callable[..., Result], tmp_path: Path) -> None:
    done = held(BALANCE, "--csv", str(tmp_path / "held.csv"))
    assert done.exit_code == 0, done.output
    rows = list(csv.DictReader(io.StringIO((tmp_path / "held.csv").read_text(encoding="utf-8-sig"))))
    period = {(row["What"], row["Currency"]): row for row in rows if row["Date"] == "Total period"}
    assert period["fees", "USD"]["Stated"] == "60.90"
    assert period["payments", "USD"]["Stripe's balance"] == "1458.00"
    assert period["disputes", "EUR"]["Stripe's balance"] == "97.00"
    assert {row["Difference to balance"] for row in rows} == {"0.00", ""}


def test_a_day_on_which_the_balance_says_otherwise_is_named(held: Callable[..., Result]) -> None:
    done = held(BALANCE[1:])
    assert done.exit_code == view3.FAILED
    assert "2026-02-12 refunds in USD: Stripe's balance says 77.00, stated is 743.00." in done.stdout


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        ({"key": "rk_live_wrong"}, "Stripe does not accept the key: VIEW3_STRIPE_API_KEY."),
        ({"closed": frozenset({"/v1/balance_transactions"})}, "may not read the balance"),
        ({"repeats": True}, "Stripe repeats a page of its balance."),
    ],
)
def test_a_balance_that_cannot_be_read_is_said(
    held: Callable[..., Result], more: dict[str, str], sentence: str
) -> None:
    done = held(BALANCE, **more)
    assert done.exit_code == 0, done.output
    assert f"Not held against Stripe's balance: {'' if sentence[0] == 'S' else 'Stripe'}" in done.stdout
    assert sentence in done.stdout
    assert "rk_live" not in done.output
    assert "2026-02-12" in done.stdout


def test_what_belongs_to_no_purchase_is_a_section_of_its_own(run: Run, database_url: str) -> None:
    listed = CliRunner().invoke(view3.main, ["inbox", "list"], env=SETTINGS | {"VIEW3_DATABASE_URL": database_url})
    section = listed.stdout.partition("Without a purchase:\n")[2]
    assert "stripe:re_2  refunds_without_purchase    666.00 USD  2026-02-12 12:00 UTC" in section


def test_the_doctor_names_products_that_fit_two_kinds(run: Run, database_url: str) -> None:
    settings = SETTINGS | {"VIEW3_DATABASE_URL": database_url, "VIEW3_OTO": "*ticket*"}
    found = CliRunner().invoke(view3.main, ["doctor"], env=settings).stdout
    assert "“vip ticket” fits “*vip*” of VIEW3_VIP and “*ticket*” of VIEW3_OTO: it counts as vip" in found
    calm = CliRunner().invoke(view3.main, ["doctor"], env=settings | {"VIEW3_OTO": "*workbook*"}).stdout
    assert " fits " not in calm
