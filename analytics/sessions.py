"""A session's numbers, as they follow from what was reported, sampled and seen of it, in whatever order that arrived.

What nobody saw is unknown: a minute without a sample lowers the coverage, never the audience.
"""

from bisect import bisect_right
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from analytics.challenge import Challenge
from analytics.records import USUAL_STATISTIC, Platform, Statistic

CADENCE = timedelta(seconds=60)
TWINS = timedelta(minutes=15)

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
    usual = facts["statistic"] or USUAL_STATISTIC[Platform(facts["platform"])].value
    return facts | {
        "date": challenge.local_date(began) if began else facts["date"],
        "participants": people or 0,
        "statistic": "" if people is None else usual,  # nobody yet is not a count of zero
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


def _visits(
    stays: Iterable[Stayed], started_at: datetime | None, ended_at: datetime | None
) -> list[tuple[datetime, datetime]]:
    """Return from when to when somebody was there; an end that nobody told is the session's."""
    spans: dict[str, list[tuple[datetime, datetime]]] = {}
    for stay in stays:
        came, left = stay.joined_at or started_at, stay.left_at or ended_at
        if came and left and came < left:
            spans.setdefault(stay.person, []).append((came, left))
    return [visit for one in spans.values() for visit in _merged(one)]


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


def apart(sessions: Iterable[tuple[str, datetime | None, int]], own: Collection[int] = ()) -> list[int]:
    """Return the counts of different sessions, given room, start and count of each.

    One room opened twice within minutes is one session under two names (a file knows it by its number, the platform's
    messages by an id); the larger count stands. Those at the places in `own` have ids of the platform: they are
    different sessions, however close.
    """
    counts: list[int] = []
    last: tuple[str, datetime, bool] | None = None
    marked = ((*told, place in own) for place, told in enumerate(sessions))
    for room, started_at, count, is_own in sorted(
        marked, key=lambda one: (one[0], one[1] is not None, one[1] or None, not one[3])
    ):
        is_near = last is not None and last[0] == room and started_at is not None and started_at - last[1] <= TWINS
        if room and last and is_near and not (is_own and last[2]):
            counts[-1] = max(counts[-1], count)
            last = (*last[:2], last[2] or is_own)
            continue
        counts.append(count)
        last = (room, started_at, is_own) if room and started_at else None
    return counts


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
