"""The challenge calendar: where days, dates and moments meet, and nowhere else."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Self
from zoneinfo import ZoneInfo


class CalendarError(ValueError):
    """A day, date or moment that does not exist; the message is a sentence for people."""


@dataclass(frozen=True, slots=True)
class Period:
    """Calendar dates from `first` to `last`, both included."""

    first: date
    last: date

    def __post_init__(self) -> None:
        """Refuse a period that ends before it begins."""
        if self.last < self.first:
            raise CalendarError(f"A period cannot end ({self.last}) before it begins ({self.first}).")

    def __contains__(self, on: date) -> bool:
        """Tell whether a date lies inside, both ends included."""
        return self.first <= on <= self.last

    def dates(self) -> Iterator[date]:
        """Yield every date, in order."""
        for offset in range((self.last - self.first).days + 1):
            yield self.first + timedelta(days=offset)


@dataclass(frozen=True, slots=True)
class Challenge:
    """A live challenge: its first day, its length, and the business time zone that decides what a day is."""

    starts_on: date
    length: int
    zone: ZoneInfo
    funnel_starts_on: date

    @classmethod
    def starting(
        cls, starts_on: date, zone: str = "UTC", length: int = 31, funnel_starts_on: date | None = None
    ) -> Self:
        """Return a challenge whose funnel opened 30 days before Day 1 unless told otherwise."""
        return cls(starts_on, length, ZoneInfo(zone), funnel_starts_on or starts_on - timedelta(days=30))

    def local_date(self, moment: datetime) -> date:
        """Return the business date of an aware moment."""
        return self.local_time(moment).date()

    def local_time(self, moment: datetime) -> datetime:
        """Return an aware moment as the business zone's clock shows it."""
        if moment.tzinfo is None:
            raise CalendarError("A moment without a time zone has no business date.")
        return moment.astimezone(self.zone)

    def moment(self, local: datetime) -> datetime:
        """Return the UTC moment of a wall-clock time in the business zone.

        A time inside a spring gap never happened and raises CalendarError; of a repeated autumn hour the first pass is meant.
        """
        aware = local.replace(tzinfo=self.zone).astimezone(UTC)
        if aware.astimezone(self.zone).replace(tzinfo=None) != local:
            raise CalendarError(f"{local:%Y-%m-%d %H:%M} does not exist in {self.zone.key}: the clocks went forward.")
        return aware

    def start_of(self, on: date) -> datetime:
        """Return the UTC moment at which a business date begins."""
        # Where clocks spring forward at midnight the day begins at the change itself; astimezone gives just that.
        return datetime.combine(on, time.min, tzinfo=self.zone).astimezone(UTC)

    def last_second_of(self, on: date) -> datetime:
        """Return the last whole second of a business date, in UTC."""
        return self.start_of(on + timedelta(days=1)) - timedelta(seconds=1)

    def bounds(self, period: Period) -> tuple[datetime, datetime]:
        """Return the half-open UTC moments [start, end) that a period covers."""
        return self.start_of(period.first), self.start_of(period.last + timedelta(days=1))

    def day_of(self, on: date) -> int | None:
        """Return the challenge day of a date, or None outside the challenge."""
        day = (on - self.starts_on).days + 1
        return day if 1 <= day <= self.length else None

    def date_of(self, day: int) -> date:
        """Return the date of a challenge day."""
        if not 1 <= day <= self.length:
            raise CalendarError(f"There is no Day {day}: this challenge has Day 1 to Day {self.length}.")
        return self.starts_on + timedelta(days=day - 1)

    def days(self, first: int, last: int) -> Period:
        """Return the period from one challenge day to another, both included."""
        return Period(self.date_of(first), self.date_of(last))

    def days_in(self, period: Period) -> Iterator[tuple[int, date]]:
        """Yield every challenge day of a period with its date."""
        first = max(period.first, self.starts_on)
        last = min(period.last, self.date_of(self.length))
        if first <= last:
            for on in Period(first, last).dates():
                yield (on - self.starts_on).days + 1, on

    def whole(self, now: datetime) -> Period:
        """Return the default period: from the funnel's start to today."""
        today = self.local_date(now)
        return Period(min(self.funnel_starts_on, today), today)
