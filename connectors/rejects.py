"""The file of rejected rows beside an import: line, reason and the cells as they were, safe to open in a spreadsheet."""

import csv
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self, TextIO

from analytics.spreadsheets import harmless

DIGITS = frozenset("0123456789.,-+ ")


class Rejects:
    """Collects rejected rows in a file that only appears, complete, once `publish` is called."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.fault = ""
        self.names: Sequence[str] = ()
        self._part = path.with_name(f"{path.name}.part")
        self._file: TextIO | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._file:
            self._file.close()
            with suppress(OSError):
                self._part.unlink(missing_ok=True)

    def add(self, line: int, reason: str, cells: Sequence[str]) -> None:
        """Write one row; a folder that cannot be written to is remembered as the fault, and the import goes on."""
        if self.fault:
            return
        try:
            if self._file is None:
                self._file = self._part.open("w", encoding="utf-8-sig", newline="", errors="replace")
                csv.writer(self._file).writerow(["line", "reason", *map(neutral, self.names)])
            csv.writer(self._file).writerow([line, neutral(reason), *map(neutral, cells)])
        except OSError as error:
            self.fault = f"The rejected rows could not be written to {self.path}: {error.strerror}."

    def publish(self) -> Path | None:
        """Put the file in its place and return its path; without rejects, remove one that an earlier run left."""
        try:
            if self._file is None:
                self.path.unlink(missing_ok=True)
                return None
            self._file.close()
            self._part.replace(self.path)
        except OSError as error:
            self.fault = f"{self.path} could not be written: {error.strerror}."
            return None
        return self.path


def neutral(cell: str) -> str:
    """Return a cell that no spreadsheet runs as a formula; plain numbers stay as they are, for somebody will correct them."""
    return cell if DIGITS.issuperset(cell) and cell[-1:].isdigit() else harmless(cell)
