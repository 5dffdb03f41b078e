"""What happens on an open page: rows that another program writes, hostile rows, a kernel that dies, a tab that closes."""

import os
import signal
import sqlite3
import subprocess
import time
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.conftest import READY, Served, Visit, serving

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


@pytest.fixture(scope="module")
def own(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(tmp_path_factory.mktemp("own")) as served:
        served.view3("demo")
        served.start()
        yield served


def test_rows_of_another_program_appear_within_five_seconds_and_literally(own: Served, visit: Visit):
    page = visit(own)
    value = page.locator('.view3-kpi[data-kpi="high-ticket-sales-today"] .view3-kpi-value')
    before = int(value.text_content() or "")
    write(own, ("Ada Lovelace", "ada@example.com", "Inner Circle Mastermind", "", "", ""))

    expect(value).to_have_text(str(before + 1), timeout=FRESH)
    expect(page.locator(".view3-sales tbody tr").first).to_contain_text("Ada Lovelace", timeout=FRESH)

    write(own, *((word, f"{number}@example.com", word, word, word, word) for number, word in enumerate(HOSTILE)))
    expect(value).to_have_text(str(before + 1 + len(HOSTILE)), timeout=FRESH)
    page.get_by_label("Search").fill("1234")  # the price is no text column: the search must not widen
    page.get_by_label("Search").fill("")
    expect(page.locator(".view3-sales tbody tr")).to_have_count(25)
    names = page.locator(".view3-sales tbody td:first-child").all_text_contents()

    assert set(HOSTILE) <= set(names)
    for word in HOSTILE[:2]:
        page.get_by_label("Campaign").select_option(word)
        expect(page.locator(".view3-count")).to_contain_text("of 1")

    assert len(kernels(own)) == 1
    page.close(run_before_unload=True)
    deadline = time.monotonic() + 15
    while kernels(own) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert kernels(own) == [], "a closed tab ends its kernel"


def test_a_dead_kernel_greys_the_page_and_a_stopped_server_leaves_none(own: Served, visit: Visit):
    page = visit(own, doomed=True)
    for pid in kernels(own):
        os.kill(pid, signal.SIGKILL)

    expect(page.locator(".view3-stale")).to_contain_text("live link was lost", timeout=30_000)
    page.get_by_role("button", name="Reload").click()
    page.wait_for_selector("body[data-live]", timeout=READY)
    pids = kernels(own)
    own.stop()

    assert pids
    assert not [pid for pid in pids if os.path.exists(f"/proc/{pid}")]  # noqa: PTH110 - a process, not a file
