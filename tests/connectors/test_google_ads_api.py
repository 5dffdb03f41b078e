"""What Google Ads is asked, what its answers mean, and that nothing it does wrong shows in the tables."""

import random
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from pydantic import SecretStr

from analytics.database import reading
from analytics.schema import ad_spend, inbox
from connectors import google_sign_in
from connectors.contract import NoLookUp, VendorError
from connectors.google_ads import api as google_ads_api
from connectors.google_ads import told as google_ads
from connectors.google_ads.api import GoogleAdsSource
from connectors.poller import Ended, Outcome
from connectors.settings import ConnectorSettings
from connectors.wanted import Off, Wanted
from tests.connectors.fake_google_ads import DEVELOPER, REFRESH, Costs, FakeGoogleAds, refused
from tests.connectors.polled import Stage, stage
from tests.connectors.vendor_server import HASTY, Fault, Reply, VendorServer

NOW = datetime(2026, 1, 31, 15, tzinfo=UTC)
TODAY = date(2026, 1, 31)
DAYS = [TODAY - timedelta(days=number) for number in range(32)]
SET: dict[str, Any] = {
    "google_ads_customer_ids": ("100-200-3000",),
    "google_ads_developer_token": SecretStr(DEVELOPER),
    "google_ads_client_id": "c",
    "google_ads_client_secret": SecretStr("client-secret-nobody-may-see"),
    "google_ads_refresh_token": SecretStr(REFRESH),
}


def costs(account: str = "1002003000") -> Costs:
    """Campaign 11 is all ads, 22 has a removed ad besides, 33 is Performance Max and has none."""
    chance = random.Random(3)
    told: Costs = {}
    for on in DAYS:
        if on.day % 6:
            ads = {name: chance.randrange(1, 10**9) for name in ("1111", "1112", "2211")}
            campaigns = {"11": ads["1111"] + ads["1112"], "22": ads["2211"] + 1, "33": chance.randrange(1, 10**9)}
            told[account, on] = ads, campaigns
    return told


def source(
    server: VendorServer, monkeypatch: pytest.MonkeyPatch, since: date | None = None, **told: Any
) -> GoogleAdsSource:
    """Google Ads as the settings make it, at the simulated address."""
    monkeypatch.setattr(google_ads_api, "ADDRESS", server.url)
    monkeypatch.setattr(google_sign_in, "TOKENS", f"{server.url}/token")
    settings = ConnectorSettings(_env_file=None, **{**SET, **told})
    found = google_ads_api.source(Wanted(settings, lambda: NOW, since, HASTY))
    assert isinstance(found, GoogleAdsSource), found
    return found


def poll(one: Stage, asking: GoogleAdsSource) -> Outcome:
    outcome = one.poll(asking)
    one.drain.all()
    return outcome


def spent(one: Stage) -> dict[date, dict[str, Decimal]]:
    """What every ad cost, and every campaign beside its ads, by day."""
    told: dict[date, dict[str, Decimal]] = {}
    with reading(one.engine) as connection:
        for row in connection.execute(sa.select(ad_spend)).mappings():
            told.setdefault(row["date"], {})[row["ad_id"] or row["campaign_id"]] = row["spend"]
    return told


def expected(told: Costs, days: int = 28) -> dict[date, dict[str, Decimal]]:
    return {
        on: {
            **{name: Decimal(cost) / 10**6 for name, cost in ads.items()},
            **{
                name: Decimal(rest) / 10**6
                for name, cost in campaigns.items()
                if (rest := cost - sum(ad for known, ad in ads.items() if known[:2] == name)) > 0
            },
        }
        for (_, on), (ads, campaigns) in told.items()
        if on in DAYS[:days]
    }


AHEAD: dict[str, tuple[dict[str, int], dict[str, int], str]] = {
    "the ads tell less than their campaigns": (
        {"1111": 69_960_488},
        {"11": 100_000_000, "33": 111_120_966},
        "211.120966",
    ),
    "the ads are ahead of their campaign": ({"1111": 70_000_000}, {"11": 60_000_000}, "70"),
}


@pytest.mark.parametrize("case", AHEAD)
def test_a_day_is_what_campaigns_cost_and_never_less_than_its_ads(
    case: str, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    ads, campaigns, total = AHEAD[case]
    google = FakeGoogleAds({("1002003000", TODAY): (ads, campaigns)})
    with VendorServer(google) as server, stage(database_url, NOW) as one:
        poll(one, source(server, monkeypatch))
        (costs_of_today,) = spent(one).values()
    assert sum(costs_of_today.values()) == Decimal(total)
    assert min(costs_of_today.values()) > 0


def test_ads_and_what_no_ad_explains_add_up_to_what_campaigns_cost(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    google = FakeGoogleAds(costs())
    with VendorServer(google) as server, stage(database_url, NOW) as one:
        assert poll(one, source(server, monkeypatch)).ended is Ended.WELL
        assert spent(one) == expected(google.costs)
        assert set(spent(one)[TODAY]) == {"1111", "1112", "2211", "22", "33"}
        with reading(one.engine) as connection:
            facts = connection.execute(
                sa.select(ad_spend.c.platform, ad_spend.c.account_id, ad_spend.c.account_zone).distinct()
            ).all()
            kept = "".join(bytes(body).decode() for body in connection.scalars(sa.select(inbox.c.body)))
        assert facts == [("google", "1002003000", "Europe/Rome")]
    assert all(secret not in kept for secret in (DEVELOPER, REFRESH, "token-1"))
    total = sum(sum(ads.values(), Decimal(0)) for ads in expected(google.costs).values())
    assert total == sum(
        Decimal(sum(told[1].values())) / 10**6 for (_, on), told in google.costs.items() if on in DAYS[:28]
    )


BAD_DAYS = [
    (Fault.TOO_MANY, Fault.BROKEN, Fault.NONE, Fault.DROPPED, Fault.CUT, Fault.NONE, Fault.SLOW, Fault.NOT_JSON),
    (Fault.NONE, Fault.NONE, Fault.NONE, Fault.UNAUTHORISED, Fault.NONE, Fault.UNAUTHORISED),
    (Fault.NONE, Fault.NONE, Fault.NONE, *[Fault.BROKEN] * 8),
]


@pytest.mark.parametrize("faults", BAD_DAYS, ids=["busy", "unauthorised", "away for long"])
def test_a_bad_day_ends_like_a_calm_one(
    faults: tuple[Fault, ...], database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    google = FakeGoogleAds(costs())
    with VendorServer(google, faults) as server, stage(database_url, NOW) as one:
        asking = source(server, monkeypatch)
        outcomes = [poll(one, asking) for _ in range(4)]
        assert outcomes[-1].ended is Ended.WELL
        assert spent(one) == expected(google.costs)
    bad = [outcome.sentence for outcome in outcomes if outcome.ended is not Ended.WELL]
    assert all(sentence.startswith("Google Ads ") and sentence.endswith(".") for sentence in bad)


def test_a_changed_past_is_replaced_and_the_same_one_kept_once(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    google = FakeGoogleAds(costs())
    with VendorServer(google) as server, stage(database_url, NOW) as one:
        asking = source(server, monkeypatch)
        assert (poll(one, asking).new, poll(one, asking).new) == (28, 0)
        google.costs["1002003000", DAYS[9]] = {"1111": 5}, {"11": 5}
        gone = spent(one)[DAYS[11]]
        google.costs.pop(("1002003000", DAYS[11]))
        one.clock.now += timedelta(minutes=1)
        assert poll(one, asking).new == 2
        assert spent(one) == {**expected(google.costs), DAYS[11]: gone}  # a day that vanishes altogether stays
        assert [f"on {DAYS[11]} any longer" in reason for reason in one.aside()] == [True]


def test_since_a_date_everything_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    google = FakeGoogleAds(costs())
    with VendorServer(google) as server, stage(f"sqlite:///{tmp_path}/view3.db", NOW) as one:
        poll(one, source(server, monkeypatch, since=DAYS[-1]))
        assert spent(one) == expected(google.costs, len(DAYS))


def test_a_broken_off_answer_takes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    google = FakeGoogleAds(costs())
    broken = Reply([{"results": []}, {"error": {"code": 13, "status": "INTERNAL"}}])
    google.spoil = lambda asked: broken if "FROM campaign" in asked.body else None
    with VendorServer(google) as server, stage(f"sqlite:///{tmp_path}/view3.db", NOW) as one:
        outcome = poll(one, source(server, monkeypatch))
        assert outcome.sentence == "Google Ads broke off in the middle of an answer; nothing of it was taken."
        assert spent(one) == {}


SENTENCES: Mapping[str, tuple[Reply, str]] = {
    "test token": (
        refused(403, "PERMISSION_DENIED", authorizationError="DEVELOPER_TOKEN_NOT_APPROVED"),
        "Google Ads said no (HTTP 403, DEVELOPER_TOKEN_NOT_APPROVED): the developer token is for test accounts only: "
        "apply for access in the API Center.",
    ),
    "wrong id": (
        refused(400, "INVALID_ARGUMENT", requestError="INVALID_CUSTOMER_ID"),
        "Google Ads said no (HTTP 400, INVALID_CUSTOMER_ID): there is no such account: VIEW3_GOOGLE_ADS_CUSTOMER_IDS.",
    ),
    "one object": (
        Reply({"error": {"status": "NOT_FOUND"}}, 404),
        "Google Ads said no (HTTP 404, NOT_FOUND).",
    ),
    "not json": (Reply("<html>", 404), "Google Ads said no (HTTP 404)."),
}


@pytest.mark.parametrize(("reply", "sentence"), SENTENCES.values(), ids=SENTENCES)
def test_what_is_missing_is_said_in_a_sentence(reply: Reply, sentence: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with VendorServer(FakeGoogleAds({}, spoil=lambda _asked: reply)) as server:
        asking = source(server, monkeypatch)
        with pytest.raises(VendorError) as failed:
            asking.check(lambda: NOW)
    assert str(failed.value) == sentence


def test_an_account_that_needs_its_manager_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    with VendorServer(FakeGoogleAds({})) as server:
        asking = source(server, monkeypatch)
        with pytest.raises(VendorError, match="name its manager in VIEW3_GOOGLE_ADS_LOGIN_CUSTOMER_ID"):
            asking.check(lambda: NOW)


def test_a_manager_is_not_asked_for_spend(monkeypatch: pytest.MonkeyPatch) -> None:
    with VendorServer(FakeGoogleAds({}, managers=frozenset({"1002003000"}))) as server:
        asking = source(server, monkeypatch)
        with pytest.raises(VendorError, match="1002003000 is a manager and has no spend"):
            asking.check(lambda: NOW)


def test_an_expired_sign_in_is_said_in_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    with VendorServer(FakeGoogleAds(costs())) as server:
        asking = source(server, monkeypatch, google_ads_refresh_token=SecretStr("old"))
        with pytest.raises(VendorError, match="sign in anew for VIEW3_GOOGLE_ADS_REFRESH_TOKEN"):
            asking.check(lambda: NOW)


def test_a_good_credential_is_told_and_the_manager_named(monkeypatch: pytest.MonkeyPatch) -> None:
    with VendorServer(FakeGoogleAds(costs())) as server:
        told = source(server, monkeypatch, google_ads_login_customer_id="900-000-0001").check(lambda: NOW)
        assert server.asked[-1].headers["login-customer-id"] == "9000000001"
    assert told == "ad account 1002003000 answers, in USD and Europe/Rome"


def test_without_its_settings_it_is_off_and_says_which() -> None:
    settings = ConnectorSettings(_env_file=None, **{**SET, "google_ads_client_id": ""})
    off = google_ads_api.source(Wanted(settings, lambda: NOW))
    assert off == Off("VIEW3_GOOGLE_ADS_CLIENT_ID is not set")


def test_an_unknown_zone_is_said_in_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    google = FakeGoogleAds(costs(), zone="Atlantis")
    with VendorServer(google) as server, stage(f"sqlite:///{tmp_path}/view3.db", NOW) as one:
        sentence = poll(one, source(server, monkeypatch)).sentence
    assert sentence == "The ad account 1002003000 is in 'Atlantis', which is no time zone known here."


def test_a_name_that_an_ad_lacks_is_empty_and_its_id_tells_it() -> None:
    row = {"campaign": {"id": "55", "name": "Search"}, "metrics": {"costMicros": "2500000000"}}
    ad = {**row, "adGroup": {"id": "6", "name": "G"}, "adGroupAd": {"ad": {"id": "7"}}}
    told = {"customer": {"id": "1", "currencyCode": "USD", "timeZone": "UTC"}, "date": "2026-01-02"}
    payload = {"asked_at": NOW.isoformat(), "kind": "day", "told": {**told, "ads": [ad], "campaigns": [row]}}
    (day,) = google_ads.normalise(payload, NoLookUp())
    assert [(ad.ad, ad.ad_id, ad.spend, ad.currency) for ad in day.ads] == [("", "7", Decimal(2500), "USD")]
