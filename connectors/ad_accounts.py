"""What asking for ad spend has in common: which days are read again, whose days they are, account by account."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from connectors.contract import Answer, Page, Payload, VendorError
from connectors.object_failures import KEY, ObjectFailures, check_each

TRAILING = 28  # days: how far back the platforms restate
UNSETTLED = timedelta(hours=48)
PAUSE, SHORTEST_PAUSE = timedelta(hours=1), timedelta(minutes=15)

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
    accounts: Sequence[str],
    state: Payload,
    clock: Callable[[], datetime],
    read: Callable[[str, Cursor], Iterator[Step]],
) -> Iterator[Page]:
    """Yield the pages of every account in turn, failing ones last; one that cannot be read holds up none of the others."""
    failures = ObjectFailures.of(state, clock)
    now = {account: state[account] for account in accounts if account in state}

    def pages(account: str) -> Iterator[Page]:
        for cursor, parts, words in read(account, dict(now.get(account) or {})):
            now[account] = cursor
            yield Page({**now, KEY: failures.told()}, parts, words)

    for account in sorted(accounts, key=lambda account: failures.is_failing(_label(account))):
        yield from failures.guard(_label(account), partial(pages, account))
    failures.raise_if_all(map(_label, accounts))
    yield Page({**now, KEY: failures.told()})


def pause_of(state: Payload, now: datetime) -> timedelta:
    """Return how long to wait: an hour, or until an account that is set aside is due."""
    due = [datetime.fromisoformat(about["again_at"]) - now for about in state.get(KEY, {}).values()]
    return max(SHORTEST_PAUSE, min([PAUSE, *due]))


def check_accounts(accounts: Sequence[str], about: Callable[[str], Account]) -> str:
    """Return in which currency and zone each account answers; raise where one does not."""

    def check(account: str) -> str:
        one = about(account)
        return f"ad account {one.id} answers, in {one.currency} and {one.zone}"

    return check_each({_label(account): partial(check, account) for account in accounts})


def _label(account: str) -> str:
    """Return how sentences name an account."""
    return f"ad account {account}"


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
