"""Asks Meta's Marketing API what every ad, every campaign and the whole account cost on every day."""

import time
from collections import defaultdict
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import partial
from typing import NoReturn

from connectors.ad_accounts import (
    TRAILING,
    Account,
    Cursor,
    Step,
    check_accounts,
    days_between,
    each_account,
    first_day,
    mid_run,
    pause_of,
)
from connectors.contract import Answer, Page, Payload, Source, VendorError
from connectors.meta.limits import THROTTLED, usage
from connectors.meta.told import DAY, SOURCE
from connectors.payload import Fields
from connectors.wanted import Off, Wanted
from connectors.web import Asking, RefusedError, Told, Web

ADDRESS = "https://graph.facebook.com/v26.0"
FIELDS = (
    "account_id", "account_currency", "campaign_id", "campaign_name", "adset_id", "adset_name", "ad_id", "ad_name",
    "spend", "date_start", "date_stop",
)  # fmt: skip
# The levels whose figures hold the spend of ads that are no longer listed.
CAMPAIGN_FIELDS = ("account_id", "account_currency", "campaign_id", "campaign_name", "spend", "date_start", "date_stop")
ACCOUNT_FIELDS = ("account_id", "account_currency", "spend", "date_start", "date_stop")
ROWS = 500
ORDER = "order"
WEEK = 7
LONGEST_REPORT = 3600.0  # seconds; Meta says that a report may take an hour
FIRST_LOOK, LATER_LOOKS = 2.0, 20.0
SLOWLY = 5.0  # seconds between questions when much of the allowance is used
TOKEN, TOO_MUCH = frozenset({102, 190, 467}), frozenset({(100, 1487534), (100, 1504018), (2, 1504038), (2, 1504018)})
PERMISSION, WRONG_ID = frozenset({3, 10, 200, 272, 273, 275, 294}), (100, 33)
TRANSIENT = frozenset({1, 2})
FINISHED, BROKEN = "Job Completed", frozenset({"Job Failed", "Job Skipped"})

Rows = dict[date, list[Payload]]
Levels = tuple[Rows, Rows, Rows]  # of ads, campaigns and the account


class TooMuchError(VendorError):
    """A range with more rows than Meta is willing to count at once."""


class RefusalError(VendorError):
    """Meta said no, and why."""


def is_busy(told: Told) -> bool:
    """Tell whether Meta failed at something that may work the next moment."""
    code = _error(told.payload if told.status >= 400 and told.body[:1] == b"{" else {})  # noqa: PLR2004 (HTTP's own)
    return code[0] in TRANSIENT and code not in TOO_MUCH


def source(wanted: Wanted) -> Source | Off:
    """Return Meta Ads with a system user's token."""
    if missing := wanted.missing("meta_access_token", "meta_ad_accounts"):
        return Off(missing)
    # As a header, not in the address: addresses end up in other people's logs.
    headers = {"Authorization": f"Bearer {wanted.clear('meta_access_token')}"}
    web = Web("Meta", ADDRESS, wanted.clock, None, headers, wanted.patience, is_busy)
    accounts = tuple(account.removeprefix("act_") for account in wanted.settings.meta_ad_accounts)
    return MetaSource(web, accounts, wanted.since)


@dataclass(frozen=True, slots=True)
class MetaSource:
    """Asks for ad spend, account by account: the trailing days again each time, or all since a date."""

    web: Web
    accounts: tuple[str, ...]
    since: date | None = None
    sleep: Callable[[float], None] = time.sleep
    name: str = SOURCE

    def fetch(self, state: Payload, clock: Callable[[], datetime]) -> Iterator[Page]:
        """Yield a page per stretch of days, one answer per day, also for a day without ads."""
        with self.web.asking() as asking:
            meta = _Meta(asking, clock, self.sleep)
            yield from each_account(self.accounts, state, clock, partial(_read, meta, self.since))

    def pause(self, state: Payload, now: datetime) -> timedelta | None:
        """Return an hour, less while an account is set aside: Meta counts anew every quarter of it."""
        return pause_of(state, now)

    def note(self, state: Payload, now: datetime) -> str:  # noqa: ARG002
        """Return nothing."""
        return ""

    def check(self, clock: Callable[[], datetime]) -> str:
        """Return whose spend the token may read."""
        with self.web.asking() as asking:
            return check_accounts(self.accounts, _Meta(asking, clock, self.sleep).account)


@dataclass(frozen=True, slots=True)
class _Meta:
    asking: Asking
    clock: Callable[[], datetime]
    sleep: Callable[[float], None]

    def account(self, account: str) -> Account:
        """Return what Meta says of an account."""
        told = Fields(self.get(f"/act_{account}", {"fields": "account_id,currency,timezone_name"}))
        return Account(told.id("account_id") or account, told.text("currency").upper(), told.text("timezone_name"))

    def get(self, path: str, params: dict[str, str]) -> Payload:
        """Return an answer; slows down where Meta's headers ask for it."""
        try:
            told = self.asking.get(path, params)
        except RefusedError as error:
            _explain(error, self.clock())
        if usage(told.headers).is_high:
            self.sleep(SLOWLY)
        return told.payload

    def pages(self, path: str, params: dict[str, str]) -> Iterator[Fields]:
        """Yield the rows of an edge, page by page: by cursor, because the address of the next page holds the token."""
        seen: set[str] = set()
        while True:
            told = Fields(self.get(path, params))
            yield from told.each("data")
            after = told.within("paging", "cursors").text("after")
            if not told.within("paging").has("next"):
                return
            if not after or after in seen:
                raise VendorError("Meta repeats a page of its report; nothing of it was taken.")
            seen.add(after)
            params = {**params, "after": after}

    def by_day(self, path: str, params: dict[str, str]) -> Rows:
        """Return the rows of an edge by their day."""
        days: Rows = defaultdict(list)
        for row in self.pages(path, params):
            days[row.day("date_start")].append(row.values)
        return days

    def order(self, account: str, params: dict[str, str]) -> str:
        """Order a report and return its id."""
        try:
            told = self.asking.post(f"/act_{account}/insights", form=params)
        except RefusedError as error:
            _explain(error, self.clock())
        return Fields(told.payload).id("report_run_id") or Fields(told.payload).fail("report_run_id")

    def progress(self, report: str) -> Iterator[int]:
        """Yield how far a report is, in per cent, until it is done."""
        waited, pause = 0.0, FIRST_LOOK
        while True:
            told = Fields(self.get(f"/{report}", {"fields": "async_status,async_percent_completion"}))
            status, percent = told.text("async_status"), told.integer("async_percent_completion") or 0
            if status in BROKEN:
                raise TooMuchError(f"Meta gave a report up ({status}).")
            if status == FINISHED and percent == 100:  # noqa: PLR2004 (per cent)
                return
            if waited > LONGEST_REPORT:
                raise VendorError("Meta has not finished a report within an hour.")
            yield percent
            self.sleep(pause)
            waited, pause = waited + pause, min(pause * 2, LATER_LOOKS)


def _read(meta: _Meta, since: date | None, account: str, cursor: Cursor) -> Iterator[Step]:
    """Yield the days of one account, a week at a time; those of a long back-fill as reports."""
    errand = _Errand(meta, meta.account(account), since)
    today = errand.account.today(meta.clock())
    day = first_day(cursor, since, today)
    if cursor.get("report") and cursor.get("next") == day.isoformat():
        last = date.fromisoformat(cursor["last"])
        yield from errand.stretch(day, last, cursor["report"])
        day = last + timedelta(days=1)
    is_long = (today - day).days >= TRAILING
    while day <= today:
        last = min(day + timedelta(days=WEEK - 1), today)
        yield from errand.stretch(day, last, ORDER if is_long else "")
        day = last + timedelta(days=1)
    yield {}, (), ""


@dataclass(frozen=True, slots=True)
class _Errand:
    """What to read of one account."""

    meta: _Meta
    account: Account
    since: date | None

    def stretch(self, first: date, last: date, report: str = "") -> Iterator[Step]:
        """Yield some days at once, in halves where that is too much for Meta.

        `report` is one ordered earlier, or the wish to order one; without it Meta is asked there and then first.
        """
        here = mid_run(first, self.since)
        try:
            levels = yield from self._levels(first, last, report)
        except TooMuchError:
            if first == last:
                raise
            middle = first + (last - first) // 2
            yield from self.stretch(first, middle, report and ORDER)
            yield from self.stretch(middle + timedelta(days=1), last, report and ORDER)
            return
        except RefusalError:
            if report not in {"", ORDER}:
                yield here, (), ""  # it is gone: another report next time
            raise
        ads, _, account = levels
        for on in sorted(on for on, rows in ads.items() if rows and not account.get(on)):
            raise VendorError(f"Meta told ads of {on} and no total of the account; nothing from {first} on was taken.")
        now = self.meta.clock()
        parts = [_answer(self.account, on, levels, now) for on in days_between(first, last)]
        yield mid_run(last + timedelta(days=1), self.since), parts, f"account {self.account.id}: read to {last}"

    def _levels(self, first: date, last: date, report: str) -> Generator[Step, None, Levels]:
        """Return the rows of some days at all levels; none of them is believed without the account's own total."""
        ads = yield from self._rows(first, last, report)
        path, account_params = f"/act_{self.account.id}/insights", _params(first, last, "account", ACCOUNT_FIELDS)
        account = self.meta.by_day(path, {**account_params, "limit": str(ROWS)})
        campaigns: Rows = {}
        with suppress(RefusalError):  # then the account's row alone holds what the ads do not explain
            campaign_params = _params(first, last, "campaign", CAMPAIGN_FIELDS)
            campaigns = self.meta.by_day(path, {**campaign_params, "limit": str(ROWS)})
        return ads, campaigns, account

    def _rows(self, first: date, last: date, report: str) -> Generator[Step, None, Rows]:
        """Return the rows of some days; on the way, yield how far Meta is with its report."""
        params = _params(first, last)
        if not report:
            with suppress(TooMuchError):
                return self.meta.by_day(f"/act_{self.account.id}/insights", {**params, "limit": str(ROWS)})
        if report in {"", ORDER}:
            report = self.meta.order(self.account.id, params)
        here = {**mid_run(first, self.since), "last": last.isoformat(), "report": report}
        for percent in self.meta.progress(report):
            yield here, (), f"account {self.account.id}: Meta prepares {first} to {last}, {percent} %"
        return self.meta.by_day(f"/{report}/insights", {"limit": str(ROWS)})


def _params(first: date, last: date, level: str = "ad", fields: Sequence[str] = FIELDS) -> dict[str, str]:
    return {
        "level": level,
        "time_increment": "1",
        "time_range": f'{{"since":"{first}","until":"{last}"}}',
        "fields": ",".join(fields),
    }


def _answer(account: Account, on: date, levels: Levels, now: datetime) -> Answer:
    about = {"account_id": account.id, "currency": account.currency, "timezone_name": account.zone}
    data, campaigns, own = (_in_order(rows.get(on, [])) for rows in levels)
    told = {**about, "date": on.isoformat(), "provisional": account.is_provisional(on, now)}
    return Answer(f"{account.id}/{on}", DAY, {**told, "data": data, "campaigns": campaigns, "account": own})


def _in_order(rows: list[Payload]) -> list[Payload]:
    """Return rows in one order, so that the same figures are the same answer."""
    return sorted(rows, key=lambda row: [str(row.get(name)) for name in ("campaign_id", "adset_id", "ad_id", "spend")])


def _error(payload: Payload) -> tuple[int, int]:
    error = Fields(payload).within("error")
    return error.integer("code") or 0, error.integer("error_subcode") or 0


def _explain(refused: RefusedError, now: datetime) -> NoReturn:
    """Raise what Meta said no to, as a sentence."""
    code = _error(refused.payload)
    if code in TOO_MUCH:
        raise TooMuchError("Meta finds even a single day too much for one report.") from None
    if code[0] in TOKEN:
        raise RefusalError(
            "Meta does not accept the access token (expired or revoked): VIEW3_META_ACCESS_TOKEN."
        ) from None
    if code[0] in PERMISSION:
        raise RefusalError(
            "Meta's token lacks the permission ads_read for this ad account: VIEW3_META_ACCESS_TOKEN."
        ) from None
    if code == WRONG_ID:
        raise RefusalError(
            "Meta knows no such ad account, or the token may not see it: VIEW3_META_AD_ACCOUNTS."
        ) from None
    if code[0] in THROTTLED:
        pause = usage(refused.headers).pause
        raise VendorError(
            f"Meta's allowance is used up; it wants to be left alone for {pause}.", again_at=now + pause
        ) from None
    raise RefusalError(f"Meta said no (HTTP {refused.status}, code {code[0]}/{code[1]}).") from None
