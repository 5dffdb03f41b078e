"""What asking for ad spend has in common: which days are read again, whose days they are, account by account."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from connectors.contract import Answer, Page, Payload, VendorError

TRAILING = 28  # days: how far back the platforms restate
UNSETTLED = timedelta(hours=48)
PAUSE = timedelta(hours=1)

Cursor = dict[str, Any]
Step = tuple[Cursor, Sequence[Answer], str]


@dataclass(frozen=True, slots=True)
class Account:
    """An ad account: its id, and the currency and the zone that its spend and its days are in."""

    id: str
    currency: str
    zone: str

    def today(self, now: datetime) -> date:
        """Return the account's date at a moment."""
        return now.astimezone(self._zone()).date()

    def is_provisional(self, on: date, now: datetime) -> bool:
        """Tell whether the platform may still be counting a day."""
        end = datetime.combine(on + timedelta(days=1), time(), self._zone())
        return now - end < UNSETTLED

    def _zone(self) -> ZoneInfo:
        try:
            return ZoneInfo(self.zone)
        except (ZoneInfoNotFoundError, ValueError):
            raise VendorError(
                f"The ad account {self.id} is in '{self.zone}', which is no time zone known here."
            ) from None


def each_account(
    accounts: Sequence[str], state: Payload, read: Callable[[str, Cursor], Iterator[Step]]
) -> Iterator[Page]:
    """Yield the pages of every account in turn; one that cannot be read holds up none of the others."""
    now, trouble = dict(state), None
    for account in accounts:
        try:
            for cursor, parts, words in read(account, dict(now.get(account) or {})):
                now = {**now, account: cursor}
                yield Page(now, parts, words)
        except VendorError as error:
            trouble = trouble or error
    if trouble:
        raise trouble


def first_day(cursor: Cursor, since: date | None, today: date) -> date:
    """Return where to read on: where a run was broken off, else from `since`, else the days that may be restated."""
    if cursor.get("next") and cursor.get("since") == (since and since.isoformat()):
        return date.fromisoformat(cursor["next"])
    return since or today - timedelta(days=TRAILING - 1)


def mid_run(day: date, since: date | None) -> Cursor:
    """Return the cursor of a run that goes on at a day."""
    return {"next": day.isoformat(), **({"since": since.isoformat()} if since else {})}


def days_between(first: date, last: date) -> list[date]:
    """Return the days from the first to the last, both included."""
    return [first + timedelta(days=number) for number in range((last - first).days + 1)]
