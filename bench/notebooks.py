"""The heavy calls of the analysts' notebooks, each notebook in a process of its own: seconds, and the most memory it took."""

import multiprocessing
import time
from collections.abc import Callable
from contextlib import closing
from multiprocessing.connection import Connection
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.report import Line, tell
from bench.server import Server
from bench.showing import filled
from bench.stage import CHALLENGE, NOW

AIM_SECONDS, AIM_MEGABYTES = 60, 1024
Calls = list[Callable[..., object]]


def notebooks(sales: int) -> None:
    """Measure each notebook's calls at so many sales and twice as many leads, on one MariaDB."""
    with TemporaryDirectory() as folder, Server(Path(folder)) as server:
        _, client, url = filled(server, sales)
        with closing(client), client.cursor() as cursor:
            cursor.execute(
                "ANALYZE TABLE high_ticket_sales, sale_facts, leads, orders, payments, allocations, ad_spend"
            )
        lines = [line for name in CALLS for line in measured(name, url)]
        tell(f"notebooks-{sales}", f"{sales:,} sales, {2 * sales:,} leads", lines, server.version())


def measured(name: str, url: str) -> list[Line]:
    """Return the seconds and the most memory of a notebook's calls."""
    here, there = multiprocessing.Pipe()
    # A new interpreter, as a kernel is one: what this process holds is not counted.
    process = multiprocessing.get_context("spawn").Process(target=_run, args=(name, url, there))
    process.start()
    there.close()
    with here:
        seconds, megabytes = here.recv()
    process.join()
    return [
        Line(f"{name}.ipynb", seconds, aim=f"≤ {AIM_SECONDS} s"),
        Line(f"{name}.ipynb, most memory", megabytes, unit="MB", aim=f"≤ {AIM_MEGABYTES} MB"),
    ]


def _run(name: str, url: str, out: Connection) -> None:
    from analytics.settings import Settings
    from analytics.workbench import Workbench

    told = {"database_url": url, "challenge_start": CHALLENGE.starts_on, "funnel_start": CHALLENGE.funnel_starts_on}
    workbench = Workbench.open(Settings.model_validate({**told, "timezone": CHALLENGE.zone.key, "now": NOW}))
    start = time.perf_counter()
    for call in CALLS[name]():
        began = time.perf_counter()
        call(workbench)
        print(f"    {name}: {call.__name__} {time.perf_counter() - began:.1f} s", flush=True)
    out.send((time.perf_counter() - start, _most_megabytes()))


def _most_megabytes() -> float:
    """Return the most memory that this process has had; rusage would tell its parent's, where that was more."""
    lines = Path("/proc/self/status").read_text(encoding="ascii", errors="replace").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:")) / 1024


def _campaigns() -> Calls:
    from analytics.analysis import campaigns

    return [campaigns.by_campaign, campaigns.by_ad_set, campaigns.by_ad]


def _attendance() -> Calls:
    from analytics.analysis import attendance

    return [
        attendance.by_day,
        attendance.retention,
        attendance.within_sessions,
        attendance.against_earlier,
        attendance.against_sales,
    ]


def _time_to_sale() -> Calls:
    from analytics.analysis import waiting

    return [waiting.waits, waiting.cohorts]


def _data_quality() -> Calls:
    from analytics.analysis import quality

    return [quality.matches, quality.utm_hygiene, quality.left_out, quality.coverage, quality.spend_against_totals]


def _attribution_models() -> Calls:
    from analytics.analysis import models

    return [models.side_by_side]


def _matching() -> Calls:
    from analytics.analysis import matching
    from analytics.workbench import Workbench

    def effect(workbench: Workbench) -> object:
        return matching.effect_of_best(workbench, matching.suggestions(workbench))

    return [matching.trust, effect, matching.history]


CALLS: dict[str, Callable[[], Calls]] = {
    "campaigns": _campaigns,
    "attendance": _attendance,
    "time_to_sale": _time_to_sale,
    "data_quality": _data_quality,
    "attribution_models": _attribution_models,
    "matching": _matching,
}
