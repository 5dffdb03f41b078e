"""YouTube Studio → Analytics → Advanced mode → Export: a row per video, or in `Chart data.csv` per day and video."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date, timedelta

from analytics.records import Attendance, Platform, Record, Statistic
from connectors.contract import Reading, RowError
from connectors.exports.amounts import is_reported, whole_number
from connectors.exports.languages import vocabulary
from connectors.exports.sheet import Sheet
from connectors.exports.survey import survey
from connectors.exports.table import Table
from connectors.exports.verdict import LeftOut, Taken, Verdict, each_row

KIND = "youtube-studio"
WORDS, VALUES = vocabulary("youtube_studio", "columns"), vocabulary("youtube_studio", "values")
PEAK, AVERAGE, PUBLISHED = "peak concurrent viewers", "average concurrent viewers", "video publish time"
REMEDY = (
    "in YouTube Studio's Advanced mode add the metric 'Peak concurrent viewers' (+ → Live streaming), "
    "group by Content, and export 'Table data.csv'"
)
ENGLISH = (
    "; if it is in a language that is not read, switch Studio to English (your picture → Language) and export again"
)
# A stream that begins on one day of the channel is published on that day or, elsewhere on the globe, on the next.
NEAR = timedelta(days=1)


def is_header(columns: frozenset[str]) -> bool:
    """Tell whether a row of column keys is this export's header."""
    words = frozenset(WORDS.all_english(columns))
    return "content" in words and not words.isdisjoint({"video title", PUBLISHED})


def is_card(columns: frozenset[str]) -> bool:
    """Tell whether a row of column keys is of the chart's or the totals' small exports, which name no video."""
    words = frozenset(WORDS.all_english(columns))
    return "date" in words and words <= {"date", "views", PEAK, AVERAGE, "duration"} and len(words) > 1


def is_by_day(sheet: Sheet) -> bool:
    """Tell whether a sheet is the chart data, whose days are of a few videos only."""
    return "date" in WORDS.all_english(Table.under(sheet, is_header).header)


def read(sheet: Sheet, reading: Reading) -> Iterator[Verdict]:
    """Yield a session for every video that was watched live."""
    table = Table.under(sheet, is_header)
    header = table.header
    table = replace(table, header=WORDS.all_english(header))
    if table.find(PEAK) is None or table.find(PUBLISHED) is None or table.find("content") is None:
        replace(table, header=header).require(
            REMEDY + ENGLISH, *((name,) for name in (PEAK, "content", PUBLISHED) if table.find(name) is None)
        )
    videos = _Videos(table, reading)
    if table.find("date") is None:
        yield from each_row(table, videos.read)
        return
    lives = _Lives(videos, table)
    yield from (verdict for verdict in each_row(table, lives.read) if not isinstance(verdict, Taken))
    yield from lives.verdicts()


class _Videos:
    """The columns of one file, and how its dates are written."""

    def __init__(self, table: Table, reading: Reading) -> None:
        self.id, self.title, self.published = table.cell("content"), table.cell("video title"), table.cell(PUBLISHED)
        self.peak, self.average, self.date = table.cell(PEAK), table.cell(AVERAGE), table.cell("date")
        _, dates = survey(table, (), (self.published, self.date))
        self.moments = dates.conclude(reading.challenge, order=reading.date_order)

    def read(self, cells: Sequence[str]) -> tuple[Record, ...] | LeftOut:
        """Return the attendance of one video."""
        if VALUES.english(self.id(cells)) == "total":
            return LeftOut("rows of totals")
        peak = _count(self.peak(cells))
        if not peak:
            return LeftOut("without live viewers")
        return self.attendance(cells, peak, self.moments.day(self.published(cells)))

    def attendance(self, cells: Sequence[str], peak: int, on: date) -> tuple[Attendance, ...] | LeftOut:
        """Return the attendance of a video that was live on a day."""
        video = _video_id(self.id(cells))
        if self.moments.challenge.day_of(on) is None:
            return LeftOut("live outside the challenge")  # the export is of a channel, not of a challenge
        attendance = Attendance(
            platform=Platform.YOUTUBE,
            session_id=video,
            date=on,
            participants=peak,
            statistic=Statistic.PEAK_VIEWERS,
            source="youtube",
            topic=self.title(cells),
            peak=peak,
            average=_rounded(self.average(cells)),
        )
        return (attendance,)


class _Lives:
    """The live days of each video: past midnight one stream has two, and its peak is the higher one."""

    def __init__(self, videos: _Videos, table: Table) -> None:
        self.videos, self.line = videos, table.header_line
        self.found: dict[str, tuple[int, date, Sequence[str]]] = {}

    def read(self, cells: Sequence[str]) -> tuple[Record, ...] | LeftOut:
        """Take in one day of one video."""
        videos = self.videos
        if VALUES.english(videos.id(cells)) == "total":
            return LeftOut("rows of totals")
        peak = _count(videos.peak(cells))
        if not peak:
            return LeftOut("without live viewers")
        video, on = _video_id(videos.id(cells)), videos.moments.day(videos.date(cells))
        before = self.found.get(video)
        if before is not None:
            on, peak = min(on, before[1]), max(peak, before[0])
        self.found[video] = peak, on, cells
        return ()

    def verdicts(self) -> Iterator[Verdict]:
        """Yield each video as one session on the day it went live."""
        for peak, on, cells in self.found.values():
            try:
                published = self.videos.moments.day(self.videos.published(cells))
            except RowError:
                published = on
            live_on = published if timedelta() <= on - published <= NEAR else on
            outcome = self.videos.attendance(cells, peak, live_on)
            if isinstance(outcome, LeftOut):
                yield outcome
                continue
            yield Taken(self.line, tuple(replace(one, average=None, is_part=True) for one in outcome))


def _count(text: str) -> int | None:
    return whole_number(re.sub(r"[.,]0{1,2}$", "", text)) if is_reported(text) else None


def _rounded(text: str) -> int | None:
    """Return an average as whole people; it is only shown beside the peak, so an odd one is simply unknown."""
    if not is_reported(text):
        return None
    try:
        return whole_number(re.sub(r"[.,][0-9]{1,2}$", "", text))
    except RowError:
        return None


def _video_id(text: str) -> str:
    video = text.removeprefix("'")
    if not re.fullmatch(r"[A-Za-z0-9_-]{11}", video):
        # '#NAME?' is what a spreadsheet makes of an id that begins with '-'.
        raise RowError(
            f"'{text[:40]}' is not a video id; import the file as YouTube wrote it, without opening it first"
        )
    return video
