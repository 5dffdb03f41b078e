"""The sales table that View 3 itself exports, read back: it names no person and no id of a vendor."""

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime
from decimal import Decimal

from analytics.records import Offer, Order, Utm, order_of_one
from analytics.spreadsheets import restored
from connectors.contract import HeldSale, Reading, RowError
from connectors.exports.currencies import currency_code
from connectors.exports.identity import required, row_id
from connectors.exports.survey import survey
from connectors.exports.table import Cell, Table, keys
from connectors.exports.verdict import Columns, LeftOut, Note, Rejected, Taken, Verdict

HELD = "sales that this database has already"
ABOUT = (
    "This is the sales table that View 3 exports. It holds no e-mail addresses: a sale that this database lacks comes in "
    "without a person, and counts once more if its vendor tells it later."
)
PART_UNKNOWN = "sales were partly refunded, and the table does not tell how much: they come in as paid."
STATUSES = ("", "paid", "partly refunded", "refunded")


def is_ours(table: Table) -> bool:
    """Tell whether a table is the one that View 3 exports."""
    return {"customer name", "ht product", "ht price", "purchase date"} <= set(keys(table.header))


def read(table: Table, reading: Reading) -> Iterator[Verdict]:
    """Yield a purchase for every row that the database lacks; rows that it has are left out, each once."""
    yield Note(ABOUT)
    yield Columns(table.header)
    sales = _Sales(table, reading)
    held = Counter(sales.key_of(*one) for one in reading.held())
    seen, parts = Counter[str](), 0
    for line, cells, fault in table.rows():
        if fault:
            yield Rejected(line, fault, cells)
            continue
        try:
            sale, key = sales.read(cells)
        except RowError as error:
            yield Rejected(line, str(error), cells)
            continue
        seen[key] += 1
        if seen[key] <= held[key]:
            yield LeftOut(HELD)
            continue
        parts += sales.status(cells) == "partly refunded"
        yield Taken(line, (sales.purchase(sale, cells, row_id(key, seen[key])),))
    if parts:
        yield Note(f"{parts:,} {PART_UNKNOWN}")


class _Sales:
    """The columns of one table, and how its numbers and dates are written."""

    def __init__(self, table: Table, reading: Reading) -> None:
        self.name, self.product = _text(table.cell("customer name")), _text(table.cell("ht product"))
        self.price, self.when = table.cell("ht price"), table.cell("purchase date")
        self.campaign, self.ad_set, self.ad = (
            _text(table.cell(f"original {part}")) for part in ("campaign", "ad set", "ad")
        )
        self.currency, self.status = table.cell("currency"), table.cell("status")
        self.reading = reading
        numbers, dates = survey(table, (self.price,), (self.when,))
        self.amounts, self.moments = numbers.conclude(), dates.conclude(reading.challenge)

    def read(self, cells: Sequence[str]) -> tuple[HeldSale, str]:
        """Return the sale of one row, and the key under which it is looked for."""
        currency = currency_code(self.currency(cells), "")
        price, currency = self.amounts.price(required(self.price(cells), "HT Price"), currency, self.reading.currency)
        if self.status(cells) not in STATUSES:
            raise RowError(f"the status is '{self.status(cells)}'; it is paid, partly refunded or refunded")
        moment, _ = self.moments.moment(self.when(cells))
        sale = (self.name(cells), self.product(cells), price, currency, moment)
        return sale, self.key_of(*sale)

    def key_of(self, name: str, product: str, price: Decimal, currency: str, moment: datetime) -> str:
        """Return the same text for a sale of the database and for its row: a spreadsheet drops seconds, so the date is all."""
        on = self.reading.challenge.local_date(moment)
        return row_id(name.strip(), product.strip(), price.normalize(), currency, on)

    def purchase(self, sale: HeldSale, cells: Sequence[str], external_id: str) -> Order:
        """Return the purchase of one row; what the table calls original is the order's own, read by the UTM mapping."""
        name, product, price, currency, moment = sale
        told = {"utm_campaign": self.campaign(cells), self.reading.mapping.ad_set: self.ad_set(cells)}
        told[self.reading.mapping.ad] = self.ad(cells)
        return order_of_one(
            source="file",
            external_id=external_id,
            email="",
            name=name,
            product=product,
            price=price,
            currency=currency,
            ordered_at=moment,
            offer=Offer.HIGH_TICKET,
            labels=tuple(filter(None, (product,))),
            refunded=price if self.status(cells) == "refunded" else Decimal(0),
            utm=Utm(**{column.removeprefix("utm_"): value for column, value in told.items()}),
        )


def _text(cell: Cell) -> Cell:
    return lambda cells: restored(cell(cells))
