"""The attribution table as CSV: what a spreadsheet and the csv module read back, and what neither ever runs."""

import csv
from datetime import datetime, timedelta
from decimal import Decimal
from io import StringIO
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.sales_csv import sales_csv
from analytics.spreadsheets import restored
from analytics.view3 import SaleRow

HEADER = (
    "Customer Name,HT Product,HT Price,Purchase Date,Original Campaign,Original Ad Set,Original Ad,"
    "Days from Lead to HT Sale,Sale Id,Currency,Status,Attribution,Reason,Buyer Paid"
)
ZONE = ZoneInfo("America/Sao_Paulo")
AT = datetime(2026, 1, 17, 18, 4, 5, tzinfo=ZONE)
NAMES = {"customer_name": 0, "product": 1, "campaign": 4, "ad_set": 5, "ad": 6}

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
texts |= st.text(st.sampled_from("=+-@\t\r\n\"', ;|ａ＝0"), max_size=6)
rows = st.builds(
    SaleRow,
    sale_id=st.integers(1),
    customer_name=texts,
    product=texts,
    price=st.decimals(0, 10**8 - 1, places=2),
    currency=st.sampled_from(("USD", "BRL")),
    purchased_at=st.integers(0, 10**8).map(lambda seconds: AT + timedelta(seconds=seconds)),
    campaign=texts,
    ad_set=texts,
    ad=texts,
    days_from_lead=st.none() | st.integers(0, 400),
    status=st.sampled_from(("paid", "refunded", "partly refunded")),
    attribution=st.sampled_from(("matched", "unattributed")),
    reason=st.sampled_from(("same e-mail", "no UTM", "same e-mail, typed differently")),
)


def sale(**changes) -> SaleRow:
    told: dict[str, Any] = {
        "customer_name": "Ana",
        "product": "Club",
        "campaign": "fb_jan",
        "ad_set": "set",
        "ad": "reel",
        **changes,
    }
    rest: dict[str, Any] = {"status": "paid", "attribution": "matched", "reason": "same e-mail"}
    return SaleRow(
        sale_id=7, price=Decimal("2000.00"), currency="USD", purchased_at=AT, days_from_lead=8, **told, **rest
    )


def read_back(told: list[SaleRow]) -> list[list[str]]:
    text = "".join(sales_csv(told))
    assert text.startswith("\ufeff")
    return list(csv.reader(StringIO(text.removeprefix("\ufeff"), newline=""), strict=True))


def test_the_file_as_it_is_written() -> None:
    told = [sale(), sale(customer_name='Zoë "Z", Ltd', campaign="", ad_set="", ad="", product="a\r\nb")]
    assert "".join(sales_csv(told)) == (
        f"\ufeff{HEADER}\r\n"
        "Ana,Club,2000.00,2026-01-17 18:04:05,fb_jan,set,reel,8,7,USD,paid,matched,same e-mail,2000.00\r\n"
        '"Zoë ""Z"", Ltd","a\r\nb",2000.00,2026-01-17 18:04:05,,,,8,7,USD,paid,matched,same e-mail,2000.00\r\n'
    )


def test_without_sales_there_is_a_header() -> None:
    assert "".join(sales_csv([])) == f"\ufeff{HEADER}\r\n"


@settings(max_examples=500, deadline=None, derandomize=True, database=None)
@given(st.lists(rows, max_size=4))
def test_what_is_read_back_is_what_was_written_and_never_a_formula(told: list[SaleRow]) -> None:
    header, *lines = read_back(told)
    assert ",".join(header) == HEADER
    assert len(lines) == len(told)
    for line, row in zip(lines, told, strict=True):
        for name, place in NAMES.items():
            assert restored(line[place]) == getattr(row, name)
            assert not line[place].strip(" ").startswith(("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠"))
        assert Decimal(line[2]) == row.price
        assert datetime.strptime(line[3], "%Y-%m-%d %H:%M:%S").replace(tzinfo=ZONE) == row.purchased_at.replace(fold=0)
        assert line[7] == ("" if row.days_from_lead is None else str(row.days_from_lead))
        assert line[8:] == [
            str(row.sale_id),
            row.currency,
            row.status,
            row.attribution,
            row.reason,
            str(row.buyer_paid),
        ]


@pytest.mark.parametrize("place", NAMES.values())
@pytest.mark.parametrize(
    "text",
    ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "  =1", "=cmd|' /C calc'!A0", "＝1", "＋1", "－1", "＠A1"],
)
def test_a_cell_that_a_spreadsheet_would_run_is_text(text: str, place: int) -> None:
    name = next(name for name, its_place in NAMES.items() if its_place == place)
    assert read_back([sale(**{name: text})])[1][place] == f"'{text}"


@pytest.mark.parametrize("text", ["a=b", "fb-jan", "Ana", "'quoted'", "1=1", ""])
def test_a_harmless_cell_stays_as_it_is(text: str) -> None:
    assert read_back([sale(campaign=text)])[1][4] == text


def test_many_rows_come_in_chunks_in_order_and_under_one_header() -> None:
    told = [sale(customer_name=f"Buyer {number}") for number in range(1201)]
    chunks = list(sales_csv(told))
    assert len(chunks) > 1
    text = "".join(chunks)
    assert text.count("\ufeff") == text.count("Customer Name") == 1
    assert [line[0] for line in read_back(told)[1:]] == [row.customer_name for row in told]


def test_rows_are_asked_for_as_they_are_written() -> None:
    asked = []

    def endless():
        while True:
            asked.append(1)
            yield sale()

    stream = sales_csv(endless())
    next(stream)
    assert len(asked) <= 1000
