"""YouTube Studio → Analytics → Advanced mode → Export: `Table data.csv`, one row per video."""

import re
from collections.abc import Iterator, Sequence

from analytics.records import Attendance, Platform, Record, Statistic
from connectors.contract import Reading, RowError
from connectors.exports.amounts import is_reported, whole_number
from connectors.exports.sheet import Sheet
from connectors.exports.survey import survey
from connectors.exports.table import Table, key
from connectors.exports.verdict import LeftOut, Verdict, each_row

KIND = "youtube-studio"
PEAK = ("peak concurrent viewers", "peak concurrents", "peak viewers")
AVERAGE = ("average concurrent viewers", "average concurrents")
PUBLISHED = ("video publish time", "publish time", "published")
TOTALS = frozenset({"total", "totals", "gesamt", "totale", "total général", "insgesamt"})
REMEDY = (
    "in YouTube Studio's Advanced mode add the metric 'Peak concurrent viewers' (+ → Live streaming), "
    "group by Content, and export 'Table data.csv'"
)


def is_header(columns: frozenset[str]) -> bool:
    """Tell whether a row of column keys is this export's header."""
    return not columns.isdisjoint({"content", "video"}) and not columns.isdisjoint({"video title", *PUBLISHED[:1]})


def read(sheet: Sheet, reading: Reading) -> Iterator[Verdict]:
    """Yield a session for every video that was watched live."""
    table = Table.under(sheet, is_header)
    table.require(REMEDY, PEAK, ("content", "video"), PUBLISHED)
    yield from each_row(table, _Videos(table, reading).read)


class _Videos:
    """The columns of one file, and how its dates are written."""

    def __init__(self, table: Table, reading: Reading) -> None:
        self.id, self.title, self.published = (
            table.cell("content", "video"),
            table.cell("video title"),
            table.cell(*PUBLISHED),
        )
        self.peak, self.average = table.cell(*PEAK), table.cell(*AVERAGE)
        _, dates = survey(table, (), (self.published,))
        self.moments = dates.conclude(reading.challenge)

    def read(self, cells: Sequence[str]) -> tuple[Record, ...] | LeftOut:
        """Return the attendance of one video."""
        if key(self.id(cells)) in TOTALS:
            return LeftOut("rows of totals")
        peak = _count(self.peak(cells))
        if not peak:
            return LeftOut("without live viewers")
        video, on = _video_id(self.id(cells)), self.moments.day(self.published(cells))
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
