"""The page over a fake source: what it asks for, what it shows, what it does in trouble and with hostile values."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace
from datetime import date, timedelta
from html import unescape

import pytest
from ipywidgets import Widget
from traitlets import TraitError

from analytics.challenge import Challenge, Period
from analytics.dashboard import page as dashboard_page
from analytics.dashboard import refreshing
from analytics.dashboard.elements import pieces
from analytics.dashboard.page import Dashboard
from analytics.view3 import Sort, SortColumn
from tests.dashboard.fake_source import HOSTILE, FakeSource, a_row


@pytest.fixture
def source() -> FakeSource:
    return FakeSource()


@pytest.fixture
def page(source: FakeSource, monkeypatch: pytest.MonkeyPatch) -> Iterator[Dashboard]:
    monkeypatch.setattr(refreshing, "EVERY", 0.01)
    made = Dashboard(source)
    made.refresh()
    yield made
    Widget.close_all()


def lived(page: Dashboard, story: Callable[[], Awaitable[None]]) -> None:
    """Run a story while the page keeps itself fresh."""

    async def both() -> None:
        task = asyncio.create_task(page._refresher.keep_fresh(page.pulse.watched))
        await asyncio.sleep(0)
        await story()
        task.cancel()

    asyncio.run(both())


async def until(holds: Callable[[], bool]) -> None:
    """Wait until something holds, at most a few seconds; what is asserted afterwards says what did not."""
    for _ in range(300):
        if holds():
            return
        await asyncio.sleep(0.01)


def rows(page: Dashboard) -> list[str]:
    return [unescape(row[0]) for row in json.loads(page.sales.table._dt_args["data_json"])]


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
            ("Whole challenge", Period(date(2026, 1, 1), date(2026, 1, 31))),
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

        assert page.sales.page() == (25, 3)
        assert page.sales.after.disabled

    def test_a_new_question_starts_at_the_first_page(self, page):
        page.sales.after.click()
        page.sales.search.value = "ana"

        assert page.sales.page() == (25, 1)

    def test_a_header_asks_for_its_order(self, page):
        page.sales.table.column, page.sales.table.descending = "price", False

        assert page.wish().address.sort == Sort(SortColumn.PRICE, descending=False)

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
        assert "".join(text) == "".join(source.export(wish.sales, wish.address.sort)[1])

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
        page.sales.table.column = "1; DROP TABLE leads"

        assert page.wish().address.sort == Sort()

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
        for part in (page.masthead, page.cards, page.attendance, page.sales.table, page.sales.said, page.banner):
            part.observe(changes.append)
        page.refresh()

        assert changes == []

    def test_the_mark_turns_with_the_day_and_with_the_database(self, page, source):
        source.live = False
        source.revision += 1
        page.refresh()
        marks = [page.mark()]
        source.moment += timedelta(minutes=1)
        marks.append(page.mark())
        source.moment += timedelta(hours=6)
        marks.append(page.mark())
        source.revision += 1
        marks.append(page.mark())

        assert len(set(marks)) == 3
        assert marks[0] == marks[1]

    def test_a_live_session_may_end_by_time_alone(self, page, source):
        views = source.views
        assert not page._look()
        source.moment += timedelta(minutes=1)
        assert page._look()
        page.refresh()

        assert source.views == views + 1
        assert not page._look()

    def test_nothing_is_read_while_nothing_changed(self, page, source):
        async def idle() -> None:
            source.moment += timedelta(seconds=1)
            await asyncio.sleep(0.3)

        views, asked = source.views, len(source.asked)
        lived(page, idle)

        assert (source.views, len(source.asked)) == (views, asked)

    def test_another_order_asks_for_rows_alone(self, page, source):
        views, asked = source.views, len(source.asked)
        page.sales.table.column = "price"
        page.refresh()

        assert (source.views, len(source.asked)) == (views, asked + 1)

    def test_a_new_sale_is_shown_without_being_asked(self, page, source):
        async def sold() -> None:
            source.rows = [a_row(0, customer_name="Ada Lovelace"), *source.rows]
            await until(lambda: rows(page)[0] == "Ada Lovelace")

        lived(page, sold)

        assert rows(page)[0] == "Ada Lovelace"

    def test_a_storm_is_two_readings(self, page, source):
        async def storm() -> None:
            for _ in range(200):
                source.revision += 1
                await asyncio.sleep(0.8 / 200)
            await until(lambda: page._mark == page.mark())
            await asyncio.sleep(0.1)

        views = source.views
        lived(page, storm)

        assert source.views - views <= 2

    def test_business_midnight_passes_on_an_open_page(self, page, source):
        source.live = False
        source.moment = source.moment.replace(hour=23, minute=59, second=59)

        async def midnight() -> None:
            await asyncio.sleep(0.1)
            source.moment += timedelta(seconds=1)
            await until(lambda: "Day 18 of 31" in page.masthead.html)

        lived(page, midnight)

        assert "Day 18 of 31" in page.masthead.html
        assert "18 January 2026" in page.cards.html

    def test_a_database_that_hangs_is_told_and_the_page_heals(self, page, source, monkeypatch):
        monkeypatch.setattr(refreshing, "MAY_TAKE", 0.2)
        monkeypatch.setattr(dashboard_page, "MAY_TAKE", 0.2)
        monkeypatch.setattr(refreshing, "AGAIN", 0.05)

        async def hang() -> None:
            source.gate.clear()
            source.revision += 1
            await until(lambda: "Could not read" in page.banner.html)
            said.append(page.banner.html)
            source.gate.set()
            await until(lambda: page.banner.html == "")

        said: list[str] = []
        lived(page, hang)

        assert "showing numbers of 18:04" in said[0]
        assert page.banner.html == ""

    def test_a_page_that_nobody_watches_rests(self, page):
        page.pulse._heard -= 1000

        assert not page.pulse.watched()
        page.pulse._hear(None, "here", [])
        assert page.pulse.watched()

    def test_today_turns_over_at_business_midnight(self, page, source):
        source.moment += timedelta(hours=6)
        page.refresh()

        assert "Day 18 of 31" in page.masthead.html


class TestAddress:
    def test_a_link_opens_what_another_sees(self, source):
        query = "days=2-17&campaign=yt_preroll&sort=price&rows=10&bars=side-by-side"
        page = Dashboard(source, query)
        page.refresh()

        assert page.place.query == query
        assert page.wish().period == source.challenge.days(2, 17)
        assert page.sales.campaign.value == "yt_preroll"
        assert 'data-drawn="group"' in page.attendance.html

    def test_what_the_viewer_chooses_stands_in_the_address(self, page):
        page.filter.scope.value = "Today"
        page.sales.search.value = "ana & bob"
        page.refresh()

        assert page.place.query == "period=today&search=ana+%26+bob"

    def test_an_odd_address_is_told_until_the_viewer_asks_for_something(self, source):
        page = Dashboard(source, "days=40-99")
        page.refresh()
        assert "a period that does not exist here" in page.banner.html
        page.sales.search.value = "ana"
        page.refresh()
        assert page.banner.html == ""

    def test_a_page_beyond_the_last_turns_back(self, source):
        page = Dashboard(source, "page=99")
        page.refresh()
        page.refresh()

        assert "51–60" in page.sales.said.html
        assert page.place.query == "page=3"

    def test_another_day_one_has_the_page_loaded_again(self, page, source):
        assert not page.place.outdated
        source.challenge = Challenge.starting(date(2026, 1, 2), "America/Sao_Paulo")
        source.revision += 1
        page.refresh()

        assert page.place.outdated


class TestExplained:
    def test_a_selected_row_tells_why(self, page, source):
        page.sales.table.chosen = source.rows[0].sale_id
        page.refresh()

        assert "Recognised by: same e-mail" in page.sales.table.why
        page.sales.table.chosen = 0
        page.refresh()
        assert page.sales.table.why == ""

    def test_a_row_that_is_not_in_sight_tells_nothing(self, page):
        page.sales.table.chosen = 59
        page.refresh()

        assert page.sales.table.why == ""

    def test_a_sale_of_another_program(self, page, source):
        source.rows[0] = replace(source.rows[0], attribution="as written elsewhere")
        source.revision += 1
        page.sales.table.chosen = source.rows[0].sale_id
        page.refresh()

        assert "view3 attribute" in page.sales.table.why


class TestBlocks:
    def test_the_table_fails_alone(self, page, source):
        source.broken_rows, source.revision = True, 1
        source.rows = [a_row(0), *source.rows]
        cards = page.cards.html
        page.refresh()

        assert page.cards.html != cards
        assert "These rows could not be read at 18:04" in page.sales.trouble.html
        source.broken_rows = False
        page.refresh()
        assert page.sales.trouble.html == ""

    def test_the_same_trouble_is_logged_once(self, page, source, caplog):
        source.broken = True
        source.says = "the disk of this very test is away"
        for _ in range(5):
            page.refresh()

        assert caplog.text.count("the disk of this very test is away") == 1
