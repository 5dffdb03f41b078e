"""Our own `leads` file: one row per opt-in."""

from collections.abc import Iterator, Sequence

from analytics.records import Lead, Record
from connectors.contract import Reading
from connectors.exports.identity import row_id
from connectors.exports.sheet import Sheet
from connectors.exports.survey import survey
from connectors.exports.table import Table
from connectors.exports.utm_columns import utm_cell
from connectors.exports.verdict import Verdict, each_row

KIND = "leads"
TEMPLATE = """\
lead_id,email,name,opted_in_at,utm_source,utm_medium,utm_campaign,utm_term,utm_content,customer_id
L-1001,ana@example.com,Ana Souza,2026-01-05T19:30:00-03:00,facebook,paid,January launch,Broad 25-45,Video 1,
L-1002,bob@example.com,Bob Stone,2026-01-06,google,cpc,Search brand,,,
"""
REMEDY = "a leads file needs email and opted_in_at"


def is_header(columns: frozenset[str]) -> bool:
    """Tell whether a row of column keys is this file's header."""
    return {"email", "opted in at"} <= columns or {"lead id", "email"} <= columns


def read(sheet: Sheet, reading: Reading) -> Iterator[Verdict]:
    """Yield a lead for every row."""
    table = Table.under(sheet, is_header)
    table.require(REMEDY, ("email",), ("opted_in_at",))
    yield from each_row(table, _Leads(table, reading).read)


class _Leads:
    """The columns of one file, and how its dates are written."""

    def __init__(self, table: Table, reading: Reading) -> None:
        self.id, self.email, self.name = table.cell("lead_id"), table.cell("email"), table.cell("name")
        self.opted_in_at, self.customer_id = table.cell("opted_in_at"), table.cell("customer_id")
        self.utm = utm_cell(table)
        _, dates = survey(table, (), (self.opted_in_at,))
        self.moments = dates.conclude(reading.challenge, order=reading.date_order)

    def read(self, cells: Sequence[str]) -> tuple[Record, ...]:
        """Return the lead of one row."""
        email = self.email(cells)
        moment, date_only = self.moments.moment(self.opted_in_at(cells))
        return (
            Lead(
                source="file",
                external_id=self.id(cells) or row_id("lead", email, moment),
                email=email,
                opted_in_at=moment,
                name=self.name(cells),
                customer_id=self.customer_id(cells),
                date_only=date_only,
                utm=self.utm(cells),
            ),
        )
