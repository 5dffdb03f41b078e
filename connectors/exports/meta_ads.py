"""Meta Ads Manager → Export: one row per day and ad, ad set or campaign, in the language of the account's user."""

import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import date

from analytics.records import Record
from connectors.contract import Reading, RowError, UnusableFileError
from connectors.exports.ad_columns import AdColumns, AdNames, Spent, decimal_sign
from connectors.exports.amounts import is_reported
from connectors.exports.currencies import currency_code
from connectors.exports.dates import Order
from connectors.exports.languages import names
from connectors.exports.sheet import Sheet
from connectors.exports.table import Table, key, keys
from connectors.exports.totals import ALL, CheckSum
from connectors.exports.verdict import LeftOut, Note, Verdict, each_row

KIND = "meta-ads"
NAMES, DECIMALS = names("meta_ads", "columns"), names("meta_ads", "decimals")
SPENT, DAY, CURRENCY = NAMES["amount spent"], NAMES["day"], NAMES["currency"]
STARTS, ENDS = NAMES["reporting starts"], NAMES["reporting ends"]
CAMPAIGN, AD_SET, AD = NAMES["campaign name"], NAMES["ad set name"], NAMES["ad name"]
CAMPAIGN_ID, AD_SET_ID, AD_ID = NAMES["campaign id"], NAMES["ad set id"], NAMES["ad id"]
ACCOUNT_ID, ACCOUNT = NAMES["account id"], NAMES["account name"]
TOTALS = frozenset(names("meta_ads", "values")["total"])
IN_HEADER = re.compile(r"(.*?)\s*\(([a-z]{3})\)")
COLUMNS = AdNames(ACCOUNT_ID, CAMPAIGN, CAMPAIGN_ID, AD_SET, AD_SET_ID, AD, AD_ID, ACCOUNT)
REMEDY = "in Ads Manager choose the breakdown By time → Day before you export, so that each row is one day"


def is_header(columns: frozenset[str]) -> bool:
    """Tell whether a row of column keys is this export's header."""
    has_spend = any(_spent(column) for column in columns)
    names = {*STARTS, *CAMPAIGN, *AD_SET, *AD}
    return (has_spend and not columns.isdisjoint({*names, *DAY})) or not columns.isdisjoint(STARTS)


def read(sheet: Sheet, reading: Reading) -> Iterator[Verdict]:
    """Yield the spend of every row of a day, then what the report's totals say about their sum."""
    table = Table.under(sheet, is_header)
    spent = next((name for name in keys(table.header) if _spent(name)), None)
    if spent is None:
        table.require("add the column 'Amount spent' before you export", SPENT)
    rows = _Rows(table, reading, spent or SPENT[0])
    if rows.currency_note:
        yield Note(rows.currency_note)
    yield from map(Note, rows.ads.notes)
    yield from each_row(table, rows.read)
    if note := rows.check.note():
        yield Note(note)


class _Rows:
    """The columns of one file, and how its numbers and dates are written."""

    def __init__(self, table: Table, reading: Reading, spent: str) -> None:
        self.ads = AdColumns(table, COLUMNS, reading)
        self.has_names = any(table.find(*names) is not None for names in (CAMPAIGN, AD_SET, AD))
        self.spent, self.currency = table.cell(spent), table.cell(*CURRENCY)
        self.starts, self.ends = table.cell(*STARTS), table.cell(*ENDS)
        self.has_day = table.find(*DAY) is not None
        self.day = table.cell(*DAY) if self.has_day else self.starts
        in_header = IN_HEADER.fullmatch(spent)
        self.default_currency = in_header[2].upper() if in_header else reading.currency
        is_english = spent.startswith(SPENT[0])
        numbers, dates = self.ads.survey(self.spent, (self.day, self.starts, self.ends))
        self.amounts = numbers.conclude(decimal_sign(DECIMALS, in_header[1] if in_header else spent))
        # English is written in both orders; the other languages here put the day first.
        self.moments = dates.conclude(
            reading.challenge, None if is_english else Order.DAY_FIRST, order=reading.date_order
        )
        self.check = CheckSum()
        self.currency_note = (
            "" if in_header or table.find(*CURRENCY) is not None
            else f"The report names no currency; {reading.currency} was taken."
        )  # fmt: skip
        if not self.has_day:
            _require_single_days(table, self)

    def read(self, cells: Sequence[str]) -> tuple[Record, ...] | LeftOut:
        """Return the spend of one row."""
        if self._is_total(cells):
            return self._total(cells)
        spent = self.spent(cells)
        if not is_reported(spent):
            return LeftOut("without reported spend")
        currency = currency_code(self.currency(cells), self.default_currency)
        spend, _ = self.amounts.price(spent, currency)
        when = Spent(self.moments.day(self.day(cells)), spend, currency)
        self.check.add(when.on, spend)
        return (self.ads.record(cells, when, "meta", "meta"),)

    def _is_total(self, cells: Sequence[str]) -> bool:
        """Tell a row of totals: it names no campaign, or names one "Total" and nothing under it."""
        if self.ads.has_id(cells):
            return False
        names = self.ads.named(cells)
        if not names:
            return self.has_names or not is_reported(self.day(cells))
        return len(names) == 1 and key(names[0]) in TOTALS

    def _total(self, cells: Sequence[str]) -> LeftOut:
        with suppress(RowError):  # a total that cannot be read checks nothing
            scope: date | str = self.moments.day(self.day(cells)) if self.day(cells) else ALL
            self.check.state(scope, self.amounts.read(self.spent(cells)))
        return LeftOut("rows of totals")


def _spent(column: str) -> bool:
    in_header = IN_HEADER.fullmatch(column)
    return (in_header[1] if in_header else column) in SPENT


def _require_single_days(table: Table, rows: _Rows) -> None:
    """Raise UnusableFileError unless every row's reporting range is a single day."""
    if table.find(*STARTS) is None or table.find(*ENDS) is None:
        raise UnusableFileError(f"The file has no column Day: {REMEDY}.")
    for line, cells, fault in table.rows():
        if not fault and rows.starts(cells) != rows.ends(cells):
            raise UnusableFileError(
                f"The file has no column Day, and line {line} covers "
                f"{rows.starts(cells)} to {rows.ends(cells)}: {REMEDY}."
            )
