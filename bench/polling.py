"""Ad spend read again and replaced, against the bare upsert of the same rows; and the memory of a long read."""

import subprocess
import sys
from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory

from sqlalchemy.engine import Engine

from analytics import ingest
from analytics.database import open_engine, writing
from analytics.intake.rows import spend_day_rows
from analytics.migrate import upgrade
from analytics.records import AdSpend, AdSpendDay
from analytics.schema import ad_spend
from analytics.store import Row, upsert
from bench.report import Line, side_by_side, tell
from bench.server import Server
from bench.stage import NOW, RULES

DAYS, ADS, TIMES, AIM = 28, 2000, 3, 2.0
PAGES, PAGE = 1000, 500
LAST = RULES.challenge.local_date(NOW)
MEASURED = "import resource,sys;from bench.polling import read;read(sys.argv[1],int(sys.argv[2]));print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)"


def polling(rows: int) -> None:
    """Measure 28 days read again: a tenth of the ads restated, and all of them."""
    ads = rows // DAYS
    with TemporaryDirectory() as folder, Server(Path(folder)) as server:
        engine, bare = open_engine(server.new_database("told")), open_engine(server.new_database("bare"))
        upgrade(engine)
        upgrade(bare)
        _take(engine, told(ads, NOW, 0))
        tenths = iter([told(ads, NOW + timedelta(hours=2 * turn + 1), turn + 1, 10) for turn in range(TIMES)])
        wholes = iter([told(ads, NOW + timedelta(hours=2 * turn + 2), turn + 1) for turn in range(TIMES)])
        rows_made = iter([_rows(told(ads, NOW, turn)) for turn in range(TIMES)])
        plain, tenth, whole = side_by_side(
            TIMES,
            lambda: _upsert(bare, next(rows_made)),
            lambda: _take(engine, next(tenths)),
            lambda: _take(engine, next(wholes)),
        )
        lines = [
            Line("bare upsert of the same rows, made beforehand", plain, ratio=1.0),
            Line("read again and replaced, a tenth restated", tenth, ratio=tenth / plain, aim=f"≤ {AIM} ×"),
            Line("read again and replaced, all restated", whole, ratio=whole / plain, aim=f"≤ {AIM} ×"),
        ]
        tell(f"polling-{rows}", f"{DAYS} days × {ads:,} ads", lines, server.version())
        engine.dispose()
        bare.dispose()


def poll_memory(pages: int) -> None:
    """Measure the largest memory of a process that takes in so many pages of 500 ads, and a tenth of them."""
    with TemporaryDirectory() as folder, Server(Path(folder)) as server:
        lines = []
        for count in (pages // 10, pages):
            url = server.new_database(f"pages{count}")
            done = subprocess.run(
                [sys.executable, "-c", MEASURED, url, str(count)], check=True, capture_output=True, text=True
            )
            lines.append(Line(f"{count:,} pages", int(done.stdout) / 1024, unit="MB"))
        tell(f"poll-memory-{pages}", f"pages of {PAGE} ads", lines, server.version())


def read(url: str, pages: int) -> None:
    """Take in pages, each a day of an account, one transaction each, as a poller's drain does."""
    engine = open_engine(url)
    upgrade(engine)
    for page in range(pages):
        day = _day(PAGE, LAST - timedelta(days=page % DAYS), f"act_{page // DAYS}", NOW, lambda _: 0)
        _take(engine, [day])


def told(ads: int, at: datetime, moved: int, every: int = 1) -> list[AdSpendDay]:
    """Return what a platform says at a moment of every day: each `every`th ad cost `moved` cents more."""
    return [
        _day(ads, LAST - timedelta(days=ago), "act_1", at, lambda ad: moved if ad % every == 0 else 0)
        for ago in range(DAYS)
    ]


def _rows(days: Sequence[AdSpendDay]) -> list[list[Row]]:
    return [list(spend_day_rows(day).values()) for day in days]


def _day(ads: int, on: date, account: str, at: datetime, moved: Callable[[int], int]) -> AdSpendDay:
    rows = tuple(
        AdSpend(
            date=on,
            platform="meta",
            spend=Decimal(1000 + ad % 500 + moved(ad)) / 100,
            currency="USD",
            source="meta",
            account_id=account,
            campaign=f"Campaign {ad // 100}",
            ad_set=f"Ad set {ad // 10}",
            ad=f"Ad {ad}",
            campaign_id=str(ad // 100),
            ad_set_id=str(ad // 10),
            ad_id=str(ad),
        )
        for ad in range(ads)
    )
    return AdSpendDay(on, "meta", account, "USD", "UTC", at, "meta", ads=rows)


def _take(engine: Engine, days: Sequence[AdSpendDay]) -> None:
    with writing(engine) as connection:
        assert not ingest.accept(connection, RULES, days).refused


def _upsert(engine: Engine, days: Sequence[Sequence[Row]]) -> None:
    with writing(engine) as connection:
        for rows in days:
            upsert(connection, ad_spend, rows)
