from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from analytics.records import Attendance, Platform, Statistic
from connectors.contract import UnusableFileError

HERE = Path(__file__).parent
WEBINAR, MEETING = HERE / "zoom-webinar.csv", HERE / "zoom-meeting.csv"


def test_a_webinar_is_one_session_of_unique_attendees(take):
    outcome = take(WEBINAR)
    assert outcome.records == [
        Attendance(
            platform=Platform.ZOOM,
            session_id="84759841045@2026-01-17T22:13Z",
            date=date(2026, 1, 17),
            participants=3,
            statistic=Statistic.UNIQUE_PEOPLE,
            source="zoom",
            started_at=datetime(2026, 1, 17, 22, 13, tzinfo=UTC),
            ended_at=datetime(2026, 1, 18, 2, 55, tzinfo=UTC),
            topic="Day 17",
            peak=3,
            room="84759841045",
        )
    ]
    assert outcome.report.left_out == {"registered but absent": 1}


def test_a_webinar_report_says_what_it_could_not_know(take):
    notes = " ".join(take(WEBINAR).report.notes)
    assert "read in the business zone (America/Sao_Paulo)" in notes
    assert "3 unique people; the report's summary says 4 unique viewers" in notes
    assert "1 of the attendees are also host or panelist" in notes


def test_rows_of_a_webinar_that_cannot_be_read_are_rejected_alone(take):
    header, *_ = (outcome := take(WEBINAR)).report.rejects.read_text("utf-8-sig").splitlines()
    assert header.startswith("line,reason,Attended,User Name (Original Name),Email")
    assert [line.split(",")[0] for line in outcome.rejects] == ["20", "21", "22"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize("delimiter", [",", "\t"])
def test_a_webinar_reads_the_same_in_every_dress(take, encoding, newline, delimiter):
    text = (
        "Attendee Report\n"
        "Report generated time|Jan 18 2026 6:26 PM\n"
        "Topic|Webinar ID|Actual Start Time|Actual Duration (minutes)|Unique Viewers\n"
        "Day 17|847 5984 1045|01/17/2026 07:13:00 PM|60|2\n"
        "Host Details\n"
        "Attended|User Name (Original Name)|Email\n"
        "Yes|Host|host@example.com\n"
        "Attendee Details\n"
        "Attended|User Name (Original Name)|Email|Registration Source|Attendance Type\n"
        "Yes|Ana|ana@example.com|Email|Live\n"
        "Yes|João|joao@example.com|Email|Live\n"
        "Yes|Ana|ANA@example.com|Email|Live\n"
        "Other Attended\n"
        "User Name|Join Time\n"
        "15550001111|01/17/2026 07:20:00 PM\n"
    )
    outcome = take(text.replace("|", delimiter).replace("\n", newline).encode(encoding))
    assert [(session.participants, session.session_id) for session in outcome.records] == [
        (2, "84759841045@2026-01-17T22:13Z")
    ]
    assert outcome.report.rejected == 0
    assert any("1 lines under 'Other Attended'" in note for note in outcome.report.notes)


def test_another_report_of_zoom_is_sent_back(take):
    with pytest.raises(UnusableFileError, match=r"without 'Attendee Details': in Zoom open Reports → Webinar"):
        take(
            "Registration Report\nTopic,Webinar ID,Scheduled Time\nDay 17,847 5984 1045,2026-01-17 19:00\n"
            "Registrant Details\nFirst Name,Email\nAna,ana@example.com\n"
        )


def test_a_webinar_without_its_start_is_sent_back(take):
    with pytest.raises(UnusableFileError, match="does not say when the webinar began"):
        take("Topic,Webinar ID\nDay 17,1\nAttendee Details\nAttended,Email\nYes,ana@example.com\n")


def test_a_meeting_counts_people_once_and_neither_host_nor_waiting_room(take):
    outcome = take(MEETING)
    (session,) = outcome.records
    assert (session.participants, session.date, session.topic) == (2, date(2026, 1, 17), "VIP Q&A")
    assert session.session_id == "84300011046@2026-01-17T22:00Z"
    assert outcome.report.left_out == {"host": 1, "in the waiting room": 2}


def test_a_meeting_without_its_data_is_dated_by_its_first_join(take):
    outcome = take(
        "Name (Original Name),User Email,Join Time,Leave Time,Duration (Minutes),Guest\n"
        "Ana,ana@example.com,2026-01-17 19:30:00,2026-01-17 20:00:00,30,Yes\n"
        "Bob (Host),,2026-01-17 19:00:00,2026-01-17 20:00:00,60,No\n"
        "iPhone,,2026-01-17 19:10:00,2026-01-17 20:00:00,50,Yes\n"
    )
    (session,) = outcome.records
    assert (session.participants, session.started_at) == (2, datetime(2026, 1, 17, 22, 10, tzinfo=UTC))


def test_a_meeting_whose_dates_nothing_proves(take):
    head, row = "Meeting ID,Topic,Start Time\n1,Q&A,{0}\n", "Name (Original Name),Join Time,Guest\nAna,{0},Yes\n"
    outcome = take((head + row).format("02/03/2026 07:00:11 PM"))
    assert outcome.records[0].date == date(2026, 2, 3)
    assert any("were read month first" in note for note in outcome.report.notes)
    with pytest.raises(UnusableFileError, match="can be day/month or month/day"):
        take((head + row).format("02/03/2026 19:00:11"))
    with pytest.raises(UnusableFileError, match="does not say when the meeting began: 'soon' is not a date"):
        take((head + row).format("soon").replace("Ana,soon", "Ana,"))


def test_a_meeting_without_any_time_is_sent_back(take):
    with pytest.raises(UnusableFileError, match=r"does not say when the meeting was: .*'Export with meeting data'"):
        take("Name (Original Name),User Email,Total Duration (Minutes),Guest\nAna,ana@example.com,92,Yes\n")


def test_an_unrecognised_host_is_said(take):
    outcome = take("Name (Original Name),User Email,Join Time,Guest\nAna,ana@example.com,2026-01-17 19:30:00,Yes\n")
    assert any("host may be among those counted" in note for note in outcome.report.notes)
