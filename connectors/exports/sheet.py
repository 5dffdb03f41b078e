"""From bytes to rows: every row of a delimited file with the physical line it begins on, streamed."""

import csv
import re
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from io import TextIOWrapper
from itertools import chain, islice
from pathlib import Path
from typing import BinaryIO, NamedTuple

from connectors.contract import UnusableFileError
from connectors.exports.encoding import Encoding, encoding_of

DELIMITERS = ",;\t"
CELL_LIMIT = 131_072
LINE_LIMIT = 1 << 22
SNIFFED_LINES = 20
HEAD_ROWS = 60
PULSE = 2048
TOO_LONG = f"a cell has more than {CELL_LIMIT:,} characters"
NUL = "the line holds a NUL byte"
OPEN_QUOTE = "a quote is opened and not properly closed"
QUOTED = re.compile(r'"[^"]*"')
NOT_UTF8 = re.compile("[\udc80-\udcff]")


class Row(NamedTuple):
    """The trimmed cells of one row, the physical line it begins on, and why it cannot be used, if it cannot."""

    line: int
    cells: list[str]
    fault: str = ""


@dataclass(slots=True)
class Sheet:
    """A delimited text file that can be read from the start as often as needed; `bytes_read` tells how far."""

    path: Path
    encoding: Encoding
    delimiter: str
    head: Sequence[Row] = ()
    bytes_read: int = field(default=0, compare=False)

    @classmethod
    def open(cls, path: Path) -> "Sheet":
        """Return the sheet of a file; raises UnusableFileError where there is no delimited text in it."""
        try:
            encoding = encoding_of(path)
            sheet = cls(path, encoding, _delimiter(path, encoding))
            sheet.head = tuple(islice(sheet.rows(), HEAD_ROWS))
        except OSError as error:
            raise UnusableFileError(f"The file cannot be read: {error.strerror or error}.") from None
        return sheet

    def rows(self) -> Iterator[Row]:
        """Yield every row that is not blank."""
        self.bytes_read = 0
        with self.path.open("rb") as raw, _text(raw, self.encoding) as text:
            lines = _lines(text)
            if _hint(first := next(lines, "")) is None:
                lines = chain([first], lines)
                skipped = 0
            else:
                skipped = 1
            for count, row in enumerate(_rows(lines, self.delimiter, skipped, damaged=self.encoding.damaged)):
                if count % PULSE == 0:
                    self.bytes_read = raw.tell()
                yield row
            self.bytes_read = raw.tell()


def _text(raw: BinaryIO, encoding: Encoding) -> TextIOWrapper:
    errors = "surrogateescape" if encoding.damaged else "strict"
    return TextIOWrapper(raw, encoding=encoding.name, errors=errors, newline="")


def _lines(text: TextIOWrapper) -> Iterator[str]:
    """Yield physical lines; one that never ends comes cut, and long enough to be refused."""
    read = partial(text.readline, LINE_LIMIT)
    for line in iter(read, ""):
        yield line
        rest = line
        while len(rest) == LINE_LIMIT and rest[-1] not in "\r\n":
            rest = read()


def _hint(line: str) -> str | None:
    """Return the delimiter of Excel's `sep=;` line, or None."""
    hint = re.fullmatch(r'"?sep=(.)"?', line.strip("\r\n"), re.IGNORECASE)
    return hint[1] if hint else None


def _delimiter(path: Path, encoding: Encoding) -> str:
    """Return the delimiter that cuts most of the first lines into the same number of cells."""
    with path.open("rb") as raw, _text(raw, encoding) as text:
        lines = list(islice(_lines(text), SNIFFED_LINES))
    if lines and (hint := _hint(lines[0])):
        return hint
    start = "".join(lines)
    # Quotes pair up across line breaks; where one is left open they can be trusted within a line only.
    bare = QUOTED.sub("", start) if start.count('"') % 2 == 0 else "".join(QUOTED.sub("", line) for line in lines)
    return max(DELIMITERS, key=partial(_evidence, bare.splitlines()))


def _evidence(lines: Sequence[str], delimiter: str) -> tuple[int, int]:
    counts = [count for line in lines if (count := line.count(delimiter))]
    commonest = max(set(counts), key=lambda count: (counts.count(count), count), default=0)
    return counts.count(commonest), commonest


def _rows(lines: Iterator[str], delimiter: str, skipped: int, *, damaged: bool) -> Iterator[Row]:
    returned: deque[str] = deque()  # lines that a quote seemed to swallow, to be read again
    number = skipped
    while line := returned.popleft() if returned else next(lines, ""):
        number += 1
        if len(line) <= CELL_LIMIT and '"' not in line and "\0" not in line and not damaged:
            # No quote, no rules: splitting is several times faster than the csv module.
            cells = list(map(str.strip, line.split(delimiter)))
            if any(cells):
                yield Row(number, cells)
            continue
        cells, taken, fault = _ruled(line, chain(_drain(returned), lines), delimiter, damaged=damaged)
        if fault:
            returned.extendleft(reversed(taken))
        cells = list(map(str.strip, cells))
        if fault or any(cells):
            yield Row(number, cells, fault)
        if not fault:
            number += len(taken)


def _drain(returned: deque[str]) -> Iterator[str]:
    while returned:
        yield returned.popleft()


def _ruled(line: str, following: Iterator[str], delimiter: str, *, damaged: bool) -> tuple[list[str], list[str], str]:
    """Return the cells of a row that needs the rules of quoting, the further lines it took, and its fault."""
    fault = _unreadable(line, damaged=damaged)
    try:
        return next(csv.reader((line,), delimiter=delimiter, strict=True, skipinitialspace=True)), [], fault
    except csv.Error:
        if fault:
            return line.split(delimiter), [], fault
        cells, taken, fault = _quoted(line, following, delimiter)
    return cells, taken, fault or _unreadable("".join(taken), damaged=damaged)


def _unreadable(text: str, *, damaged: bool) -> str:
    """Return why a text cannot be cut into cells, or an empty string."""
    if "\0" in text:
        return NUL
    if damaged and (byte := NOT_UTF8.search(text)):
        return f"byte 0x{ord(byte[0]) - 0xDC00:02X} is not UTF-8"
    return ""


def _quoted(line: str, following: Iterator[str], delimiter: str) -> tuple[list[str], list[str], str]:
    """Return the cells of a row with quotes, the further lines it took, and its fault.

    Only as many lines are taken as one cell may hold: a quote that stays open must not swallow the file.
    """
    taken: list[str] = []

    def feed() -> Iterator[str]:
        yield line
        size = len(line)
        for further in following:
            taken.append(further)
            size += len(further)
            if size > 2 * CELL_LIMIT:
                return
            yield further

    try:
        return next(csv.reader(feed(), delimiter=delimiter, strict=True, skipinitialspace=True)), taken, ""
    except csv.Error as error:
        fault = TOO_LONG if "field larger" in str(error) and not taken else OPEN_QUOTE
        return line.split(delimiter), taken, fault
