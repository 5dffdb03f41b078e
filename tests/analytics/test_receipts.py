"""Receipts: asked again of the bare driver, each brings the same rows and, by its definition, the same value."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
import sqlalchemy as sa
from click.testing import CliRunner

import view3
from analytics import demonstration
from analytics.challenge import Period
from analytics.definitions import DEFINITIONS
from analytics.figures import figures
from analytics.reading import read
from analytics.receipts import NoSuchFigureError, Receipt, receipt, receipts
from analytics.recording import digest
from analytics.records import AttendanceSample, Platform
from analytics.schema import high_ticket_sales
from analytics.view3 import Asked
from analytics.workbench import Workbench
from tests.analytics.told import CHALLENGE, HOSTILE, NOW, at, bought, opened, spent, story, tell
from tests.reference.receipts import asked_again, driver, worked_out


@pytest.fixture
def workbench(database_url: str) -> Iterator[Workbench]:
    with opened(database_url, *story()) as one:
        yield one


@pytest.fixture
def sample(database_url: str) -> Iterator[Workbench]:
    """The sample challenge, which has something of everything, while its session is live."""
    with opened(database_url) as one:
        demonstration.load(one, leads=400)
        yield one


def comparable(name: str, value: Any) -> Any:
    if name == "attendance":
        return [(day.date, day.youtube, day.zoom) for day in value]
    return value


def hold(workbench: Workbench, url: str, period: Period | None = None, now: datetime | None = None) -> list[str]:
    """Return the figures whose receipt brought other rows or another value; asked of a connection of its own."""
    view = workbench.view(period, now)
    wrong = []
    with driver(url) as connection:
        for one in receipts(view):
            answers = asked_again(connection, one)
            rows = [(len(bare), digest(bare)) for _, bare, _ in answers]
            value = worked_out(one.definition.name, answers, view)
            is_same = rows == [(told.rows, told.hash) for told in one.asked]
            if not is_same or value != comparable(one.definition.name, one.value):
                wrong.append(f"{one.definition.name}: {value} is not {one.value}")
    return wrong


class TestAskedAgain:
    def test_every_receipt_of_the_sample_gives_the_same_value(self, sample, database_url):
        view = sample.view()
        assert view.cards.live
        assert view.cards.roas is not None
        assert view.totals.at_risk or view.totals.net_sales < view.totals.high_ticket_sales

        assert hold(sample, database_url) == []

    @pytest.mark.parametrize("period", [CHALLENGE.days(3, 9), CHALLENGE.days(17, 17), CHALLENGE.days(30, 31)], ids=str)
    def test_so_it_does_for_other_periods(self, workbench, database_url, period):
        assert hold(workbench, database_url, period) == []

    def test_so_it_does_for_a_past_moment_and_without_a_row(self, workbench, database_url):
        assert hold(workbench, database_url, now=at(16, 12)) == []
        assert hold(workbench, database_url, CHALLENGE.days(2, 2), at(2, 9)) == []

    def test_so_it_does_in_other_currencies(self, workbench, database_url):
        euros = replace(spent(at(6, 1).date(), "FB_Jan", "10"), currency="EUR", account_id="e")
        tell(workbench, bought(5, "900.00", at(6, 10), currency="EUR"), euros)

        assert workbench.view().excluded["other_currency"] == 1
        assert hold(workbench, database_url) == []

    def test_so_it_does_when_another_program_wrote_a_sale(self, workbench, database_url):
        row = {"customer_name": "X", "customer_email": "x@y.z", "product_name": "Y", "price": Decimal("5.55")}
        with workbench.engine.begin() as connection:
            connection.execute(sa.insert(high_ticket_sales).values(purchase_date=at(17, 13), **row))
        told = workbench.receipt("high_ticket_revenue")

        assert told.value == Decimal("10996.65")
        assert [one.question for one in told.asked] == ["sales"]
        assert "sale_days" not in told.asked[0].sql
        assert hold(workbench, database_url) == []

    def test_the_hash_tells_that_the_rows_are_others(self, workbench):
        before = workbench.receipt("roas")
        tell(workbench, bought(5, "100.00", at(17, 14)))
        after = workbench.receipt("roas")

        assert [one.hash for one in before.asked][1:] == [one.hash for one in after.asked][1:]
        assert before.asked[0].hash != after.asked[0].hash
        assert before.value < after.value


class TestOneReceipt:
    def test_it_names_definition_statements_values_rows_and_hash(self, workbench):
        told = workbench.receipt("roas")

        assert told.definition == DEFINITIONS["roas"]
        assert [one.question for one in told.asked] == ["sales", "funnel_orders", "ad_spend"]
        assert all(one.sql.startswith("SELECT") and len(one.hash) == 16 for one in told.asked)
        assert [one.rows for one in told.asked] == [3, 2, 1]
        assert "USD" in [value for _, value in told.asked[0].values]
        assert told.value == workbench.view().cards.roas == Decimal("5.32")

    def test_printed_it_holds_all_of_it(self, workbench):
        told = workbench.receipt("roas")

        assert str(told).startswith("ROAS, full funnel: 5.32×   (roas)\n")
        for one in told.asked:
            assert f"{one.rows} row" in str(told)
            assert one.hash in str(told)
            assert all(line in str(told) for line in one.sql.splitlines())

    def test_in_a_notebook_it_is_html_with_every_text_escaped(self, workbench):
        asked = Asked("sales", f"SELECT {HOSTILE}", (("1", HOSTILE),), 1, HOSTILE)
        told = replace(workbench.receipt("roas"), asked=(asked,), currency=HOSTILE)
        money = replace(workbench.receipt("ad_spend"), currency=HOSTILE)

        assert "<img" not in told._repr_html_() + money._repr_html_()
        assert "&lt;img" in told._repr_html_()

    def test_an_undefined_figure_has_a_receipt_too(self, workbench):
        told = workbench.receipt("cost_per_acquisition", CHALLENGE.days(2, 2), at(2, 9))

        assert (told.value, told.printed) == (None, "—")
        assert told.asked

    def test_the_pages_own_view_carries_them(self, workbench):
        view = workbench.view()

        assert receipt(view, "attendance_today").value == 390
        assert receipt(view, "attendance_today").printed == "390 views"

    def test_an_unknown_figure_is_told_in_a_sentence(self, workbench):
        with pytest.raises(NoSuchFigureError, match="no figure 'roi'; it has high_ticket_sales_today"):
            workbench.receipt("roi")

    def test_no_receipt_of_a_view_holds_a_name_or_an_address(self, workbench):
        told = "".join(f"{one}{one._repr_html_()}" for one in receipts(workbench.view()))

        assert "@" not in told
        assert HOSTILE not in told
        assert "Person" not in told


def test_every_number_that_programs_get_has_a_definition(workbench):
    told = figures(workbench.view())
    names = {
        name for group in ("cards", "totals", "attribution", "excluded", "review", "checks") for name in told[group]
    }

    counted = {name.removesuffix("_amount") for name in names}
    assert counted - {"live", "reasons"} <= set(DEFINITIONS)
    assert {"attendance", "freshness"} <= set(DEFINITIONS)


def test_live_samples_are_part_of_the_receipt(workbench, database_url):
    moments = [(NOW - timedelta(minutes=one), 200 + one) for one in (3, 1)]
    tell(workbench, *(AttendanceSample(Platform.YOUTUBE, "now", at, count, "youtube") for at, count in moments))
    told = workbench.receipt("attendance_today")

    assert told.value == 201
    assert hold(workbench, database_url) == []


def test_two_readings_are_equal_whatever_they_were_asked_from(workbench):
    assert workbench.view() == replace(workbench.view(), asked=())


def test_recording_changes_nothing_for_what_is_asked_later(workbench):
    with workbench.frames.read() as connection:
        read(connection, workbench.lens, NOW)
        assert connection.exec_driver_sql("SELECT 1").scalar() == 1


class TestTheCommand:
    def run(self, url: str, *words: str) -> str:
        told = {"VIEW3_CHALLENGE_START": "2026-01-01", "VIEW3_FUNNEL_START": "2025-12-01", "VIEW3_CURRENCY": "USD"}
        told |= {"VIEW3_TIMEZONE": CHALLENGE.zone.key, "VIEW3_NOW": NOW.isoformat(), "VIEW3_DATABASE_URL": url}
        result = CliRunner().invoke(view3.main, ["show", *words], env=told)
        assert result.exit_code == 0, result.output
        return result.stdout

    def test_it_prints_every_receipt_and_every_statement_once(self, workbench, database_url):
        told, view = self.run(database_url, "--receipts"), workbench.view()

        assert all(f"\n{name} " in told for name in DEFINITIONS)
        for one in view.asked:
            headline = f"\n{one.question.replace('_', ' ')}: {one.rows:,} row"
            alike = [other for other in view.asked if (other.question, other.rows) == (one.question, one.rows)]
            assert told.count(headline) == len(alike)
            assert one.hash in told
        assert "5.32×" in told

    @pytest.mark.usefixtures("workbench")
    def test_without_being_asked_it_prints_none(self, database_url):
        assert "What was asked" not in self.run(database_url)
        assert "receipts" not in json.loads(self.run(database_url, "--json"))

    def test_programs_get_them_too(self, workbench, database_url):
        told = json.loads(self.run(database_url, "--json", "--receipts"))["receipts"]["roas"]
        one: Receipt = workbench.receipt("roas")

        assert told["value"] == "5.32×"
        assert [asked["hash"] for asked in told["asked"]] == [asked.hash for asked in one.asked]
