"""The attribution table as CSV: UTF-8 with BOM, RFC 4180, safe to open in a spreadsheet."""

import csv
from collections.abc import Iterable, Iterator
from io import StringIO

from analytics.spreadsheets import harmless
from analytics.view3 import SaleRow

COLUMNS = (
    "Customer Name",
    "HT Product",
    "HT Price",
    "Purchase Date",
    "Original Campaign",
    "Original Ad Set",
    "Original Ad",
    "Days from Lead to HT Sale",
    "Sale Id",
    "Currency",
    "Status",
    "Attribution",
    "Reason",
    "Buyer Paid",
)
BOM = "\ufeff"
CHUNK = 500


def sales_csv(rows: Iterable[SaleRow]) -> Iterator[str]:
    """Yield the CSV text in chunks, header first; a cell that a spreadsheet would run starts with an apostrophe."""
    buffer = StringIO()
    writer = csv.writer(buffer)
    buffer.write(BOM)
    writer.writerow(COLUMNS)
    for number, row in enumerate(rows, 1):
        writer.writerow(_cells(row))
        if number % CHUNK == 0:
            yield _drain(buffer)
    yield _drain(buffer)


def _cells(row: SaleRow) -> list[object]:
    return [
        harmless(row.customer_name),
        harmless(row.product),
        row.price,
        f"{row.purchased_at:%Y-%m-%d %H:%M:%S}",
        harmless(row.campaign),
        harmless(row.ad_set),
        harmless(row.ad),
        "" if row.days_from_lead is None else row.days_from_lead,
        row.sale_id,
        row.currency,
        row.status,
        row.attribution,
        row.reason,
        row.buyer_paid,
    ]


def _drain(buffer: StringIO) -> str:
    text = buffer.getvalue()
    buffer.seek(0)
    buffer.truncate()
    return text
