"""The living page over a fake source: what a browser is sent, and when, in trouble and with hostile values."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from time import monotonic
from typing import Any

import pytest
from ipywidgets import Widget

from analytics.challenge import Challenge
from analytics.dashboard import page as dashboard_page
from analytics.dashboard import refreshing
from analytics.dashboard.elements import pieces
from analytics.dashboard.page import Dashboard
from tests.dashboard.fake_source import HOSTILE, FakeSource, a_row

WITHIN = 60.0
APART = 0.9  # seconds: what changes within them is read once


@pytest.fixture
def source() -> FakeSource:
    return FakeSource()


@dataclass
class Browser:
    """What a viewer's browser does with a page: asks, and keeps what it is sent."""

    page: Dashboard
    parts: dict[str, str] = field(default_factory=dict)
    have: dict[str, str] = field(default_factory=dict)
    sent: list[dict[str, Any]] = field(default_factory=list)
    beats: list[dict[str, Any]] = field(default_factory=list)
    number: int = 0

    def __post_init__(self) -> None:
        self.page.channel.send = self.take

    def take(self, message: dict[str, Any], **_: object) -> None:
        if "beat" in message:
            self.beats.append(message)
        if "answer" in message:
            self.sent.append(message["answer"])
            self.have |= {name: mark for name, (mark, _) in message["answer"]["parts"].items()}
            self.parts |= {name: html for name, (_, html) in message["answer"]["parts"].items()}

    def tell(self, query: str = "", **more: Any) -> None:
        self.number += 1
        told = {"query": query, "number": self.number, "have": self.have, "now": True} | more
        self.page.channel._hear(None, told, [])

    def ask(self, query: str = "") -> dict[str, Any]:
        """Ask and return the answer that comes at once."""
        self.tell(query)
        asyncio.run(self.page._refresher._read_once())
        return self.sent[-1]

    def refresh(self) -> None:
        asyncio.run(self.page._refresher._read_once())


@pytest.fixture
def browser(source: FakeSource, monkeypatch: pytest.MonkeyPatch) -> Iterator[Browser]:
    monkeypatch.setattr(refreshing, "EVERY", 0.01)
    monkeypatch.setattr(refreshing, "SETTLE", 0.02)
    made = Browser(Dashboard(source))
    made.ask()
    yield made
    Widget.close_all()


def lived(browser: Browser, story: Callable[[], Awaitable[None]]) -> None:
    """Run a story while the page keeps itself fresh."""

    async def both() -> None:
        task = asyncio.create_task(browser.page._refresher.keep_fresh(browser.page.channel.watched))
        await asyncio.sleep(0)
        await story()
        task.cancel()

    asyncio.run(both())


async def until(holds: Callable[[], bool]) -> None:
    """Wait until something holds, on a busy machine too; what is asserted afterwards says what did not."""
    deadline = monotonic() + WITHIN
    while not holds() and monotonic() < deadline:
        await asyncio.sleep(0.01)


def weather(browser: Browser, happen: Callable[[int], None]) -> float:
    """Have something happen two hundred times within one reading's distance and return how long that really took."""
    took: list[float] = []

    async def storm() -> None:
        begun = monotonic()
        for number in range(200):
            happen(number)
            await asyncio.sleep(0.8 / 200)
        took.append(monotonic() - begun)
        await until(lambda: browser.page._mark == browser.page._reader.mark())
        await asyncio.sleep(0.1)

    lived(browser, storm)
    return took[0]


class TestAsking:
    def test_the_whole_page_for_a_browser_that_has_nothing(self, browser):
        assert {"head", "filter", "cards", "bars", "twin", "rows", "pager", "why"} <= browser.parts.keys()

    def test_what_the_browser_has_already_is_not_sent(self, browser):
        assert browser.ask()["parts"] == {}

    def test_a_new_question_brings_what_differs(self, browser, source):
        told = browser.ask("days=3-7")

        assert told["query"] == "days=3-7"
        assert "3 Jan 2026 – 7 Jan 2026" in told["parts"]["filter"][1]
        assert source.asked[-1][0].period == source.challenge.days(3, 7)
        assert "banner" not in told["parts"]

    def test_another_order_asks_for_rows_alone(self, browser, source):
        views, asked = source.views, len(source.asked)
        browser.ask("sort=price")

        assert (source.views, len(source.asked)) == (views, asked + 1)

    def test_an_answer_has_the_number_of_its_question(self, browser):
        assert browser.ask("days=3-7")["number"] == browser.number

    def test_a_question_that_was_overtaken_is_not_answered(self, browser, source):
        async def overtake() -> None:
            source.gate.clear()
            source.revision += 1
            browser.tell("days=3-7")
            await asyncio.sleep(0.05)
            browser.tell("days=4-8")
            source.gate.set()
            await until(lambda: browser.sent[-1]["query"] == "days=4-8")

        lived(browser, overtake)

        assert [told["query"] for told in browser.sent][-1] == "days=4-8"
        assert "days=3-7" not in [told["query"] for told in browser.sent]

    def test_what_a_server_answered_is_read_once_the_viewer_pauses(self, browser, source, monkeypatch):
        monkeypatch.setattr(refreshing, "SETTLE", 0.5)
        pauses: list[float] = []

        async def drag() -> None:
            for day in range(2, 12):
                browser.tell(f"days={day}-31", now=False)
                begun = monotonic()
                await asyncio.sleep(0.002)
                pauses.append(monotonic() - begun)
            await until(lambda: browser.sent[-1]["query"] == "days=11-31")

        views = source.views
        lived(browser, drag)

        assert browser.sent[-1]["query"] == "days=11-31"
        assert source.views - views <= 3 + sum(pause >= 0.5 for pause in pauses)  # such a pause is one of the viewer's

    def test_a_page_beyond_the_last_turns_back(self, browser):
        told = browser.ask("page=99")

        assert told["query"] == "page=3"
        assert "51–60" in browser.parts["pager"]

    def test_an_odd_address_is_told_until_the_viewer_asks_for_something(self, browser):
        browser.ask("days=40-99")
        assert "a period that does not exist here" in browser.parts["banner"]
        browser.ask("search=ana")
        assert browser.parts["banner"] == ""

    def test_another_day_one_has_the_page_loaded_again(self, browser, source):
        assert not browser.ask()["outdated"]
        source.challenge = Challenge.starting(date(2026, 1, 2), "America/Sao_Paulo")
        source.revision += 1

        assert browser.ask()["outdated"]


class TestHostileBrowser:
    @pytest.mark.parametrize(
        "message",
        [None, 7, [], {"query": 7}, {"query": "", "number": "1", "have": {}}, {"query": "", "number": 1, "have": []}],
    )
    def test_nonsense_changes_nothing(self, browser, message):
        before = browser.page.address
        browser.page.channel._hear(None, message, [])

        assert browser.page.address == before

    def test_a_huge_search_is_cut(self, browser):
        browser.tell("search=" + "x" * 1_000_000)

        assert len(browser.page.address.search) == 200

    def test_words_from_outside_stay_words(self, browser, source):
        source.rows = [a_row(1, customer_name=HOSTILE, campaign=HOSTILE)]
        browser.ask(f"search={HOSTILE}&campaign={HOSTILE}")

        assert all("<img" not in html for html in browser.parts.values())

    def test_a_file_that_does_not_exist_fails_politely(self, browser):
        answers = []
        browser.page.channel.send = lambda message, **_: answers.append(message)
        browser.page.channel._hear(None, {"file": "../../etc/passwd"}, [])

        assert answers == [{"failed": True}]


class TestFiles:
    def test_all_matching_rows_not_the_page(self, browser, source):
        browser.ask("search=ana")
        name, text = browser.page._export()

        assert name == "view3-sales-7-rows-20260117-180405.csv"
        assert "".join(text) == "".join(source.export(browser.page._wanted(), browser.page.address.sort)[1])

    def test_a_file_comes_piece_by_piece_as_it_is_asked_for(self, browser):
        got: list[tuple[dict[str, Any], list[bytes]]] = []
        browser.page.channel.send = lambda message, buffers=(): got.append((message, list(buffers)))
        browser.page.channel._hear(None, {"file": "sales"}, [])
        browser.page.channel._hear(None, {"file": "next"}, [])

        assert [message["done"] for message, _ in got] == [False, True]
        assert b"".join(got[0][1]).startswith("\ufeffCustomer Name".encode())

    def test_a_file_that_cannot_be_read_says_so(self, browser, source):
        source.broken = True
        answers = []
        browser.page.channel.send = lambda message, **_: answers.append(message)
        browser.page.channel._hear(None, {"file": "sales"}, [])

        assert answers == [{"failed": True}]

    def test_pieces_keep_every_byte(self):
        text = ["ab", "😀" * 5, "", "c"]

        assert b"".join(pieces(iter(text), 3)) == "".join(text).encode()
        assert list(pieces(iter([]))) == []


class TestTrouble:
    def test_the_last_good_numbers_stay_with_one_sentence(self, browser, source):
        cards = browser.parts["cards"]
        source.broken, source.moment = True, source.moment + timedelta(minutes=2)
        browser.refresh()

        assert browser.sent[-1]["away"]
        assert browser.parts["cards"] == cards
        assert "Could not read the database at 18:06; showing numbers of 18:04." in browser.parts["banner"]
        assert "Traceback" not in browser.parts["banner"]
        source.broken = False
        browser.refresh()
        assert browser.parts["banner"] == ""
        assert not browser.sent[-1]["away"]

    def test_a_question_without_an_answer_says_so_instead_of_showing_other_numbers(self, browser, source):
        source.broken, source.revision = True, 9
        told = browser.ask("days=3-7")

        assert told["empty"]
        assert told["parts"].keys() == {"banner"}

    def test_a_page_opened_without_a_database_heals(self, source):
        source.broken = True
        browser = Browser(Dashboard(source))
        assert browser.ask()["empty"]
        assert "trying again" in browser.parts["banner"]
        source.broken = False
        browser.refresh()
        assert "view3-kpi" in browser.parts["cards"]

    def test_the_table_fails_alone(self, browser, source):
        source.broken_rows, source.revision = True, 1
        source.rows = [a_row(0), *source.rows]
        cards = browser.parts["cards"]
        browser.refresh()

        assert browser.parts["cards"] != cards
        assert "These rows could not be read at 18:04" in browser.parts["trouble"]
        source.broken_rows = False
        browser.refresh()
        assert browser.parts["trouble"] == ""

    def test_the_same_trouble_is_logged_once(self, browser, source, caplog):
        source.broken = True
        source.says = "the disk of this very test is away"
        for _ in range(5):
            browser.refresh()

        assert caplog.text.count("the disk of this very test is away") == 1


class TestFreshness:
    def test_the_mark_turns_with_the_day_and_with_the_database(self, browser, source):
        mark = browser.page._reader.mark
        source.revision += 1
        marks = [mark()]
        source.moment += timedelta(minutes=1)
        marks.append(mark())
        source.moment += timedelta(hours=6)
        marks.append(mark())
        source.revision += 1
        marks.append(mark())

        assert len(set(marks)) == 3
        assert marks[0] == marks[1]

    def test_a_live_session_may_end_by_time_alone(self, browser, source):
        views = source.views
        assert not browser.page._look()
        source.moment += timedelta(minutes=1)
        assert browser.page._look()
        browser.refresh()

        assert source.views == views + 1
        assert not browser.page._look()

    def test_nothing_is_read_while_nothing_changed(self, browser, source):
        async def idle() -> None:
            source.moment += timedelta(seconds=1)
            await until(lambda: source.looks >= looks + 20)

        views, asked, looks = source.views, len(source.asked), source.looks
        lived(browser, idle)

        assert source.looks >= looks + 20
        assert (source.views, len(source.asked)) == (views, asked)

    def test_a_new_sale_is_sent_without_being_asked_for(self, browser, source):
        async def sold() -> None:
            source.rows = [a_row(0, customer_name="Ada Lovelace"), *source.rows]
            await until(lambda: "Ada Lovelace" in browser.parts["rows"])

        lived(browser, sold)

        assert "Ada Lovelace" in browser.parts["rows"]
        assert "bars" not in browser.sent[-1]["parts"]

    def test_a_storm_is_two_readings(self, browser, source):
        def sell(number: int) -> None:
            source.rows = [a_row(0, customer_name=f"Ada {number}"), *source.rows[1:]]
            source.revision += 1

        views = source.views
        seconds = weather(browser, sell)

        assert source.views - views <= 2 + int(seconds / APART)
        assert "Ada 199" in browser.parts["rows"]

    def test_a_storm_that_shows_nowhere_is_three_readings(self, browser, source):
        def write(_number: int) -> None:
            source.revision += 1

        views = source.views
        seconds = weather(browser, write)

        assert source.views - views <= 3 + 2 * int(seconds / APART)

    def test_what_happens_soon_after_a_reading_in_vain_does_not_wait(self, browser, source, monkeypatch):
        monkeypatch.setattr(refreshing, "APART", 60.0)
        browser.page._refresher._last -= 60.0

        async def sold() -> None:
            source.revision += 1
            await until(lambda: browser.page._mark == browser.page._reader.mark())
            source.rows = [a_row(0, customer_name="Ada Lovelace"), *source.rows]
            await until(lambda: "Ada Lovelace" in browser.parts["rows"])

        lived(browser, sold)

        assert "Ada Lovelace" in browser.parts["rows"]

    def test_business_midnight_passes_on_an_open_page(self, browser, source):
        source.live = False
        source.moment = source.moment.replace(hour=23, minute=59, second=59)

        async def midnight() -> None:
            await asyncio.sleep(0.1)
            source.moment += timedelta(seconds=1)
            await until(lambda: "Day 18 of 31" in browser.parts["head"])

        lived(browser, midnight)

        assert "Day 18 of 31" in browser.parts["head"]
        assert "18 January 2026" in browser.parts["cards"]

    def test_a_database_that_hangs_is_told_and_the_page_heals(self, browser, source, monkeypatch):
        monkeypatch.setattr(refreshing, "MAY_TAKE", 0.2)
        monkeypatch.setattr(dashboard_page, "MAY_TAKE", 0.2)
        monkeypatch.setattr(refreshing, "AGAIN", 0.05)

        async def hang() -> None:
            source.gate.clear()
            source.revision += 1
            await until(lambda: "Could not read" in browser.parts["banner"])
            said.append(browser.parts["banner"])
            source.gate.set()
            await until(lambda: browser.parts["banner"] == "")

        said: list[str] = []
        lived(browser, hang)

        assert "showing numbers of 18:04" in said[0]
        assert browser.parts["banner"] == ""

    def test_a_page_that_nobody_watches_rests(self, browser):
        browser.page.channel._heard -= 1000

        assert not browser.page.channel.watched()
        browser.page.channel._hear(None, "here", [])
        assert browser.page.channel.watched()

    def test_a_beat_tells_how_many_answers_should_have_come_and_until_when_they_hold(self, browser, source):
        browser.page._beat()
        assert browser.beats[-1]["sent"] == len(browser.sent)
        assert browser.beats[-1]["checked"] == "18:04"
        source.broken = True
        browser.refresh()
        browser.page._beat()

        assert browser.beats[-1]["checked"] == ""


class TestExplained:
    def test_a_selected_row_tells_why(self, browser, source):
        browser.ask(f"sale={source.rows[0].sale_id}")
        assert "Recognised by: same e-mail" in browser.parts["why"]
        assert f'data-row="{source.rows[0].sale_id}" aria-selected="true"' in browser.parts["rows"]
        browser.ask("")
        assert browser.parts["why"] == ""

    def test_a_row_that_is_not_in_sight_tells_nothing(self, browser):
        browser.ask("sale=59")

        assert browser.parts["why"] == ""

    def test_a_sale_of_another_program(self, browser, source):
        source.rows[0] = replace(source.rows[0], attribution="as written elsewhere")
        source.revision += 1
        browser.ask(f"sale={source.rows[0].sale_id}")

        assert "view3 attribute" in browser.parts["why"]


class TestNotebook:
    def test_the_page_stands_in_a_notebook_at_once(self, source, monkeypatch):
        monkeypatch.delenv("SERVER_SOFTWARE", raising=False)
        page = Dashboard(source)
        page._ipython_display_()

        assert 'id="view3"' in page.channel.frame
        assert "view3-kpi-value" in page.channel.frame
        Widget.close_all()

    def test_a_served_page_is_written_by_its_server(self, source, monkeypatch):
        monkeypatch.setenv("SERVER_SOFTWARE", "voila/0.5.13")
        page = Dashboard(source)
        page._ipython_display_()

        assert page.channel.frame == ""
        Widget.close_all()
