"""JSON lines from a file: each line by itself, and what was rejected is mended and imported again."""

import csv
import json
from dataclasses import replace
from datetime import timedelta
from io import StringIO

import pytest

from connectors.contract import UnusableFileError
from connectors.csv_import import KINDS, import_file, template
from tests.connectors.conftest import FakeAccepted
from tests.connectors.events import NOW

LEAD = {
    "type": "lead",
    "source": "kajabi",
    "id": "1",
    "occurred_at": "2026-01-17T20:15:00Z",
    "customer": {"email": "a@x.io"},
}


def line(**fields):
    return json.dumps({**LEAD, **fields}, ensure_ascii=False)


def test_json_lines_are_recognised_and_each_is_judged_by_itself(take):
    outcome = take(f"\ufeff{line()}\n\n{line(id='')}\r\nnonsense\n{line(id='2', coupon=1)}")
    report = outcome.report
    assert (report.kind, report.new, report.rejected) == ("events", 2, 2)
    assert [record.external_id for record in outcome.records] == ["1", "2"]
    assert [row[:2] for row in csv.reader(StringIO("\n".join(outcome.rejects)))] == [
        ["3", "'id' is missing"],
        ["4", "the line is not JSON (position 0)"],
    ]
    assert report.notes == ("Fields that no event of its type has were left out: coupon.",)


@pytest.mark.parametrize(
    ("bad", "mended"),
    [
        (line(id=""), line(id="7")),
        (line(customer={"email": "a@x.io", "name": 'Ana, "the" Baker'}, id=""), line(id="7")),
        ('{"type": "lead"', line(id="7")),
        ("{=cmd()", line(id="7")),
        (line(id="7").replace("kajabi", "kaj\0abi"), line(id="7")),
        (line(id="7").replace("kajabi", "kaj\tabi"), line(id="7")),
    ],
)
def test_a_rejected_line_is_imported_again_as_it_was_written_and_once_it_is_mended(take, bad, mended):
    first = take(f"{line()}\n{bad}\n")
    assert (first.report.new, first.report.rejected) == (1, 1)
    again = take(first.report.rejects.read_bytes())
    assert (again.report.kind, again.report.new, again.report.rejected) == ("events", 0, 1)
    assert again.rejects[0].split(",", 1)[1] == first.rejects[0].split(",", 1)[1]
    (row,) = list(csv.reader(StringIO(again.report.rejects.read_text("utf-8-sig"))))[1:]
    text = StringIO()
    csv.writer(text).writerows([["line", "reason", "event"], [*row[:2], mended]])
    third = take(text.getvalue())
    assert (third.report.new, third.report.rejected) == (1, 0)
    assert third.records[0].external_id == "7"


def test_a_line_that_is_not_utf8_is_rejected_alone(take):
    outcome = take(f"{line()}\n".encode() + line(id="é").encode("latin-1") + b"\n")
    assert (outcome.report.new, outcome.report.rejected) == (1, 1)
    assert "the line is not UTF-8" in outcome.rejects[0]


def test_a_line_that_never_ends_is_rejected_alone(take):
    outcome = take(f"{line()}\n{line(note='x' * 200_000)}\n{line(id='3')}\n")
    assert (outcome.report.new, outcome.report.rejected) == (2, 1)


def test_a_json_list_is_refused_with_what_to_do(take):
    with pytest.raises(UnusableFileError, match="write one event on each line"):
        take(json.dumps([LEAD, LEAD]))


def test_what_the_door_refuses_is_rejected_with_its_line(take):
    outcome = take(f"{line()}\n{line(id='2')}\n", refuse=lambda record: "not you" if record.external_id == "2" else "")
    assert (outcome.report.new, outcome.report.rejected) == (1, 1)
    assert outcome.rejects[0].startswith("2,not you,")


def test_what_lies_ahead_is_rejected_as_it_is_by_webhook(tmp_path, reading):
    path = tmp_path / "events.jsonl"
    path.write_text(line(occurred_at=(NOW + timedelta(days=2)).isoformat()))
    report = import_file(path, replace(reading, now=NOW), lambda records: FakeAccepted(len(list(records))))
    assert (report.new, report.rejected) == (0, 1)


def test_the_kind_can_be_forced_and_has_a_template(take):
    assert "events" in KINDS
    assert take(f"nonsense\n{line()}\n", kind="events").report.rejected == 1
    assert take(template("events")).report.new == 2
