"""ClickFunnels 2.0 → Contacts → Export: the columns are those ticked at export, found by alias."""

from collections.abc import Iterator, Sequence

from analytics.records import Lead, Record
from connectors.contract import Reading
from connectors.exports.identity import name_cell, row_id
from connectors.exports.sheet import Sheet
from connectors.exports.survey import survey
from connectors.exports.table import Table
from connectors.exports.utm_columns import utm_cell
from connectors.exports.verdict import Verdict, each_row

KIND = "clickfunnels-contacts"
REMEDY = "tick Email Address and Created At when you export the contacts"
EMAIL = ("email address", "email", "contact email", "contact email address", "e-mail")
CREATED = ("created at", "created", "date created", "created date", "contact created at", "opted in at")
NAME = ("name", "full name", "contact name")


def is_header(columns: frozenset[str]) -> bool:
    """Tell whether a row of column keys is this export's header."""
    is_person = not columns.isdisjoint(EMAIL) and not columns.isdisjoint({"first name", *NAME})
    return is_person and not columns.isdisjoint(CREATED)


def read(sheet: Sheet, reading: Reading) -> Iterator[Verdict]:
    """Yield a lead for every row."""
    table = Table.under(sheet, is_header)
    table.require(REMEDY, EMAIL, CREATED)
    yield from each_row(table, _Contacts(table, reading).read)


class _Contacts:
    """The columns of one file, and how its dates are written."""

    def __init__(self, table: Table, reading: Reading) -> None:
        self.id, self.email, self.created = table.cell("id", "contact id"), table.cell(*EMAIL), table.cell(*CREATED)
        self.name, self.utm = name_cell(table, *NAME), utm_cell(table)
        _, dates = survey(table, (), (self.created,))
        self.moments = dates.conclude(reading.challenge)

    def read(self, cells: Sequence[str]) -> tuple[Record, ...]:
        """Return the lead of one row."""
        email, name = self.email(cells), self.name(cells)
        moment, date_only = self.moments.moment(self.created(cells))
        return (
            Lead(
                source="clickfunnels",
                external_id=self.id(cells) or row_id("lead", email, moment),
                email=email,
                opted_in_at=moment,
                name=name,
                customer_id=self.id(cells),  # in 2.0 a contact is the person
                date_only=date_only,
                utm=self.utm(cells),
            ),
        )
