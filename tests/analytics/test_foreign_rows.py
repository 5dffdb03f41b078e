"""Rows of another program: every way to read the sales, narrowed and sorted in every way, agrees with the slow reference."""

import inspect
from collections.abc import Callable
from contextlib import nullcontext, suppress
from dataclasses import fields
from datetime import timedelta
from decimal import Decimal
from itertools import product
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from analytics.analysis import attendance, campaigns, matching, models, quality, waiting
from analytics.breakdown import Level
from analytics.columns import FRAMES
from analytics.explanation import NoSuchSaleError
from analytics.frames import Frames
from analytics.ingest import accept
from analytics.queries.sales import UNATTRIBUTED
from analytics.reading import read_choices, read_sales, stream_sales
from analytics.sales_csv import sales_csv
from analytics.view3 import SalesFilter, Sort, SortColumn
from analytics.workbench import Workbench
from tests.analytics.conftest import Store
from tests.analytics.test_sales_pages import FOREIGN, LENS, RULES, START, WHOLE, everything, recorded, sale
from tests.analytics.test_sales_pages import told as told_of
from tests.analytics.told import at, opened, story
from tests.reference.histories import CHALLENGE
from tests.reference.table import in_order, wanted_sales

NOW = START + timedelta(days=5)
OURS = [
    ("Ana", "Club", 3, 1),
    ("ana ", "club", 1, 25),
    ("Ben", "Mastermind", 2, 25),
    ("Zoë", "Club", 2, 49),
    ("Ana", "Mastermind", 1, 73),
    ("a/b", "Club", 3, 97),
]
PERIODS = (WHOLE, CHALLENGE.days(2, 3))
# What each filter is set to; a filter without a line here fails the test below.
CHOSEN: dict[str, tuple[str, ...]] = {
    "campaign": ("", "spring", "brand", UNATTRIBUTED),
    "product": ("", "club", "nothing"),
    "search": ("", "ana", "%"),
}
FILTERS: list[dict[str, str]] = [dict(zip(CHOSEN, values, strict=True)) for values in product(*CHOSEN.values())]
ONE_BY_ONE = [{name: values[1]} for name, values in CHOSEN.items()]
NEWEST_FIRST = Sort()
OLDEST_FIRST = Sort(SortColumn.PURCHASED, descending=False)
ORDERS = [Sort(column, descending) for column in SortColumn for descending in (False, True)]


def page(connection: Connection, wanted: SalesFilter, sort: Sort) -> list[int]:
    found = read_sales(connection, LENS, wanted, sort, (1000, 0))
    assert found.total == len(found.rows)
    return [row.sale_id for row in found.rows]


def pages_of_two(connection: Connection, wanted: SalesFilter, sort: Sort) -> list[int]:
    starts = range(0, read_sales(connection, LENS, wanted, sort, (1, 0)).total, 2)
    return [row.sale_id for start in starts for row in read_sales(connection, LENS, wanted, sort, (2, start)).rows]


def export(connection: Connection, wanted: SalesFilter, sort: Sort) -> list[int]:
    lines = "".join(sales_csv(stream_sales(connection, LENS, wanted, sort))).splitlines()[1:]
    return [int(line.split(",")[8]) for line in lines]


def frame(connection: Connection, wanted: SalesFilter, sort: Sort) -> list[int]:
    assert sort in (OLDEST_FIRST, NEWEST_FIRST)
    narrowed: dict[str, Any] = {"campaign_key": wanted.campaign, "product_key": wanted.product, "search": wanted.search}
    ids = frames(connection).sales(wanted.period, **narrowed)["sale_id"].tolist()
    return ids[::-1] if sort.descending else ids


READERS: dict[str, Callable[[Connection, SalesFilter, Sort], list[int]]] = {
    "page": page,
    "pages of two": pages_of_two,
    "export": export,
    "frame": frame,
}


def frames(connection: Connection) -> Frames:
    return Frames(LENS, NOW, lambda: nullcontext(connection))


def written(connection: Connection, foreign: str) -> Connection:
    """Return the connection to a database of ours into which another program wrote."""
    assert not accept(connection, RULES, told_of(OURS, ["", "spring", "", "brand"])).refused
    if FOREIGN[foreign] is not None:
        connection.execute(FOREIGN[foreign])
    return connection


def expected(connection: Connection, wanted: SalesFilter, sort: Sort) -> list[int]:
    sales, facts = everything(connection)
    narrowed = {name: getattr(wanted, name) for name in CHOSEN}
    found = wanted_sales(sales, facts, CHALLENGE.bounds(wanted.period), **narrowed)
    return in_order(found, sort.column.value, descending=sort.descending)


def test_every_filter_is_tried() -> None:
    assert [one.name for one in fields(SalesFilter)] == ["period", *CHOSEN]
    narrowed = [name.removesuffix("_key") for name in inspect.signature(Frames.sales).parameters]
    assert narrowed == ["self", "period", *CHOSEN, "most"]


@pytest.mark.parametrize("foreign", FOREIGN)
@pytest.mark.parametrize("reader", READERS)
def test_every_filter_finds_the_rows_of_the_reference(store: Store, foreign: str, reader: str) -> None:
    found = 0
    with store.fresh() as connection:
        written(connection, foreign)
        for period, chosen in product(PERIODS, FILTERS):
            wanted = SalesFilter(period, **chosen)
            rows = READERS[reader](connection, wanted, NEWEST_FIRST)
            assert rows == expected(connection, wanted, NEWEST_FIRST), (period, chosen)
            found += len(rows)
    assert found


@pytest.mark.parametrize("reader", ["page", "export"])
@pytest.mark.parametrize("foreign", ["a sale", "a sale of nobody"])
def test_every_order_is_that_of_the_reference(store: Store, foreign: str, reader: str) -> None:
    with store.fresh() as connection:
        written(connection, foreign)
        for sort, chosen in product(ORDERS, ONE_BY_ONE):
            wanted = SalesFilter(WHOLE, **chosen)
            assert READERS[reader](connection, wanted, sort) == expected(connection, wanted, sort), (sort, chosen)


@pytest.mark.parametrize("foreign", FOREIGN)
def test_every_choice_that_is_offered_finds_sales(connection: Connection, foreign: str) -> None:
    written(connection, foreign)
    choices = read_choices(connection, LENS, WHOLE)
    assert choices.products
    for key, _ in choices.campaigns:
        assert page(connection, SalesFilter(WHOLE, campaign=key), NEWEST_FIRST)
    for key, _ in choices.products:
        assert page(connection, SalesFilter(WHOLE, product=key), NEWEST_FIRST)


def test_every_frame_every_analysis_and_every_explanation_is_read(database_url: str) -> None:
    with opened(database_url, *story()) as workbench:
        with workbench.engine.begin() as connection:
            for campaign in ("Brand", None):
                connection.execute(sa.insert(sale).values(**recorded, purchase_date=at(17, 13), utm_campaign=campaign))
        theirs = workbench.frames
        assert all(len(getattr(theirs, name)()) for name in FRAMES)
        assert [theirs.campaigns(level=level)["high_ticket_sales"].sum() for level in Level] == [5] * len(Level)
        assert theirs.funnel()["high_ticket_sales"].sum() == 5
        assert theirs.view().set_index("figure").loc["high_ticket_sales", "value"] == 5
        asked = [function for module in ANALYSES for function in questions(module)]
        assert len(asked) >= 15
        for function in asked:
            function(workbench)
        for number in theirs.sales()["sale_id"]:
            with suppress(NoSuchSaleError):  # a sentence: read as it is recorded, until it is adopted
                workbench.explain(number)


ANALYSES = (attendance, campaigns, matching, models, quality, waiting)


def questions(module: Any) -> list[Callable[[Workbench], Any]]:
    """Return the module's own public functions that a workbench alone answers."""
    public = [one for name, one in inspect.getmembers(module, inspect.isfunction) if not name.startswith("_")]
    return [
        one
        for one in public
        if one.__module__ == module.__name__
        and next(iter(inspect.signature(one).parameters)) == "workbench"
        and all(
            given.default is not inspect.Parameter.empty
            for name, given in inspect.signature(one).parameters.items()
            if name != "workbench"
        )
    ]


def test_a_row_with_the_fewest_columns_is_read_whole(connection: Connection) -> None:
    bare = {"customer_name": "", "customer_email": "", "product_name": "", "price": Decimal(0)}
    connection.execute(sa.insert(sale).values(**bare, purchase_date=START))
    for name, chosen in product(READERS, FILTERS):
        wanted = SalesFilter(WHOLE, **chosen)
        assert READERS[name](connection, wanted, NEWEST_FIRST) == expected(connection, wanted, NEWEST_FIRST)
