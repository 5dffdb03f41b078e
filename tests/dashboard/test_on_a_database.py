"""What the page asks of a real database: exports from one moment, and a mark that turns with every write and with nothing else."""

import csv
import io
import time
from collections.abc import Iterator

import pytest
import sqlalchemy as sa

from analytics import demonstration
from analytics.dashboard import download
from analytics.settings import Settings
from analytics.view3 import SalesFilter
from analytics.workbench import Workbench
from tests.analytics.told import opened, story
from tests.dashboard.test_download import body

SALE = sa.text(
    "INSERT INTO high_ticket_sales (customer_name, customer_email, product_name, price, purchase_date)"
    " VALUES ('Plain SQL', 'plain@example.com', 'Mastermind', 1234.56, '2026-01-17 20:00:00')"
)


@pytest.fixture
def bench(database_url: str) -> Iterator[Workbench]:
    opened = Workbench.open(Settings(_env_file=None, database_url=database_url))
    opened.upgrade()
    demonstration.load(opened, leads=400)
    yield opened
    if opened._watch is not None:
        opened._watch.close()
    for engine in (opened.engine, opened.reader):
        engine.dispose()


def everything(bench: Workbench) -> SalesFilter:
    return SalesFilter(bench.challenge.whole(bench.now()))


def write(bench: Workbench) -> None:
    with bench.engine.begin() as connection:
        connection.execute(SALE)


def test_an_export_holds_as_many_rows_as_it_says_whatever_is_written_meanwhile(bench):
    total, text = bench.export(everything(bench))
    write(bench)
    told = list(csv.DictReader(io.StringIO("".join(text).removeprefix("\ufeff"))))

    assert len(told) == total > 0
    assert bench.reader.pool.checkedout() == 0


def test_an_export_that_is_given_up_lets_go_of_its_connection(bench):
    _, text = bench.export(everything(bench))
    next(text)
    text.close()

    assert bench.reader.pool.checkedout() == 0


def test_the_mark_turns_with_every_write_and_with_nothing_else(bench):
    time.sleep(2.5)  # MariaDB's stamps settle
    marks = [bench.fingerprint()]
    bench.view()
    marks.append(bench.fingerprint())
    assert marks[0] == marks[1]

    for _ in range(3):  # within one second
        write(bench)
        marks.append(bench.fingerprint())
    assert len(set(marks)) == 4


QUERIES = {
    "": True,
    "campaign=(unattributed)": True,
    "product=mastermind": True,
    "search=plain": True,
    "campaign=(unattributed)&product=mastermind&search=plain&sort=price": True,
    "campaign=no+such+campaign": False,
}


def test_the_file_of_a_page_holds_the_sale_of_another_program(database_url):
    with opened(database_url, *story()) as bench:
        write(bench)
        for query, finds in QUERIES.items():
            answer, text = body(bench, download.ADDRESS, query)

            assert answer.code == 200, query
            assert ("Plain SQL" in text) == finds, query


def test_day_one_comes_to_light_when_the_database_does(bench, database_url):
    late = Workbench(bench.settings, bench.engine, bench.reader)
    late.view()

    assert late.challenge == bench.challenge
