"""The page in a real browser, over the sample challenge: every figure is the one that `view3 show` prints."""

import csv
import io
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import Served, Visit, shown, visiting


def printed(told: dict[str, Any]) -> list[str]:
    names = ("high_ticket_sales_today", "cost_per_acquisition", "roas", "attendance_today")
    return ["—" if told["cards"][name] is None else str(told["cards"][name]) for name in names]


def bars(page: Page) -> list[tuple[int, str | None, str | None]]:
    return [
        (
            int(row.get_attribute("data-day") or 0),
            row.locator(".view3-youtube").get_attribute("data-count"),
            row.locator(".view3-zoom").get_attribute("data-count"),
        )
        for row in page.locator(".view3-twin tbody tr").all()
    ]


def attendance(told: dict[str, Any]) -> list[tuple[int, str, str]]:
    def said(count: int | None) -> str:
        return "" if count is None else str(count)

    return [(day["challenge_day"], said(day["youtube"]), said(day["zoom"])) for day in told["attendance"]]


def column(page: Page, number: int) -> list[str]:
    return [text.strip() for text in page.locator(f".view3-sales tbody td:nth-child({number})").all_text_contents()]


def sales(served: Served, *arguments: str) -> list[dict[str, str]]:
    path = served.folder / "expected.csv"
    served.view3("sales", *arguments, "--csv", str(path))
    return list(csv.DictReader(io.StringIO(path.read_text("utf-8-sig"))))


def price(text: str) -> str:
    return re.sub(r"[^\d.]", "", text)


@pytest.fixture(scope="module")
def open_page(browser: Browser, demo: Served) -> Iterator[Page]:
    with visiting(browser) as visit:
        yield visit(demo)


@pytest.fixture
def page(open_page: Page) -> Page:
    """The one open page, with every control as on arrival."""
    open_page.set_viewport_size({"width": 1440, "height": 900})
    open_page.get_by_label("Search").fill("")
    open_page.get_by_role("button", name="Whole period").click()
    open_page.get_by_role("button", name="Stacked").click()
    newest = open_page.locator(".view3-sales th", has_text="Purchase Date")
    for _ in range(2):
        if newest.get_attribute("aria-sort") != "descending":
            newest.click()
    expect(newest).to_have_attribute("aria-sort", "descending")
    before = open_page.get_by_role("button", name="Previous")
    expect(open_page.locator(".view3-count")).to_contain_text("of ")
    if before.is_enabled():
        before.click()
    expect(open_page.locator(".view3-twin tbody tr")).to_have_count(17)
    expect(open_page.locator(".view3-count")).to_contain_text("1–25")
    return open_page


class TestFigures:
    def test_cards_and_bars_are_those_of_view3_show(self, page, demo):
        told = json.loads(demo.view3("show", "--json"))

        assert shown(page) == printed(told)
        assert bars(page) == attendance(told)

    def test_bars_are_drawn(self, page):
        drawn = page.locator(".view3-board rect").last

        expect(drawn).to_be_visible()
        assert page.locator(".view3-legend").last.locator("li").all_text_contents() == ["YouTube", "Zoom"]

    def test_a_day_that_is_pointed_at_tells_its_numbers(self, page, demo):
        day = json.loads(demo.view3("show", "--json"))["attendance"][4]
        column = page.locator(".view3-days li").nth(4)
        column.hover()

        expect(column.locator("p")).to_be_visible()
        expect(column).to_contain_text(f"YouTube {day['youtube']:,} ")
        expect(column).to_contain_text(f"Zoom {day['zoom']:,} ")

    def test_days_narrow_everything_but_today(self, page, demo):
        handles = page.locator(".view3-filter [type=range]")
        handles.nth(0).focus()
        for _ in range(2):
            page.keyboard.press("ArrowRight")
        handles.nth(1).focus()
        for _ in range(24):
            page.keyboard.press("ArrowLeft")
        expect(page.locator(".view3-twin tbody tr")).to_have_count(5)
        told = json.loads(demo.view3("show", "--days", "3-7", "--json"))

        assert bars(page) == attendance(told)
        assert shown(page) == printed(told)
        expected = sales(demo, "--days", "3-7")
        expect(page.locator(".view3-count")).to_contain_text(f"of {len(expected)}")


class TestTable:
    def test_newest_sales_first(self, page, demo):
        expected = sales(demo)[:25]

        assert column(page, 1) == [row["Customer Name"] for row in expected]
        assert [price(text) for text in column(page, 3)] == [row["HT Price"] for row in expected]

    def test_a_click_on_a_header_sorts_all_rows(self, page, demo):
        page.locator(".view3-sales th", has_text="HT Price").click()
        expect(page.locator('.view3-sales th[aria-sort="ascending"]')).to_have_text("HT Price")
        expected = sorted(float(row["HT Price"]) for row in sales(demo))[:25]
        expect(page.locator(".view3-sales tbody td:nth-child(3)").first).to_contain_text(f"{expected[0]:,.2f}")

        assert [float(price(text)) for text in column(page, 3)] == expected

    def test_search_asks_the_database(self, page, demo):
        page.get_by_label("Search").fill("mastermind")
        expected = sales(demo, "--search", "mastermind")
        expect(page.locator(".view3-count")).to_contain_text(f"of {len(expected)}")

        assert column(page, 1) == [row["Customer Name"] for row in expected[:25]]

    def test_nothing_found_says_what_to_do(self, page):
        page.get_by_label("Search").fill("no such customer at all")

        expect(page.locator(".view3-count")).to_contain_text("Clear the search")

    def test_pages_lead_to_the_last_row(self, page, demo):
        total = len(sales(demo))
        page.get_by_role("button", name="Next").click()
        expect(page.locator(".view3-count")).to_contain_text(f"26–{min(50, total)}")

        assert len(column(page, 1)) == min(50, total) - 25

    def test_csv_holds_every_matching_row_byte_for_byte(self, page, demo, tmp_path: Path):
        with page.expect_download() as waiting:
            page.get_by_role("button", name="Export CSV").click()
        path = tmp_path / "saved.csv"
        waiting.value.save_as(path)
        demo.view3("sales", "--csv", str(tmp_path / "asked.csv"))

        assert path.read_bytes() == (tmp_path / "asked.csv").read_bytes()
        assert re.fullmatch(r"view3-sales-\d+-rows-\d{8}-\d{6}\.csv", waiting.value.suggested_filename)


class TestSurroundings:
    def test_the_switch_sets_bars_side_by_side(self, page):
        page.get_by_role("button", name="Side by side").click()

        expect(page.locator("#view3 .view3-board")).to_have_attribute("data-drawn", "group")

    def test_nothing_overflows_a_narrow_phone(self, page):
        page.set_viewport_size({"width": 360, "height": 780})

        page.wait_for_function("() => document.documentElement.scrollWidth <= 360")

    def test_in_the_dark_nothing_behind_the_table_is_light(self, page):
        page.emulate_media(color_scheme="dark")
        grounds = page.locator(".view3-sales tbody td").first.evaluate(
            """cell => {
                const found = [];
                for (let box = cell; box; box = box.parentElement) found.push(getComputedStyle(box).backgroundColor);
                return found.filter(colour => colour !== "rgba(0, 0, 0, 0)");
            }"""
        )
        page.emulate_media(color_scheme="light")

        assert grounds
        assert all(max(int(part) for part in re.findall(r"\d+", colour)[:3]) < 80 for colour in grounds), grounds

    def test_a_page_without_its_widgets_loads_itself_again(self, demo: Served, visit: Visit):
        without = (
            "if (!sessionStorage.getItem('once')) addEventListener('DOMContentLoaded', () => {"
            " sessionStorage.setItem('once', 'yes'); document.querySelector('#rendered_cells .jp-OutputArea-child').remove(); })"
        )
        loads: list[str] = []

        def prepare(page: Page) -> None:
            page.add_init_script(without)  # as when the server stopped listening to the kernel too early
            page.on("domcontentloaded", lambda page: loads.append(page.url))

        page = visit(demo, prepare=prepare)

        assert len(loads) == 2
        assert page.locator("#view3 .view3-kpi").count() == 4
