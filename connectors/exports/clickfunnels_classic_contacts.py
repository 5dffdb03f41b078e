"""ClickFunnels Classic → Contacts → Export: one row per submitted form, some of them order forms.

UTMs are inside `additional_info` or in columns of their own.
"""

from collections.abc import Iterator, Sequence

from analytics.records import Lead, Record
from connectors.contract import Reading
from connectors.exports.clickfunnels_classic_sales import AMOUNT, Sales
from connectors.exports.identity import classic_customer_id, name_cell, row_id
from connectors.exports.sheet import Sheet
from connectors.exports.survey import survey
from connectors.exports.table import Table
from connectors.exports.utm_columns import utm_cell
from connectors.exports.verdict import LeftOut, Verdict, each_row

KIND = "clickfunnels-classic-contacts"
REMEDY = "in ClickFunnels open Contacts and export them as CSV"
CREATED = ("created at", "date", "created")
# Column names that only Classic's database has; 2.0 writes its names out ("First Name", "Email Address").
CLASSIC = frozenset(
    [
        "additional info",
        "contact profile id",
        "aff sub",
        "aff sub2",
        "funnel id",
        "funnel step id",
        "page id",
        "cf uvid",
        "cart affiliate id",
        "affiliate id",
        "unsubscribed at",
        "time zone",
        "webinar at",
    ]
)


def is_header(columns: frozenset[str]) -> bool:
    """Tell whether a row of column keys is this export's header."""
    return {"email", "created at"} <= columns and not columns.isdisjoint(CLASSIC)


def read(sheet: Sheet, reading: Reading) -> Iterator[Verdict]:
    """Yield a lead for every row, and its purchase for a row that is an order form."""
    table = Table.under(sheet, is_header)
    table.require(REMEDY, ("email",), CREATED)
    yield from each_row(table, _Contacts(table, reading).read)


class _Contacts:
    """The columns of one file, and how its dates are written."""

    def __init__(self, table: Table, reading: Reading) -> None:
        self.id, self.email, self.created = table.cell("id", "contact id"), table.cell("email"), table.cell(*CREATED)
        self.name, self.utm = name_cell(table, "name", "full name"), utm_cell(table)
        self.profile_id = table.cell("contact profile id")
        # The id of such a row is the contact's, so the purchase is known by what it says.
        self.sales = Sales(table, reading, ("purchase id",)) if table.find(*AMOUNT) is not None else None
        _, dates = survey(table, (), (self.created,))
        # Classic writes its database's UTC, with or without saying so.
        self.moments = dates.conclude(reading.challenge, naive_is_utc=True)

    def read(self, cells: Sequence[str]) -> tuple[Record, ...]:
        """Return the lead of one row."""
        email, name = self.email(cells), self.name(cells)
        moment, date_only = self.moments.moment(self.created(cells))
        lead = Lead(
            source="clickfunnels",
            external_id=self.id(cells) or row_id("lead", email, moment),
            email=email,
            opted_in_at=moment,
            name=name,
            customer_id=classic_customer_id(self.profile_id(cells)),
            date_only=date_only,
            utm=self.utm(cells),
        )
        purchases = self.sales.read(cells) if self.sales and self.sales.has_purchase(cells) else ()
        return (lead,) if isinstance(purchases, LeftOut) else (lead, *purchases)
