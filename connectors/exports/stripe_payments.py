"""Stripe → Payments → Export: default columns, all columns, and the older "Created (UTC)"."""

import re
from collections.abc import Iterator, Sequence
from decimal import Decimal

from analytics.records import Dispute, DisputeState, Payment, Record
from connectors.contract import Reading
from connectors.exports.amounts import POINT
from connectors.exports.currencies import currency_code
from connectors.exports.identity import required
from connectors.exports.languages import truth
from connectors.exports.sheet import Sheet
from connectors.exports.survey import survey
from connectors.exports.table import Cell, Table, key, keys
from connectors.exports.utm_columns import utm_cell
from connectors.exports.verdict import LeftOut, Verdict, each_row

KIND = "stripe-payments"
CREATED = ("created date (utc)", "created (utc)", "created")
REMEDY = "in Stripe open Payments, choose Export and 'All columns'"
# A dispute is about money that was paid; a refund keeps the sale and lowers the net.
SALES = frozenset(
    [
        "paid",
        "succeeded",
        "refunded",
        "partially refunded",
        "partial refund",
        "partial refunded",
        "disputed",
        "dispute won",
        "dispute lost",
        "needs response",
        "under review",
        "dispute needs response",
        "dispute under review",
        "won",
        "lost",
    ]
)
# How a dispute that is over is called; any other word for its state is one for a dispute that is open.
OVER = {
    "lost": DisputeState.LOST,
    **dict.fromkeys(("won", "warning closed", "charge refunded", "prevented"), DisputeState.WON),
}
DISPUTED = frozenset({"disputed", "won", "lost", "needs response", "under review"})
OF_INVOICES = frozenset({"subscription creation", "subscription update", "payment for invoice"})
LATER = "subscription update"
_QUANTITY = re.compile(r"\s*\([0-9]+\)$")
PRODUCT = re.compile(r"product|price|plan|offer|item|sku|course|program|package")
PRODUCT_NAMES = ("product", "product name", "products", "product names", "item", "item name", "offer", "plan", "course")


def is_header(columns: frozenset[str]) -> bool:
    """Tell whether a row of column keys is this export's header."""
    return {"id", "amount"} <= columns and not columns.isdisjoint(CREATED[:2])


def read(sheet: Sheet, reading: Reading) -> Iterator[Verdict]:
    """Yield the payment of every charge that was paid."""
    table = Table.under(sheet, is_header)
    table.require(REMEDY, ("id",), CREATED, ("amount",), ("amount refunded",), ("currency",), ("status",))
    yield from each_row(table, _Payments(table, reading).read)


class _Payments:
    """The columns of one file, and how its numbers and dates are written."""

    def __init__(self, table: Table, reading: Reading) -> None:
        self.id, self.intent = table.cell("id"), table.cell("paymentintent id", "payment intent id")
        self.created, self.currency = table.cell(*CREATED), table.cell("currency")
        self.amount, self.refunded = table.cell("amount"), table.cell("amount refunded")
        self.status, self.captured, self.mode = table.cell("status"), table.cell("captured"), table.cell("mode")
        self.description, self.customer_id = table.cell("description"), table.cell("customer id")
        self.dispute_status, self.disputed = table.cell("dispute status"), table.cell("disputed amount")
        self.disputed_at = table.cell("dispute date (utc)")
        self.emails = [table.cell(name) for name in ("customer email", *_metadata(table, "email", "customer email"))]
        names = ("customer name", *_metadata(table, "customer name", "name", "full name"), "card name")
        self.names = [table.cell(name) for name in names]
        self.products = [table.cell(name) for name in _metadata(table, *PRODUCT_NAMES)]
        self.summary, self.link = table.cell("checkout line item summary"), table.cell("payment link id")
        self.invoice, self.session = table.cell("invoice id"), table.cell("checkout session id")
        self.utm = utm_cell(table)
        self.labels = [table.cell(name) for name in keys(table.header) if _is_metadata(name) and PRODUCT.search(name)]
        amounts, moments = (self.amount, self.refunded, self.disputed), (self.created, self.disputed_at)
        numbers, dates = survey(table, amounts, moments)
        self.amounts = numbers.conclude(POINT)
        self.moments = dates.conclude(reading.challenge, naive_is_utc=True)

    def read(self, cells: Sequence[str]) -> tuple[Record, ...] | LeftOut:
        """Return the payment and the dispute of one row."""
        status = key(self.status(cells)).replace("-", " ")
        if status not in SALES:
            return LeftOut(f"with status {self.status(cells) or 'empty'}")
        if truth(self.captured(cells)) is False:
            return LeftOut("not captured")
        payment = self._payment(cells, status)
        return payment, *self._dispute(cells, status, payment)

    def _payment(self, cells: Sequence[str], status: str) -> Payment:
        charge, description = required(self.id(cells), "id"), self.description(cells)
        currency = currency_code(required(self.currency(cells), "Currency"), "")
        amount, _ = self.amounts.price(self.amount(cells), currency)
        moment, date_only = self.moments.moment(self.created(cells))
        bought = [_QUANTITY.sub("", one.strip()) for one in self.summary(cells).split(";") if one.strip()]
        noted = _first(self.products, cells) or ", ".join(bought)
        is_of_invoice = key(description) in OF_INVOICES and (key(description) == LATER or not noted)
        texts = (
            *(label(cells) for label in self.labels),
            *bought,
            self.link(cells),
            "" if is_of_invoice else description,
        )
        return Payment(
            source="stripe",
            external_id=f"{charge}/file",  # stands beside what webhooks tell of the charge
            amount=amount,
            currency=currency,
            paid_at=moment,
            is_estimate=True,  # a bank debit succeeds days after it was created
            ids=tuple(filter(None, (charge, self.intent(cells)))),
            order_ids=tuple(filter(None, (self.invoice(cells), self.session(cells)))),
            refunded=self._refunded(cells, status, amount),
            product="" if is_of_invoice else noted or description,
            labels=tuple(dict.fromkeys(filter(None, texts))),
            name=_first(self.names, cells),
            email=_first(self.emails, cells),
            customer_id=self.customer_id(cells),
            date_only=date_only,
            for_invoice=is_of_invoice,
            test=self.mode(cells).casefold() == "test",
            utm=self.utm(cells),
        )

    def _dispute(self, cells: Sequence[str], status: str, payment: Payment) -> Iterator[Dispute]:
        """Yield the dispute about a payment; the file does not tell its id, so it goes by the payment's own."""
        state = key(self.dispute_status(cells)).replace("_", " ") or status.removeprefix("dispute ")
        if not self.dispute_status(cells) and state not in DISPUTED:
            return
        disputed, at = self.disputed(cells), self.disputed_at(cells)
        yield Dispute(
            source="stripe",
            external_id=payment.ids[0],
            payment_id=payment.ids[0],
            amount=self.amounts.read(disputed) if disputed else payment.amount,
            currency=payment.currency,
            state=OVER.get(state, DisputeState.OPEN),
            as_of=self.moments.moment(at)[0] if at else payment.paid_at,
        )

    def _refunded(self, cells: Sequence[str], status: str, price: Decimal) -> Decimal:
        text = self.refunded(cells)
        if not text:
            return price if status == "refunded" else Decimal(0)
        return self.amounts.read(text)


def _is_metadata(name: str) -> bool:
    return name.endswith("(metadata)")


def _metadata(table: Table, *names: str) -> list[str]:
    """Return the metadata columns of these names that the file has, in the order of the names."""
    columns = keys(table.header)
    return [column for name in names if (column := f"{name} (metadata)") in columns]


def _first(cells: Sequence[Cell], row: Sequence[str]) -> str:
    return next(filter(None, (cell(row) for cell in cells)), "")
