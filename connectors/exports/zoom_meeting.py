"""Zoom → Reports → Meeting → Participants → Export: unique users, or one row per join, with the meeting's data above."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import pairwise

from analytics.records import Attendance, Platform, Record, Statistic
from connectors.contract import Reading, RowError, UnusableFileError
from connectors.exports.languages import truth
from connectors.exports.moments import Moments
from connectors.exports.sheet import Sheet
from connectors.exports.table import Table
from connectors.exports.verdict import LeftOut, Note, Taken, Verdict, each_row
from connectors.exports.zoom_crowd import COLUMNS, ENGLISH, Crowd, moments_of, room, session_id

KIND = "zoom-meeting"
NAME = ("name (original name)", "user name (original name)", "participant", "name", "user name")
EMAIL = ("user email", "email", "email address", "e-mail")
JOINED = ("join time", "joined")
WAITING = ("in waiting room", "waiting room")
MEETING_ID = ("meeting id", "id")
STARTED = ("start time", "actual start time")
HOST = ("host email", "user email", "email")
HOST_MARK = re.compile(
    r"[(（](?:(?:co-?)?(?:host|hôte|gastgeber|anfitrión|anfitrião|anfitri[oã]a?|organizzatore)|共同ホスト|ホスト|المضيف)"
    r"(?:[,、،] ?[^()（）]+)?[)）]\s*$",
    re.IGNORECASE,
)
REMEDY = "in Zoom open Reports → Meeting → Participants, tick 'Export with meeting data', and export"


def is_header(columns: frozenset[str]) -> bool:
    """Tell whether a row of column keys is the list of participants of this export."""
    words = frozenset(COLUMNS.all_english(columns))
    details = {"join time", "guest", "total duration (minutes)", *WAITING}
    is_list = not words.isdisjoint(details) or ("duration (minutes)" in words and "email" in words)
    return not words.isdisjoint(NAME) and is_list and words.isdisjoint({"attended", "webinar id"})


def read(sheet: Sheet, reading: Reading) -> Iterator[Verdict]:
    """Yield a session for every meeting in the list: the people who were in the room."""
    table = Table.under(sheet, is_header)
    moments, notes = moments_of(sheet, reading)
    people = _List(table, moments, reading.rooms)
    yield from (verdict for verdict in each_row(table, people.read) if not isinstance(verdict, Taken))
    for meeting in people.meetings.values():
        yield Taken(meeting.line, (meeting.attendance(),))
    if any(not meeting.has_host for meeting in people.meetings.values()):
        notes = [*notes, "No row could be recognised as the host's, so the host may be among those counted."]
    yield from map(Note, notes)


class _List:
    """The columns of one file: of the people, and in a list of several meetings also of the meeting on each row."""

    def __init__(self, table: Table, moments: Moments, rooms: Sequence[str]) -> None:
        self.moments, self.rooms = moments, rooms
        first, words = _columns(table)
        people = replace(table, header=("",) * first + words[first:])
        people.require(REMEDY + ENGLISH, NAME)
        self.name, self.email = people.cell(*NAME), people.cell(*EMAIL)
        self.user, self.registrant = people.cell("user id", "participant id"), people.cell("registrant id")
        self.joined, self.waiting = people.cell(*JOINED), people.cell(*WAITING)
        self.line, self.facts = _meeting_data(table)
        self.about = words[:first]
        self.meetings: dict[tuple[str, str], _Meeting] = {}
        if not first:
            self.meetings["", ""] = _Meeting(self.line, self.facts, moments)

    def read(self, cells: Sequence[str]) -> tuple[Record, ...] | LeftOut:
        """Count the person of one row."""
        meeting = self._meeting(cells)
        if meeting is None:
            return LeftOut("of meetings that VIEW3_ZOOM_ROOMS does not name")
        if truth(self.waiting(cells)):
            return LeftOut("in the waiting room")
        name, email = self.name(cells), self.email(cells)
        if meeting.is_host(name, email):
            meeting.has_host = True
            return LeftOut("host")
        meeting.crowd.see(self.registrant(cells), email, self.user(cells), name)
        if joined := self.joined(cells):
            moment, _ = self.moments.moment(joined)
            meeting.first_join = min(moment, meeting.first_join or moment)
        return ()

    def _meeting(self, cells: Sequence[str]) -> "_Meeting | None":
        """Return the meeting of a row; None for one of a list that is not in the challenge's rooms."""
        if not self.about:
            return self.meetings["", ""]
        facts: dict[str, str] = {}
        for word, value in zip(self.about, cells, strict=False):
            facts.setdefault(word, value)
        about = room(_fact(facts, *MEETING_ID)), _fact(facts, *STARTED)
        if self.rooms and about[0] and about[0] not in self.rooms:
            return None
        if about not in self.meetings:
            self.meetings[about] = _Meeting(self.line, facts, self.moments)
        return self.meetings[about]


class _Meeting:
    """What is told of one meeting, and the people read so far."""

    def __init__(self, line: int, facts: Mapping[str, str], moments: Moments) -> None:
        self.line, self.facts, self.moments, self.crowd = line, facts, moments, Crowd()
        self.host = self._fact(*HOST).casefold()
        self.first_join: datetime | None = None
        self.has_host = False

    def is_host(self, name: str, email: str) -> bool:
        """Tell whether a person is the host, by address or by the mark behind the name."""
        return bool(self.host and email.casefold() == self.host) or HOST_MARK.search(name) is not None

    def _fact(self, *names: str) -> str:
        return _fact(self.facts, *names)

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


def _fact(facts: Mapping[str, str], *names: str) -> str:
    return next((facts[name] for name in names if facts.get(name)), "")


def _columns(table: Table) -> tuple[int, tuple[str, ...]]:
    """Return where the columns of the people begin, and all columns in English; a meeting's own come before them."""
    words = [COLUMNS.english(name) for name in table.header]
    joined = next((place for place, word in enumerate(words) if word in JOINED), len(words))
    people = [place for place, word in enumerate(words) if word in NAME and place < joined]
    is_list = any(word in {"topic", *MEETING_ID} for word in words)
    return (people[-1] if is_list and people else 0), tuple(words)


def _meeting_data(table: Table) -> tuple[int, dict[str, str]]:
    """Return the line and the facts of the block above the participants, by column key."""
    above = [row for row in table.sheet.head if row.line < table.header_line and not row.fault]
    for names, values in pairwise(above):
        header = COLUMNS.all_english(names.cells)
        if not {"meeting id", "topic"}.isdisjoint(header):
            return values.line, dict(zip(header, values.cells, strict=False))
    return table.header_line, {}
