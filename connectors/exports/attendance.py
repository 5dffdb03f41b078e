"""Our own `attendance` file: one row per date and platform."""

from collections.abc import Iterator, Sequence

from analytics.records import Attendance, Platform, Record, Statistic
from connectors.contract import Reading, RowError
from connectors.exports.amounts import whole_number
from connectors.exports.identity import required
from connectors.exports.sheet import Sheet
from connectors.exports.survey import survey
from connectors.exports.table import Table
from connectors.exports.verdict import Verdict, each_row

KIND = "attendance"
TEMPLATE = """\
date,platform,participants,challenge_day
2026-01-05,youtube,812,
2026-01-05,zoom,143,
"""
REMEDY = "an attendance file needs date, platform and participants"
STATISTICS = {Platform.YOUTUBE: Statistic.PEAK_VIEWERS, Platform.ZOOM: Statistic.UNIQUE_PEOPLE}


def is_header(columns: frozenset[str]) -> bool:
    """Tell whether a row of column keys is this file's header."""
    return {"platform", "participants"} <= columns


def read(sheet: Sheet, reading: Reading) -> Iterator[Verdict]:
    """Yield a session for every row."""
    table = Table.under(sheet, is_header)
    table.require(REMEDY, ("date",), ("platform",), ("participants",))
    yield from each_row(table, _Days(table, reading).read)


class _Days:
    """The columns of one file, and how its dates are written."""

    def __init__(self, table: Table, reading: Reading) -> None:
        self.date, self.platform = table.cell("date"), table.cell("platform")
        self.participants, self.challenge_day = table.cell("participants"), table.cell("challenge_day")
        _, dates = survey(table, (), (self.date,))
        self.moments = dates.conclude(reading.challenge, order=reading.date_order)

    def read(self, cells: Sequence[str]) -> tuple[Record, ...]:
        """Return the attendance of one row."""
        platform, on = _platform(self.platform(cells)), self.moments.day(self.date(cells))
        claimed = self.challenge_day(cells)
        attendance = Attendance(
            platform=platform,
            session_id=f"daily:{on}",
            date=on,
            participants=whole_number(required(self.participants(cells), "participants")),
            statistic=STATISTICS[platform],
            source="file",
            challenge_day=whole_number(claimed) if claimed else None,
        )
        return (attendance,)


def _platform(text: str) -> Platform:
    try:
        return Platform(text.casefold())
    except ValueError:
        raise RowError(f"platform is '{text}'; it is youtube or zoom") from None
