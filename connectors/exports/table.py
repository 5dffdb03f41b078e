"""A header and the rows under it: columns found by any of their names, ragged rows marked."""

import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from operator import itemgetter

from analytics.spreadsheets import restored
from connectors.contract import UnusableFileError
from connectors.exports.sheet import Row, Sheet

Cell = Callable[[Sequence[str]], str]
REJECTS = ("line", "reason")
SPELLINGS = str.maketrans({"_": " ", "’": "'", "\ufeff": None})
SHOWN_COLUMNS = 15
SHOWN_LETTERS = 40


def key(name: str) -> str:
    """Return the form in which two spellings of a column name are equal."""
    return " ".join(unicodedata.normalize("NFKC", name).translate(SPELLINGS).casefold().split())


def keys(cells: Iterable[str]) -> tuple[str, ...]:
    """Return the keys of a row of column names."""
    return tuple(map(key, cells))


def listed(names: Iterable[str]) -> str:
    """Return column names as a list for a sentence, cut where a file has very many."""
    clean = ["".join(filter(str.isprintable, name))[:SHOWN_LETTERS] for name in names if name]
    more = f" and {len(clean) - SHOWN_COLUMNS} more" if len(clean) > SHOWN_COLUMNS else ""
    return ", ".join(clean[:SHOWN_COLUMNS]) + more


def no_cell(_: Sequence[str]) -> str:
    """Return an empty string: the cell of a column that is not there."""
    return ""


@dataclass(frozen=True, slots=True)
class Table:
    """The part of a sheet under one header row."""

    sheet: Sheet
    header_line: int
    header: tuple[str, ...]

    @classmethod
    def under(cls, sheet: Sheet, is_header: Callable[[frozenset[str]], bool]) -> "Table":
        """Return the table under the first row that is a header, else under the sheet's first row."""
        usable = [row for row in sheet.head if not row.fault]
        if not usable:
            raise UnusableFileError("The file has no readable header line.")
        found = next((row for row in usable if is_header(frozenset(keys(row.cells)))), usable[0])
        header = list(found.cells)
        while header and not header[-1]:
            header.pop()
        return cls(sheet, found.line, tuple(header))

    @property
    def is_rejects(self) -> bool:
        """Tell whether the file holds the rejected rows of an earlier import, and so only a part of what it tells of."""
        return keys(self.header[:2]) == REJECTS

    def rows(self) -> Iterator[Row]:
        """Yield every row under the header; one of another width carries a fault."""
        width, start = len(self.header), self.header_line
        for row in self.sheet.rows():
            if row.line <= start:
                continue
            if self.is_rejects:
                row = Row(row.line, [*map(restored, row.cells)], row.fault)  # noqa: PLW2901
            yield row if len(row.cells) == width else fitted(row, width)

    def find(self, *names: str) -> int | None:
        """Return the index of the first name that is a column; raises UnusableFileError if that column is there twice."""
        header = keys(self.header)
        for name in map(key, names):
            if header.count(name) > 1:
                raise UnusableFileError(f"The file has the column '{name}' twice: keep one of them.")
            if name in header:
                return header.index(name)
        return None

    def cell(self, *names: str) -> Cell:
        """Return a function that takes a row's cell of that column; it gives an empty string where there is none."""
        index = self.find(*names)
        return no_cell if index is None else itemgetter(index)

    def require(self, remedy: str, *columns: Sequence[str]) -> None:
        """Raise UnusableFileError with what to export instead unless every column is there under one of its names."""
        missing = [names[0] for names in columns if self.find(*names) is None]
        if missing:
            raise UnusableFileError(
                f"The file has no column {listed(missing)}: {remedy}. Found: {listed(self.header)}."
            )


def fitted(row: Row, width: int) -> Row:
    """Return a row without the blank cells that padding added, or with the fault that its width is wrong."""
    if row.fault or len(row.cells) == width:
        return row
    if len(row.cells) > width and not any(row.cells[width:]):
        return Row(row.line, row.cells[:width])
    return Row(row.line, row.cells, f"the row has {len(row.cells)} cells where the header has {width}")
