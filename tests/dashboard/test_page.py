"""The page over a fake source: what it asks for, what it shows, what it does in trouble and with hostile values."""

import asyncio
from collections.abc import Iterator
from datetime import date, timedelta

import pytest
from ipywidgets import Widget
from traitlets import TraitError

from analytics.challenge import Period
from analytics.dashboard import page as dashboard_page
from analytics.dashboard.elements import pieces
from analytics.dashboard.page import Dashboard
from analytics.view3 import Sort, SortColumn
from tests.dashboard.fake_source import HOSTILE, FakeSource, a_row


@pytest.fixture
def source() -> FakeSource:
    return FakeSource()


@pytest.fixture
def page(source: FakeSource) -> Iterator[Dashboard]:
    made = Dashboard(source)
    made.refresh()
    yield made
    Widget.close_all()


def rows(page: Dashboard) -> list[str]:
    return list(page.sales._shown["Customer Name"])


class TestFilter:
    def test_the_whole_funnel_first(self, page, source):
        assert page.wish().period is None
        assert page.wish().sales.period == source.challenge.whole(source.now())

    def test_touching_the_days_puts_them_in_force(self, page, source):
        page.filter.days.value = (3, 7)

        assert page.wish().period == source.challenge.days(3, 7)
        assert page.filter.scope.value == "By day"

    def test_touching_a_date_puts_dates_in_force(self, page):
        page.filter.first.value = date(2026, 1, 9)

        assert page.wish().period == Period(date(2026, 1, 9), date(2026, 1, 17))

    def test_dates_the_wrong_way_round_or_missing(self, page):
        page.filter.first.value, page.filter.last.value = date(2026, 1, 9), date(2026, 1, 2)
        assert page.wish().period == Period(date(2026, 1, 2), date(2026, 1, 9))
        page.filter.last.value = None
        assert page.wish().period == Period(date(2026, 1, 9), date(2026, 1, 17))

    def test_dates_beyond_any_calendar_are_brought_back(self, page):
        page.filter.first.value, page.filter.last.value = date.min, date.max

        assert page.wish().period == Period(date(2000, 1, 1), date(2100, 1, 1))

    @pytest.mark.parametrize(
        ("scope", "period"),
        [
            ("Challenge", Period(date(2026, 1, 1), date(2026, 1, 31))),
            ("This week", Period(date(2026, 1, 12), date(2026, 1, 17))),
            ("Today", Period(date(2026, 1, 17), date(2026, 1, 17))),
        ],
    )
    def test_the_quick_buttons(self, page, scope, period):
        page.filter.scope.value = scope

        assert page.wish().period == period


class TestTable:
    def test_newest_first_in_pages(self, page, source):
        assert rows(page) == [row.customer_name for row in source.rows[:25]]
        page.sales.after.click()
        page.refresh()
        assert source.asked[-1][2:] == (25, 25)
        assert "26–50" in page.sales.said.html

    def test_no_page_beyond_the_last(self, page):
        for _ in range(9):
            page.sales.after.click()
            page.refresh()

        assert page.sales.page() == (25, 50)
        assert page.sales.after.disabled

    def test_a_new_question_starts_at_the_first_page(self, page):
        page.sales.after.click()
        page.sales.search.value = "ana"

        assert page.sales.page() == (25, 0)

    def test_a_header_asks_for_its_order(self, page):
        page.sales.headers.column, page.sales.headers.descending = "price", False

        assert page.wish().sort == Sort(SortColumn.PRICE, descending=False)

    def test_cells_are_plain_text(self, page, source):
        source.rows = [a_row(1, customer_name=HOSTILE)]
        page.refresh()

        assert "<img" not in page.sales.table._dt_args["data_json"]

    def test_a_chosen_campaign_outlives_new_choices(self, page, source):
        page.sales.campaign.value = "yt_preroll"
        source.rows = [a_row(1, campaign="Brand new")]
        page.refresh()

        assert page.wish().sales.campaign == "yt_preroll"
        assert ("Brand new", "brand new") in page.sales.campaign.options

    def test_the_match_rate_has_its_denominator(self, page):
        assert "52 of 60 sales" in page.sales.title.html

    def test_nothing_found_tells_what_to_do(self, page):
        page.sales.search.value = "nobody"
        page.refresh()

        assert "Clear the search" in page.sales.said.html


class TestExport:
    def test_all_matching_rows_not_the_page(self, page, source):
        page.sales.search.value = "ana"
        name, text = page._export()
        wish = page.wish()

        assert name == "view3-sales-7-rows-20260117-180405.csv"
        assert "".join(text) == "".join(source.sales_csv(wish.sales, wish.sort))

    def test_pieces_keep_every_byte(self):
        text = ["ab", "😀" * 5, "", "c"]

        assert b"".join(pieces(iter(text), 3)) == "".join(text).encode()
        assert list(pieces(iter([]))) == []


class TestHostileBrowser:
    def test_an_illegal_index_changes_nothing(self, page):
        before = page.wish()
        with pytest.raises(TraitError):
            page.sales.campaign.set_state({"index": 99})
        with pytest.raises(TraitError):
            page.filter.days.set_state({"value": ["x", {}]})

        assert page.wish() == before

    def test_a_huge_search_is_cut(self, page):
        page.sales.search.value = "x" * 10_000_000

        assert len(page.wish().sales.search) == 200

    def test_an_unknown_order_is_the_default(self, page):
        page.sales.headers.column = "1; DROP TABLE leads"

        assert page.wish().sort == Sort()

    def test_days_beyond_the_challenge_are_brought_back(self, page, source):
        page.filter.days.max = 99
        page.filter.days.value = (40, 99)

        assert page.wish().period == source.challenge.days(31, 31)


class TestTrouble:
    def test_the_last_good_numbers_stay_with_one_sentence(self, page, source):
        cards = page.cards.html
        source.broken, source.moment = True, source.moment + timedelta(minutes=2)
        page.refresh()

        assert page.cards.html == cards
        assert "Could not read the database at 18:06; showing numbers of 18:04." in page.banner.html
        assert "Traceback" not in page.banner.html
        source.broken = False
        page.refresh()
        assert page.banner.html == ""

    def test_a_page_opened_without_a_database_heals(self, source):
        source.broken = True
        page = Dashboard(source)
        page.refresh()
        assert "trying again" in page.banner.html
        source.broken = False
        page.refresh()
        assert "view3-kpi" in page.cards.html

    def test_the_export_says_that_it_failed(self, page, source):
        sent = []
        page.sales.export.send = lambda content, **_: sent.append(content)
        source.broken = True
        page.sales.export._answer(None, "start", [])

        assert sent == [{"failed": True}]


class TestFreshness:
    def test_the_same_numbers_change_no_trait(self, page):
        changes = []
        for part in (page.masthead, page.cards, page.twin, page.chart, page.sales.table, page.sales.said, page.banner):
            part.observe(changes.append)
        page.refresh()

        assert changes == []

    def test_the_mark_turns_with_the_minute_and_with_the_database(self, page, source):
        marks = [page.mark()]
        source.moment += timedelta(minutes=1)
        marks.append(page.mark())
        source.revision += 1
        marks.append(page.mark())

        assert len(set(marks)) == 3

    def test_a_new_sale_is_shown_without_being_asked(self, page, source, monkeypatch):
        monkeypatch.setattr(dashboard_page, "EVERY", 0.01)

        async def live() -> None:
            task = asyncio.create_task(page.keep_fresh())
            source.rows = [a_row(0, customer_name="Ada Lovelace"), *source.rows]
            for _ in range(200):
                await asyncio.sleep(0.01)
                if rows(page)[0] == "Ada Lovelace":
                    break
            task.cancel()

        asyncio.run(live())
        assert rows(page)[0] == "Ada Lovelace"

    def test_a_page_that_nobody_watches_rests(self, page):
        page.pulse._heard -= 1000

        assert not page.pulse.watched()
        page.pulse._hear(None, "here", [])
        assert page.pulse.watched()

    def test_today_turns_over_at_business_midnight(self, page, source):
        source.moment += timedelta(hours=6)
        page.refresh()

        assert "Day 18 of 31" in page.masthead.html
