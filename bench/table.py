"""What a viewer waits for in the attribution table: sort, turn pages, search and filter, at three sizes."""

from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from sqlalchemy.engine import Engine

from analytics import reading
from analytics.database import open_reader
from analytics.database import reading as reading_from
from analytics.view3 import SalesFilter, Sort, SortColumn
from bench.report import Line, side_by_side, tell
from bench.server import Server
from bench.showing import filled
from bench.stage import CHALLENGE, LENS, NOW

SIZES, AIM, TIMES, ROWS = (1000, 100_000), 0.3, 3, 25
WHOLE = SalesFilter(CHALLENGE.whole(NOW))
BARE = "SELECT COUNT(*), SUM(price) FROM high_ticket_sales"
Action = tuple[str, SalesFilter, Sort, int, bool]


def table(sales: int) -> None:
    """Measure the table at so many sales, and at two smaller sizes."""
    with TemporaryDirectory() as folder, Server(Path(folder)) as server:
        for size in sorted({*(one for one in SIZES if one < sales), sales}):
            _, client, url = filled(server, size)
            engine = open_reader(url)
            client.cursor().execute("ANALYZE TABLE high_ticket_sales, sale_facts")
            tell(f"table-{size}", f"{size:,} sales, pages of {ROWS}", list(_lines(engine)), server.version())
            engine.dispose()


def _lines(engine: Engine) -> Iterator[Line]:
    with reading_from(engine) as connection:
        total = reading.read_sales(connection, LENS, WHOLE, Sort(), (ROWS, 0)).total
    actions = list(_actions(total))
    bare, *taken = side_by_side(TIMES, lambda: _bare(engine), *(_doing(engine, one, total) for one in actions))
    yield Line("bare: one walk over the sales", bare, ratio=1.0)
    for (what, *_), seconds in zip(actions, taken, strict=True):
        yield Line(what, seconds, ratio=seconds / bare, aim=f"≤ {AIM * 1000:.0f} ms")


def _actions(total: int) -> Iterator[Action]:
    """Yield what, filter, sort, offset, and whether the page knows the count already."""
    yield "open: newest first, counted", WHOLE, Sort(), 0, False
    for column in SortColumn:
        yield f"sort by {column.value}", WHOLE, Sort(column, descending=False), 0, True
    yield "the last page", WHOLE, Sort(), max(total - ROWS, 0), True
    yield "search what one buyer has", SalesFilter(WHOLE.period, search="person999@"), Sort(), 0, False
    yield "search what most have", SalesFilter(WHOLE.period, search="example"), Sort(), 0, False
    yield "one campaign", SalesFilter(WHOLE.period, campaign="challenge january 000"), Sort(), 0, False
    yield "unattributed", SalesFilter(WHOLE.period, campaign="(unattributed)"), Sort(), 0, False
    yield "Days 3 to 7", SalesFilter(CHALLENGE.days(3, 7)), Sort(), 0, False


def _doing(engine: Engine, action: Action, total: int) -> Callable[[], object]:
    _, wanted, sort, offset, is_counted = action

    def act() -> object:
        with reading_from(engine) as connection:
            return reading.read_sales(connection, LENS, wanted, sort, (ROWS, offset), total if is_counted else None)

    return act


def _bare(engine: Engine) -> object:
    with reading_from(engine) as connection:
        return connection.exec_driver_sql(BARE).all()
