"""The page against the obvious notebook and a Dash app, in a real browser: what a viewer waits for, and what it weighs.

They take turns over one database. Cold is a browser that was never there, warm one that was; each visit starts its browser.
"""

import random
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from statistics import median, quantiles
from tempfile import TemporaryDirectory

import pymysql
from playwright.sync_api import Playwright, sync_playwright

from bench.browsing import Visit, visiting
from bench.contenders import DASH, OBVIOUS, OURS, Served, fill_with_sample, sample_settings, serving
from bench.report import Line, step, tell
from bench.server import Server
from bench.showing import filled
from bench.stage import CHALLENGE, FIRST_DAY, NOW

TIMES, ROWS, FILTERS, SORTS = 5, 4, 3, 5  # rounds; rows, filter actions and clicks on a title in each
SIZES, EMBEDDED = (1000, 100_000), 100_000  # above it the obvious notebook would send its browser 85 MB
QUIET = 1.0  # seconds after which nothing more arrives
REST = 4.0  # seconds in which the rest of a page arrives, whatever its viewer does meanwhile
SALE = """
    INSERT INTO high_ticket_sales (customer_name, customer_email, product_name, price, purchase_date)
    VALUES ('Late Comer', 'late@example.com', 'Inner Circle', 1234.56, %s)
"""


@dataclass(frozen=True, slots=True)
class Figure:
    """What is measured: which samples, what they are, how they become one amount, and the aims as ratios to the peers."""

    samples: str
    what: str
    to_obvious: float | None = None
    to_dash: float | None = None
    unit: str = "s"
    of: Callable[[list[float]], float] = median

    def aim(self, peer: str) -> float | None:
        """Return the aim for the ratio of ours to a peer's."""
        return {OBVIOUS.name: self.to_obvious, DASH.name: self.to_dash}[peer]


def p95(taken: list[float]) -> float:
    """Return the amount that 19 of 20 samples stay below."""
    return quantiles(taken, n=20, method="inclusive")[-1]


FIGURES = (
    Figure("number, warm", "first number visible, warm", 0.06, 0.6),
    Figure("number, cold", "first number visible, cold", 0.10, 1.0),
    Figure("bars, warm", "bars visible, warm", 0.06, 0.25),
    Figure("bars, cold", "bars visible, cold"),
    Figure("answer, warm", "a filter answers, warm", 0.10, 0.7),
    Figure("answer, cold", "a filter answers, cold"),
    Figure("fed", "kernel-fed updates arrive, warm", 0.35),
    Figure("socket, warm", "over the WebSocket, warm", 0.01, unit="kB"),
    Figure("http, warm", "over HTTP, warm", unit="kB"),
    Figure("http, cold", "over HTTP, cold", unit="kB"),
    Figure("row", "row to pixel, median"),
    Figure("row", "row to pixel, p95", 0.9, 0.9, of=p95),
    Figure("filter", "filter to bars", 0.6, 0.3),
)
SORTED = Figure("sort", "click on a title to another first row")


@dataclass
class Round:
    """Who measures: the browser, the profiles that last, and what was taken so far, by contender and figure."""

    playwright: Playwright
    folder: Path
    taken: dict[str, dict[str, list[float]]] = field(default_factory=lambda: defaultdict(lambda: defaultdict(list)))

    @contextmanager
    def visit(self, served: Served, profile: str = "warm") -> Iterator[Visit]:
        """Open a page in a profile that lasts under its name."""
        name = served.contender.name
        with served.visited(), visiting(self.playwright, self.folder / f"{profile} {name}", served.contender) as visit:
            visit.open(served.address)
            yield visit

    def note(self, served: Served, what: str, amount: float) -> None:
        """Keep a measured amount."""
        self.taken[served.contender.name][what].append(amount)


def page(sales: int) -> None:
    """Measure the page over the sample challenge, and its table at up to so many sales."""
    with TemporaryDirectory() as scratch, Server(Path(scratch)) as server, sync_playwright() as playwright:
        over_sample(playwright, Path(scratch), server)
        for size in sorted({*(one for one in SIZES if one < sales), sales}):
            over_crowd(playwright, Path(scratch), server, size)


def over_sample(playwright: Playwright, scratch: Path, server: Server) -> None:
    """Measure all but the table, over the sample challenge."""
    folder = _folder(scratch, "sample")
    settings = sample_settings(server)
    fill_with_sample(folder, settings)
    everyone = Round(playwright, folder)
    with server.client("sample") as client, serving(folder, settings) as contenders:
        with step("checking that all show the same numbers"):
            compare(everyone, contenders)
        for number in range(TIMES):
            for served in contenders:
                with step(f"round {number + 1} of {TIMES}: {served.contender.name}"):
                    load_cold(everyone, served, number)
                    load_warm(everyone, served, client)
                    wait_for_updates(everyone, served, server)
    lines = list(_lines(everyone.taken, FIGURES))
    lines += [Line(f"kernels left behind: {one.contender.name}", one.left_behind, "") for one in contenders]
    tell("page", f"the sample challenge, {TIMES} rounds, rows one by one", lines, server.version())


def compare(everyone: Round, contenders: list[Served]) -> None:
    """Fail unless all show the same cards, before and after a filter; this also fills the profiles that are warm."""
    shown = {}
    for served in contenders:
        with everyone.visit(served) as visit:
            visit.seen("bars")
            whole = visit.cards()
            visit.first_answer()
            visit.filter_from(day=3)
            time.sleep(QUIET)
            shown[served.contender.name] = whole, visit.cards()
    assert all(cards == shown[OURS.name] for cards in shown.values()), shown


def load_cold(everyone: Round, served: Served, number: int) -> None:
    """Measure a first visit ever."""
    with everyone.visit(served, f"cold {number}") as visit:
        _load(everyone, served, visit, "cold")


def load_warm(everyone: Round, served: Served, client: pymysql.Connection) -> None:
    """Measure a visit of somebody who was there before, and what happens on the page then."""
    with everyone.visit(served) as visit:
        _load(everyone, served, visit, "warm")
        for _ in range(FILTERS):
            everyone.note(served, "filter", visit.filter_once())
            time.sleep(QUIET)
        for wait in _pauses():
            time.sleep(wait)
            visit.arm()
            begun = time.time()
            sell(client)
            everyone.note(served, "row", visit.changed_at() - begun)


def wait_for_updates(everyone: Round, served: Served, server: Server) -> None:
    """Measure from the click on a link until a sale that came meanwhile is on the page; one comes every quarter of a second."""
    over = threading.Event()

    def keep_selling() -> None:
        with server.client("sample") as client:
            while not over.wait(0.25):
                sell(client)

    seller = threading.Thread(target=keep_selling)
    with everyone.visit(served) as visit:
        seller.start()
        try:
            everyone.note(served, "fed", visit.seen("fed"))
        finally:
            over.set()
            seller.join()


def sell(client: pymysql.Connection) -> None:
    """Insert a sale of now by plain SQL."""
    with client.cursor() as cursor:
        cursor.execute(SALE, [f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S}"])


def over_crowd(playwright: Playwright, scratch: Path, server: Server, sales: int) -> None:
    """Measure sorting the table of so many sales, on a frozen clock; where there are too many, without the notebook."""
    folder = _folder(scratch, str(sales))
    _, client, url = filled(server, sales)
    client.cursor().execute("ANALYZE TABLE high_ticket_sales, sale_facts")
    settings = {
        "VIEW3_DATABASE_URL": url.replace("mysql:", "mysql+pymysql:"),
        "VIEW3_TIMEZONE": CHALLENGE.zone.key,
        "VIEW3_CHALLENGE_START": str(CHALLENGE.starts_on),
        "VIEW3_FUNNEL_START": str(FIRST_DAY),
        "VIEW3_NOW": NOW.isoformat(),
    }
    everyone = Round(playwright, folder)
    with serving(folder, settings) as contenders:
        for served in contenders if sales <= EMBEDDED else [contenders[0], contenders[2]]:
            with step(f"sorting {sales:,} sales: {served.contender.name}"), everyone.visit(served) as visit:
                visit.first_answer()
                for _ in range(SORTS):
                    time.sleep(QUIET)
                    everyone.note(served, "sort", visit.sort_once())
    tell(f"page-table-{sales}", f"{sales:,} sales", list(_lines(everyone.taken, (SORTED,))), server.version())


def _load(everyone: Round, served: Served, visit: Visit, cache: str) -> None:
    everyone.note(served, f"number, {cache}", visit.seen("number"))
    everyone.note(served, f"bars, {cache}", visit.seen("bars"))
    everyone.note(served, f"answer, {cache}", visit.first_answer())
    time.sleep(REST)
    everyone.note(served, f"http, {cache}", visit.meter.http / 1000)
    everyone.note(served, f"socket, {cache}", visit.meter.socket / 1000)


def _pauses() -> list[float]:
    """Return how long to wait before each row, never in step with anybody's polling."""
    return [QUIET + random.random() for _ in range(ROWS)]


def _lines(taken: dict[str, dict[str, list[float]]], figures: tuple[Figure, ...]) -> Iterator[Line]:
    for figure in figures:
        amounts = {name: figure.of(samples[figure.samples]) for name, samples in taken.items()}
        ours = amounts.pop(OURS.name)
        yield Line(f"{figure.what}: {OURS.name}", ours, figure.unit)
        for name, amount in amounts.items():
            ratio, aim = ours / amount if amount else None, figure.aim(name)
            said = "" if aim is None or ratio is None else f"≤ {aim:.2f} ×{'' if ratio <= aim else ', missed'}"
            yield Line(f"    {name}, and ours to it", amount, figure.unit, ratio, said)


def _folder(scratch: Path, name: str) -> Path:
    folder = scratch / f"pages {name}"
    folder.mkdir()
    return folder
