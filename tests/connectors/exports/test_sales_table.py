"""The sales table that View 3 exports, handed to the import: what it says, what comes back, and what is not counted twice."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from analytics.records import Order, Utm
from analytics.sales_csv import sales_csv
from analytics.view3 import SaleRow
from connectors.exports.sales_table import ABOUT
from tests.analytics.told import CHALLENGE
from tests.connectors.conftest import Take

ZONE = CHALLENGE.zone
texts = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=20)
texts |= st.text(st.sampled_from("=+-@'\", ;|ａ＝0\t\n"), max_size=6)
texts = texts.map(str.strip)
rows = st.builds(
    SaleRow,
    sale_id=st.integers(1),
    customer_name=texts,
    product=texts,
    price=st.decimals(0, 10**8 - 1, places=2),
    currency=st.sampled_from(("USD", "BRL")),
    purchased_at=st.integers(0, 10**7).map(lambda seconds: datetime(2026, 1, 1, tzinfo=ZONE) + timedelta(0, seconds)),
    campaign=texts,
    ad_set=texts,
    ad=texts,
    days_from_lead=st.none() | st.integers(0, 400),
    status=st.sampled_from(("paid", "refunded", "partly refunded")),
    attribution=st.just("matched"),
    reason=st.just("same e-mail"),
)


@settings(
    max_examples=300,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(st.lists(rows, min_size=1, max_size=5))
def test_every_row_comes_back_as_it_was_but_for_the_person_and_the_lead(take: Take, told: list[SaleRow]) -> None:
    outcome = take("".join(sales_csv(told)))
    assert (outcome.report.kind, outcome.report.rejected, outcome.report.notes[0]) == ("high-ticket-sales", 0, ABOUT)
    assert len({one.external_id for one in orders(outcome.records)}) == len(told)
    for row, one in zip(told, orders(outcome.records), strict=True):
        assert (one.name, [line.product for line in one.lines]) == (row.customer_name, [row.product])
        assert one.utm == Utm(campaign=row.campaign, term=row.ad_set, content=row.ad)
        assert (one.total, one.currency, one.ordered_at) == (row.price, row.currency, row.purchased_at)
        assert one.refunded == (row.price if row.status == "refunded" else 0)
        assert (one.source, one.email) == ("file", "")


def orders(records: list[Any]) -> Iterator[Order]:
    for record in records:
        assert isinstance(record, Order)
        yield record


HEADER = "Customer Name,HT Product,HT Price,Purchase Date,Original Ad Set,Sale Id,Status\n"


@pytest.mark.parametrize(
    ("row", "outcome"),
    [
        ("Ana,Club,2000,2026-01-17 18:04,Broad,7,paid", "taken"),
        ("'=1+1,Club,2000,17.01.2026,Broad,7,", "taken"),
        ("Ana,Club,,2026-01-17,Broad,7,paid", "2,'HT Price' is empty"),
        ("Ana,Club,2000,soon,Broad,7,paid", "2,'soon' is not a date"),
        ("Ana,Club,2000,2026-01-17,Broad,7,lost", "2,\"the status is 'lost'; it is paid"),
        ("Ana,Club,2000", "2,the row has 3 cells where the header has 7"),
    ],
)
def test_a_table_that_a_person_changed_is_read_or_rejected_with_the_reason(take: Take, row: str, outcome: str) -> None:
    told = take(HEADER + row + "\n")
    assert (told.rejects[0] if told.rejects else "taken").startswith(outcome)


def test_what_was_partly_refunded_is_told(take: Take) -> None:
    notes = take(HEADER + "Ana,Club,2000,2026-01-17,Broad,7,partly refunded\n").report.notes
    assert notes[1].startswith("1 sales were partly refunded")
