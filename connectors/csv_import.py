"""One CSV export from the file to the door, and an account of what became of every row."""

from array import array
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from analytics.records import Record, UndecidedError
from connectors.contract import Accepted, Door, Reading, UnusableFileError
from connectors.events import lines as events
from connectors.exports import catalog
from connectors.exports.catalog import Readable, export_of
from connectors.exports.packages import unpacked
from connectors.exports.sheet import Sheet
from connectors.exports.verdict import Columns, LeftOut, Note, Rejected, Taken
from connectors.rejects import Rejects

__all__ = ["KINDS", "ImportReport", "import_file", "template"]

PULSE = 1000
KINDS = (*catalog.KINDS, events.KIND)


def template(kind: str) -> str:
    """Return an example file of one of our own kinds."""
    return events.TEMPLATE if kind == events.KIND else catalog.template(kind)


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What became of a file. `new` and `changed` were written, `same` was already there, `left_out` counts by reason."""

    path: Path
    kind: str
    new: int
    changed: int
    same: int
    rejected: int
    unclassified: int
    excluded: int
    left_out: Mapping[str, int]
    notes: tuple[str, ...]
    rejects: Path | None


@dataclass(slots=True)
class _Progress:
    """The account that is kept while the records stream past."""

    sheet: Sheet
    rejects: Rejects
    tell: Callable[[int], None]
    lines: "array[int]" = field(default_factory=lambda: array("Q"))  # of every record handed to the door
    rejected: int = 0
    left_out: Counter[str] = field(default_factory=Counter)
    notes: list[str] = field(default_factory=list)

    def records(self, export: Readable, reading: Reading) -> Iterator[Record]:
        """Yield every record of the file, and keep account of the rows that become none."""
        add_line = self.lines.append
        for count, verdict in enumerate(export.read(self.sheet, reading), 1):
            if count % PULSE == 0:
                self.tell(self.sheet.bytes_read)
            if isinstance(verdict, Taken):
                for record in verdict.records:
                    add_line(verdict.line)
                    yield record
            else:
                self._note(verdict)
        self.tell(self.sheet.bytes_read)

    def _note(self, verdict: Rejected | LeftOut | Columns | Note) -> None:
        match verdict:
            case Rejected(line, reason, cells):
                self.rejected += 1
                self.rejects.add(line, reason, cells)
            case LeftOut(reason):
                self.left_out[reason] += 1
            case Columns(names):
                self.rejects.names = names
            case Note(text):
                self.notes.append(text)

    def refuse(self, accepted: Accepted) -> None:
        """Add the rows whose records the door refused; their cells are read once more from the file."""
        reasons: dict[int, str] = {}
        for refusal in accepted.refused:
            reasons.setdefault(self.lines[refusal.position], refusal.reason)
        if not reasons:
            return
        self.rejected += len(reasons)
        for row in self.sheet.rows():
            if row.line in reasons:
                self.rejects.add(row.line, reasons[row.line], row.cells)


def import_file(
    path: Path,
    reading: Reading,
    accept: Door,
    *,
    kind: str = "",
    progress: Callable[[int], None] = lambda _: None,
    keep_rejects: bool = True,
) -> ImportReport:
    """Read a file into the door and return the report; raises UnusableFileError, with nothing to commit, for a wrong file.

    The caller owns the transaction behind `accept`. A dry run rolls it back and passes `keep_rejects=False`.
    `progress` is told how many bytes of the file were read.
    """
    with unpacked(path) as texts:
        found = _readable(texts, kind)
        return _taken(path, found, reading, accept, progress=progress, keep_rejects=keep_rejects)


def _readable(texts: Sequence[Path], kind: str) -> tuple[Sheet, Readable]:
    """Return the text that is an export, and which; of several the one with a row per thing, else the first."""
    found: list[tuple[Sheet, Readable]] = []
    fault: UnusableFileError | None = None
    for text in texts:
        try:
            found.append(_opened(text, "" if len(texts) > 1 else kind))
        except UnusableFileError as error:
            fault = fault or error
    if not found:
        raise fault or UnusableFileError("The file is empty.")
    return min(found, key=lambda one: bool(getattr(one[1], "is_by_day", _never)(one[0])))


def _opened(text: Path, kind: str) -> tuple[Sheet, Readable]:
    """Return a file as events, one on each line, or as the table of an export."""
    if kind == events.KIND or (not kind and events.is_events(text)):
        return events.Lines.open(text), events
    sheet = Sheet.open(text)
    return sheet, export_of(sheet, kind)


def _never(_: Sheet) -> bool:
    return False


def _taken(
    path: Path,
    found: tuple[Sheet, Readable],
    reading: Reading,
    accept: Door,
    *,
    progress: Callable[[int], None],
    keep_rejects: bool,
) -> ImportReport:
    """Take the rows of a sheet into the door."""
    sheet, export = found
    with Rejects(path.with_name(f"{path.name}.rejected.csv")) as rejects:
        account = _Progress(sheet, rejects, progress)
        if sheet.encoding.note:
            account.notes.append(sheet.encoding.note)
        try:
            accepted = accept(account.records(export, reading))
        except UndecidedError as error:
            raise UnusableFileError(str(error)) from error
        account.refuse(accepted)
        published = rejects.publish() if keep_rejects else None
        notes = (*account.notes, rejects.fault) if rejects.fault else tuple(account.notes)
    return ImportReport(
        path=path,
        kind=export.KIND,
        new=accepted.new,
        changed=accepted.changed,
        same=accepted.same,
        rejected=account.rejected,
        unclassified=accepted.unclassified,
        excluded=accepted.excluded,
        left_out=dict(account.left_out),
        notes=notes,
        rejects=published,
    )
