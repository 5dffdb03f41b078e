"""Exports through the real door, on both engines: a second import of the same file changes nothing."""

import csv
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import partial
from io import StringIO
from pathlib import Path

import pytest
import sqlalchemy as sa

from analytics.challenge import Challenge, Period
from analytics.database import open_engine, reading, writing
from analytics.ingest import Rules, accept
from analytics.migrate import upgrade
from analytics.offers import Patterns
from analytics.reading import Lens, stream_sales
from analytics.records import Dispute, DisputeState, Record, Refund, RefundState, UtmMapping
from analytics.sales_csv import sales_csv
from analytics.schema import ad_spend, sale_facts
from analytics.view3 import SalesFilter, Sort
from connectors.contract import Reading
from connectors.csv_import import import_file
from connectors.exports.sales_table import HELD
from tests.analytics.told import at, bought, lead

FILES = sorted((Path(__file__).parent / "exports").glob("*.csv"))
CHALLENGE = Challenge.starting(date(2026, 1, 1), "America/Sao_Paulo")


@pytest.fixture
def engine(database_url):
    engine = open_engine(database_url)
    upgrade(engine)
    yield engine
    engine.dispose()


def load(engine, path):
    with writing(engine) as connection:
        return import_file(
            path, Reading(CHALLENGE, "USD"), partial(accept, connection, Rules(CHALLENGE)), keep_rejects=False
        )


def test_every_export_is_taken_in_once(engine):
    for path in FILES:
        first, again = load(engine, path), load(engine, path)
        assert first.new > 0, path.name
        assert (again.new, again.changed, again.same) == (0, 0, first.new + first.changed + first.same), path.name


def test_a_failing_file_leaves_nothing_behind(engine, tmp_path):
    path = tmp_path / "spend.csv"
    path.write_text("date,platform,campaign,spend\n2026-01-05,meta,A,-1\n2026-01-05,meta,B,2.00\n")
    report = load(engine, path)
    assert (report.new, report.rejected) == (1, 1)


MENDED = {
    "a comma in a name": ('2026-01-05,"Wine, red",ad 2,forty,USD\n', "forty", "40"),
    "a NUL in a name": ('2026-01-05,"Wine, r\0ed",ad 2,40,USD\n', "r\0ed", "red"),
    "an amount": ("2026-01-05,Wine,ad 2,forty,USD\n", "forty", "40"),
    "a day": ("2026-02-31,Wine,ad 2,40,USD\n", "2026-02-31", "2026-01-05"),
}


@pytest.mark.parametrize("fault", MENDED)
def test_a_rejected_row_of_ad_spend_is_mended_and_takes_nothing_from_its_day(engine, tmp_path, fault):
    row, wrong, right = MENDED[fault]
    path = tmp_path / "meta.csv"
    path.write_text(f"Day,Campaign name,Ad name,Amount spent,Currency\n2026-01-05,Wine,ad 1,60,USD\n{row}")
    with writing(engine) as connection:
        take = partial(accept, connection, Rules(CHALLENGE))
        report = import_file(path, Reading(CHALLENGE, "USD"), take)
    assert report.rejects
    report.rejects.write_text(report.rejects.read_text("utf-8-sig").replace(wrong, right))
    again = load(engine, report.rejects), load(engine, report.rejects)
    assert [one.rejected for one in again] == [0, 0]
    with reading(engine) as connection:
        assert connection.scalar(sa.select(sa.func.sum(ad_spend.c.spend))) == 100


LISTED = (
    "id,Created (UTC),Amount,Amount Refunded,Currency,Status,Description,PaymentIntent ID,Disputed Amount,Dispute Status\n"
    "ch_1,2026-01-05 10:00,3000.00,250.00,usd,Paid,Mastermind,pi_1,700.00,needs_response\n"
)
LATER = datetime(2026, 1, 9, tzinfo=UTC)


@pytest.mark.parametrize("file_comes_first", [True, False])
def test_what_a_list_of_payments_and_an_event_tell_of_one_refund_and_one_dispute_counts_once(
    engine, tmp_path, file_comes_first
):
    path, rules = tmp_path / "payments.csv", Rules(CHALLENGE, patterns=Patterns(high_ticket=("mastermind",)))
    path.write_text(LISTED)
    told: list[Record] = [
        Refund("stripe", "re_1", "pi_1", Decimal(250), "USD", RefundState.SUCCEEDED, LATER, LATER),
        Dispute("stripe", "du_1", "pi_1", Decimal(700), "USD", DisputeState.OPEN, LATER),
    ]
    for is_file in (file_comes_first, not file_comes_first):
        with writing(engine) as connection:
            take = partial(accept, connection, rules)
            if is_file:
                import_file(path, Reading(CHALLENGE, "USD"), take, keep_rejects=False)
            else:
                take(told)
    with engine.connect() as connection:
        row = connection.execute(sa.select(sale_facts.c.refunded, sale_facts.c.at_risk)).one()
    assert row == (Decimal(250), Decimal(700))


LENS = Lens(CHALLENGE, "USD", UtmMapping("utm_medium", "utm_content"))
EVER = SalesFilter(Period(date(2025, 1, 1), date(2027, 1, 1)))
STORY = (
    lead(1, "FB_Jan", at(2, 10)),
    bought(1, "2997.00", at(16, 23), refunded=Decimal("2997.00")),
    bought(2, "4997.00", at(17, 11), name="=cmd|' /C calc'!A0", product="'=1"),
    bought(3, "4997.00", at(17, 12), name="", product="a; b"),
    bought(4, "100.00", at(17, 13), name="Twin"),
    bought(5, "100.00", at(17, 14), name="Twin"),
)


def exported(engine):
    with reading(engine) as connection:
        return "".join(sales_csv(stream_sales(connection, LENS, EVER, Sort())))


def load_table(engine, text, folder):
    """Import our own sales table, as the command does."""
    path = folder / "view3-sales.csv"
    path.write_text(text, encoding="utf-8", newline="")
    with writing(engine) as connection:
        held = (
            (row.customer_name, row.product, row.price, row.currency, row.purchased_at)
            for row in stream_sales(connection, LENS, EVER, Sort())
        )
        against = Reading(CHALLENGE, "USD", LENS.mapping, lambda: held)
        return import_file(path, against, partial(accept, connection, Rules(CHALLENGE)), keep_rejects=False)


def sales_of(text):
    """Return what a sales table says of each sale itself: name, product, price, date."""
    return [row[:4] for row in csv.reader(StringIO(text, newline=""))]


def test_our_own_table_adds_no_sale_that_another_messenger_told(engine, tmp_path):
    with writing(engine) as connection:
        accept(connection, Rules(CHALLENGE), STORY)
    before = exported(engine)
    report = load_table(engine, before, tmp_path)
    assert (report.new, report.rejected, report.left_out) == (0, 0, {HELD: 5})
    assert exported(engine) == before
    third_twin = "Twin,Mastermind,100.00,2026-01-17 15:00:00,,,,,99,USD,paid,unattributed,no such person,\r\n"
    report = load_table(engine, before + third_twin, tmp_path)
    assert (report.new, report.left_out) == (1, {HELD: 5})


def test_our_own_table_comes_into_an_empty_database_once(engine, tmp_path):
    with writing(engine) as connection:
        accept(connection, Rules(CHALLENGE), STORY)
        told = "".join(sales_csv(stream_sales(connection, LENS, EVER, Sort())))
        connection.rollback()
    first, again = load_table(engine, told, tmp_path), load_table(engine, told, tmp_path)
    assert (first.new, first.left_out, first.rejected) == (5, {}, 0)
    assert (again.new, again.changed, again.left_out) == (0, 0, {HELD: 5})
    assert sales_of(exported(engine)) == sales_of(told)
