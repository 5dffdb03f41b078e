"""The file of rejected rows in a spreadsheet: numbers stay numbers, nothing runs, and what is corrected can be taken in."""

import csv
from pathlib import Path

import pytest

from connectors.rejects import Rejects
from tests.tables import drawn

#  \t and \r stand for what they name.
CELLS = drawn(r"""
    in the export     | in the rejects
    ------------------+-------------------
    =1+1              | '=1+1
    +1+cmd            | '+1+cmd
    -2+cmd            | '-2+cmd
    @SUM(A1)          | '@SUM(A1)
    ＝1+1             | '＝1+1
    ＋1               | '＋1
    －5               | '－5
    ＠SUM(A1)         | '＠SUM(A1)
    \t=1              | '\t=1
    \r=1              | '\r=1
    -                 | '-
    -5%               | '-5%
    -5                | -5
    -5.00             | -5.00
    -1.234,56         | -1.234,56
    +1 555 0100       | +1 555 0100
    Ana               | Ana
    fb-jan            | fb-jan
    'quoted'          | 'quoted'
""")


@pytest.mark.parametrize("row", CELLS, ids=lambda row: row["in the export"])
def test_a_rejected_cell_as_a_spreadsheet_opens_it(tmp_path: Path, row: dict[str, str]):
    told, written = (cell.replace(r"\t", "\t").replace(r"\r", "\r") for cell in row.values())
    path = tmp_path / "export.csv.rejected.csv"
    with Rejects(path) as rejects:
        rejects.names = ["name", told]
        rejects.add(2, told, ["Ana", told])
        assert rejects.publish() == path

    with path.open(encoding="utf-8-sig", newline="") as file:
        assert [*csv.reader(file, strict=True)] == [
            ["line", "reason", "name", written],
            ["2", written, "Ana", written],
        ]


@pytest.mark.parametrize("name", ["＝Bob", "＋Bob", "－5", "＠Bob", "=Bob", "-5", "Bob", "'Bob'"])
def test_a_corrected_row_is_taken_in_as_it_was(take, name: str):
    first = take(f"email,opted_in_at,name\na@x.io,soon,{name}\n")
    again = take(first.report.rejects.read_text("utf-8-sig").replace(",soon,", ",2026-01-05,"))

    assert [lead.name for lead in again.records] == [name]
