"""ClickFunnels Classic → Sales → Export: one row per purchase, amounts in cents."""

import re
from collections.abc import Iterator, Sequence

from analytics.records import Messenger, Record, order_of_one
from connectors.contract import Reading
from connectors.exports.amounts import from_minor_units
from connectors.exports.currencies import currency_code
from connectors.exports.identity import classic_customer_id, name_cell, required, row_id
from connectors.exports.sheet import Sheet
from connectors.exports.survey import survey
from connectors.exports.table import Table, key
from connectors.exports.utm_columns import utm_cell
from connectors.exports.verdict import LeftOut, Verdict, each_row

KIND = "clickfunnels-classic-sales"
REMEDY = "in ClickFunnels Classic open Sales and export them as CSV with all columns"
AMOUNT = ("original amount cents", "amount cents", "original amount fractional")
CURRENCY = ("original amount currency", "currency", "amount currency")
PRODUCTS = ("product names", "product name", "products")
# Columns that only a list of purchases has; without them, and with `additional_info`, the rows are contacts.
PURCHASE_ONLY = frozenset(
    {"charge id", "status", "original amount currency", "subscription id", "payments count", "error message", "manual"}
)
SALES = frozenset({"", "paid", "complete", "completed", "succeeded", "refunded"})
_QUOTED = re.compile(r"""u?(["'])(.*?)\1""")


def is_header(columns: frozenset[str]) -> bool:
    """Tell whether a row of column keys is this export's header."""
    is_contacts = "additional info" in columns and columns.isdisjoint(PURCHASE_ONLY)
    return not columns.isdisjoint({*AMOUNT, "taxamo amount"}) and "created at" in columns and not is_contacts


def read(sheet: Sheet, reading: Reading) -> Iterator[Verdict]:
    """Yield an order for every row that was paid."""
    table = Table.under(sheet, is_header)
    table.require(REMEDY, ("email", "contact email"), ("created at",), AMOUNT, PRODUCTS)
    yield from each_row(table, Sales(table, reading, ("id", "purchase id")).read)


class Sales:
    """The columns of one file, and how its dates are written."""

    def __init__(self, table: Table, reading: Reading, ids: Sequence[str]) -> None:
        self.id, self.email = table.cell(*ids), table.cell("email", "contact email")
        self.created, self.amount = table.cell("created at"), table.cell(*AMOUNT)
        self.currency, self.default_currency = table.cell(*CURRENCY), reading.currency
        self.products, self.product_ids = table.cell(*PRODUCTS), table.cell("product ids", "product id")
        self.charge, self.status = table.cell("charge id"), table.cell("status")
        self.profile_id = table.cell("contact profile id")
        self.name, self.utm = name_cell(table, "name", "full name", "contact name"), utm_cell(table)
        _, dates = survey(table, (), (self.created,))
        self.moments = dates.conclude(reading.challenge, naive_is_utc=True)

    def has_purchase(self, cells: Sequence[str]) -> bool:
        """Tell whether a row names an amount or a product."""
        return self.amount(cells).strip("0.") != "" or self.products(cells) != ""

    def read(self, cells: Sequence[str]) -> tuple[Record, ...] | LeftOut:
        """Return the order of one row."""
        status = key(self.status(cells))
        if status not in SALES:
            return LeftOut(f"with status {self.status(cells)}")
        products = names(required(self.products(cells), "product_names"))
        currency = currency_code(self.currency(cells), self.default_currency)
        price = from_minor_units(required(self.amount(cells), "original_amount_cents"), currency)
        moment, date_only = self.moments.moment(self.created(cells))
        email = self.email(cells)
        order = order_of_one(
            source="clickfunnels",
            external_id=self.id(cells) or row_id("sale", email, products, price, currency, moment),
            email=email,
            name=self.name(cells),
            product=", ".join(products),
            price=price,
            currency=currency,
            ordered_at=moment,
            messenger=Messenger.CLASSIC_FUNNEL_TOOL,
            labels=(*products, *names(self.product_ids(cells))),
            ids=tuple(filter(None, (self.charge(cells),))),
            customer_id=classic_customer_id(self.profile_id(cells)),
            date_only=date_only,
            refunded=price if status == "refunded" else price * 0,
            utm=self.utm(cells),
        )
        return (order,)


def names(text: str) -> tuple[str, ...]:
    """Return the names in a cell, which is one name or a list as Ruby or Python prints it."""
    if not text.startswith("["):
        return (text,) if text else ()
    return tuple(name for _, name in _QUOTED.findall(text)) or tuple(
        part.strip() for part in text.strip("[]").split(",") if part.strip()
    )
