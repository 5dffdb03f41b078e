"""How the page looks and handles: for a phone and a wall, in the dark, on paper, by keyboard and by ear."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser import axe
from tests.browser.conftest import Serve, Served, Visit, shown, visiting


@pytest.fixture(scope="module")
def open_page(browser: Browser, demo: Served) -> Iterator[Page]:
    with visiting(browser) as visit:
        page = visit(demo)
        page.wait_for_selector("#view3 .view3-board[data-drawn]")
        yield page


@pytest.fixture
def page(open_page: Page) -> Page:
    open_page.emulate_media(color_scheme="light", media="null")
    open_page.set_viewport_size({"width": 1600, "height": 1000})
    return open_page


def test_the_rules_fire_on_a_careless_page(browser: Browser):
    page = browser.new_page()
    page.set_content("<title>x</title><main><img src=x><input></main>")
    told = axe.violations(page)
    page.close()

    assert {one.split(":")[0] for one in told} >= {"image-alt", "label"}


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1600, 360])
def test_no_serious_violation(page: Page, width: int, scheme: str):
    page.set_viewport_size({"width": width, "height": 900})
    page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    page.wait_for_timeout(300)

    assert axe.violations(page) == []


@pytest.mark.parametrize("width", [360, 412, 768, 1024, 1440, 1920, 3840])
def test_nothing_overflows(page: Page, width: int):
    page.set_viewport_size({"width": width, "height": 900})

    page.wait_for_function("(width) => document.documentElement.scrollWidth <= width", arg=width)


def test_a_row_explains_itself_by_keyboard_alone(page: Page):
    choice = page.locator(".view3-sales tbody .view3-choose").nth(1)
    choice.focus()
    page.keyboard.press("Enter")
    why = page.get_by_role("complementary", name="Why this sale is credited as it is")
    expect(why).to_be_visible()
    expect(why).to_be_focused()
    expect(why).to_contain_text(choice.text_content() or "")
    expect(why).to_contain_text("Recognised by")
    assert axe.violations(page) == []
    page.keyboard.press("Escape")

    expect(why).to_be_hidden()
    expect(choice).to_be_focused()


def test_every_control_is_reached_by_tab_and_named(page: Page):
    page.locator(".view3-filter .view3-segments button").first.focus()
    named = ["Whole period"]
    for _ in range(40):
        page.keyboard.press("Tab")
        name = page.evaluate(
            "() => { const one = document.activeElement; return one.closest('.view3-sales tbody') ? 'ROWS' :"
            " one.getAttribute('aria-label') || one.labels?.[0]?.textContent || one.textContent || one.title }"
        )
        named.append(name.strip())
        if name == "ROWS":
            break

    for control in ("Whole period", "First challenge day", "Last challenge day", "Dates", "to", "Stacked", "Search"):
        assert control in named, named
    for control in ("Campaign", "Product", "Export CSV", "Customer Name", "Days from Lead to HT Sale", "ROWS"):
        assert control in named, named
    assert "" not in named


def test_a_click_sorts_and_sort_is_told(page: Page):
    header = page.locator(".view3-sales th", has_text="Purchase Date")
    header.get_by_role("button").press("Enter")
    expect(header).to_have_attribute("aria-sort", "ascending")
    header.get_by_role("button").press("Enter")
    expect(header).to_have_attribute("aria-sort", "descending")


def test_the_page_prints_on_one_sheet(page: Page, tmp_path: Path):
    path = tmp_path / "view3.pdf"
    page.pdf(path=path, prefer_css_page_size=True, print_background=True)
    sheets = path.read_bytes().count(b"/Type /Page\n") or path.read_bytes().count(b"/Type/Page")

    assert sheets == 1


def test_an_empty_database_tells_commands_and_webhooks(serve: Serve, visit: Visit):
    served = serve()
    served.view3("init")
    served.start()
    page = visit(served)

    for said in ("view3 import", "view3 demo", "/webhooks/stripe", "/webhooks/zoom"):
        expect(page.locator("#view3 .view3-banner")).to_contain_text(said)
    expect(page.locator(".view3-attendance .view3-hint")).to_contain_text("/webhooks/zoom")
    expect(page.locator(".view3-none")).to_contain_text("view3 import")
    assert shown(page) == ["0", "—", "—", "—"]
    assert axe.violations(page) == []
