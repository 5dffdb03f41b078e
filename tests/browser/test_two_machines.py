"""Two machines behind the documentation's HAProxy: viewers and webhooks of the one that dies go on at the other."""

import random
import ssl
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.browser.conftest import LEFT_OUT, READY, Served, free_port, serving, shown
from tests.browser.proxies import NAME, haproxy
from tests.conftest import MariaDB
from tests.receiver.stage import Door, Sender, outcome, sales, unread, wait_for, with_replays

pytestmark = pytest.mark.skipif("proxy" in LEFT_OUT, reason="left out by VIEW3_TEST_WITHOUT=proxy")
TOKEN = "s3cret-s3cret-s3cret"
MOVED = 45_000  # milliseconds: the page notices within 15 s, then opens a kernel on the other machine
SALE = "INSERT INTO high_ticket_sales (customer_name, customer_email, product_name, price, purchase_date) VALUES (%s, %s, %s, %s, %s)"


@pytest.fixture
def two(mariadb: MariaDB, tmp_path: Path) -> Iterator[list[Served]]:
    """Two dashboards over one database."""
    settings = {
        "VIEW3_DATABASE_URL": mariadb.new_database(),
        "VIEW3_TOKEN": TOKEN,
        "VIEW3_ADDRESS": f"https://{NAME}",
    }
    with ExitStack() as stack:
        machines = []
        for name in ("one", "two"):
            (tmp_path / name).mkdir()
            machines.append(stack.enter_context(serving(tmp_path / name, **settings)))
        machines[0].view3("demo")
        for machine in machines:
            machine.start()
        yield machines


def sell(served: Served) -> None:
    """Insert a sale of now, as another program would."""
    engine = sa.create_engine(served.environment["VIEW3_DATABASE_URL"].replace("mysql:", "mysql+pymysql:"))
    row = ("Late Comer", "late@example.com", "Inner Circle", "1234.56", f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S}")
    with engine.begin() as connection:
        connection.exec_driver_sql(SALE, row)
    engine.dispose()


def logged_in(browser: Browser, port: int) -> Page:
    """Return a page of a viewer of their own, who has given the token."""
    context = browser.new_context(ignore_https_errors=True)
    page = context.new_page()
    page.set_default_timeout(15_000)
    page.goto(f"https://127.0.0.1:{port}/?days=1-17")
    page.get_by_label("Token").fill(TOKEN)
    page.get_by_role("button").click()
    page.wait_for_selector("body[data-live]", timeout=READY)
    return page


def machine(context: BrowserContext) -> str:
    """Return the machine that a viewer's cookie names."""
    (cookie,) = [cookie for cookie in context.cookies() if cookie["name"] == "VIEW3"]
    assert cookie["secure"]
    assert cookie["httpOnly"]
    return cookie["value"]


def nobody() -> tuple[int, int]:
    return free_port(), free_port()


def test_a_viewer_of_a_machine_that_dies_goes_on_at_the_other(two: list[Served], browser: Browser, tmp_path: Path):
    with haproxy([served.port for served in two], nobody(), tmp_path) as port:
        pages = {}
        for _ in two:
            page = logged_in(browser, port)
            pages[machine(page.context)] = page
        assert set(pages) == {"one", "two"}
        before = shown(pages["one"])

        dead = two[0].process
        assert dead is not None
        dead.kill()
        dead.wait(10)
        sell(two[1])

        sold = str(int(before[0] or 0) + 1)
        card = '#view3 .view3-kpi[data-kpi="high-ticket-sales-today"] .view3-kpi-value'
        expect(pages["two"].locator(card)).to_have_text(sold, timeout=15_000)
        expect(pages["one"].locator(card)).to_have_text(sold, timeout=MOVED)
        pages["one"].wait_for_selector("body[data-live]:not(.view3-is-stale)", timeout=READY)
        assert machine(pages["one"].context) == "two"
        assert "days=1-17" in pages["one"].url  # and their filter, without another log-in
        assert shown(pages["one"]) == shown(pages["two"])
        for page in pages.values():
            page.context.close()


def test_webhooks_lose_nothing_when_a_receiver_dies(mariadb: MariaDB, tmp_path: Path):
    url, dice = mariadb.new_database(), random.Random(8)
    told = with_replays(sales(300, dice), dice)
    context = ssl._create_unverified_context()  # noqa: S323 (our own certificate of a moment ago)
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
    with (
        Door(url, tmp_path / "one") as one,
        Door(url, tmp_path / "two") as two,
        haproxy(nobody(), (one.port, two.port), tmp_path) as port,
    ):
        sender = Sender(port, told, threads=4, encrypted=context)
        sender.start()
        wait_for(lambda: len(sender.acknowledged) > 100, 60, lambda: str(sender.answers))
        one.process.kill()
        sender.wait()
        wait_for(lambda: not unread(url), 60, two.log.read_text)

    assert outcome(url, told, sender.acknowledged).is_exact
