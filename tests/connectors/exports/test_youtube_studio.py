from datetime import date
from pathlib import Path

import pytest

from analytics.records import Attendance, Platform, Statistic
from connectors.contract import UnusableFileError

FILE = Path(__file__).with_name("youtube-studio.csv")


def test_a_video_watched_live_is_a_session(take):
    outcome = take(FILE)
    assert outcome.report.kind == "youtube-studio"
    assert outcome.records == [
        Attendance(
            platform=Platform.YOUTUBE,
            session_id=video,
            date=date(2026, 1, day),
            participants=peak,
            statistic=Statistic.PEAK_VIEWERS,
            source="youtube",
            topic=f"Day {day}",
            peak=peak,
            average=average,
        )
        for video, day, peak, average in (("2q4TS4z4Rpk", 1, 1234, 812), ("-HNx8nDsGuQ", 2, 987, 600))
    ]
    assert outcome.report.left_out == {
        "rows of totals": 1,
        "without live viewers": 1,
        "live outside the challenge": 1,
    }


def test_an_id_that_a_spreadsheet_has_damaged_rejects_its_row(take):
    damaged, impossible = take(FILE).rejects
    assert damaged.startswith("7,\"'#NAME?' is not a video id; import the file as YouTube wrote it")
    assert impossible.startswith("8,\"'Jan 32, 2026' is not a day of the calendar\"")


@pytest.mark.parametrize(
    ("peak", "average", "expected"),
    [("1,000", "1,000", (1000, 1000)), ("900.0", "812.34", (900, 812)), ("900", "--", (900, None)), ("900", "?", (900, None))],
)  # fmt: skip
def test_counts_however_written(take, peak, average, expected):
    outcome = take(
        "Content,Video title,Video publish time,Peak concurrent viewers,Average concurrent viewers\n"
        f'2q4TS4z4Rpk,Day 1,"Jan 1, 2026","{peak}","{average}"\n'
    )
    assert [(session.participants, session.average) for session in outcome.records] == [expected]


def test_a_table_without_the_live_metric_is_sent_back(take):
    with pytest.raises(UnusableFileError, match="add the metric 'Peak concurrent viewers'"):
        take('Content,Video title,Video publish time,Views\n2q4TS4z4Rpk,Day 1,"Jan 1, 2026",10\n')
