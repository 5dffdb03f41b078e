"""Asks the Google Ads API what every ad and every campaign cost on every day."""

from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import partial
from typing import NoReturn

from connectors.ad_accounts import (
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
from connectors.contract import Answer, Page, Payload, Source, UnreadablePayloadError, VendorError
from connectors.google_ads.told import DAY, SOURCE
from connectors.google_sign_in import sign_in
from connectors.payload import Fields, parse
from connectors.wanted import Off, Wanted
from connectors.web import Asking, RefusedError, Web

ADDRESS = "https://googleads.googleapis.com/v26"
WEEK = 7
CUSTOMER = "SELECT customer.id, customer.currency_code, customer.time_zone, customer.manager FROM customer"
ADS = (
    "SELECT segments.date, campaign.id, campaign.name, ad_group.id, ad_group.name, ad_group_ad.ad.id, "
    "ad_group_ad.ad.name, metrics.cost_micros FROM ad_group_ad WHERE segments.date BETWEEN '{first}' AND '{last}' "
    "AND metrics.cost_micros > 0"
)
CAMPAIGNS = (
    "SELECT segments.date, campaign.id, campaign.name, campaign.advertising_channel_type, metrics.cost_micros "
    "FROM campaign WHERE segments.date BETWEEN '{first}' AND '{last}' AND metrics.cost_micros > 0"
)
# What Google's error codes ask of people; the code stands first in the sentence.
REMEDIES = {
    "DEVELOPER_TOKEN_NOT_APPROVED": "the developer token is for test accounts only: apply for access in the API Center",
    "DEVELOPER_TOKEN_INVALID": "VIEW3_GOOGLE_ADS_DEVELOPER_TOKEN is not a developer token",
    "USER_PERMISSION_DENIED": "the login may not see this account: name its manager in VIEW3_GOOGLE_ADS_LOGIN_CUSTOMER_ID",
    "CUSTOMER_NOT_ENABLED": "the account is closed or was never set up",
    "CUSTOMER_NOT_FOUND": "there is no such account: VIEW3_GOOGLE_ADS_CUSTOMER_IDS",
    "INVALID_CUSTOMER_ID": "there is no such account: VIEW3_GOOGLE_ADS_CUSTOMER_IDS",
    "NOT_ADS_USER": "the login belongs to no Google Ads account",
    "OAUTH_TOKEN_INVALID": "the login is no longer accepted: make a new VIEW3_GOOGLE_ADS_REFRESH_TOKEN",
    "ACCESS_TOKEN_SCOPE_INSUFFICIENT": "the refresh token lacks the scope https://www.googleapis.com/auth/adwords",
}


def source(wanted: Wanted) -> Source | Off:
    """Return Google Ads with the owner's sign-in."""
    names = "customer_ids", "developer_token", "client_id", "client_secret", "refresh_token"
    if missing := wanted.missing(*(f"google_ads_{name}" for name in names)):
        return Off(missing)
    settings = wanted.settings
    headers = {"developer-token": wanted.clear("google_ads_developer_token")}
    if settings.google_ads_login_customer_id:
        headers["login-customer-id"] = settings.google_ads_login_customer_id.replace("-", "")
    auth = sign_in(wanted, "Google Ads", "google_ads")
    web = Web("Google Ads", ADDRESS, wanted.clock, auth, headers, wanted.patience)
    accounts = tuple(account.replace("-", "") for account in settings.google_ads_customer_ids)
    return GoogleAdsSource(web, accounts, wanted.since)


@dataclass(frozen=True, slots=True)
class GoogleAdsSource:
    """Asks for ad spend, account by account: the trailing days again each time, or all since a date."""

    web: Web
    accounts: tuple[str, ...]
    since: date | None = None
    name: str = SOURCE

    def fetch(self, state: Payload, clock: Callable[[], datetime]) -> Iterator[Page]:
        """Yield a page per week, one answer per day, also for a day without ads."""
        with self.web.asking() as asking:
            yield from each_account(
                self.accounts,
                state,
                clock,
                lambda account, cursor: _read(asking, clock, (account, cursor), self.since),
            )

    def pause(self, state: Payload, now: datetime) -> timedelta | None:
        """Return an hour, less while an account is set aside."""
        return pause_of(state, now)

    def note(self, state: Payload, now: datetime) -> str:  # noqa: ARG002
        """Return nothing."""
        return ""

    def check(self, clock: Callable[[], datetime]) -> str:  # noqa: ARG002
        """Return whose spend the login may read."""
        with self.web.asking() as asking:
            return check_accounts(self.accounts, partial(_account, asking))


def _read(
    asking: Asking, clock: Callable[[], datetime], where: tuple[str, Cursor], since: date | None
) -> Iterator[Step]:
    """Yield the days of one account, a week at a time."""
    account, cursor = where
    about = _account(asking, account)
    today = about.today(clock())
    day = first_day(cursor, since, today)
    while day <= today:
        last = min(day + timedelta(days=WEEK - 1), today)
        ads = _by_day(asking, account, ADS.format(first=day, last=last))
        campaigns = _by_day(asking, account, CAMPAIGNS.format(first=day, last=last))
        now = clock()
        parts = [_answer(about, on, (ads[on], campaigns[on]), now) for on in days_between(day, last)]
        day = last + timedelta(days=1)
        yield mid_run(day, since) if day <= today else {}, parts, f"account {about.id}: read to {last}"


def _account(asking: Asking, account: str) -> Account:
    customer = next(_rows(asking, account, CUSTOMER), Fields()).within("customer")
    if customer.flag("manager"):
        raise VendorError(
            f"The Google Ads account {account} is a manager and has no spend: name its client accounts in "
            "VIEW3_GOOGLE_ADS_CUSTOMER_IDS, and it in VIEW3_GOOGLE_ADS_LOGIN_CUSTOMER_ID."
        )
    return Account(customer.id("id") or account, customer.text("currencyCode").upper(), customer.text("timeZone"))


def _by_day(asking: Asking, account: str, query: str) -> defaultdict[date, list[Payload]]:
    days: defaultdict[date, list[Payload]] = defaultdict(list)
    for row in _rows(asking, account, query):
        days[row.within("segments").day("date")].append(row.values)
    return days


def _rows(asking: Asking, account: str, query: str) -> Iterator[Fields]:
    """Yield the rows of a query; the whole stream is one list of chunks."""
    try:
        told = asking.post(f"/customers/{account}/googleAds:searchStream", json={"query": query})
    except RefusedError as error:
        _explain(error)
    for chunk in _chunks(told.body):
        if chunk.has("error"):
            raise VendorError("Google Ads broke off in the middle of an answer; nothing of it was taken.")
        yield from chunk.each("results")


def _chunks(body: bytes) -> Iterator[Fields]:
    """Yield the objects of a stream, which is a list; so is an error in it."""
    yield from Fields(parse(b'{"chunks":' + body + b"}")).each("chunks")


def _answer(account: Account, on: date, rows: tuple[list[Payload], list[Payload]], now: datetime) -> Answer:
    customer = {"id": account.id, "currencyCode": account.currency, "timeZone": account.zone}
    told = {"customer": customer, "date": on.isoformat(), "provisional": account.is_provisional(on, now)}
    ads, campaigns = (sorted(part, key=repr) for part in rows)  # so that the same figures are the same answer
    return Answer(f"{account.id}/{on}", DAY, {**told, "ads": ads, "campaigns": campaigns})


def _explain(refused: RefusedError) -> NoReturn:
    """Raise what Google said no to, as a sentence."""
    code = next(_codes(refused), "")
    remedy = f": {REMEDIES[code]}" if code in REMEDIES else ""
    raise VendorError(f"Google Ads said no (HTTP {refused.status}{code and ', '}{code}){remedy}.") from None


def _codes(refused: RefusedError) -> Iterator[str]:
    """Yield the codes of an error, the particular ones first."""
    said = Fields(refused.payload)
    if not said:
        with suppress(UnreadablePayloadError):
            said = next(_chunks(refused.body), said)
    error = said.within("error")
    for detail in error.each("details"):
        for one in detail.each("errors"):
            yield from (str(code) for code in one.within("errorCode").values.values())
    yield error.text("status")
