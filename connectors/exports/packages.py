"""Exports inside other files: the first sheet of a workbook, and the CSV in a zip that can be read."""

import csv
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, time
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from zipfile import BadZipFile, ZipFile

from connectors.contract import UnusableFileError

ZIP = b"PK\x03\x04"
LARGEST = 2 << 30


@contextmanager
def unpacked(path: Path) -> Iterator[list[Path]]:
    """Give the delimited text files that a file holds: itself, a workbook's first sheet as CSV, or a zip's CSV files."""
    with TemporaryDirectory(prefix="view3-import-") as folder:
        yield _contents(path, Path(folder))


def _contents(path: Path, folder: Path) -> list[Path]:
    try:
        with path.open("rb") as file:
            is_zip = file.read(len(ZIP)) == ZIP
        archive = ZipFile(path) if is_zip else None
    except (OSError, BadZipFile):
        archive = None  # the reader of text says why it cannot be read
    if archive is None:
        return [path]
    with archive:
        names = archive.namelist()
        if "[Content_Types].xml" in names:
            return [_first_sheet(path, folder / "sheet.csv")]
        return _texts(archive, folder)


def _texts(archive: ZipFile, folder: Path) -> list[Path]:
    """Return the CSV files of a zip, written out under names of our own."""
    members = [one for one in archive.infolist() if _is_text(one.filename)]
    if not members:
        raise UnusableFileError(
            "The file is a zip archive without a CSV inside: unpack it and import the export itself."
        )
    if sum(one.file_size for one in members) > LARGEST:
        raise UnusableFileError(
            "The file is a zip archive of more than 2 GiB: unpack it and import its files one by one."
        )
    if any(one.flag_bits & 1 for one in members):
        raise UnusableFileError("The file is a zip archive with a password: unpack it and import the CSV inside.")
    places = [folder / f"{number}.csv" for number, _ in enumerate(members)]
    for member, place in zip(members, places, strict=True):
        try:
            place.write_bytes(archive.read(member))
        except (BadZipFile, NotImplementedError, zlib.error):
            raise UnusableFileError("The file is a damaged zip archive: download it again.") from None
    return places


def _is_text(name: str) -> bool:
    return name.lower().endswith((".csv", ".tsv", ".txt")) and not name.startswith("__MACOSX/")


def _first_sheet(path: Path, place: Path) -> Path:
    """Write the first sheet of a workbook that has rows as CSV."""
    from openpyxl import load_workbook
    from openpyxl.utils.exceptions import InvalidFileException

    try:
        book = load_workbook(BytesIO(path.read_bytes()), read_only=True, data_only=True)  # a renamed one, too
    except (InvalidFileException, BadZipFile, KeyError, ValueError, OSError):
        raise UnusableFileError("The file is a workbook that cannot be read: save it as CSV UTF-8.") from None
    with place.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        for row in book.worksheets[0].iter_rows(values_only=True):
            writer.writerow([_written(value) for value in row])
    book.close()
    return place


def _written(value: Any) -> str:
    """Return a cell as an export would write it: days and numbers the same in every language."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d" if value.time() == time() else "%Y-%m-%d %H:%M:%S")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, float):
        return f"{value:.0f}" if value.is_integer() else repr(round(value, 9))
    return str(value)
