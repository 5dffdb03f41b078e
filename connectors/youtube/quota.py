"""YouTube's daily quota as we have spent it: units, and searches, which have a small bucket of their own."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

PACIFIC = ZoneInfo("America/Los_Angeles")  # where YouTube's day ends
UNITS, SEARCHES = 10_000, 100


@dataclass(frozen=True, slots=True)
class Quota:
    """What was spent on one of YouTube's days."""

    day: date
    units: int = 0
    searches: int = 0

    @classmethod
    def of(cls, told: Mapping[str, Any], now: datetime) -> "Quota":
        """Return what the state says was spent today; nothing on a new day."""
        today = pacific_day(now)
        if told.get("day") != today.isoformat():
            return cls(today)
        return cls(today, int(told["units"]), int(told["searches"]))

    def spend(self, *, units: int = 0, searches: int = 0) -> "Quota":
        """Return the quota after a call."""
        return replace(self, units=self.units + units, searches=self.searches + searches)

    @property
    def may_search(self) -> bool:
        """Tell whether a search is left."""
        return self.searches < SEARCHES

    def told(self) -> dict[str, Any]:
        """Return what the state keeps."""
        return {"day": self.day.isoformat(), "units": self.units, "searches": self.searches}

    def __str__(self) -> str:
        return f"quota today: {self.units:,} of {UNITS:,} units, {self.searches} of {SEARCHES} searches"


def pacific_day(moment: datetime) -> date:
    """Return the day of a moment as YouTube counts days."""
    return moment.astimezone(PACIFIC).date()


def next_day(now: datetime) -> datetime:
    """Return when YouTube's next day begins."""
    tomorrow = pacific_day(now) + timedelta(days=1)
    return datetime.combine(tomorrow, time(), PACIFIC).astimezone(UTC)
