"""A filter answers before and beside the kernel, with the figures of `view3 show`; no answer is shown to another question."""

import json
from collections.abc import Callable, Iterator
from urllib.parse import parse_qsl, quote, urlparse

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from tests.browser.conftest import Serve, Served, Visit, shown
from tests.browser.test_page import attendance, bars, printed

AT_ONCE = """
const move = () => {
  const end = document.querySelector("#view3")?.page && document.querySelector(".view3-filter [name=first]");
  if (!end) return requestAnimationFrame(move);
  end.value = 5;
  end.dispatchEvent(new Event("input", { bubbles: true }));
};
move();
"""


def without_socket(page: Page) -> None:
    page.route_web_socket("**/channels*", lambda socket: socket.close())


def first_day(page: Page, day: int) -> None:
    """Move the slider's lower end by keyboard."""
    handle = page.locator(".view3-filter [name=first]")
    handle.press("Home")
    for _ in range(day - 1):
        handle.press("ArrowRight")


def settled(page: Page, query: str) -> None:
    page.wait_for_function("(query) => location.search === query && !document.querySelector('[aria-busy]')", arg=query)


@pytest.fixture
def still(browser: Browser, demo: Served) -> Iterator[Page]:
    """The page for a viewer whose browser runs no script."""
    context = browser.new_context(java_script_enabled=False, viewport={"width": 1440, "height": 900})
    page = context.new_page()
    page.goto(demo.address)
    yield page
    context.close()


class TestWithoutAScript:
    def test_the_bars_are_drawn(self, still, demo):
        told = json.loads(demo.view3("show", "--json"))

        expect(still.locator(".view3-board rect").first).to_be_visible()
        assert bars(still) == attendance(told)
        assert shown(still) == printed(told)

    def test_a_form_leads_to_the_filtered_page(self, still, demo):
        still.get_by_role("button", name="Side by side").click()
        still.get_by_role("button", name="Whole challenge").click()
        still.get_by_label("Search").fill("a")
        still.get_by_label("Search").press("Enter")
        told = json.loads(demo.view3("show", "--days", "1-31", "--json"))

        asked = dict(parse_qsl(urlparse(still.url).query))
        assert asked == {"period": "challenge", "bars": "side-by-side", "search": "a"}
        assert shown(still) == printed(told)
        expect(still.locator(".view3-board")).to_have_attribute("data-drawn", "group")


class TestBesideTheKernel:
    @pytest.mark.parametrize(
        ("act", "query", "option"),
        [
            (lambda page: first_day(page, 4), "?days=4-31", ("--days", "4-31")),
            (
                lambda page: page.get_by_role("button", name="Whole challenge").click(),
                "?period=challenge",
                ("--days", "1-31"),
            ),
            (lambda page: page.get_by_role("button", name="By day").click(), "?days=1-31", ("--days", "1-31")),
        ],
        ids=["slider", "quick", "by day"],
    )
    def test_the_figures_are_those_of_view3_show(
        self, demo: Served, visit: Visit, act: Callable[[Page], None], query: str, option: tuple[str, str]
    ):
        page = visit(demo, live=False, doomed=True, prepare=without_socket)
        act(page)
        settled(page, query)
        told = json.loads(demo.view3("show", *option, "--json"))

        assert page.locator("body[data-live]").count() == 0
        assert shown(page) == printed(told)
        assert bars(page) == attendance(told)

    def test_dates_typed_are_in_force(self, demo: Served, visit: Visit):
        page = visit(demo, live=False, doomed=True, prepare=without_socket)
        first, last = page.get_by_label("Dates").input_value(), page.get_by_label("to", exact=True).input_value()
        page.get_by_label("Dates").fill("2020-02-29")
        settled(page, f"?from=2020-02-29&to={last}")

        expect(page.get_by_role("button", name="By date")).to_have_attribute("aria-pressed", "true")
        assert first > "2020"

    def test_the_kernel_keeps_the_filter_that_came_before_it(self, demo: Served, visit: Visit):
        page = visit(demo, live=False)
        first_day(page, 3)
        settled(page, "?days=3-31")
        cards = shown(page)
        page.wait_for_selector("body[data-live]", timeout=60_000)
        page.wait_for_timeout(1500)  # in which the kernel has read, and would have sent what it was started with

        assert page.evaluate("location.search") == "?days=3-31"
        assert shown(page) == cards
        expect(page.locator(".view3-filter [name=first]")).to_be_focused()
        expect(page.locator(".view3-filter output")).to_have_text("3 – 31")

    def test_what_is_asked_first_is_answered_before_the_link_is_loaded(self, demo: Served, visit: Visit):
        """Loading it keeps a browser busy for half a second."""
        loaded: list[str] = []
        held: list[Route] = []

        def hasty(page: Page) -> None:
            page.on("request", lambda request: loaded.append(urlparse(request.url).path.rpartition("/")[2]))
            page.route("**/view3/answer*", lambda route: held.append(route))  # noqa: PLW0108 - it marks what it is given
            page.add_init_script(AT_ONCE)

        page = visit(demo, live=False, prepare=hasty)
        page.wait_for_selector("#view3[aria-busy]")
        page.wait_for_timeout(1500)
        assert "watch.js" in loaded
        assert "voila.js" not in loaded

        held[0].continue_()
        settled(page, "?days=5-31")
        page.wait_for_selector("body[data-live]", timeout=60_000)
        assert "voila.js" in loaded

    def test_controls_stay_themselves_when_the_address_grows(self, demo: Served, visit: Visit):
        page = visit(demo)
        page.evaluate("window.kept = [...document.querySelectorAll('#view3 button, #view3 select, .view3-scroll')]")
        told = "window.kept.map((one) => one.isConnected && (one.name || one.className) + one.textContent.slice(0, 12))"
        before = page.evaluate(told)
        page.locator(".view3-sales th", has_text="HT Price").click()
        settled(page, "?sort=price")
        page.get_by_role("button", name="Side by side").click()
        settled(page, "?sort=price&bars=side-by-side")
        after = page.evaluate(told)

        buttons = [(old, new) for old, new in zip(before, after, strict=True) if not old.startswith("sale")]
        assert len(buttons) > 20
        assert [pair for pair in buttons if pair[0] != pair[1]] == []

    def test_a_late_answer_is_shown_to_nobody(self, demo: Served, visit: Visit):
        asked: list[str] = []

        def slow(page: Page) -> None:
            without_socket(page)

            def hold(route: Route) -> None:
                asked.append(urlparse(route.request.url).query)
                if len(asked) == 1:
                    page.get_by_role("button", name="Today", exact=True).click()
                route.continue_()

            page.route("**/view3/answer*", hold)
            page.add_init_script(
                "addEventListener('DOMContentLoaded', () => new MutationObserver(() => (window.said ??= []).push("
                "document.querySelector('.view3-period').textContent)).observe(document.body, {subtree: true, childList: true, characterData: true}))"
            )

        page = visit(demo, live=False, doomed=True, prepare=slow)
        page.get_by_role("button", name="Whole challenge").click()
        settled(page, "?period=today")

        assert asked == ["period=challenge", "period=today"]
        texts = page.evaluate("[...new Set(window.said)]")
        assert all("–" not in text for text in texts[-1:])
        assert not any("31" in text and "–" in text and text.startswith("Showing 1 ") for text in texts), texts

    def test_a_refused_answer_leaves_filter_and_figures_together(self, demo: Served, visit: Visit):
        def broken(page: Page) -> None:
            without_socket(page)
            page.route("**/view3/answer*", lambda route: route.fulfill(status=500))

        page = visit(demo, live=False, doomed=True, prepare=broken)
        cards = shown(page)
        page.get_by_label("Search").fill("mastermind")
        first_day(page, 2)

        expect(page.locator(".view3-banner-warning")).to_contain_text("could not be answered")
        expect(page.locator(".view3-filter output")).to_have_text("1 – 31")
        expect(page.get_by_label("Search")).to_have_value("")
        assert shown(page) == cards
        assert page.evaluate("location.search") == ""

    def test_a_hostile_query_brings_words(self, demo: Served, visit: Visit):
        payload = "<img src=x onerror=\"document.title='fired'\">"
        page = visit(demo, live=False, query=f"sale={quote(payload)}&first={quote(payload)}")
        page.get_by_label("Search").fill(payload)
        expect(page.locator(".view3-count")).to_contain_text("No sale matches")

        assert page.title() == "View 3"
        assert page.locator("#view3 img").count() == 0


def test_who_is_not_let_in_gets_no_figure(serve: Serve, browser: Browser):
    served = serve(VIEW3_TOKEN="a-long-token-of-the-test")
    served.view3("demo", "--leads", "300")
    served.start()
    context = browser.new_context()
    answer = context.request.get(f"{served.address}view3/answer?days=3-7", max_redirects=0)
    told = context.request.get(
        f"{served.address}view3/answer?days=3-7", headers={"Authorization": "token a-long-token-of-the-test"}
    )
    status, refused, let_in = answer.status, answer.text(), told.text()
    context.close()

    assert status == 302
    assert "view3-kpi" not in refused
    assert "view3-kpi" in let_in
