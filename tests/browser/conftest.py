"""A served page and a browser that notices: a console error, a failed request or a foreign host fails the test."""

import os
import re
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Dialog,
    Error,
    Page,
    Request,
    Response,
    sync_playwright,
)

from tests.browser.chromium import ARGUMENTS, CHROMIUM
from tests.processes import descendants

VIEW3 = Path(sys.executable).with_name("view3")
LEFT_OUT = frozenset(filter(None, os.environ.get("VIEW3_TEST_WITHOUT", "").split(",")))
READY = 60_000  # milliseconds: a kernel starts on a busy machine

Serve = Callable[..., "Served"]


@dataclass
class Served:
    """A dashboard that runs as its own process."""

    port: int
    folder: Path
    environment: dict[str, str]
    process: subprocess.Popen[str] | None = None
    path: str = ""

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}/{self.path}"

    def view3(self, *arguments: str) -> str:
        """Run the command line on the same database and return what it prints."""
        done = subprocess.run(
            [VIEW3, *arguments], cwd=self.folder, env=self.environment, capture_output=True, text=True, check=True
        )
        return done.stdout

    def take(self, database: Path) -> None:
        """Begin with a copy of a file of SQLite."""
        with closing(sqlite3.connect(database)) as original, closing(sqlite3.connect(self.folder / "view3.db")) as copy:
            original.backup(copy)

    def start(self, *command: str) -> None:
        """Start serving and wait for the address it prints."""
        log = self.folder / f"serve-{self.port}.log"
        with log.open("w") as out:
            self.process = subprocess.Popen(
                command or [str(VIEW3), "serve", "--port", str(self.port)],
                cwd=self.folder,
                env=self.environment,
                stdout=out,
                stderr=subprocess.STDOUT,
                text=True,
            )
        for _ in range(300):
            if self.address in log.read_text():
                return
            if self.process.poll() is not None:
                break
            time.sleep(0.1)
        raise RuntimeError(f"The dashboard did not start:\n{log.read_text()}")

    def kernels(self) -> list[int]:
        """Return the process ids of the kernels that the server started."""
        found = descendants(
            self.process.pid if self.process else 0
        )  # a kernel's parent is the server or the warm process
        return [pid for pid, words in found.items() if re.search("^view3-kernel|ipykernel_launcher", words)]

    def stop(self) -> None:
        """Stop serving."""
        if self.process and self.process.poll() is None:
            self.process.terminate()
            self.process.wait(30)


@dataclass
class Witness:
    """Notes what a page should never do."""

    address: str
    faults: list[str] = field(default_factory=list)

    def watch(self, page: Page) -> None:
        """Watch a page from now on."""
        page.on("console", self._console)
        page.on("pageerror", lambda error: self.faults.append(f"script error: {error}"))
        page.on("dialog", self._dialog)
        page.on("request", self._request)
        page.on("response", self._response)

    def _console(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.faults.append(f"console: {message.text}")

    def _dialog(self, dialog: Dialog) -> None:
        self.faults.append(f"dialog: {dialog.message}")
        dialog.dismiss()

    def _request(self, request: Request) -> None:
        if not request.url.startswith((self.address, "data:", "blob:")):
            self.faults.append(f"foreign host: {request.url}")

    def _response(self, response: Response) -> None:
        if response.status >= 400:
            self.faults.append(f"{response.status} {response.url}")


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


@pytest.fixture(scope="session")
def browser(chromium: Browser) -> Browser:
    """The browser that pages are opened in."""
    return chromium


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """Debian's Chromium; a missing one is a failure unless it is left out by name."""
    if "browser" in LEFT_OUT:
        pytest.skip("left out by VIEW3_TEST_WITHOUT=browser")
    with sync_playwright() as playwright:
        yield playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)


@contextmanager
def serving(folder: Path, **settings: str) -> Iterator[Served]:
    """Serve the page over an embedded database in a folder."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("VIEW3_")}
    environment |= {"VIEW3_DATABASE_URL": f"sqlite:///{folder}/view3.db", "PYTHONUNBUFFERED": "1", **settings}
    served = Served(free_port(), folder, environment)
    try:
        yield served
    finally:
        served.stop()


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Serve]:
    """Prepare a dashboard of one's own: `served = serve(VIEW3_TIMEZONE="UTC"); …; served.start()`."""
    with ExitStack() as stack:
        yield lambda **settings: stack.enter_context(serving(tmp_path, **settings))


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory, sample_file: Path) -> Iterator[Served]:
    """A dashboard over the sample challenge, shared: tests read it and write nothing."""
    if "browser" in LEFT_OUT:
        pytest.skip("left out by VIEW3_TEST_WITHOUT=browser")
    with serving(tmp_path_factory.mktemp("demo")) as served:
        served.take(sample_file)
        served.start()
        yield served


def open_page(context: BrowserContext, address: str, prepare: Callable[[Page], None], *, live: bool) -> Page:
    """Open a page and, if it is to live, wait until its kernel speaks: before, it is the first sight, without controls."""
    page = context.new_page()
    page.set_default_timeout(15_000)
    prepare(page)
    page.goto(address)
    if live:
        page.wait_for_selector("body[data-live]", timeout=READY)
    return page


Visit = Callable[..., Page]

CARDS = ("high-ticket-sales-today", "cost-per-acquisition", "roas", "attendance-today")


def shown(page: Page) -> list[str | None]:
    """Return the cards' values as a viewer reads them."""
    return [page.locator(f'.view3-kpi[data-kpi="{card}"] .view3-kpi-value').first.text_content() for card in CARDS]


@contextmanager
def visiting(browser: Browser) -> Iterator[Visit]:
    """Open pages and leave them as a person would, so that their kernels end; nothing may have gone wrong meanwhile."""
    witnesses: list[Witness] = []
    pages: list[Page] = []
    with ExitStack() as stack:

        def opened(
            served: Served,
            *,
            query: str = "",
            doomed: bool = False,
            live: bool = True,
            prepare: Callable[[Page], None] = lambda _: None,
        ) -> Page:
            context = browser.new_context(viewport={"width": 1440, "height": 900}, accept_downloads=True)
            stack.callback(context.close)
            witness = Witness(served.address)
            witnesses.extend(() if doomed else (witness,))
            context.on("page", witness.watch)
            pages.append(open_page(context, f"{served.address}?{query}".rstrip("?"), prepare, live=live))
            return pages[-1]

        yield opened
        faults = [fault for witness in witnesses for fault in witness.faults]
        for page in pages:
            with suppress(Error):  # closed already
                page.goto("about:blank")
    assert faults == []


@pytest.fixture
def visit(browser: Browser) -> Iterator[Visit]:
    """Open a served dashboard: `page = visit(demo, query="days=3-7")`.

    A test that kills what the page talks to visits with `doomed=True`: such a page may complain.
    """
    with visiting(browser) as opened:
        yield opened
