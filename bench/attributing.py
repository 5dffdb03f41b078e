"""`view3 attribute` against the bare join, against a pandas merge and against DuckDB, which keep everything in memory."""

from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb
import pandas as pd
import pymysql

from bench.crowd import Size
from bench.report import Clock, Line, step, tell
from bench.server import Server
from bench.showing import credit, filled

AIM_RATIO = 3
LEAD = ("id", "utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content")
# One join by the e-mail key, the earliest opt-in of each buyer, kept in a table: none of the other rules.
FIRST_OPT_INS = f"""
    SELECT sale_id, {", ".join(LEAD)} FROM (
        SELECT f.sale_id, {", ".join(f"l.{name}" for name in LEAD)},
               ROW_NUMBER() OVER (PARTITION BY f.sale_id ORDER BY l.opted_in_at, l.external_id) AS place
        FROM sale_facts f JOIN leads l ON l.email_key = f.email_key AND l.opted_in_at <= f.eligible_until
    ) AS ranked WHERE place = 1
"""
BARE_TABLE = """
    CREATE OR REPLACE TABLE bare_credits (
        sale_id INT PRIMARY KEY, lead_id INT, utm_source VARCHAR(255), utm_medium VARCHAR(255),
        utm_campaign VARCHAR(255), utm_term VARCHAR(255), utm_content VARCHAR(255)
    ) DEFAULT CHARACTER SET utf8mb4
"""
SALES = "SELECT sale_id, email_key, eligible_until FROM sale_facts"
LEADS = f"SELECT {', '.join(LEAD)}, email_key, opted_in_at, external_id FROM leads"


def attribute(sales: int) -> None:
    """Measure crediting every sale."""
    with TemporaryDirectory() as folder, Server(Path(folder)) as server:
        measure(server, *filled(server, sales, credited=False))


def measure(server: Server, size: Size, client: pymysql.Connection, url: str) -> None:
    """Measure crediting in a database whose sales are credited to nobody yet."""
    _settle(client)
    first = _clock("crediting every sale for the first time", lambda: credit(url))
    bare = _clock("joining in SQL", lambda: _bare_join(client))
    anew = _clock("crediting every sale anew", lambda: credit(url))
    bare = (bare + _clock("joining in SQL again", lambda: _bare_join(client))) / 2
    fetch, merge, duck = _in_memory(client)
    lines = [
        Line("bare INSERT … SELECT of the join by e-mail", bare, ratio=1.0),
        Line("view3 attribute, all credits stand already", anew, ratio=anew / bare, aim=f"aim ≤ {AIM_RATIO} ×"),
        Line("view3 attribute, every sale for the first time", first, ratio=first / bare),
        Line("pandas merge, rows in memory", merge, ratio=merge / bare),
        Line("DuckDB join, rows in memory", duck, ratio=duck / bare),
        Line("fetching the rows for either", fetch, ratio=fetch / bare),
    ]
    tell(f"attribute-{size.sales}", f"{size.sales:,} sales, {size.leads:,} leads", lines, server.version())


def _settle(client: pymysql.Connection) -> None:
    """Let the server count what was just loaded, as it does by itself within a minute: the bare join needs it."""
    with client.cursor() as cursor:
        cursor.execute("ANALYZE TABLE leads, sale_facts, high_ticket_sales, purchases")


def _clock(what: str, do: Callable[[], object]) -> float:
    with step(what), Clock() as clock:
        do()
    return clock.seconds


def _bare_join(client: pymysql.Connection) -> None:
    with client.cursor() as cursor:
        cursor.execute(BARE_TABLE)
        cursor.execute(f"INSERT INTO bare_credits {FIRST_OPT_INS}")


def _in_memory(client: pymysql.Connection) -> tuple[float, float, float]:
    """Return the seconds of fetching, of the pandas merge and of DuckDB's join; all three find the same."""
    with step("fetching"), Clock() as fetching:
        sales, leads = _frame(client, SALES), _frame(client, LEADS)
    with step("merging in pandas"), Clock() as merging:
        merged = _merge(sales, leads)
    base = duckdb.connect()
    base.register("sale_facts", sales)
    base.register("leads", leads)
    with step("joining in DuckDB"), Clock() as joining:
        joined = base.execute(FIRST_OPT_INS).df()
    assert _figure(client) == (len(merged), merged["id"].sum()) == (len(joined), joined["id"].sum())
    return fetching.seconds, merging.seconds, joining.seconds


def _figure(client: pymysql.Connection) -> tuple[int, int]:
    with client.cursor() as cursor:
        cursor.execute("SELECT COUNT(*), SUM(lead_id) FROM bare_credits")
        count, total = cursor.fetchone()
    return count, int(total)


def _frame(client: pymysql.Connection, query: str) -> pd.DataFrame:
    with client.cursor() as cursor:
        cursor.execute(query)
        return pd.DataFrame(cursor.fetchall(), columns=[column[0] for column in cursor.description])


def _merge(sales: pd.DataFrame, leads: pd.DataFrame) -> pd.DataFrame:
    both = sales.merge(leads, on="email_key")
    eligible = both[both["opted_in_at"] <= both["eligible_until"]]
    return eligible.sort_values(["opted_in_at", "external_id"]).drop_duplicates("sale_id")
