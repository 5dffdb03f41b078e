"""Who a row is about, and by which id it is known when it comes again."""

import hashlib
from collections.abc import Sequence

from connectors.contract import RowError
from connectors.exports.table import Cell, Table

LONGEST_ID = 191


def row_id(*facts: object) -> str:
    """Return an id made of what a row says, equal when the same row is imported again."""
    text = "\x1f".join(str(fact).casefold() for fact in facts)
    return f"row-{hashlib.blake2b(text.encode(), digest_size=16).hexdigest()}"


def numbered(number: str, known_by: str) -> str:
    """Return an id made of a ClickFunnels order's number and its buyer's address or its total."""
    return f"clickfunnels-number:{number}:{known_by.strip().lower()}"[:LONGEST_ID]


def required(text: str, column: str) -> str:
    """Return a cell that must not be empty; raises RowError naming its column."""
    if not text:
        raise RowError(f"'{column}' is empty")
    return text


def name_cell(table: Table, *full: str) -> Cell:
    """Return a function that takes a person's name, whole or put together from first and last."""
    whole, first, last = table.cell(*full), table.cell("first name"), table.cell("last name")

    def name(cells: Sequence[str]) -> str:
        return whole(cells) or f"{first(cells)} {last(cells)}".strip()

    return name


def classic_customer_id(profile_id: str) -> str:
    """Return the customer id of a contact profile of ClickFunnels Classic: 2.0 numbers people anew, and may use its number."""
    return f"classic:{profile_id}" if profile_id else ""
