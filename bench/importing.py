"""Import of ad spend through the door, against the same file through LOAD DATA without any checks; and its memory."""

import resource
import subprocess
import sys
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import pymysql

from analytics import ingest
from analytics.database import open_engine, writing
from analytics.migrate import upgrade
from bench import spend_file
from bench.report import Clock, Line, step, tell
from bench.server import Server
from bench.stage import CHALLENGE, RULES
from connectors import csv_import
from connectors.contract import Reading

AIM_RATIO, AIM_MEGABYTES = 8, 200
# What one types who wants the file in a table of his own under its natural key …
BARE_TABLE = """
    CREATE OR REPLACE TABLE bare_ad_spend (
        date DATE, platform VARCHAR(32), account_id VARCHAR(64), campaign VARCHAR(255), campaign_id VARCHAR(64),
        ad_set VARCHAR(255), ad_set_id VARCHAR(64), ad VARCHAR(255), ad_id VARCHAR(64), spend DECIMAL(15, 6),
        currency CHAR(3), PRIMARY KEY (date, platform, account_id, campaign_id, ad_set_id, ad_id)
    ) DEFAULT CHARACTER SET utf8mb4
"""
BARE = "INTO TABLE bare_ad_spend FIELDS TERMINATED BY ',' LINES TERMINATED BY '\\n' IGNORE 1 LINES"
# … and who wants it in the table that the import fills, with the same columns.
SAME_TABLE = "CREATE OR REPLACE TABLE same_ad_spend LIKE ad_spend"
SAME = """
    INTO TABLE same_ad_spend FIELDS TERMINATED BY ',' LINES TERMINATED BY '\\n' IGNORE 1 LINES
    (date, platform, account_id, campaign, campaign_id, ad_set, ad_set_id, ad, ad_id, spend, currency)
    SET entity_key = MD5(CONCAT_WS('\\0', campaign_id, ad_set_id, ad_id)), campaign_key = LOWER(campaign),
        ad_set_key = LOWER(ad_set), ad_key = LOWER(ad), detail = 7, source = 'file'
"""


def bulk(rows: int) -> None:
    """Measure the import against LOAD DATA."""
    with TemporaryDirectory() as folder, Server(Path(folder)) as server:
        path = _file(folder, rows)
        url = server.new_database("view3")
        engine = open_engine(url)
        upgrade(engine)
        client = server.client("view3")
        before = _load(client, path, SAME_TABLE, SAME)
        with step("importing"), Clock() as imported:
            import_file(url, path)
        with step("importing the same file again"), Clock() as again:
            import_file(url, path)
        loaded = (before + _load(client, path, SAME_TABLE, SAME)) / 2
        bare = _load(client, path, BARE_TABLE, BARE)
        _prove_equal(client)
        lines = [
            Line("LOAD DATA into the same table, no checks", loaded, ratio=1.0),
            Line("view3 import", imported.seconds, ratio=imported.seconds / loaded, aim=f"aim ≤ {AIM_RATIO} ×"),
            Line("view3 import, the same file again", again.seconds, ratio=again.seconds / loaded),
            Line("LOAD DATA into a table of the file's own columns", bare, ratio=bare / loaded),
        ]
        tell("import", f"{rows:,} rows of ad spend, {path.stat().st_size / 1e6:.0f} MB", lines, server.version())


def memory(rows: int) -> None:
    """Measure the largest memory of an import, of a tenth of the rows and of all."""
    with TemporaryDirectory() as folder, Server(Path(folder)) as server:
        lines = []
        for size in (rows // 10, rows):
            path = _file(folder, size)
            with step(f"importing {size:,} rows in a process of its own"):
                peak = _peak_of_import(server.new_database("view3"), path)
            lines.append(Line(f"largest memory, {size:,} rows", peak, "MB", aim=f"aim ≤ {AIM_MEGABYTES} MB"))
        tell("memory", f"{rows:,} rows of ad spend", lines, server.version())


def import_file(url: str, path: Path) -> None:
    """Do what `view3 import FILE` does."""
    engine = open_engine(url)
    upgrade(engine)
    with writing(engine) as connection:
        report = csv_import.import_file(path, Reading(CHALLENGE, "USD"), partial(ingest.accept, connection, RULES))
    assert not report.rejected, report
    engine.dispose()


def _file(folder: str, rows: int) -> Path:
    path = Path(folder) / f"ad-spend-{rows}.csv"
    with step(f"writing a file of {rows:,} rows"):
        spend_file.write(path, rows)
    return path


def _load(client: pymysql.Connection, path: Path, table: str, into: str) -> float:
    with client.cursor() as cursor:
        cursor.execute(table)
        with step("loading with LOAD DATA"), Clock() as clock:
            cursor.execute(f"LOAD DATA LOCAL INFILE '{path}' {into}")
    return clock.seconds


def _prove_equal(client: pymysql.Connection) -> None:
    """Fail unless the import and LOAD DATA left the same table behind."""
    figures = "SELECT COUNT(*), SUM(spend), SUM(CRC32(CONCAT_WS('|', date, campaign_key, ad_set, ad, spend))) FROM"
    with client.cursor() as cursor:
        cursor.execute(f"{figures} ad_spend")
        imported = cursor.fetchall()
        cursor.execute(f"{figures} same_ad_spend")
        assert imported == cursor.fetchall(), imported


def _peak_of_import(url: str, path: Path) -> float:
    process = subprocess.run(
        [sys.executable, "-m", "bench.importing", url, str(path)], check=True, capture_output=True, text=True
    )
    return float(process.stdout)


def _own_peak() -> float:
    """Return the largest resident memory this process had, in mebibytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024  # Linux counts it in kibibytes


if __name__ == "__main__":
    import_file(sys.argv[1], Path(sys.argv[2]))
    print(_own_peak())
