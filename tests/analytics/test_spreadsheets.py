"""Cells that a spreadsheet would run, as they stand in a file, and back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.spreadsheets import harmless, restored
from tests.tables import drawn

#  \t, \r and \n stand for what they name; a cell in double quotes keeps its blanks.
CELLS = drawn(r"""
    typed             | in a file
    ------------------+-------------------
    =1+1              | '=1+1
    +1                | '+1
    -1                | '-1
    @SUM(A1)          | '@SUM(A1)
    ＝1+1             | '＝1+1
    ＋1               | '＋1
    －1               | '－1
    ＠SUM(A1)         | '＠SUM(A1)
    \t=1              | '\t=1
    \r=1              | '\r=1
    \n=1              | '\n=1
    \tAna             | '\tAna
    "  =1"            | "'  =1"
    "  ＝1"           | "'  ＝1"
    " \t=1"           | "' \t=1"
    Ana               | Ana
    a=b               | a=b
    fb-jan            | fb-jan
    ana@example.com   | ana@example.com
    Ａｎａ＝＠        | Ａｎａ＝＠
    'quoted'          | 'quoted'
    '=1+1             | ''=1+1
    ''-1              | '''-1
    2000.00           | 2000.00
    ""                | ""
""")


def meant(cell: str) -> str:
    return cell.replace(r"\t", "\t").replace(r"\r", "\r").replace(r"\n", "\n")


@pytest.mark.parametrize("row", CELLS, ids=lambda row: row["typed"])
def test_a_cell_that_a_spreadsheet_would_run_gets_an_apostrophe_and_no_other(row: dict[str, str]):
    typed, written = meant(row["typed"]), meant(row["in a file"])

    assert harmless(typed) == written
    assert restored(written) == typed


@given(st.text() | st.text(st.sampled_from("=+-@＝＋－＠\t\r\n 'a0"), max_size=6))
def test_every_text_starts_harmlessly_and_comes_back(text: str):
    cell = harmless(text)

    assert cell.lstrip(" ")[:1] not in {*"=+-@＝＋－＠\t\r\n"}
    assert restored(cell) == text
