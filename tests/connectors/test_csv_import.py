"""From a file to the door: the account of every row, and the file of rejects."""

import itertools
from datetime import date
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from analytics.records import Order
from connectors.contract import UnusableFileError
from connectors.csv_import import KINDS, import_file

EXPORTS = sorted((Path(__file__).parent / "exports").glob("*.csv"))
DAMAGE = [
    b'"',
    b",",
    b"\n",
    b"\r",
    b"\0",
    b";",
    b"\t",
    b"\xe9",
    b"\xc3\xa9",
    b"--",
    b"02/30/2026",
    b"1e5",
    b"9" * 30,
    b"",
    b"(",
]
SPEND = "date,platform,campaign,spend\n"
LEADS = "email,opted_in_at,name\n"


def test_every_row_is_accounted_for(take):
    outcome = take(SPEND + "2026-01-05,meta,A,1.50\n2026-01-05,meta,B\n2026-01-06,meta,A,x\n")
    report = outcome.report
    assert (report.kind, report.new, report.rejected, report.left_out) == ("ad-spend", 1, 2, {})
    assert report.rejects.name == "export.csv.rejected.csv"
    assert report.rejects.read_bytes().startswith(b"\xef\xbb\xbfline,reason,date,platform,campaign,spend\r\n")
    assert outcome.rejects == [
        "3,the row has 3 cells where the header has 4,2026-01-05,meta,B",
        "4,'x' is not a number,2026-01-06,meta,A,x",
    ]


def test_what_the_door_refuses_is_rejected_with_its_line_and_cells(take):
    outcome = take(
        SPEND + '2026-01-05,meta,"A\nB",1.50\n2026-01-05,meta,C,-2\n',
        refuse=lambda record: "spend below zero" if record.spend < 0 else "",
    )
    assert (outcome.report.new, outcome.report.rejected) == (1, 1)
    assert outcome.rejects == ["4,spend below zero,2026-01-05,meta,C,-2"]


def test_a_row_of_two_records_is_rejected_once(take):
    outcome = take(
        "id,Created (UTC),Amount,Amount Refunded,Currency,Status\n"
        "ch_1,2026-01-05 10:00,47.00,0.00,usd,Disputed\nch_2,2026-01-05 10:00,a lot,0.00,usd,Paid\n",
        refuse=lambda record: "too dear" if "ch_1" in (record.external_id, *getattr(record, "ids", ())) else "",
    )
    assert [type(record).__name__ for record in outcome.records] == ["Payment", "Dispute"]
    assert [line.split(",")[:3] for line in outcome.rejects] == [["3", "'a lot' is not a number", "ch_2"], ["2", "too dear", "ch_1"]]  # fmt: skip


def test_a_clean_import_removes_the_rejects_of_an_earlier_one(take, tmp_path):
    assert take(SPEND + "2026-01-05,meta,A,x\n").report.rejects.exists()
    assert take(SPEND + "2026-01-05,meta,A,1\n").report.rejects is None
    assert [path.name for path in tmp_path.iterdir()] == ["export.csv"]


def test_a_corrected_rejects_file_can_be_imported(take):
    first = take(LEADS + "a@x.io,2026-01-05,Ana\nb@x.io,soon,=Bob\nc@x.io,soon,-5\n")
    assert first.rejects == ["3,'soon' is not a date,b@x.io,soon,'=Bob", "4,'soon' is not a date,c@x.io,soon,-5"]
    again = take(first.report.rejects.read_text("utf-8-sig").replace(",soon,", ",2026-01-05,"))
    assert [lead.name for lead in again.records] == ["=Bob", "-5"]


@pytest.mark.parametrize("cell", ["=cmd|' /C calc'!A0", "+1+cmd", "-2+3+cmd", "@SUM(A1)", "＝1+1", "＠SUM(A1)"])
def test_cells_that_a_spreadsheet_would_run_are_neutralised(take, cell):
    outcome = take(LEADS + f'x,soon,"{cell}"\n')
    assert f"'{cell}" in outcome.rejects[0]


def test_rejects_that_cannot_take_their_place_are_a_sentence(tmp_path, reading):
    path = tmp_path / "leads.csv"
    path.write_text(LEADS + "a@x.io,soon,Ana\n")
    (tmp_path / "leads.csv.rejected.csv").mkdir()
    report = import_file(path, reading, _count)
    assert (report.rejected, report.rejects) == (1, None)
    assert "leads.csv.rejected.csv could not be written" in report.notes[0]
    assert not (tmp_path / "leads.csv.rejected.csv.part").exists()


def test_a_dry_run_leaves_no_file(tmp_path, reading):
    path = tmp_path / "leads.csv"
    path.write_text(LEADS + "a@x.io,soon,Ana\n")
    report = import_file(path, reading, _count, keep_rejects=False)
    assert (report.rejected, report.rejects) == (1, None)
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_that_cannot_be_written_is_a_sentence(tmp_path, reading):
    path = tmp_path / "leads.csv"
    path.write_text(LEADS + "a@x.io,soon,Ana\n")
    (tmp_path / "leads.csv.rejected.csv.part").mkdir()
    report = import_file(path, reading, _count)
    assert (report.rejected, report.rejects) == (1, None)
    assert "could not be written to" in report.notes[0]


def test_a_file_name_is_only_a_name(tmp_path, reading):
    path = tmp_path / "=cmd|' C calc'!A0.csv"
    path.write_text(LEADS + "a@x.io,2026-01-05,Ana\n")
    assert import_file(path, reading, _count).new == 1


def test_records_reach_the_door_while_the_file_is_being_read(tmp_path, reading):
    path = tmp_path / "spend.csv"
    path.write_text(SPEND + "2026-01-05,meta,A,1.50\n" * 100_000)
    told: list[int] = []

    def accept(records):
        list(itertools.islice(records, 5_000))
        assert told[-1] < path.stat().st_size / 4
        return _count(records)

    assert import_file(path, reading, accept, progress=told.append).new == 95_000
    assert told[-1] == path.stat().st_size
    assert told == sorted(told)


def test_the_encoding_is_noted(take):
    outcome = take(LEADS.encode() + "a@x.io,2026-01-05,José\n".encode("cp1252"))
    assert outcome.records[0].name == "José"
    assert outcome.report.notes == ("The file is not UTF-8: line 2 holds byte 0xE9. It was read as Windows-1252.",)


def test_an_unknown_file_says_what_was_found_and_what_is_understood(take):
    with pytest.raises(
        UnusableFileError, match=r"its first line is: colour, shape\. Understood are ad-spend, .*meta-ads"
    ):
        take("colour,shape\nred,round\n")


def test_an_unknown_kind_is_a_sentence(take):
    with pytest.raises(UnusableFileError, match="There is no kind 'stripe'; there are ad-spend"):
        take(LEADS, kind="stripe")


@pytest.mark.parametrize("kind", KINDS)
def test_a_kind_forced_on_a_wrong_file_is_a_sentence(take, kind):
    with pytest.raises(UnusableFileError):
        take("colour,shape\nred,round\n", kind=kind)


def test_a_forced_kind_reads_a_file_that_is_not_recognised(take):
    text = "email,created_at\na@x.io,2026-01-05 10:00:00 UTC\n"
    assert take(text, kind="clickfunnels-classic-contacts").report.new == 1


@settings(deadline=None, max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_no_damage_to_a_file_is_a_crash(take, data):
    content = bytearray(data.draw(st.sampled_from(EXPORTS)).read_bytes())
    for _ in range(data.draw(st.integers(1, 6))):
        start = data.draw(st.integers(0, len(content)))
        content[start : start + data.draw(st.integers(0, 20))] = data.draw(st.sampled_from(DAMAGE))
    try:
        report = take(bytes(content), kind=data.draw(st.sampled_from(["", *KINDS]))).report
    except UnusableFileError:
        return  # a sentence, and nothing was written
    assert (report.rejects is None) == (report.rejected == 0)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("email,email,opted_in_at\na,b,2026-01-05\n", "has the column 'email' twice"),
        ("email,name,utm_source,lead_id\na@x.io,A,fb,1\n", "has no column opted_in_at: .* Found: email, name"),
    ],
)
def test_a_header_that_cannot_be_used_writes_nothing(take, text, sentence):
    with pytest.raises(UnusableFileError, match=sentence):
        take(text)


def test_a_header_that_is_broken_is_a_sentence(take):
    with pytest.raises(UnusableFileError, match="has no readable header line"):
        take('email,"opted_in_at\n', kind="leads")


def test_blank_columns_at_the_end_of_the_header_are_no_columns(take):
    assert take("email,opted_in_at,,\na@x.io,2026-01-05,,\nb@x.io,2026-01-05\n").report.new == 2


@pytest.mark.parametrize("text", [LEADS, LEADS + "\n,,\n"], ids=["header only", "blank rows"])
def test_no_rows_is_an_answer(take, text):
    report = take(text).report
    assert (report.new, report.rejected) == (0, 0)


def test_columns_in_any_order_and_spelling(take):
    outcome = take("Opted In At;NAME;E-Mail;email\n05.01.2026;Ana;;a@x.io\n")
    assert (outcome.records[0].email, outcome.records[0].name) == ("a@x.io", "Ana")


def test_the_same_file_gives_the_same_records(take):
    path = Path(__file__).parent / "exports" / "stripe-payments.csv"
    assert take(path).records == take(path).records


def test_dates_of_rows_are_business_dates(take):
    outcome = take("kind,email,price,ordered_at\nvip,a@x.io,1,2026-01-05T01:00:00Z\n")
    assert isinstance(order := outcome.records[0], Order)
    assert order.ordered_at.date() == date(2026, 1, 5)


def _count(records):
    return _Accepted(sum(1 for _ in records))


class _Accepted:
    changed = same = unclassified = excluded = 0
    refused = ()

    def __init__(self, new):
        self.new = new
