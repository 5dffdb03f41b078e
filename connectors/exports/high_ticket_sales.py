"""Our own `high-ticket-sales` file: one row per sale."""

from collections.abc import Iterator, Sequence
from decimal import Decimal

from analytics.records import Offer, Record, order_of_one
from connectors.contract import Reading
from connectors.exports import sales_table
from connectors.exports.currencies import currency_code
from connectors.exports.identity import required, row_id
from connectors.exports.sheet import Sheet
from connectors.exports.survey import survey
from connectors.exports.table import Table
from connectors.exports.verdict import Verdict, each_row

KIND = "high-ticket-sales"
TEMPLATE = """\
sale_id,customer_name,customer_email,product_name,price,currency,purchase_date,customer_id,payment_id,collected,refunded
S-3001,Ana Souza,ana@example.com,Mastermind,3000.00,USD,2026-01-17T20:15:00-03:00,,,1000.00,
S-3002,Bob Stone,bob@example.com,Mastermind,3000.00,USD,2026-01-18,,,3000.00,
"""
REMEDY = "a high-ticket-sales file needs customer_name, customer_email, product_name, price and purchase_date"
NEEDED = ("customer_name", "customer_email", "product_name", "price", "purchase_date")


def is_header(columns: frozenset[str]) -> bool:
    """Tell whether a row of column keys is this file's header."""
    is_sale = not columns.isdisjoint({"purchase date", "sale id"})
    return is_sale and not columns.isdisjoint({"customer name", "customer email"})


def read(sheet: Sheet, reading: Reading) -> Iterator[Verdict]:
    """Yield an order for every row, of the sales table that View 3 exports too."""
    table = Table.under(sheet, is_header)
    if sales_table.is_ours(table):
        yield from sales_table.read(table, reading)
        return
    table.require(REMEDY, *((name,) for name in NEEDED))
    yield from each_row(table, _Sales(table, reading).read)


class _Sales:
    """The columns of one file, and how its numbers and dates are written."""

    def __init__(self, table: Table, reading: Reading) -> None:
        self.name, self.email, self.product, self.price, self.when = map(table.cell, NEEDED)
        self.id, self.currency = table.cell("sale_id"), table.cell("currency")
        self.customer_id, self.payment_id = table.cell("customer_id"), table.cell("payment_id")
        self.collected, self.refunded = table.cell("collected"), table.cell("refunded")
        self.default_currency = reading.currency
        numbers, dates = survey(table, (self.price, self.collected, self.refunded), (self.when,))
        self.amounts, self.moments = numbers.conclude(), dates.conclude(reading.challenge)

    def read(self, cells: Sequence[str]) -> tuple[Record, ...]:
        """Return the order of one row."""
        name = required(self.name(cells), "customer_name")
        product = required(self.product(cells), "product_name")
        currency = currency_code(self.currency(cells), "")
        price, currency = self.amounts.price(required(self.price(cells), "price"), currency, self.default_currency)
        moment, date_only = self.moments.moment(self.when(cells))
        order = order_of_one(
            source="file",
            external_id=self.id(cells) or row_id(self.email(cells), name, product, price, moment),
            email=self.email(cells),
            name=name,
            product=product,
            price=price,
            currency=currency,
            ordered_at=moment,
            offer=Offer.HIGH_TICKET,
            labels=(product,),
            ids=tuple(filter(None, (self.payment_id(cells),))),
            customer_id=self.customer_id(cells),
            date_only=date_only,
            collected=self.amounts.read(self.collected(cells)) if self.collected(cells) else None,
            refunded=self.amounts.read(self.refunded(cells)) if self.refunded(cells) else Decimal(0),
        )
        return (order,)
