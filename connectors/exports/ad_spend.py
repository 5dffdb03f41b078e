"""Our own `ad-spend` file: one row per date and ad, ad set or campaign."""

from collections.abc import Iterator, Sequence

from analytics.records import Record, Statement
from connectors.contract import Reading
from connectors.exports.ad_columns import AdColumns, AdNames, Spent
from connectors.exports.currencies import currency_code
from connectors.exports.identity import required
from connectors.exports.sheet import Sheet
from connectors.exports.table import Table
from connectors.exports.verdict import Note, Verdict, each_row

KIND = "ad-spend"
TEMPLATE = """\
date,platform,account_id,campaign,campaign_id,ad_set,ad_set_id,ad,ad_id,spend,currency
2026-01-05,meta,1234567890,January launch,,Broad 25-45,,Video 1,,120.50,USD
2026-01-05,google,9876543210,Search brand,,,,,,35.00,USD
"""
COLUMNS = AdNames(
    account_id=("account_id",),
    campaign=("campaign",),
    campaign_id=("campaign_id",),
    ad_set=("ad_set",),
    ad_set_id=("ad_set_id",),
    ad=("ad",),
    ad_id=("ad_id",),
)
REMEDY = "an ad-spend file needs date, platform and spend"


def is_header(columns: frozenset[str]) -> bool:
    """Tell whether a row of column keys is this file's header."""
    return {"platform", "spend"} <= columns


def read(sheet: Sheet, reading: Reading) -> Iterator[Verdict]:
    """Yield the spend of every row."""
    table = Table.under(sheet, is_header)
    table.require(REMEDY, ("date",), ("platform",), ("spend",))
    rows = _Rows(table, reading)
    yield from map(Note, rows.ads.notes)
    yield from each_row(table, rows.read)


class _Rows:
    """The columns of one file, and how its numbers and dates are written."""

    def __init__(self, table: Table, reading: Reading) -> None:
        self.date, self.platform = table.cell("date"), table.cell("platform")
        self.spend, self.currency, self.default_currency = table.cell("spend"), table.cell("currency"), reading.currency
        self.ads = AdColumns(table, COLUMNS, reading, Statement.ROW)
        numbers, dates = self.ads.survey(self.spend, (self.date,))
        self.amounts, self.moments = numbers.conclude(), dates.conclude(reading.challenge, order=reading.date_order)

    def read(self, cells: Sequence[str]) -> tuple[Record, ...]:
        """Return the spend of one row."""
        currency = currency_code(self.currency(cells), "")
        spend, currency = self.amounts.price(required(self.spend(cells), "spend"), currency, self.default_currency)
        spent = Spent(self.moments.day(self.date(cells)), spend, currency)
        platform = required(self.platform(cells), "platform").casefold()
        return (self.ads.record(cells, spent, platform, "file"),)
