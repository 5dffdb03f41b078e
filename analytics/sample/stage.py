"""What all parts of the sample agree on: its size, its calendar, its clock and its dice."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from random import Random
from typing import Self

from analytics.challenge import Challenge

SESSION_STARTS, SESSION_ENDS = 19.0, 21.0
STAGED_SALES = 60
BUYING = 0.85  # of the opt-ins; the others are second ones, or came through a campaign that never sells
OFFER_NIGHTS = (5, 6, 12, 17, 24, 31)


@dataclass(frozen=True, slots=True)
class Size:
    """How large the sample is by the end of its challenge; all but `leads` are expectations, not promises.

    The staged cases and their sales come on top.
    """

    leads: int
    vip_orders: float
    oto_orders: float
    high_ticket_sales: float
    youtube_peak: float
    zoom_people: float

    @classmethod
    def of(cls, leads: int) -> Self:
        """Return the proportions of a healthy funnel with so many opt-ins."""
        if leads < 0:
            raise ValueError(f"A sample cannot have {leads} leads.")
        beside_staged = max(0.008 * leads - STAGED_SALES, 0.003 * leads)
        return cls(leads, 0.06 * leads, 0.015 * leads, beside_staged, 0.3 * leads, 0.05 * leads)

    def rate(self, expected: float) -> float:
        """Return an expectation per first opt-in that may lead to a purchase."""
        return expected / max(self.leads * BUYING, 1.0)


@dataclass(frozen=True, slots=True)
class Stage:
    """One sample: its challenge, the moment up to which it has happened, its seed, size and currency."""

    challenge: Challenge
    now: datetime
    seed: int
    size: Size
    currency: str

    @property
    def until(self) -> datetime:
        """Return the last whole second that has happened, in UTC."""
        return self.now.astimezone(UTC).replace(microsecond=0)

    @property
    def today(self) -> date:
        """Return the business date of now."""
        return self.challenge.local_date(self.now)

    def dice(self, part: str) -> Random:
        """Return the dice of one part of the sample."""
        return Random(f"{self.seed}:{part}")  # noqa: S311 (a simulation, not a secret)

    def token(self, number: int) -> int:
        """Return a 64-bit number that looks random; other numbers of this sample never share it."""
        mixed = (number + self.seed * 1_000_003) * 0x9E3779B97F4A7C15 & 0xFFFFFFFFFFFFFFFF
        return (mixed ^ mixed >> 29) * 0xBF58476D1CE4E5B9 & 0xFFFFFFFFFFFFFFFF

    def at(self, day: int, hour: float) -> datetime:
        """Return the moment of an hour on the wall of a day counted from Day 1; days before it are 0 and negative."""
        midnight = datetime.combine(self.date_of(day), time.min, tzinfo=self.challenge.zone)
        return (midnight + timedelta(seconds=round(hour * 3600))).astimezone(UTC)

    def elapsed(self, on: date) -> float:
        """Return how much of a business date has passed: 0 to 1."""
        start, end = self.challenge.start_of(on), self.challenge.start_of(on + timedelta(days=1))
        return min(max((self.until - start) / (end - start), 0.0), 1.0)

    def funnel_days(self) -> Iterator[int]:
        """Yield every day on which people may opt in, counted from Day 1: from the funnel's start to the last day."""
        first = min((self.challenge.funnel_starts_on - self.challenge.starts_on).days + 1, 1)
        yield from range(first, self.challenge.length + 1)

    def date_of(self, day: int) -> date:
        """Return the date of a day counted from Day 1, also outside the challenge."""
        return self.challenge.starts_on + timedelta(days=day - 1)
