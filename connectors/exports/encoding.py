"""What a file's bytes are: which text encoding, or which thing that only calls itself CSV."""

import codecs
import re
from dataclasses import dataclass
from pathlib import Path

from connectors.contract import UnusableFileError

CHUNK = 1 << 20
MAGIC = (
    (b"PK\x03\x04", "a zip archive: unpack it and import the CSV inside"),
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook: open it and save it as CSV UTF-8"),
    (b"%PDF", "a PDF: export the report as CSV"),
    (b"\x1f\x8b", "a gzip archive: unpack it and import the CSV inside"),
    (b"SQLite format 3", "a database: export the table as CSV"),
)
WORKBOOK = "an Excel workbook (.xlsx): open it and save it as CSV UTF-8"
MARKUP = re.compile(rb"\s*<(!doctype|html|\?xml|table|head|body|!--)", re.IGNORECASE)
# Bytes that Windows-1252 leaves undefined, and control characters that no text holds.
NOT_1252 = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\x81\x8d\x8f\x90\x9d]")
# Three accented letters in a row, or a capital or a symbol inside a word: another code page read as Windows-1252.
ODD_IN_1252 = re.compile(rb"[\xc0-\xff]{3}|[a-z][\x83\x86-\x8a\x8c\x8e\x98\x9f]")
HALF = 0.4


@dataclass(frozen=True, slots=True)
class Encoding:
    """How to decode a file. `damaged` says that single lines do not decode and have to be rejected."""

    name: str
    note: str = ""
    damaged: bool = False


def encoding_of(path: Path) -> Encoding:
    """Return the encoding of a text file; raises UnusableFileError for anything that is not one."""
    with path.open("rb") as file:
        head = file.read(1 << 16)
    _refuse_other_things(head)
    if head.startswith((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)):
        return _whole(path, "utf-32")
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return _whole(path, "utf-16")
    if name := _utf16_without_mark(head):
        return _whole(path, name)
    return Encoding("utf-8-sig") if _decodes(path, "utf-8-sig") is None else _not_utf8(path)


def _refuse_other_things(head: bytes) -> None:
    if not head.strip(b"\xef\xbb\xbf\xff\xfe\x00 \t\r\n"):
        raise UnusableFileError("The file is empty.")
    for magic, what in MAGIC:
        if head.startswith(magic):
            # A workbook is a zip archive too; its parts have telling names.
            is_workbook = magic == MAGIC[0][0] and (b"[Content_Types].xml" in head or b"xl/" in head)
            raise UnusableFileError(f"The file is {WORKBOOK if is_workbook else what}.")
    if MARKUP.match(head.removeprefix(codecs.BOM_UTF8)):
        raise UnusableFileError("The file is a web page, not a CSV: download the export again while logged in.")


def _utf16_without_mark(head: bytes) -> str:
    """Return the byte order that many NULs betray, or an empty string."""
    even, odd = head[::2], head[1::2]
    if odd and odd.count(0) > HALF * len(odd) and even.count(0) < odd.count(0) / 4:
        return "utf-16-le"
    if even.count(0) > HALF * len(even) and odd.count(0) < even.count(0) / 4:
        return "utf-16-be"
    return ""


def _whole(path: Path, name: str) -> Encoding:
    if fault := _decodes(path, name):
        raise UnusableFileError(f"The file is {name.upper()} but damaged ({fault}): export it again.")
    return Encoding(name)


def _decodes(path: Path, name: str) -> str | None:
    """Return why a file is not in an encoding, or None if it is."""
    decoder = codecs.getincrementaldecoder(name)()
    try:
        with path.open("rb") as file:
            while chunk := file.read(CHUNK):
                decoder.decode(chunk)
            decoder.decode(b"", final=True)
    except UnicodeError as error:
        return getattr(error, "reason", str(error))
    return None


def _not_utf8(path: Path) -> Encoding:
    """Return Windows-1252 where that gives plausible text, or UTF-8 with damaged lines where other lines are UTF-8."""
    place, good, bad, odd, undefined = "", 0, 0, 0, False
    with path.open("rb") as file:
        for number, line in enumerate(file, 1):
            if line.removeprefix(codecs.BOM_UTF8).isascii():
                continue
            try:
                line.decode("utf-8")
            except UnicodeDecodeError as error:
                place = place or f"line {number} holds byte 0x{line[error.start]:02X}"
                odd += len(ODD_IN_1252.findall(line))
                undefined = undefined or NOT_1252.search(line) is not None
                bad += 1
            else:
                good += 1
    if good:
        # Reading all of it as Windows-1252 would garble the good lines.
        return Encoding("utf-8-sig", f"{bad} lines are not UTF-8 like the rest: {place}.", damaged=True)
    if undefined or odd > bad / 4:
        raise UnusableFileError(
            f"The file is not UTF-8 ({place}) and makes no sense as Windows-1252 either: save it as CSV UTF-8."
        )
    return Encoding("cp1252", f"The file is not UTF-8: {place}. It was read as Windows-1252.")
