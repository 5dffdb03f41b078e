"""What happens on an open page: rows that another program writes, hostile rows, a kernel that dies, a tab that closes."""

import os
import signal
import sqlite3
import subprocess
import time

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Serve, Served, Visit

HOSTILE = (
    "<img src=x onerror=alert(1)>",
    "</script><script>alert(2)</script>",
    "=cmd|' /C calc'!A0",
    "{{constructor.constructor('alert(3)')()}}",
    "😀" * 255,
    "x" * 255,
)
FRESH = 5_000  # milliseconds, the promise


def write(served: Served, *rows: tuple[str, ...]) -> None:
    """Insert sales as another program would, straight into the specification's table."""
    with sqlite3.connect(served.folder / "view3.db") as connection:
        connection.executemany(
            "INSERT INTO high_ticket_sales (customer_name, customer_email, product_name, price, purchase_date, utm_campaign,"
            " utm_term, utm_content) VALUES (?, ?, ?, '1234.56', strftime('%Y-%m-%d %H:%M:%S', 'now'), ?, ?, ?)",
            rows,
        )
    connection.close()


def kernels(served: Served) -> list[int]:
    """Return the kernels that a server started."""
    assert served.process is not None
    command = ["pgrep", "-P", str(served.process.pid), "-f", "ipykernel"]
    found = subprocess.run(command, check=False, capture_output=True, text=True)
    return [int(number) for number in found.stdout.split()]


@pytest.fixture
def own(serve: Serve) -> Served:
    served = serve()
    served.view3("demo")
    served.start()
    return served


def test_a_row_of_another_program_appears_within_five_seconds(own: Served, visit: Visit):
    page = visit(own)
    value = page.locator('.view3-kpi[data-kpi="high-ticket-sales-today"] .view3-kpi-value')
    before = int(value.text_content() or "")
    write(own, ("Ada Lovelace", "ada@example.com", "Inner Circle Mastermind", "", "", ""))

    expect(value).to_have_text(str(before + 1), timeout=FRESH)
    expect(page.locator(".view3-sales tbody tr").first).to_contain_text("Ada Lovelace", timeout=FRESH)


def test_hostile_words_are_shown_literally(own: Served, visit: Visit):
    write(own, *((word, f"{number}@example.com", word, word, word, word) for number, word in enumerate(HOSTILE)))
    page = visit(own)
    page.get_by_label("Search").fill("1234")  # the price is no text column: the search must not widen
    page.get_by_label("Search").fill("")
    page.locator(".view3-sales th", has_text="Purchase Date").click()
    page.locator(".view3-sales th", has_text="Purchase Date").click()
    expect(page.locator(".view3-sales tbody tr")).to_have_count(25)
    names = page.locator(".view3-sales tbody td:first-child").all_text_contents()

    assert set(HOSTILE) <= set(names)
    for word in HOSTILE[:2]:
        page.get_by_label("Campaign").select_option(word)
        expect(page.locator(".view3-count")).to_contain_text("of 1")


def test_a_dead_kernel_greys_the_page_and_says_why(own: Served, visit: Visit):
    page = visit(own, doomed=True)
    for pid in kernels(own):
        os.kill(pid, signal.SIGKILL)

    expect(page.locator(".view3-stale")).to_contain_text("live link was lost", timeout=30_000)


def test_a_closed_tab_ends_its_kernel(own: Served, visit: Visit):
    page = visit(own)
    assert len(kernels(own)) == 1
    page.close(run_before_unload=True)

    deadline = time.monotonic() + 15
    while kernels(own) and time.monotonic() < deadline:
        time.sleep(0.2)
    assert kernels(own) == []


def test_stopping_the_server_ends_its_kernels(own: Served, visit: Visit):
    visit(own, doomed=True)
    pids = kernels(own)
    own.stop()

    assert pids
    assert not [pid for pid in pids if os.path.exists(f"/proc/{pid}")]  # noqa: PTH110 - a process, not a file
