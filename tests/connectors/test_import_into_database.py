"""Exports through the real door, on both engines: a second import of the same file changes nothing."""

from datetime import date
from functools import partial
from pathlib import Path

import pytest

from analytics.challenge import Challenge
from analytics.database import open_engine, writing
from analytics.ingest import Rules, accept
from analytics.migrate import upgrade
from connectors.contract import Reading
from connectors.csv_import import import_file

FILES = sorted((Path(__file__).parent / "exports").glob("*.csv"))
CHALLENGE = Challenge.starting(date(2026, 1, 1), "America/Sao_Paulo")


@pytest.fixture
def engine(database_url):
    engine = open_engine(database_url)
    upgrade(engine)
    yield engine
    engine.dispose()


def load(engine, path):
    with writing(engine) as connection:
        return import_file(
            path, Reading(CHALLENGE, "USD"), partial(accept, connection, Rules(CHALLENGE)), keep_rejects=False
        )


def test_every_export_is_taken_in_once(engine):
    for path in FILES:
        first, again = load(engine, path), load(engine, path)
        assert first.new > 0, path.name
        assert (again.new, again.changed, again.same) == (0, 0, first.new + first.changed + first.same), path.name


def test_a_failing_file_leaves_nothing_behind(engine, tmp_path):
    path = tmp_path / "spend.csv"
    path.write_text("date,platform,campaign,spend\n2026-01-05,meta,A,-1\n2026-01-05,meta,B,2.00\n")
    report = load(engine, path)
    assert (report.new, report.rejected) == (1, 1)
