"""Where the reader writes which revision of the database is the newest: a file in memory that any number of pages look at."""

import mmap
import os
import struct
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from analytics.dashboard.warm import wire

FRESH: Final = 2.0  # seconds after which a reader that wrote nothing counts as gone
AWAY: Final = 0  # the count that stands while the database does not answer
_ENTRY: Final = struct.Struct("@QQd")  # each part is written in one piece


@dataclass(frozen=True, slots=True, order=True)
class Revision:
    """Which reader looked, by when it began, and the how manieth state of the database it saw; a greater one is newer."""

    reader: int
    count: int

    def __str__(self) -> str:
        return f"{self.reader}.{self.count}"


class Board:
    """The reader's side: `write` as often as the database was looked at."""

    def __init__(self, folder: Path) -> None:
        fresh = folder / f"{wire.BOARD}.new"
        fresh.write_bytes(bytes(_ENTRY.size))
        with fresh.open("r+b") as file:
            self._memory = mmap.mmap(file.fileno(), _ENTRY.size)
        fresh.replace(folder / wire.BOARD)  # who looks at a dead reader's finds it old and opens this one

    def write(self, revision: Revision) -> None:
        """Announce the revision that the database has now."""
        _ENTRY.pack_into(self._memory, 0, revision.reader, revision.count, time.monotonic())


class Onlooker:
    """The pages' side."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / wire.BOARD
        self._memory: mmap.mmap | None = None

    def newest(self) -> Revision | None:
        """Return the newest revision; None while no reader writes."""
        return self._seen() or (self._seen() if self._open() else None)

    def _seen(self) -> Revision | None:
        if self._memory is None:
            return None
        reader, count, looked = _ENTRY.unpack_from(self._memory)
        return Revision(reader, count) if time.monotonic() - looked < FRESH else None

    def _open(self) -> bool:
        try:
            descriptor = os.open(self._path, os.O_RDONLY)
        except OSError:
            return False
        try:
            self._memory = mmap.mmap(descriptor, _ENTRY.size, prot=mmap.PROT_READ)
        except (OSError, ValueError):
            return False
        finally:
            os.close(descriptor)
        return True
