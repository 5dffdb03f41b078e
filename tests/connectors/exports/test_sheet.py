"""Hostile files: what is read, what is rejected, with which physical line."""

import csv
import io
import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.contract import UnusableFileError
from connectors.exports import sheet as module
from connectors.exports.sheet import CELL_LIMIT, NUL, OPEN_QUOTE, TOO_LONG, Sheet


def rows(tmp_path, content):
    path = tmp_path / "export.csv"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return [tuple(row) for row in Sheet.open(path).rows()]


def good(tmp_path, content):
    return [cells for _, cells, fault in rows(tmp_path, content) if not fault]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("a,b\n1,2\n", [["a", "b"], ["1", "2"]]),
        ("\ufeffa,b\r\n1,2\r\n", [["a", "b"], ["1", "2"]]),
        ("a;b\nx@y.io;1,50\n", [["a", "b"], ["x@y.io", "1,50"]]),
        ("a\tb\n1,5\t2\n", [["a", "b"], ["1,5", "2"]]),
        ("sep=;\na;b\n1;2\n", [["a", "b"], ["1", "2"]]),
        ('a,b\n"1,5","say ""hi"""\n', [["a", "b"], ["1,5", 'say "hi"']]),
        ('a,b\n5" pipe,2\n', [["a", "b"], ['5" pipe', "2"]]),
        ("a,b\r1,2\r", [["a", "b"], ["1", "2"]]),
        ("a,b\n\n , \n1,2", [["a", "b"], ["1", "2"]]),
        ('a, b\n1, "x, y"\n', [["a", "b"], ["1", "x, y"]]),
        ("a\n1\n", [["a"], ["1"]]),
    ],
)
def test_delimiters_line_ends_and_quotes(tmp_path, content, expected):
    assert good(tmp_path, content) == expected


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1252"])
def test_encodings(tmp_path, encoding):
    assert good(tmp_path, "name,price\nJosé,1\nRenée,2\n".encode(encoding)) == [
        ["name", "price"],
        ["José", "1"],
        ["Renée", "2"],
    ]


def test_windows_1252_is_said(tmp_path):
    path = tmp_path / "export.csv"
    path.write_bytes("name,price\nJosé,€1\n".encode("cp1252"))
    assert Sheet.open(path).encoding.note == (
        "The file is not UTF-8: line 2 holds byte 0xE9. It was read as Windows-1252."
    )


def test_a_damaged_line_in_a_utf8_file_is_rejected_alone(tmp_path):
    content = "name\nJosé\n".encode() + b"Ren\xe9e\nplain\n"
    assert rows(tmp_path, content) == [
        (1, ["name"], ""),
        (2, ["José"], ""),
        (3, ["Ren\udce9e"], "byte 0xE9 is not UTF-8"),
        (4, ["plain"], ""),
    ]


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "is empty"),
        (b"\xef\xbb\xbf \r\n", "is empty"),
        (b"PK\x03\x04....[Content_Types].xml", r"is an Excel workbook \(.xlsx\)"),
        (b"PK\x03\x04....Table data.csv", "is a zip archive"),
        (b"\xd0\xcf\x11\xe0....", "is an old Excel workbook"),
        (b"<!DOCTYPE html><html>", "is a web page"),
        (b"%PDF-1.7", "is a PDF"),
        ("имя,цена\nМария,1\n".encode("cp1251"), "makes no sense as Windows-1252"),
        ("nom,prix\nélève,1\n".encode("mac-roman"), "makes no sense as Windows-1252"),
        (b"\xff\xfea\x00,\x00b", "is UTF-16 but damaged"),
    ],
)
def test_what_is_no_text_is_named(tmp_path, content, sentence):
    with pytest.raises(UnusableFileError, match=sentence):
        rows(tmp_path, content)


def test_a_file_that_is_not_there_is_a_sentence(tmp_path):
    with pytest.raises(UnusableFileError, match=r"The file cannot be read: No such file or directory."):
        Sheet.open(tmp_path / "export.csv")


def test_an_unclosed_quote_costs_its_own_line_only(tmp_path):
    content = 'a,b,c\n1,"open,3\n2,"x, y",3\n3,4,5\n6,"7",8\n'
    assert rows(tmp_path, content)[1:] == [
        (2, ["1", '"open', "3"], OPEN_QUOTE),
        (3, ["2", "x, y", "3"], ""),
        (4, ["3", "4", "5"], ""),
        (5, ["6", "7", "8"], ""),
    ]


def test_an_unclosed_quote_does_not_read_on_for_ever(tmp_path):
    content = 'a,b\n1,"open\n' + "2,plain text\n" * 50_000
    read = rows(tmp_path, content)
    assert (len(read), read[1][2], read[2]) == (50_002, OPEN_QUOTE, (3, ["2", "plain text"], ""))


def test_a_row_of_quotes_without_end_is_given_up(tmp_path):
    content = 'a,b\n1,"\n' + '","\n' * 100_000 + "1,2\n"
    read = rows(tmp_path, content)
    assert read[1] == (2, ["1", '"'], OPEN_QUOTE)
    assert read[-1] == (100_003, ["1", "2"], "")


def test_lines_that_a_quote_seemed_to_swallow_may_hold_quotes_over_several_lines(tmp_path):
    assert rows(tmp_path, 'a,b\n1,"open\n2,"x\ny"\n3,4\n')[1:] == [
        (2, ["1", '"open'], OPEN_QUOTE),
        (3, ["2", "x\ny"], ""),
        (5, ["3", "4"], ""),
    ]


def test_line_breaks_inside_quotes_keep_the_line_numbers_right(tmp_path):
    assert rows(tmp_path, 'a,b\n1,"x\r\ny\nz"\n2,3\n') == [
        (1, ["a", "b"], ""),
        (2, ["1", "x\r\ny\nz"], ""),
        (5, ["2", "3"], ""),
    ]


def test_nul_and_oversized_cells_are_rejected(tmp_path):
    long = "x" * (CELL_LIMIT + 1)
    assert [fault for _, _, fault in rows(tmp_path, f'a,b\n1\0,2\n{long},2\n"{long}",2\n1,2\n')] == [
        "",
        NUL,
        TOO_LONG,
        TOO_LONG,
        "",
    ]


def test_a_line_with_a_nul_is_cut_by_the_rules_of_quotes(tmp_path):
    assert rows(tmp_path, 'a,b,c\n"Doe, \0Jane","say ""hi""",3\n')[1:] == [(2, ["Doe, \0Jane", 'say "hi"', "3"], NUL)]


def test_a_line_without_end_does_not_fill_the_memory(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "LINE_LIMIT", CELL_LIMIT + 10)
    content = "a,b\n" + "x" * (3 * CELL_LIMIT) + "\n1,2\n"
    read = rows(tmp_path, content)
    assert [(line, fault) for line, _, fault in read] == [(1, ""), (2, TOO_LONG), (3, "")]


def test_rows_are_streamed(tmp_path):
    path = tmp_path / "export.csv"
    path.write_text("a,b\n" + "1,2\n" * 200_000)
    sheet = Sheet.open(path)
    list(itertools.islice(sheet.rows(), 10))
    assert sheet.bytes_read < path.stat().st_size / 10


cell = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=12).map(str.strip)


@settings(deadline=None)
@given(st.lists(st.lists(cell, min_size=3, max_size=3).filter(any), min_size=1, max_size=6), st.sampled_from(",;\t"))
def test_what_the_csv_module_writes_is_read_back(tmp_path_factory, table, delimiter):
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter, quoting=csv.QUOTE_ALL).writerows([["one", "two", "three"], *table])
    path = tmp_path_factory.mktemp("csv") / "export.csv"
    path.write_text(text.getvalue(), "utf-8-sig", newline="")
    assert [row.cells for row in Sheet.open(path).rows()][1:] == table
