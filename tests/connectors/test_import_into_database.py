"""Exports through the real door, on both engines: a second import of the same file changes nothing."""

from datetime import UTC, date, datetime
from decimal import Decimal
from functools import partial
from pathlib import Path

import pytest
import sqlalchemy as sa

from analytics.challenge import Challenge
from analytics.database import open_engine, writing
from analytics.ingest import Rules, accept
from analytics.migrate import upgrade
from analytics.offers import Patterns
from analytics.records import Dispute, DisputeState, Record, Refund, RefundState
from analytics.schema import sale_facts
from connectors.contract import Reading
from connectors.csv_import import import_file

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
