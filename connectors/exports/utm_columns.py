"""The five UTM values of a row: from columns of their own, else from ClickFunnels' `additional_info`."""

from collections.abc import Callable, Sequence

from analytics.records import Utm
from connectors.exports.ruby_hash import PARTS, utm_of
from connectors.exports.table import Table

NO_UTM = Utm()


def utm_cell(table: Table) -> Callable[[Sequence[str]], Utm]:
    """Return a function that takes a row's UTM values."""
    columns = [
        table.cell(f"utm {part}", f"first utm {part}", f"original utm {part}", f"contact utm {part}") for part in PARTS
    ]
    additional_info = table.cell("additional info")

    def utm(cells: Sequence[str]) -> Utm:
        values = [column(cells) for column in columns]
        if any(values):
            return Utm(*values)
        dump = additional_info(cells)
        return utm_of(dump) if dump else NO_UTM

    return utm
