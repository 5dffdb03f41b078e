"""`view3 show`'s read against the bare aggregates that give the same figures."""

from pathlib import Path
from tempfile import TemporaryDirectory

import pymysql

from analytics import reading, repairs
from analytics.database import open_engine, writing
from analytics.database import reading as reading_from
from analytics.view3 import View3
from bench import crowd
from bench.report import Line, side_by_side, step, tell
from bench.server import Server
from bench.stage import CHALLENGE, FIRST_DAY, LENS, NOW, RULES

AIM_RATIO, AIM_SECONDS, FEW = 1.3, {1_000_000: 0.4, 10_000: 0.05}, 10_000
TIMES = 7

TODAY = CHALLENGE.local_date(NOW)
FROM, TO = (
    f"'{moment:%Y-%m-%d %H:%M:%S}'" for moment in (CHALLENGE.start_of(FIRST_DAY), CHALLENGE.last_second_of(TODAY))
)
TODAY_FROM = f"'{CHALLENGE.start_of(TODAY):%Y-%m-%d %H:%M:%S}'"
SALES = f"""
    SELECT utm_campaign_key, outcome, reason, COUNT(*), SUM(f.refunded < price), SUM(currency <> 'USD'),
           SUM(IF(currency = 'USD', price, 0)), SUM(IF(currency = 'USD', refunded, 0)), SUM(IF(currency = 'USD', collected, 0))
    FROM high_ticket_sales s JOIN sale_facts f ON f.sale_id = s.id
    WHERE purchase_date BETWEEN {FROM} AND {TO} GROUP BY 1, 2, 3
"""
AGGREGATES = (
    SALES,
    f"SELECT COUNT(*) FROM high_ticket_sales WHERE purchase_date BETWEEN {TODAY_FROM} AND {TO}",
    f"""
    SELECT COUNT(*) FROM high_ticket_sales
    WHERE purchase_date >= {TODAY_FROM} - INTERVAL 1 DAY AND purchase_date < {TODAY_FROM}
    """,
    f"""
    SELECT kind, COUNT(*), SUM(price), SUM(refunded), SUM(collected) FROM funnel_orders
    WHERE ordered_at BETWEEN {FROM} AND {TO} GROUP BY kind
    """,
    f"""
    SELECT platform, account_id, SUM(spend) FROM ad_spend
    WHERE date BETWEEN '{FIRST_DAY}' AND '{TODAY}' GROUP BY platform, account_id
    """,
    f"SELECT date, platform, participant_count FROM attendance WHERE date BETWEEN '{FIRST_DAY}' AND '{TODAY}'",
    f"SELECT kind, COUNT(*), SUM(amount) FROM review_items WHERE happened_at BETWEEN {FROM} AND {TO} GROUP BY kind",
    "SELECT source, newest_at FROM freshness",
)


def show(sales: int) -> None:
    """Measure the read at so many sales, and at ten thousand."""
    with TemporaryDirectory() as folder, Server(Path(folder)) as server:
        for size in sorted({min(FEW, sales), sales}):
            measure(server, *filled(server, size))


def measure(server: Server, size: crowd.Size, client: pymysql.Connection, url: str) -> None:
    """Measure the read of a database whose sales are credited."""
    sales, engine = size.sales, open_engine(url)

    def read() -> View3:
        with reading_from(engine) as connection:
            return reading.read(connection, LENS, NOW)

    view = read()
    assert all(view.checks.values()), view.checks
    assert view.totals.high_ticket_sales == sum(row[3] for row in _bare(client)[0])
    bare, ours = side_by_side(TIMES, lambda: _bare(client), read)
    aim = f"aim ≤ {AIM_RATIO} ×" + (f" and ≤ {AIM_SECONDS[sales] * 1000:.0f} ms" if sales in AIM_SECONDS else "")
    lines = [
        Line("bare aggregates, median", bare, ratio=1.0),
        Line("view3 show's read, median", ours, ratio=ours / bare, aim=aim),
    ]
    client.close()
    tell(
        f"show-{sales}",
        f"{size.sales:,} sales, {size.leads:,} leads, {size.ads * 100:,} rows of spend",
        lines,
        server.version(),
    )
    engine.dispose()


def filled(server: Server, sales: int, *, credited: bool = True) -> tuple[crowd.Size, pymysql.Connection, str]:
    """Return a new database of so many sales with a bare client to it."""
    size, url = crowd.Size.of(sales), server.new_database("view3")
    client = server.client("view3")
    with step(f"filling a database of {sales:,} sales"):
        crowd.load(url, client, size)
        if credited:
            credit(url)
    return size, client, url


def credit(url: str) -> int:
    """Do what `view3 attribute` does."""
    engine = open_engine(url)
    with writing(engine) as connection:
        changed = repairs.attribute(connection, RULES)
    engine.dispose()
    return changed


def _bare(client: pymysql.Connection) -> list[tuple[tuple[object, ...], ...]]:
    answers = []
    with client.cursor() as cursor:
        for query in AGGREGATES:
            cursor.execute(query)
            answers.append(cursor.fetchall())
    return answers
