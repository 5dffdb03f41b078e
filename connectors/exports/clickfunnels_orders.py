"""ClickFunnels 2.0 → Orders → Export: the columns are those ticked at export, found by alias."""

from collections.abc import Iterator, Sequence
from decimal import Decimal

from analytics.records import Messenger, OrderState, Record, order_of_one
from connectors.contract import Reading
from connectors.exports.amounts import POINT
from connectors.exports.currencies import currency_code
from connectors.exports.identity import name_cell, numbered, required, row_id
from connectors.exports.languages import truth
from connectors.exports.sheet import Sheet
from connectors.exports.survey import survey
from connectors.exports.table import Table, key
from connectors.exports.utm_columns import utm_cell
from connectors.exports.verdict import LeftOut, Note, Verdict, each_row

KIND = "clickfunnels-orders"
REMEDY = "tick Contact Email, Total, Billing Status, Products and Activated At or Created At when you export the orders"
NUMBER = ("order number", "number", "order #", "order no", "order no.")
ID = ("id", "order id", "public id", "order public id")
EMAIL = ("contact email", "contact email address", "customer email", "customer email address", "email address", "email")
NAME = ("customer name", "contact name", "name", "full name", "customer")
TOTAL = ("total amount", "total", "order total", "amount", "total price", "grand total")
STATUS = ("billing status", "payment status", "status", "order status")
WHEN = ("activated at", "paid at", "created at", "order date", "date", "ordered at", "placed at", "order created at")
PRODUCTS = ("products", "product names", "product name", "product", "line items", "items", "item", "order items")
REFUNDED = ("refunded amount", "amount refunded", "total refunded", "refund amount")
OWING = frozenset({"past due", "voided"})  # paid before, where it was activated
SALES = frozenset(
    [
        "paid",
        "complete",
        "completed",
        "succeeded",
        "active",
        "activated",
        "refunded",
        "partially refunded",
        "partial refund",
        "disputed",
        "past due",
        "voided",
    ]
)


def is_header(columns: frozenset[str]) -> bool:
    """Tell whether a row of column keys is this export's header."""
    is_order = not columns.isdisjoint({*NUMBER[:1], *NUMBER[2:], "billing status", "order id", "order type"})
    return is_order and not columns.isdisjoint({*TOTAL, *STATUS}) and "ordered at" not in columns


def read(sheet: Sheet, reading: Reading) -> Iterator[Verdict]:
    """Yield every order that was paid."""
    table = Table.under(sheet, is_header)
    table.require(REMEDY, EMAIL, TOTAL, STATUS, WHEN, PRODUCTS)
    orders = _Orders(table, reading)
    yield from each_row(table, orders.read)
    if orders.unknown_refunds:
        yield Note(f"{orders.unknown_refunds} orders were partly refunded, but the file does not say how much.")


class _Orders:
    """The columns of one file, and how its numbers and dates are written."""

    def __init__(self, table: Table, reading: Reading) -> None:
        self.id, self.number = table.cell(*ID), table.cell(*NUMBER)
        self.email, self.name, self.status = table.cell(*EMAIL), name_cell(table, *NAME), table.cell(*STATUS)
        self.total, self.refunded, self.currency = table.cell(*TOTAL), table.cell(*REFUNDED), table.cell("currency")
        self.whens = [table.cell(name) for name in WHEN]
        self.products, self.live = table.cell(*PRODUCTS), table.cell("live mode", "livemode")
        self.utm, self.default_currency = utm_cell(table), reading.currency
        self.payment = table.cell("charge id", "payment id", "transaction id", "external id")
        self.contact = table.cell("contact id")
        self.activated = table.cell("activated at", "paid at")
        self.first_product: dict[str, str] = {}
        self.unknown_refunds = 0
        numbers, dates = survey(table, (self.total, self.refunded), self.whens)
        self.amounts, self.moments = numbers.conclude(POINT), dates.conclude(reading.challenge)

    def read(self, cells: Sequence[str]) -> tuple[Record, ...] | LeftOut:
        """Return the order of one row."""
        status = key(self.status(cells)).replace("-", " ")
        if status not in SALES:
            return LeftOut(f"with status {self.status(cells) or 'empty'}")
        if status in OWING and not self.activated(cells):
            return LeftOut(f"with status {self.status(cells)}")
        product = required(self.products(cells), "Products")
        price, currency = self.amounts.price(
            required(self.total(cells), "Total"), currency_code(self.currency(cells), ""), self.default_currency
        )
        when = next(filter(None, (when(cells) for when in self.whens)), "")
        moment, date_only = self.moments.moment(when)
        email, number = self.email(cells), self.number(cells).lstrip("#")
        known = self.id(cells) or number or row_id(email, product, price, moment)
        numbers = (numbered(number, email), numbered(number, str(price))) if number else ()
        order = order_of_one(
            source="clickfunnels",
            external_id=self._own_id(known, product),
            email=email,
            name=self.name(cells),
            product=product,
            price=price,
            currency=currency,
            ordered_at=moment,
            messenger=Messenger.FUNNEL_TOOL,
            state=OrderState.VOIDED if status == "voided" else OrderState.PAID,
            labels=(product,),
            ids=tuple(filter(None, (f"clickfunnels:{known}", *numbers, self.payment(cells)))),
            customer_id=self.contact(cells),
            date_only=date_only,
            paid_at=moment if status in OWING else None,
            refunded=self._refunded(cells, status, price),
            disputed=price if status == "disputed" else Decimal(0),
            test=truth(self.live(cells)) is False,
            utm=self.utm(cells),
        )
        return (order,)

    def _own_id(self, known: str, product: str) -> str:
        """Return an id of the row: a file may have a row for each product of an order, all with the order's total."""
        first = self.first_product.setdefault(known, product)
        return known if product == first else row_id(known, product)

    def _refunded(self, cells: Sequence[str], status: str, price: Decimal) -> Decimal | None:
        text = self.refunded(cells)
        if not text:
            is_part = status.startswith("partial")
            self.unknown_refunds += is_part
            return price if status == "refunded" else None if is_part else Decimal(0)
        return self.amounts.read(text)
