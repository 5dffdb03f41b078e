"""The page's address: a link shows another viewer the same, and whatever strangers write into it is harmless."""

from pathlib import Path
from urllib.parse import quote

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Served, Visit, shown


def names(page: Page) -> list[str]:
    return page.locator("#view3 .view3-sales tbody td:first-child").all_text_contents()


def query(page: Page) -> str:
    return str(page.evaluate("location.search"))


def settled(page: Page, told: str) -> None:
    page.wait_for_function("(told) => location.search === told", arg=told)


def choose(page: Page) -> None:
    first, last = page.locator(".view3-filter [type=range]").all()
    first.focus()
    page.keyboard.press("ArrowRight")
    last.focus()
    for _ in range(15):
        page.keyboard.press("ArrowLeft")
    page.get_by_label("Search").fill("a")
    page.locator(".view3-sales th", has_text="HT Price").click()
    page.get_by_role("button", name="Side by side").click()
    settled(page, "?days=2-16&search=a&sort=price&bars=side-by-side")


def test_link_state_link(demo: Served, visit: Visit, tmp_path: Path):
    page, other = visit(demo), visit(demo, query="period=today")
    default = shown(other)
    choose(page)
    link = query(page)
    twin = visit(demo, query=link.removeprefix("?"))

    assert shown(twin) == shown(page) != default
    assert names(twin) == names(page)
    assert query(twin) == link
    assert query(other) == "?period=today"
    assert shown(other) == default
    expect(twin.get_by_label("Search")).to_have_value("a")
    expect(twin.locator("#view3 .view3-board")).to_have_attribute("data-drawn", "group")

    with twin.expect_download() as waiting:
        twin.get_by_role("button", name="Export CSV").click()
    saved, asked = tmp_path / "saved.csv", tmp_path / "asked.csv"
    waiting.value.save_as(saved)
    demo.view3("sales", "--days", "2-16", "--search", "a", "--sort", "price", "--csv", str(asked))
    assert sorted(saved.read_bytes().split(b"\r\n")) == sorted(asked.read_bytes().split(b"\r\n"))
    total = saved.read_bytes().count(b"\r\n") - 1
    assert f"-{total}-rows-" in waiting.value.suggested_filename

    twin.reload()
    twin.wait_for_selector("body[data-live]")
    assert shown(twin) == shown(page)
    assert query(twin) == link


def test_the_first_sight_shows_the_filtered_figures_and_nothing_jumps(demo: Served, visit: Visit):
    seen: dict[str, object] = {}
    places = """() => Object.fromEntries(['.view3-kpis', '.view3-attendance', '.view3-sales', '.view3-table tbody'].map(
        (name) => [name, Math.round([...document.querySelectorAll(name)].find((one) => one.offsetHeight).getBoundingClientRect().top)]))"""

    def at_first(page: Page) -> None:
        def look(response: object) -> None:
            page.wait_for_selector("#view3 .view3-kpi")
            seen["places"], seen["figures"] = page.evaluate(places), shown(page)

        page.once("domcontentloaded", look)

    page = visit(demo, query="days=3-7&rows=10", prepare=at_first)
    page.wait_for_selector("#view3 .view3-board[data-drawn]")

    assert shown(page) == seen["figures"]
    after = page.evaluate(places)
    assert isinstance(seen["places"], dict)
    for name, top in seen["places"].items():
        assert abs(after[name] - top) <= 6, (name, top, after[name])


@pytest.mark.parametrize(
    "odd",
    [
        "days=99-120&sort=;drop&rows=9999&page=-4",
        f"search={quote('<img src=x onerror=alert(1)>')}&campaign={quote('</script><script>alert(2)</script>')}",
    ],
    ids=["impossible", "hostile"],
)
def test_an_odd_address_is_literal_and_harmless(demo: Served, visit: Visit, odd: str):
    page = visit(demo, query=odd)

    if "search" in odd:
        expect(page.get_by_label("Search")).to_have_value("<img src=x onerror=alert(1)>")
        expect(page.locator(".view3-count")).to_contain_text("No sale matches")
    else:
        expect(page.locator("#view3 .view3-banner")).to_contain_text("The address asks for a period")
        page.get_by_label("Search").fill("a")
        expect(page.locator("#view3 .view3-banner")).to_have_count(0)
