"""What becomes of each row: taken, rejected, or left out for a reason that is nobody's fault."""

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from analytics.records import Record
from connectors.contract import RowError
from connectors.exports.table import Table


class Taken(NamedTuple):
    """A row that became records."""

    line: int
    records: tuple[Record, ...]


class Rejected(NamedTuple):
    """A row that cannot be read, with its cells as they were."""

    line: int
    reason: str
    cells: Sequence[str]


class LeftOut(NamedTuple):
    """A row that is no sale, lead or spend at all; rows are counted by reason."""

    reason: str


class Columns(NamedTuple):
    """What the cells of the rows that follow are called."""

    names: Sequence[str]


class Note(NamedTuple):
    """A sentence about the whole file."""

    text: str


Verdict = Taken | Rejected | LeftOut | Columns | Note


def each_row(table: Table, read: Callable[[Sequence[str]], tuple[Record, ...] | LeftOut]) -> Iterator[Verdict]:
    """Yield the verdict on every row of a table; a row that cannot be read takes no other with it."""
    yield Columns(table.header)
    for line, cells, fault in table.rows():
        if fault:
            yield Rejected(line, fault, cells)
            continue
        try:
            outcome = read(cells)
        except RowError as error:
            yield Rejected(line, str(error), cells)
        else:
            yield outcome if isinstance(outcome, LeftOut) else Taken(line, outcome)
