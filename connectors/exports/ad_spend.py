"""Our own `ad-spend` file: one row per date and ad, ad set or campaign."""

from collections.abc import Iterator, Sequence

from analytics.records import AdSpend, Record
from connectors.contract import Reading
from connectors.exports.amounts import currency_code
from connectors.exports.identity import advertising_id, required
from connectors.exports.sheet import Sheet
from connectors.exports.survey import survey
from connectors.exports.table import Table
from connectors.exports.verdict import Verdict, each_row

KIND = "ad-spend"
TEMPLATE = """\
date,platform,account_id,campaign,campaign_id,ad_set,ad_set_id,ad,ad_id,spend,currency
2026-01-05,meta,1234567890,January launch,,Broad 25-45,,Video 1,,120.50,USD
2026-01-05,google,9876543210,Search brand,,,,,,35.00,USD
"""
REMEDY = "an ad-spend file needs date, platform and spend"


def is_header(columns: frozenset[str]) -> bool:
    """Tell whether a row of column keys is this file's header."""
    return {"platform", "spend"} <= columns


def read(sheet: Sheet, reading: Reading) -> Iterator[Verdict]:
    """Yield the spend of every row."""
    table = Table.under(sheet, is_header)
    table.require(REMEDY, ("date",), ("platform",), ("spend",))
    yield from each_row(table, _Spend(table, reading).read)


class _Spend:
    """The columns of one file, and how its numbers and dates are written."""

    def __init__(self, table: Table, reading: Reading) -> None:
        self.date, self.platform, self.account = table.cell("date"), table.cell("platform"), table.cell("account_id")
        self.campaign, self.campaign_id = table.cell("campaign"), table.cell("campaign_id")
        self.ad_set, self.ad_set_id = table.cell("ad_set"), table.cell("ad_set_id")
        self.ad, self.ad_id = table.cell("ad"), table.cell("ad_id")
        self.spend, self.currency, self.default_currency = table.cell("spend"), table.cell("currency"), reading.currency
        numbers, dates = survey(table, (self.spend,), (self.date,))
        self.amounts, self.moments = numbers.conclude(), dates.conclude(reading.challenge)

    def read(self, cells: Sequence[str]) -> tuple[Record, ...]:
        """Return the spend of one row."""
        currency = currency_code(self.currency(cells), "")
        spend, currency = self.amounts.price(required(self.spend(cells), "spend"), currency)
        return (
            AdSpend(
                date=self.moments.day(self.date(cells)),
                platform=required(self.platform(cells), "platform").casefold(),
                spend=spend,
                currency=currency or self.default_currency,
                source="file",
                account_id=advertising_id(self.account(cells)),
                campaign=self.campaign(cells),
                campaign_id=advertising_id(self.campaign_id(cells)),
                ad_set=self.ad_set(cells),
                ad_set_id=advertising_id(self.ad_set_id(cells)),
                ad=self.ad(cells),
                ad_id=advertising_id(self.ad_id(cells)),
            ),
        )
