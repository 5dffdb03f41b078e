"""Our own `funnel-orders` file: one row per VIP or OTO order."""

from collections.abc import Iterator, Sequence
from decimal import Decimal

from analytics.records import Offer, Record, order_of_one
from connectors.contract import Reading, RowError
from connectors.exports.currencies import currency_code
from connectors.exports.identity import required, row_id
from connectors.exports.sheet import Sheet
from connectors.exports.survey import survey
from connectors.exports.table import Table
from connectors.exports.verdict import Verdict, each_row

KIND = "funnel-orders"
TEMPLATE = """\
order_id,kind,email,name,product,price,currency,ordered_at,refunded
O-2001,vip,ana@example.com,Ana Souza,VIP ticket,47.00,USD,2026-01-05T19:35:00-03:00,
O-2002,oto,bob@example.com,Bob Stone,Workbook bundle,97.00,USD,2026-01-06,97.00
"""
REMEDY = "a funnel-orders file needs kind, email, price and ordered_at"
OFFERS = {"vip": Offer.VIP, "oto": Offer.OTO}


def is_header(columns: frozenset[str]) -> bool:
    """Tell whether a row of column keys is this file's header."""
    return "ordered at" in columns and not columns.isdisjoint({"kind", "order id"})


def read(sheet: Sheet, reading: Reading) -> Iterator[Verdict]:
    """Yield an order for every row."""
    table = Table.under(sheet, is_header)
    table.require(REMEDY, ("kind",), ("email",), ("price",), ("ordered_at",))
    yield from each_row(table, _Orders(table, reading).read)


class _Orders:
    """The columns of one file, and how its numbers and dates are written."""

    def __init__(self, table: Table, reading: Reading) -> None:
        self.id, self.kind, self.email = table.cell("order_id"), table.cell("kind"), table.cell("email")
        self.name, self.product, self.price = table.cell("name"), table.cell("product"), table.cell("price")
        self.currency, self.ordered_at = table.cell("currency"), table.cell("ordered_at")
        self.refunded, self.default_currency = table.cell("refunded"), reading.currency
        numbers, dates = survey(table, (self.price, self.refunded), (self.ordered_at,))
        self.amounts, self.moments = numbers.conclude(), dates.conclude(reading.challenge)

    def read(self, cells: Sequence[str]) -> tuple[Record, ...]:
        """Return the order of one row."""
        offer = _offer(self.kind(cells))
        currency = currency_code(self.currency(cells), "")
        price, currency = self.amounts.price(required(self.price(cells), "price"), currency, self.default_currency)
        moment, date_only = self.moments.moment(self.ordered_at(cells))
        email, product = self.email(cells), self.product(cells)
        order = order_of_one(
            source="file",
            external_id=self.id(cells) or row_id(offer, email, self.name(cells), product, price, moment),
            email=email,
            name=self.name(cells),
            product=product or offer.upper(),
            price=price,
            currency=currency,
            ordered_at=moment,
            offer=offer,
            labels=tuple(filter(None, (product,))),
            date_only=date_only,
            refunded=self.amounts.read(self.refunded(cells)) if self.refunded(cells) else Decimal(0),
        )
        return (order,)


def _offer(kind: str) -> Offer:
    offer = OFFERS.get(kind.casefold())
    if offer is None:
        raise RowError(f"kind is '{kind}'; it is vip or oto")
    return offer
