"""`python -m bench [import|memory|show|page|table|attribute|receive|polling|poll-memory|report|notebooks|viewers|check] [--rows N] [--small]`: all of them without a name."""

import argparse
from collections.abc import Callable

from bench import (
    attributing,
    checking,
    importing,
    notebooks,
    page,
    polling,
    receiving,
    reporting,
    showing,
    table,
    viewers,
)

MILLION, SMALL, CHECKED = 1_000_000, 20_000, 2000
BENCHMARKS: dict[str, tuple[Callable[[int], None], int]] = {
    "check": (checking.check, CHECKED),
    "import": (importing.bulk, MILLION),
    "memory": (importing.memory, MILLION),
    "show": (showing.show, MILLION),
    "page": (page.page, page.EMBEDDED),
    "table": (table.table, MILLION),
    "attribute": (attributing.attribute, MILLION),
    "receive": (receiving.receive, MILLION),
    "polling": (polling.polling, polling.DAYS * polling.ADS),
    "poll-memory": (polling.poll_memory, polling.PAGES),
    "report": (reporting.report, reporting.LEADS),
    "notebooks": (notebooks.notebooks, MILLION),
    "viewers": (viewers.viewers, viewers.CROWD),
}


def main() -> None:
    """Run one benchmark, or all."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("name", nargs="?", choices=BENCHMARKS, help="which one; all without")
    parser.add_argument("--rows", type=int, help="rows of spend, or sales; as in the README without")
    parser.add_argument("--small", action="store_true", help=f"a quick try with {SMALL:,} rows")
    wanted = parser.parse_args()
    for name, (run, usual) in BENCHMARKS.items():
        if wanted.name in {None, name}:
            run(wanted.rows or (min(SMALL, usual) if wanted.small else usual))


main()
