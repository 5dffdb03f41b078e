"""A session's numbers, as they follow from what was reported, sampled and seen of it, in whatever order that arrived.

What nobody saw is unknown: a minute without a sample lowers the coverage, never the audience.
"""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median
from typing import Any

from analytics.challenge import Challenge
from analytics.records import USUAL_STATISTIC, Platform, Statistic

CADENCE = timedelta(seconds=60)
TWINS = timedelta(minutes=15)
SECOND = timedelta(seconds=1)

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Seen:
    """The samples of a session, oldest first: when, and how many."""

    samples: Sequence[tuple[datetime, int]]

    @property
    def first(self) -> datetime:
        """Return the moment of the first sample."""
        return self.samples[0][0]

    @property
    def last(self) -> datetime:
        """Return the moment of the last sample."""
        return self.samples[-1][0]

    @property
    def peak(self) -> int:
        """Return the largest count."""
        return max(count for _, count in self.samples)

    @property
    def average(self) -> int:
        """Return the mean count over the samples, as whole people."""
        return _mean(sum(count for _, count in self.samples), len(self.samples))

    def received(self) -> int:
        """Return how many samples came, those in half a minute as one."""
        count, last = 0, None
        for moment, _ in self.samples:
            if last is None or moment - last >= CADENCE / 2:
                count, last = count + 1, moment
        return count


@dataclass(frozen=True, slots=True)
class Stayed:
    """One stay of one person; an end that nobody told is None."""

    person: str
    joined_at: datetime | None
    left_at: datetime | None


@dataclass(frozen=True, slots=True)
class Crowd:
    """The people of a session: how many different ones, when the first came, and, once complete, how many at once."""

    people: int
    first: datetime
    peak: int | None = None
    average: int | None = None


@dataclass(frozen=True, slots=True)
class MinutesStayed:
    """How long the people of a session stayed: all their minutes together, and the median person's."""

    total: int
    median: int


@dataclass(frozen=True, slots=True)
class Between:
    """A number that is known, or known to be at least something; `most` is None where nothing bounds it."""

    least: int
    most: int | None

    def __str__(self) -> str:
        return f"{self.least:,}" if self.least == self.most else f"at least {self.least:,}"


def derived(facts: Row, seen: Seen | None, crowd: Crowd | None, challenge: Challenge) -> Row:
    """Return a session's row: the facts, and the numbers, day and coverage that follow from them."""
    started_at = min(filter(None, [facts["started_at"], seen.first if seen else None]), default=None)
    arrived_at = crowd.first if crowd else None
    began = started_at or arrived_at or facts["ended_at"] or facts["planned_start"]
    facts = facts | {"started_at": started_at}
    people = _people(facts, seen, crowd)
    return facts | {
        "date": challenge.local_date(began) if began else facts["date"],
        "participants": people or 0,
        "statistic": _statistic(facts, people, crowd),
        "peak": _peak(facts, seen, crowd),
        "average": _first(facts["told_average"], _of_crowd(facts, crowd, "average"), seen.average if seen else None),
        **_coverage(facts, seen),
    }


def _peak(facts: Row, seen: Seen | None, crowd: Crowd | None) -> int | None:
    """Return the peak: a final number never lowers what was seen of viewers."""
    if facts["told_peak"] is not None and _counts_viewers(facts):
        return max(int(facts["told_peak"]), seen.peak if seen else 0)
    return _first(facts["told_peak"], _of_crowd(facts, crowd, "peak"), seen.peak if seen else None)


def _people(facts: Row, seen: Seen | None, crowd: Crowd | None) -> int | None:
    if facts["told_peak"] is not None and _counts_viewers(facts):
        return _peak(facts, seen, crowd)
    if facts["is_complete"] and crowd is not None:
        return crowd.people
    counts = [facts["told_people"], seen.peak if seen else None, crowd.people if crowd else None]
    return max((count for count in counts if count is not None), default=None)


def _statistic(facts: Row, people: int | None, crowd: Crowd | None) -> str:
    """Return what a session's number counts; samples alone tell how many were there at once, never how many came."""
    if people is None:
        return ""  # nobody yet is not a count of zero
    if facts["told_people"] is not None and facts["statistic"]:
        return str(facts["statistic"])
    came = crowd.people if crowd else 0
    is_only_sampled = facts["told_people"] is None and came < people
    return Statistic.PEAK_VIEWERS.value if is_only_sampled else USUAL_STATISTIC[Platform(facts["platform"])].value


def _counts_viewers(facts: Row) -> bool:
    return bool(USUAL_STATISTIC[Platform(facts["platform"])] is Statistic.PEAK_VIEWERS)


def _of_crowd(facts: Row, crowd: Crowd | None, name: str) -> int | None:
    return getattr(crowd, name) if facts["is_complete"] and crowd is not None else None


def _coverage(facts: Row, seen: Seen | None) -> Row:
    """Return how many samples were due and came; None where nobody samples the session."""
    is_watched = seen is not None or (_counts_viewers(facts) and facts["ended_at"] is not None)
    ended_at = facts["ended_at"] or (seen.last + CADENCE if seen else None)
    if not is_watched or facts["started_at"] is None or ended_at is None:
        return {"samples_expected": None, "samples_received": None}
    expected = max(1, round((ended_at - facts["started_at"]) / CADENCE))
    return {"samples_expected": expected, "samples_received": min(expected, seen.received() if seen else 0)}


def crowd_of(stays: Iterable[Stayed], started_at: datetime | None, ended_at: datetime | None) -> Crowd | None:
    """Return the people of a session whose stays are all told; somebody on two devices at once is there once."""
    stays = list(stays)
    people = {stay.person for stay in stays}
    moments = [moment for stay in stays for moment in (stay.joined_at, stay.left_at) if moment]
    if not moments:
        return None
    visits = _visits(stays, started_at, ended_at)
    present = sum(((left - came) for came, left in visits), timedelta())
    lasted = ended_at - started_at if started_at and ended_at else timedelta()
    average = _mean(round(present / timedelta(seconds=1)), round(lasted.total_seconds())) if lasted else None
    return Crowd(len(people), min(moments), _at_once(visits), average)


def people_by_minute(stays: Iterable[Stayed], started_at: datetime, ended_at: datetime) -> list[tuple[datetime, int]]:
    """Return how many people were in a session at its start and every minute after, until its end, from its stays.

    Only where all stays are told is this the whole room.
    """
    visits = _visits(stays, started_at, ended_at)
    came, left = (sorted(moments) for moments in zip(*visits, strict=True)) if visits else ([], [])
    minutes = range(int((ended_at - started_at) / CADENCE) + 1)
    moments = [started_at + number * CADENCE for number in minutes]
    return [(moment, bisect_right(came, moment) - bisect_right(left, moment)) for moment in moments]


def minutes_stayed(
    stays: Iterable[Stayed], started_at: datetime | None, ended_at: datetime | None
) -> MinutesStayed | None:
    """Return how long people stayed, given every stay; the time of one person on two devices counts once."""
    seconds = [
        sum((left - came for came, left in visits), timedelta()) // SECOND
        for visits in _by_person(stays, started_at, ended_at)
    ]
    if not seconds:
        return None
    return MinutesStayed(_mean(sum(seconds), 60), _mean(int(median(seconds)), 60))


def _visits(
    stays: Iterable[Stayed], started_at: datetime | None, ended_at: datetime | None
) -> list[tuple[datetime, datetime]]:
    """Return from when to when somebody was there; an end that nobody told is the session's."""
    return [visit for visits in _by_person(stays, started_at, ended_at) for visit in visits]


def _by_person(
    stays: Iterable[Stayed], started_at: datetime | None, ended_at: datetime | None
) -> Iterator[list[tuple[datetime, datetime]]]:
    """Yield each person's visits, which do not overlap."""
    spans: dict[str, list[tuple[datetime, datetime]]] = {}
    for stay in stays:
        came, left = stay.joined_at or started_at, stay.left_at or ended_at
        if came and left and came < left:
            spans.setdefault(stay.person, []).append((came, left))
    yield from map(_merged, spans.values())


def _merged(spans: list[tuple[datetime, datetime]]) -> list[tuple[datetime, datetime]]:
    """Return the same time as spans that do not overlap."""
    apart: list[tuple[datetime, datetime]] = []
    for came, left in sorted(spans):
        if apart and came <= apart[-1][1]:
            apart[-1] = (apart[-1][0], max(apart[-1][1], left))
        else:
            apart.append((came, left))
    return apart


def _at_once(visits: Iterable[tuple[datetime, datetime]]) -> int:
    steps = sorted(
        step for came, left in visits for step in ((came, 1), (left, -1))
    )  # who leaves goes before who comes
    most = now = 0
    for _, step in steps:
        now += step
        most = max(most, now)
    return most


def between(row: Mapping[Any, Any]) -> tuple[Between, Between] | None:
    """Return between what a session's peak and average lie, given its row; None where nothing is known of either.

    Where minutes are missing, the peak may have been higher than any sample; the average is at least what it is with
    nobody there in the missing minutes.
    """
    if row["peak"] is None or row["average"] is None:
        return None
    peak, average = int(row["peak"]), int(row["average"])
    due, came = row["samples_expected"], row["samples_received"]
    is_whole = row["told_average"] is not None or row["is_complete"] or (due is not None and came >= due)
    if is_whole:
        return Between(peak, peak), Between(average, average)
    least = max(0, (2 * average - 1) * (came or 0) // (2 * due)) if due else 0  # the stored average is rounded
    return Between(peak, None), Between(least, None)


@dataclass(frozen=True, slots=True)
class SessionCount:
    """What is known of one session's audience: its count, the most at once, and whether its id is the platform's own."""

    room: str
    started_at: datetime | None
    count: int
    peak: int | None = None
    is_own: bool = False


def is_total(session_id: str) -> bool:
    """Tell whether an id is of a day's stated total, which is no session."""
    return session_id.startswith("daily:")


def session_count(row: Mapping[Any, Any]) -> SessionCount:
    """Return a row of `attendance_sessions` as its count; the id that a file's session is given is not its own."""
    is_own = not row["session_id"].startswith(f"{row['room']}@")
    peak = row["participants"] if row["statistic"] == Statistic.PEAK_VIEWERS else row["peak"]
    return SessionCount(row["room"], row["started_at"], row["participants"], peak, is_own)


def apart(sessions: Iterable[SessionCount]) -> list[SessionCount]:
    """Return the different sessions among those told.

    One room opened twice within minutes is one session under two names (a file knows it by its number, the platform's
    messages by an id); the larger count and peak stand. Those with ids of the platform's own are different sessions,
    however close.
    """
    found: list[SessionCount] = []
    for one in sorted(
        sessions, key=lambda one: (one.room, one.started_at is not None, one.started_at or None, not one.is_own)
    ):
        if found and _is_twin(found[-1], one):
            found[-1] = _together(found[-1], one)
        else:
            found.append(one)
    return found


def _is_twin(first: SessionCount, second: SessionCount) -> bool:
    if not first.room or first.room != second.room or not (first.started_at and second.started_at):
        return False
    return second.started_at - first.started_at <= TWINS and not (first.is_own and second.is_own)


def _together(first: SessionCount, second: SessionCount) -> SessionCount:
    peak = max((one.peak for one in (first, second) if one.peak is not None), default=None)
    count, is_own = max(first.count, second.count), first.is_own or second.is_own
    return SessionCount(first.room, first.started_at, count, peak, is_own)


def peak_of_day(sessions: Iterable[SessionCount]) -> int | None:
    """Return the most people at once in any session of a day; None where that is unknown of one of them."""
    peaks = [one.peak for one in sessions]
    known = [peak for peak in peaks if peak is not None]
    return max(known) if known and len(known) == len(peaks) else None


@dataclass(frozen=True, slots=True)
class DayTold:
    """What is told of one date and platform: the counts of its sessions, and the total that a file states for the day."""

    sessions: Sequence[int]
    total: int = 0

    def by(self, rule: str) -> int:
        """Return the day's count by the rule, `max` or `sum`; a stated total is the day's, not one more session."""
        combine = sum if rule == "sum" else max
        return max(self.total, combine(self.sessions) if self.sessions else 0)


def _first(*values: int | None) -> int | None:
    return next((value for value in values if value is not None), None)


def _mean(total: int, count: int) -> int:
    """Return the mean, halves rounded up."""
    return (2 * total + count) // (2 * count)
