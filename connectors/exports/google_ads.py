"""Google Ads → Reports → Download .csv: a title, a date range, the header, and rows of totals at the end."""

import re
from collections.abc import Iterator, Sequence
from contextlib import suppress

from analytics.records import Record
from connectors.contract import Reading, RowError
from connectors.exports.ad_columns import AdColumns, AdNames, Spent, decimal_sign
from connectors.exports.amounts import is_reported
from connectors.exports.currencies import currency_code
from connectors.exports.dates import Order
from connectors.exports.languages import names
from connectors.exports.sheet import Sheet
from connectors.exports.table import Table, keys
from connectors.exports.totals import ALL, CheckSum
from connectors.exports.verdict import LeftOut, Note, Verdict, each_row

KIND = "google-ads"
NAMES, DECIMALS = names("google_ads", "columns"), names("google_ads", "decimals")
COST, DAY, CURRENCY = NAMES["cost"], NAMES["day"], NAMES["currency code"]
CAMPAIGN, AD_GROUP, AD = NAMES["campaign"], NAMES["ad group"], NAMES["ad name"]
CAMPAIGN_ID, AD_GROUP_ID, AD_ID = NAMES["campaign id"], NAMES["ad group id"], NAMES["ad id"]
ACCOUNT_ID, ACCOUNT = NAMES["customer id"], NAMES["account name"]
TOTAL = re.compile(rf"({'|'.join(map(re.escape, names('google_ads', 'values')['total']))})(\s*[:：]|$)", re.IGNORECASE)
COLUMNS = AdNames(ACCOUNT_ID, CAMPAIGN, CAMPAIGN_ID, AD_GROUP, AD_GROUP_ID, AD, AD_ID, ACCOUNT)
REMEDY = (
    "in Google Ads add the segment Time → Day and the column Cost (Report editor: rows Day and Campaign) "
    "and download it as .csv"
)


def is_header(columns: frozenset[str]) -> bool:
    """Tell whether a row of column keys is this export's header."""
    return not columns.isdisjoint(COST) and not columns.isdisjoint({*CAMPAIGN, *AD_GROUP}) and "platform" not in columns


def read(sheet: Sheet, reading: Reading) -> Iterator[Verdict]:
    """Yield the spend of every row, then what the report's totals say about their sum."""
    table = Table.under(sheet, is_header)
    table.require(REMEDY, DAY, COST, (*CAMPAIGN, *AD_GROUP))
    rows = _Rows(table, reading)
    yield from map(Note, rows.ads.notes)
    if table.find(*CURRENCY) is None:
        yield Note(f"The report names no currency; {reading.currency} was taken.")
    yield from each_row(table, rows.read)
    if note := rows.check.note():
        yield Note(note)


class _Rows:
    """The columns of one file, and how its numbers and dates are written."""

    def __init__(self, table: Table, reading: Reading) -> None:
        self.day, self.cost = table.cell(*DAY), table.cell(*COST)
        self.currency, self.default_currency = table.cell(*CURRENCY), reading.currency
        self.ads = AdColumns(table, COLUMNS, reading)
        spent = next(name for name in COST if name in keys(table.header))
        is_english = spent == COST[0]
        numbers, dates = self.ads.survey(self.cost, (self.day,))
        self.amounts = numbers.conclude(decimal_sign(DECIMALS, spent))
        self.moments = dates.conclude(
            reading.challenge, None if is_english else Order.DAY_FIRST, order=reading.date_order
        )
        self.check = CheckSum()

    def read(self, cells: Sequence[str]) -> tuple[Record, ...] | LeftOut:
        """Return the spend of one row."""
        if TOTAL.match(cells[0]) and self._has_no_day(cells):
            return self._total(cells)
        cost = self.cost(cells)
        if not is_reported(cost):
            return LeftOut("without reported cost")
        currency = currency_code(_reported(self.currency(cells)), self.default_currency)
        spend, _ = self.amounts.price(cost, currency)
        spent = Spent(self.moments.day(self.day(cells)), spend, currency)
        self.check.add(spent.on, spend)
        return (self.ads.record(cells, spent, "google", "google"),)

    def _has_no_day(self, cells: Sequence[str]) -> bool:
        """Tell whether the cell for the day holds none: a campaign called "Total: Wine" has its day, a total has not."""
        try:
            self.moments.day(self.day(cells))
        except RowError:
            return True
        return False

    def _total(self, cells: Sequence[str]) -> LeftOut:
        """Keep the first total, the account's; the others repeat parts of it."""
        with suppress(RowError):  # a total that cannot be read checks nothing
            self.check.state(ALL, self.amounts.read(self.cost(cells)))
        return LeftOut("rows of totals")


def _reported(text: str) -> str:
    return text if is_reported(text) else ""
