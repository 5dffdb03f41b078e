"""The same events from a file: one JSON object on each line, or the file of lines that were rejected before."""

import codecs
import csv
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from analytics.spreadsheets import restored
from connectors.contract import Reading, UnreadablePayloadError, UnusableFileError
from connectors.events.records import records_of
from connectors.events.shapes import read as read_event
from connectors.exports.encoding import Encoding
from connectors.exports.sheet import CELL_LIMIT, HEAD_ROWS, TOO_LONG, Row, Sheet
from connectors.exports.verdict import Columns, Note, Rejected, Taken, Verdict
from connectors.payload import parse

KIND = "events"
SHOWN = 20
REJECTS = b"line,reason,event"
TEMPLATE = """\
{"type": "lead", "source": "gohighlevel", "id": "L-1", "occurred_at": "2026-01-05T10:00:00-03:00", "customer": {"email": "ana@example.com", "name": "Ana Souza"}, "utm": {"source": "facebook", "campaign": "January"}}
{"type": "order", "source": "gohighlevel", "id": "O-1", "occurred_at": "2026-01-17T20:15:00-03:00", "currency": "USD", "customer": {"email": "ana@example.com", "name": "Ana Souza"}, "lines": [{"product": "Mastermind", "amount": "3000.00", "offer": "high_ticket"}]}
"""


def is_events(path: Path) -> bool:
    """Tell whether a file holds events; raise UnusableFileError for a JSON list of them."""
    try:
        with path.open("rb") as file:
            head = file.read(1 << 16).removeprefix(codecs.BOM_UTF8).lstrip()
    except OSError:
        return False  # the reader of tables says why it cannot be read
    if head.startswith(b"[") and head[1:].lstrip()[:1] in {b"{", b"]", b""}:
        raise UnusableFileError(
            "The file is a JSON list: write one event on each line, without the brackets around them."
        )
    return head.startswith(b"{") or head.splitlines()[:1] == [REJECTS]


@dataclass(slots=True)
class Lines(Sheet):
    """A file whose rows are its lines, each in one cell."""

    @classmethod
    def open(cls, path: Path) -> "Lines":
        """Return the lines of a file; raises UnusableFileError where none of the first is an event."""
        lines = cls(path, Encoding("utf-8"), "")
        try:
            lines.head = tuple(islice(lines.rows(), HEAD_ROWS))
        except OSError as error:
            raise UnusableFileError(f"The file cannot be read: {error.strerror or error}.") from None
        if not any(row.cells[0].startswith("{") for row in lines.head):
            raise UnusableFileError(
                "The file holds no events: each line is one JSON object, such as view3 import --template events prints."
            )
        return lines

    def rows(self) -> Iterator[Row]:
        """Yield every line that is not blank."""
        self.bytes_read = 0
        with self.path.open("rb") as file:
            is_rejects = file.readline().removeprefix(codecs.BOM_UTF8).strip() == REJECTS
        for row in self._rejected() if is_rejects else self._written():
            if row.cells != [""] or row.fault:
                yield row
        self.bytes_read = self.path.stat().st_size

    def _written(self) -> Iterator[Row]:
        """Yield the lines as they are; one that is too long comes cut."""
        with self.path.open("rb") as file:
            for number, raw in enumerate(file, 1):
                self.bytes_read += len(raw)
                bare = raw.removeprefix(codecs.BOM_UTF8) if number == 1 else raw
                text = bare.decode("utf-8", "replace").strip()
                fault = "" if _is_utf8(bare) else "the line is not UTF-8"
                yield Row(number, [text[:CELL_LIMIT]], TOO_LONG if len(text) > CELL_LIMIT else fault)

    def _rejected(self) -> Iterator[Row]:
        """Yield the lines that stand in a file of rejects."""
        with self.path.open(encoding="utf-8-sig", errors="replace", newline="") as file:
            rows = csv.reader(file)
            next(rows)
            begins = rows.line_num + 1
            for cells in rows:
                yield Row(begins, [restored(",".join(cells[2:])).strip()])
                begins = rows.line_num + 1


def read(sheet: Sheet, reading: Reading) -> Iterator[Verdict]:
    """Yield the verdict on every line."""
    yield Columns(("event",))
    ignored: dict[str, None] = {}
    for line, cells, fault in sheet.rows():
        try:
            found = read_event(parse(cells[0].encode()), reading.now) if not fault else None
        except UnreadablePayloadError as error:
            fault = str(error).replace("the body", "the line")  # noqa: PLW2901
            found = None
        if found is None:
            yield Rejected(line, fault, cells)
            continue
        ignored.update(dict.fromkeys(found.ignored))
        yield Taken(line, tuple(records_of(found.event)))
    if ignored:
        yield Note(f"Fields that no event of its type has were left out: {', '.join(list(ignored)[:SHOWN])}.")


def _is_utf8(raw: bytes) -> bool:
    try:
        raw.decode()
    except UnicodeDecodeError:
        return False
    return True
