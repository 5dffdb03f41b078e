"""Workbooks and zips: what is inside reads as the text itself would."""

import io
from datetime import datetime
from zipfile import ZipFile

import openpyxl
import pytest

from connectors.contract import UnusableFileError

META = "Day,Campaign name,Campaign ID,Amount spent (USD)\n2026-01-05,January,120210000000000001,60.5\n"
TABLE = (
    'Content,Video title,Video publish time,Peak concurrent viewers\nTotal,,,\nAbCdEfGhIj1,Day 5,"Jan 5, 2026",264\n'
)
CHART = (
    "Date,Content,Video title,Video publish time,Peak concurrent viewers\n"
    '2026-01-05,AbCdEfGhIj1,Day 5,"Jan 5, 2026",200\n'
)
TOTALS = "Date,Views\n2026-01-05,100\n"


def zipped(**files: str) -> bytes:
    place = io.BytesIO()
    with ZipFile(place, "w") as archive:
        for name, text in files.items():
            archive.writestr(name.replace("_", " ") + ".csv", text)
    return place.getvalue()


def test_the_first_sheet_of_a_workbook_is_the_export(take):
    book, place = openpyxl.Workbook(), io.BytesIO()
    book.active.append(["Day", "Campaign name", "Campaign ID", "Amount spent (USD)"])
    book.active.append([datetime(2026, 1, 5), "January", "120210000000000001", 60.5])
    book.save(place)
    outcome = take(place.getvalue())
    assert outcome.report.kind == "meta-ads"
    assert outcome.records == take(META).records


@pytest.mark.parametrize(
    "archive",
    [
        zipped(Table_data=TABLE, Chart_data=CHART, Totals=TOTALS),
        zipped(Chart_data=CHART, Totals=TOTALS, Table_data=TABLE),
        zipped(Tabellendaten=TABLE),
    ],
)
def test_a_whole_zip_of_studio_reads_as_its_table(take, archive):
    assert take(archive).records == take(TABLE).records


def test_a_zip_without_an_export_says_what_to_do(take):
    place = io.BytesIO()
    with ZipFile(place, "w") as archive:
        archive.writestr("picture.png", b"")
    with pytest.raises(UnusableFileError, match="zip archive without a CSV"):
        take(place.getvalue())
