"""Zoom → Reports → Webinar → Attendee Report: several tables in one file, each with its own header."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from analytics.records import Attendance, Platform, Statistic
from connectors.contract import Reading, RowError, UnusableFileError
from connectors.exports.languages import truth
from connectors.exports.moments import Moments
from connectors.exports.sheet import Row, Sheet
from connectors.exports.table import Table, fitted
from connectors.exports.verdict import Columns, LeftOut, Note, Rejected, Taken, Verdict
from connectors.exports.zoom_crowd import COLUMNS, ENGLISH, TITLES, Crowd, count, moments_of, room, session_id

KIND = "zoom-webinar"
ATTENDEES, PRESENTERS = "attendee details", frozenset({"host details", "panelist details"})
OTHERS = "other attended"
SECTIONS = frozenset({ATTENDEES, OTHERS, "attendee report", "registration report", "report summary"}) | PRESENTERS
STARTED = ("actual start time", "start time", "scheduled time")
EMAIL = ("email", "user email", "email address", "e-mail")
NAME = ("user name (original name)", "user name", "name (original name)", "name")
REGISTRANT = ("registrant id", "registration id")
SUMMARY = (
    "topic", "webinar id", "actual start time", "actual duration (minutes)", "# registered", "# cancelled",
    "unique viewers", "total users", "max concurrent views",
)  # fmt: skip
PEOPLE = ("attended", "user name (original name)")
REMEDY = "in Zoom open Reports → Webinar → Attendee Report and download that one"


def is_header(columns: frozenset[str]) -> bool:
    """Tell whether a row of column keys is this export's first table, or a title of the report."""
    words = frozenset(COLUMNS.all_english(columns))
    titles = {TITLES.english(column) for column in columns - {""}}
    return "webinar id" in words or (titles <= SECTIONS and bool(titles))


def read(sheet: Sheet, reading: Reading) -> Iterator[Verdict]:
    """Yield one session: the people among the attendees who came."""
    moments, notes = moments_of(sheet, reading)
    report = _Report(sheet)
    for row in sheet.rows():
        yield from report.verdict(row)
    yield Taken(report.summary_line, (report.attendance(moments),))
    for note in (*notes, *report.notes()):
        yield Note(note)


class _People:
    """The columns of one of the report's lists of people."""

    def __init__(self, table: Table, names: Sequence[str]) -> None:
        self.names, self.width = names, len(table.header)
        self.attended, self.email = table.cell("attended"), table.cell(*EMAIL)
        self.identities = [table.cell(*names) for names in (REGISTRANT, EMAIL, NAME)]
        self.name = table.cell(*NAME)


class _Report:
    """What was read so far: the section it is in, the summary, and the people."""

    def __init__(self, sheet: Sheet) -> None:
        self.sheet, self.section = sheet, ""
        self.people: _People | None = None
        self.summary, self.summary_line = Table(sheet, 0, ()), 0
        self.values: Sequence[str] = ()
        self.crowd, self.has_attendees, self.others = Crowd(), False, 0

    def verdict(self, row: Row) -> Iterator[Verdict]:
        """Take in one row; yield what becomes of it where that is worth telling."""
        title = _title(row)
        if title:
            self.section, self.people = title, None
            self.has_attendees = self.has_attendees or title == ATTENDEES
        elif self.section in (ATTENDEES, OTHERS, *PRESENTERS):
            yield from self._person(row)
        elif "webinar id" in COLUMNS.all_english(row.cells):
            self.summary = Table(self.sheet, row.line, _placed(COLUMNS.all_english(row.cells), SUMMARY))
        elif self.summary.header and not self.values:
            self.values, self.summary_line = row.cells, row.line

    def _person(self, row: Row) -> Iterator[Verdict]:
        if self.people is None:
            self.people = self._columns(row)
            if self.section == ATTENDEES:
                yield Columns(self.people.names)
        elif self.section == ATTENDEES:
            yield from self._attendee(fitted(row, self.people.width), self.people)
        elif self.section == OTHERS:
            self.others += 1
        elif not fitted(row, self.people.width).fault:
            self.crowd.present(self.people.email(row.cells) or self.people.name(row.cells))

    def _columns(self, row: Row) -> _People:
        while row.cells and not row.cells[-1]:
            row.cells.pop()
        header = _placed(COLUMNS.all_english(row.cells), PEOPLE)
        table = Table(self.sheet, row.line, header)
        if self.section == ATTENDEES:
            table.require(REMEDY + ENGLISH, ("attended",), (*NAME, *EMAIL))
        return _People(table, tuple(row.cells))

    def _attendee(self, row: Row, people: _People) -> Iterator[Verdict]:
        attended = None if row.fault else truth(people.attended(row.cells))
        if attended is None:
            yield Rejected(
                row.line, row.fault or f"Attended is '{people.attended(row.cells)}'; it is Yes or No", row.cells
            )
        elif not attended:
            yield LeftOut("registered but absent")
        else:
            try:
                self.crowd.see(*(identity(row.cells) for identity in people.identities))
            except RowError as error:
                yield Rejected(row.line, str(error), row.cells)

    def _stated(self, *names: str) -> str:
        index = self.summary.find(*names)
        return self.values[index] if index is not None and index < len(self.values) else ""

    def attendance(self, moments: Moments) -> Attendance:
        """Return the session; raises UnusableFileError where the file is another of Zoom's reports."""
        if not self.has_attendees or not self.values:
            raise UnusableFileError(f"The file is a Zoom report without 'Attendee Details': {REMEDY}{ENGLISH}.")
        try:
            started_at, _ = moments.moment(self._stated(*STARTED))
        except RowError as error:
            raise UnusableFileError(f"The file does not say when the webinar began: {error}.") from None
        return Attendance(
            platform=Platform.ZOOM,
            session_id=session_id(self._stated("webinar id"), started_at),
            date=moments.challenge.local_date(started_at),
            participants=len(self.crowd),
            statistic=Statistic.UNIQUE_PEOPLE,
            source="zoom",
            started_at=started_at,
            ended_at=self._ended_at(started_at),
            topic=self._stated("topic"),
            peak=count(self._stated("max concurrent views", "max concurrent viewers")),
            room=room(self._stated("webinar id")),
        )

    def _ended_at(self, started_at: datetime) -> datetime | None:
        minutes = count(self._stated("actual duration (minutes)", "duration (minutes)"))
        return started_at + timedelta(minutes=minutes) if minutes is not None and minutes >= 0 else None

    def notes(self) -> Iterator[str]:
        """Yield what the reader of the import should know."""
        unique = count(self._stated("unique viewers"))
        if unique is not None and unique != len(self.crowd):
            yield f"The rows hold {len(self.crowd)} unique people; the report's summary says {unique} unique viewers."
        if self.crowd.presenters:
            yield f"{self.crowd.presenters} of the attendees are also host or panelist and were left out."
        if self.others:
            yield f"{self.others} lines under 'Other Attended' (by phone, without a name) were left out."


def _title(row: Row) -> str:
    """Return the section that a row opens, or an empty string."""
    if row.fault or not row.cells or any(row.cells[1:]):
        return ""
    title = TITLES.english(row.cells[0].rstrip(":： "))
    return title if title in SECTIONS or title.endswith((" details", " report")) else ""


def _placed(words: Sequence[str], places: Sequence[str]) -> tuple[str, ...]:
    """Return a header in which columns that no word tells have the names of their places; Zoom never changes the order."""
    placed = list(words)
    for place, name in enumerate(places[: len(placed)]):
        if name not in placed and not _is_known(placed[place]):
            placed[place] = name
    return tuple(placed)


def _is_known(word: str) -> bool:
    return any(word == name for name, _ in COLUMNS.words)
