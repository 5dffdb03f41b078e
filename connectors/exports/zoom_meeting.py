"""Zoom → Reports → Meeting → Participants → Export: unique users, or one row per join, with the meeting's data above."""

import re
from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import pairwise

from analytics.records import Attendance, Platform, Record, Statistic
from connectors.contract import Reading, RowError, UnusableFileError
from connectors.exports.moments import Moments
from connectors.exports.sheet import Sheet
from connectors.exports.table import Table, key, keys
from connectors.exports.verdict import LeftOut, Note, Taken, Verdict, each_row
from connectors.exports.zoom_crowd import Crowd, moments_of, room, session_id

KIND = "zoom-meeting"
NAME = ("name (original name)", "user name (original name)", "participant", "name", "user name")
EMAIL = ("user email", "email", "email address", "e-mail")
JOINED = ("join time", "joined")
WAITING = ("in waiting room", "waiting room")
MEETING_ID = ("meeting id", "id")
STARTED = ("start time", "actual start time")
HOST = ("host email", "user email", "email")
HOST_MARK = re.compile(r"\((host|co-host|host, me)\)\s*$", re.IGNORECASE)
REMEDY = "in Zoom open Reports → Meeting → Participants, tick 'Export with meeting data', and export"


def is_header(columns: frozenset[str]) -> bool:
    """Tell whether a row of column keys is the list of participants of this export."""
    details = {"join time", "guest", "total duration (minutes)", "duration (minutes)", *WAITING}
    return not columns.isdisjoint(NAME) and not columns.isdisjoint(details) and "attended" not in columns


def read(sheet: Sheet, reading: Reading) -> Iterator[Verdict]:
    """Yield one session: the people who were in the room."""
    table = Table.under(sheet, is_header)
    table.require(REMEDY, NAME)
    moments, notes = moments_of(sheet, reading)
    meeting = _Meeting(table, moments)
    yield from (verdict for verdict in each_row(table, meeting.read) if not isinstance(verdict, Taken))
    yield Taken(meeting.line, (meeting.attendance(),))
    for note in (*notes, *meeting.notes()):
        yield Note(note)


class _Meeting:
    """The columns of one file, what stands above them, and the people read so far."""

    def __init__(self, table: Table, moments: Moments) -> None:
        self.moments, self.sheet, self.crowd = moments, table.sheet, Crowd()
        self.name, self.email = table.cell(*NAME), table.cell(*EMAIL)
        self.user, self.registrant = table.cell("user id", "participant id"), table.cell("registrant id")
        self.joined, self.waiting = table.cell(*JOINED), table.cell(*WAITING)
        self.line, self.facts = _meeting_data(table)
        self.host = self._fact(*HOST).casefold()
        self.first_join: datetime | None = None
        self.has_host = False

    def read(self, cells: Sequence[str]) -> tuple[Record, ...] | LeftOut:
        """Count the person of one row."""
        if key(self.waiting(cells)) in {"yes", "true"}:
            return LeftOut("in the waiting room")
        name, email = self.name(cells), self.email(cells)
        if (self.host and email.casefold() == self.host) or HOST_MARK.search(name):
            self.has_host = True
            return LeftOut("host")
        self.crowd.see(self.registrant(cells), email, self.user(cells), name)
        if joined := self.joined(cells):
            moment, _ = self.moments.moment(joined)
            self.first_join = min(moment, self.first_join or moment)
        return ()

    def _fact(self, *names: str) -> str:
        return next((self.facts[name] for name in names if self.facts.get(name)), "")

    def attendance(self) -> Attendance:
        """Return the session; raises UnusableFileError where nothing tells when it was."""
        started_at = self._started_at()
        return Attendance(
            platform=Platform.ZOOM,
            session_id=session_id(self._fact(*MEETING_ID), started_at),
            date=self.moments.challenge.local_date(started_at),
            participants=len(self.crowd),
            statistic=Statistic.UNIQUE_PEOPLE,
            source="zoom",
            started_at=started_at,
            ended_at=self._ended_at(),
            topic=self._fact("topic"),
            room=room(self._fact(*MEETING_ID)),
        )

    def _started_at(self) -> datetime:
        try:
            stated = self._fact(*STARTED)
            started_at = self.moments.moment(stated)[0] if stated else self.first_join
        except RowError as error:
            raise UnusableFileError(f"The file does not say when the meeting began: {error}.") from None
        if started_at is None:
            raise UnusableFileError(f"The file does not say when the meeting was: {REMEDY}.")
        return started_at

    def _ended_at(self) -> datetime | None:
        try:
            return self.moments.moment(self._fact("end time"))[0]
        except RowError:
            return None

    def notes(self) -> Iterator[str]:
        """Yield what the reader of the import should know."""
        if not self.has_host:
            yield "No row could be recognised as the host's, so the host may be among those counted."


def _meeting_data(table: Table) -> tuple[int, dict[str, str]]:
    """Return the line and the facts of the block above the participants, by column key."""
    above = [row for row in table.sheet.head if row.line < table.header_line and not row.fault]
    for names, values in pairwise(above):
        header = keys(names.cells)
        if not {"meeting id", "topic"}.isdisjoint(header):
            return values.line, dict(zip(header, values.cells, strict=False))
    return table.header_line, {}
