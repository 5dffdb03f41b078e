"""The reconciliation as a table: text for the terminal, CSV for a spreadsheet."""

import csv
from collections.abc import Iterator, Sequence
from decimal import Decimal
from io import StringIO

from analytics.conservation import Account
from analytics.reconciliation import FEES, PLACES, Line, Reconciliation
from analytics.sales_csv import BOM
from analytics.spreadsheets import harmless
from analytics.terminal import plain

NAMES = ("Date", "Provider", "Currency", "What")
STATED, DIFFERENCE, BALANCE, TO_BALANCE = "Stated", "Difference", "Stripe's balance", "Difference to balance"
COLUMNS = (*NAMES, STATED, *PLACES.values(), DIFFERENCE, BALANCE, TO_BALANCE, "Time zone", "By")
ALWAYS = frozenset({STATED, PLACES["none"], DIFFERENCE})
DATED_BY = {"money": "the day of the money", "sale": "the day of the sale"}


def reconciliation_text(found: Reconciliation) -> Iterator[str]:
    """Yield the table line by line, without columns that are empty; then what differs, and what was not held."""
    lines = list(found.with_totals())
    yield f"Money as stated and where it is counted, by {DATED_BY[found.by]}, time zone {found.timezone}"
    yield ""
    if lines:
        yield from _table(lines)
    else:
        yield "No money was stated on these days."
    yield ""
    yield from (plain(_differing(one)) for one in found.unbalanced)
    for line in found.lines:
        if line.to_balance:
            yield f"{line.day} {line.group[2]} in {line.group[1]}: Stripe's balance says {line.balance}, stated is {line.stated}."
    yield from found.notes
    yield "Every difference is 0.00." if found.is_even else "DIFFERENCES: see the lines above."


def reconciliation_csv(found: Reconciliation) -> str:
    """Return the table as CSV with every column; a cell that a spreadsheet would run starts with an apostrophe."""
    buffer = StringIO()
    writer = csv.writer(buffer)
    buffer.write(BOM)
    writer.writerow(COLUMNS)
    for line in found.with_totals():
        amounts = (_digits(amount) for amount in _amounts(line).values())
        writer.writerow([*map(harmless, _names(line)), *amounts, harmless(found.timezone), found.by])
    return buffer.getvalue()


def _table(lines: Sequence[Line]) -> Iterator[str]:
    used = [name for name in _amounts(lines[0]) if name in ALWAYS or any(_amounts(line)[name] for line in lines)]
    if any(line.balance is not None for line in lines):
        used += [name for name in (BALANCE, TO_BALANCE) if name not in used]
    rows = [[*map(plain, _names(line)), *(_digits(_amounts(line)[name]) for name in used)] for line in lines]
    table = [[*NAMES, *used], *rows]
    widths = [max(len(row[at]) for row in table) for at in range(len(table[0]))]
    for number, row in enumerate(table):
        if number and lines[number - 1].month and not (number > 1 and lines[number - 2].month):
            yield "-" * (sum(widths) + 2 * len(widths) - 2)
        cells = (
            cell.ljust(width) if at < len(NAMES) else cell.rjust(width)
            for at, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        yield "  ".join(cells).rstrip()
        if number and lines[number - 1].month and number < len(lines) and not lines[number].month:
            yield ""


def _names(line: Line) -> tuple[str, ...]:
    day = f"{line.day}" if line.day else f"Total {line.month}"
    return day, *line.group


def _amounts(line: Line) -> dict[str, Decimal | None]:
    is_fee = line.group[2] == FEES
    places: dict[str, Decimal | None] = {
        title: None if is_fee else line.places[place] for place, title in PLACES.items()
    }
    return {
        STATED: line.stated,
        **places,
        DIFFERENCE: None if is_fee else line.difference,
        BALANCE: line.balance,
        TO_BALANCE: line.to_balance,
    }


def _digits(amount: Decimal | None) -> str:
    return "" if amount is None else f"{amount:.2f}"


def _differing(one: Account) -> str:
    return (
        f"{one.source}:{one.external_id} {one.kind}: stated {one.stated:.2f} {one.currency}, counted {one.counted:.2f}, "
        f"difference {one.difference:.2f}."
    )
