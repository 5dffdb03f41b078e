"""The frames: columns as the codebook says, whether there are rows or not; every example of the docstrings; nothing can be written."""

import doctest
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pandas as pd
import pytest
import sqlalchemy as sa

from analytics import columns
from analytics.breakdown import Level
from analytics.challenge import Period
from analytics.columns import Kind
from analytics.database import DatabaseError
from analytics.frames import Frames, TooManyRowsError
from analytics.records import AdSpend, Offer
from analytics.schema import high_ticket_sales
from analytics.view3 import SalesFilter
from analytics.workbench import Workbench
from tests.analytics.told import CHALLENGE, HOSTILE, at, bought, opened, story

TYPES = {Kind.TEXT: "str", Kind.COUNT: "Int64", Kind.MONEY: "object", Kind.DATE: "datetime64[s]", Kind.FLAG: "bool"}
BY_NAME = sorted(columns.FRAMES)


@pytest.fixture
def workbench(database_url: str) -> Iterator[Workbench]:
    with opened(database_url, *story()) as one:
        yield one


@pytest.fixture
def empty(database_url: str) -> Iterator[Workbench]:
    with opened(database_url) as one:
        yield one


def has_its_columns(frame: pd.DataFrame, name: str) -> bool:
    listed = columns.FRAMES[name]
    assert list(frame.columns) == [one.name for one in listed]
    for one in listed:
        expected = f"datetime64[s, {CHALLENGE.zone}]" if one.kind is Kind.MOMENT else TYPES[one.kind]
        assert str(frame[one.name].dtype) == expected, one.name
        if one.kind is Kind.MONEY:
            assert not any(isinstance(value, float) for value in frame[one.name]), one.name
    return True


class TestShape:
    def test_every_frame_has_the_columns_and_types_of_the_codebook(self, workbench):
        for name in BY_NAME:
            frame = getattr(workbench.frames, name)()
            assert has_its_columns(frame, name)
            assert len(frame), name

    def test_a_database_without_rows_gives_the_same_columns(self, empty):
        for name in BY_NAME:
            assert has_its_columns(getattr(empty.frames, name)(), name)

    def test_the_codebook_lists_every_column_with_its_meaning(self, empty):
        book = empty.frames.codebook()

        assert len(book) == sum(len(listed) for listed in columns.FRAMES.values())
        assert (book["meaning"] != "").all()
        money = book[book["kind"] == "money"]
        assert (money["unit"] != "").all()

    def test_completion_offers_the_frames(self):
        assert set(BY_NAME) <= {name for name in dir(Frames) if not name.startswith("_")}


def test_every_example_of_the_docstrings(workbench):
    examples = doctest.DocTestFinder().find(
        Frames, "Frames", globs={"frames": workbench.frames, "challenge": CHALLENGE}
    )
    runner = doctest.DocTestRunner(optionflags=doctest.REPORT_NDIFF)
    for example in examples:
        runner.run(example)
    told = [example for example in examples if example.examples]

    assert {example.name for example in told} == {f"Frames.{name}" for name in [*BY_NAME, "codebook"]}
    assert runner.summarize().failed == 0


class TestSales:
    def test_a_row_tells_all_of_a_sale(self, workbench):
        first = workbench.frames.sales().iloc[0]

        assert first["purchased_at"] == pd.Timestamp("2026-01-16 23:00", tz=CHALLENGE.zone)
        assert first["purchased_on"] == pd.Timestamp("2026-01-16")
        assert first["challenge_day"] == 16
        money = (first["price"], first["refunded"], first["status"])
        assert money == (Decimal("2997.00"), Decimal("497.10"), "partly refunded")
        credit = (first["campaign"], first["campaign_key"], first["ad_set"], first["ad"])
        assert credit == ("FB_Jan", "fb_jan", "Broad", "Video 1")
        assert first["days_from_lead"] == 27
        assert first["person"] == "p1@x.com"

    def test_a_stranger_is_unattributed_and_unknown_is_not_zero(self, workbench):
        last = workbench.frames.sales().iloc[-1]

        assert last["customer"] == HOSTILE
        assert (last["outcome"], last["reason"], last["campaign"]) == ("unattributed", "no such person", "")
        assert last["days_from_lead"] is pd.NA

    @pytest.mark.parametrize(
        "narrowed",
        [
            {"campaign_key": "fb_jan"},
            {"campaign_key": "(unattributed)"},
            {"product_key": "mastermind"},
            {"product_key": "other"},
            {"search": "onerror"},
            {"search": "brand"},
        ],
        ids=str,
    )
    def test_it_is_narrowed_as_the_page_is(self, workbench, narrowed):
        wanted = SalesFilter(
            workbench.challenge.whole(workbench.now()),
            narrowed.get("campaign_key", ""),
            narrowed.get("product_key", ""),
            narrowed.get("search", ""),
        )
        page = workbench.sales(wanted)

        assert sorted(workbench.frames.sales(**narrowed)["sale_id"]) == sorted(row.sale_id for row in page.rows)

    def test_a_sale_of_another_program_is_a_row(self, workbench):
        row = {"customer_name": "X", "customer_email": "x@y.z", "product_name": "Y", "price": Decimal(5)}
        with workbench.engine.begin() as connection:
            connection.execute(sa.insert(high_ticket_sales).values(purchase_date=at(17, 13), **row))
        last = workbench.frames.sales().iloc[-1]

        assert (last["person"], last["currency"], last["collected"]) == ("", "USD", Decimal("5.00"))

    def test_a_frame_is_never_cut_short_in_silence(self, workbench):
        assert len(workbench.frames.sales(most=3)) == 3
        assert len(workbench.frames.sales(most=None)) == 3
        for ask in (workbench.frames.sales, workbench.frames.leads, workbench.frames.ad_spend):
            with pytest.raises(TooManyRowsError, match="More than 2 rows"):
                ask(most=2)


class TestFunnel:
    def test_its_sums_are_the_totals_of_the_view(self, workbench):
        funnel, totals = workbench.frames.funnel(), workbench.view().totals

        assert funnel["ad_spend"].dropna().sum() == totals.ad_spend
        assert funnel["vip_revenue"].sum() == totals.vip_revenue
        assert funnel["oto_revenue"].sum() == totals.oto_revenue
        assert funnel["high_ticket_revenue"].sum() == totals.high_ticket_revenue
        assert funnel["high_ticket_sales"].sum() == totals.high_ticket_sales

    def test_a_day_is_the_business_zones_day(self, workbench):
        by_date = workbench.frames.funnel().set_index("date")

        assert by_date.loc["2026-01-16", "high_ticket_sales"] == 1  # 23:00 here is the 17th in UTC
        assert by_date.loc["2026-01-17", "high_ticket_sales"] == 2

    def test_every_date_is_a_row_and_unknown_spend_is_none(self, workbench):
        funnel = workbench.frames.funnel(CHALLENGE.days(1, 5))

        assert len(funnel) == 5
        assert funnel["ad_spend"].tolist() == [None] * 4 + [Decimal("800.25")]

    def test_money_in_another_currency_is_counted_and_not_summed(self, database_url):
        euros = bought(7, "10.00", at(5, 12), Offer.VIP, currency="EUR")
        spend = AdSpend(date(2026, 1, 5), "meta", Decimal(7), "EUR", "meta_ads", campaign="x", account_id="a")
        with opened(database_url, *story(), euros, spend) as workbench:
            day = workbench.frames.funnel(CHALLENGE.days(5, 5)).iloc[0]

        assert (day["vip_orders"], day["vip_revenue"], day["ad_spend"]) == (2, Decimal("47.00"), Decimal("800.25"))


class TestAttendance:
    def test_every_challenge_day_has_both_rooms_and_nobody_is_not_zero(self, workbench):
        frame = workbench.frames.attendance(CHALLENGE.days(16, 17))

        assert frame["platform"].tolist() == ["youtube", "zoom"] * 2
        assert frame["participants"].tolist() == [pd.NA, pd.NA, 300, 90]

    def test_it_is_the_views_own(self, workbench):
        frame = workbench.frames.attendance()
        seen = {(row.date.date(), row.platform): row.participants for row in frame.itertuples()}
        for day in workbench.view().attendance:
            for platform, count in (("youtube", day.youtube), ("zoom", day.zoom)):
                assert seen[day.date, platform] is pd.NA if count is None else seen[day.date, platform] == count


def test_campaigns_are_the_breakdowns_rows(workbench):
    told = workbench.campaigns(level=Level.AD).rows
    frame = workbench.frames.campaigns(level=Level.AD)

    assert frame["name"].tolist() == [row.name for row in told]
    assert frame["ad_spend"].tolist() == [row.ad_spend for row in told]


def test_a_view_of_a_past_moment(workbench):
    noon, night = (workbench.frames.view(now=at(16, hour)).set_index("figure")["value"] for hour in (12, 23))

    assert (noon["high_ticket_sales_today"], noon["high_ticket_sales"]) == (0, 0)  # bought at 23:00
    assert (night["high_ticket_sales_today"], night["high_ticket_sales"]) == (1, 1)


def test_a_period_that_is_left_out_ends_at_now(workbench):
    assert workbench.frames.funnel()["date"].iloc[-1] == pd.Timestamp("2026-01-17")
    assert len(workbench.frames.funnel(Period(date(2026, 1, 1), date(2026, 1, 2)))) == 2


WRITES: dict[str, Any] = {
    "insert": "INSERT INTO attendance (date, platform, participant_count, challenge_day) VALUES ('2026-01-02', 'zoom', 1, 2)",
    "update": "UPDATE high_ticket_sales SET price = 1",
    "delete": "DELETE FROM high_ticket_sales",
    "create": "CREATE TABLE mine (a INTEGER)",
    "drop": "DROP TABLE high_ticket_sales",
}


@pytest.mark.parametrize("statement", WRITES.values(), ids=WRITES)
def test_an_analysts_session_cannot_write(workbench, statement):
    before = workbench.view()
    with pytest.raises(DatabaseError, match=r"(?i)read.?only"), workbench.frames.read() as connection:
        connection.exec_driver_sql(statement)

    assert workbench.view() == before


def test_a_period_without_a_row_is_a_frame_without_rows(workbench):
    long_ago = Period(date(2020, 1, 1), date(2020, 1, 1) + timedelta(days=3))

    assert len(workbench.frames.sales(long_ago)) == 0
    assert datetime(2020, 1, 4) == workbench.frames.funnel(long_ago)["date"].iloc[-1]
