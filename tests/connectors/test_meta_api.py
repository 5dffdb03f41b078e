"""What Meta is asked, what its answers mean, and that nothing it does wrong shows in the tables."""

import json
import random
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from pydantic import SecretStr

from analytics.database import reading
from analytics.records import AdSpend, AdSpendDay
from analytics.schema import ad_spend, ad_spend_versions, inbox, polls
from connectors.contract import NoLookUp, UnreadablePayloadError, VendorError
from connectors.meta import api as meta_api
from connectors.meta import told as meta_ads
from connectors.meta.api import MetaSource
from connectors.meta.limits import Usage, usage
from connectors.meta.told import UNLISTED
from connectors.object_failures import ObjectsFailedError
from connectors.poller import Ended, Outcome
from connectors.settings import ConnectorSettings
from connectors.wanted import Off, Wanted
from tests.connectors.fake_meta import TOKEN, FakeMeta, refused
from tests.connectors.polled import Stage, stage
from tests.connectors.vendor_server import HASTY, Asked, Fault, Reply, VendorServer

NOW = datetime(2026, 1, 31, 15, tzinfo=UTC)
TODAY = date(2026, 1, 31)
DAYS = [TODAY - timedelta(days=number) for number in range(40)]
SET = {"meta_access_token": SecretStr(TOKEN), "meta_ad_accounts": ("act_1001",)}


def costs(seed: int = 1, account: str = "1001") -> dict[tuple[str, date], dict[str, str]]:
    chance = random.Random(seed)
    return {
        (account, on): {f"{ad}": f"{chance.randrange(1, 9999)}.{chance.randrange(100):02}" for ad in range(3)}
        for on in DAYS
        if on.day % 5  # days without any ad
    }


def source(server: VendorServer, monkeypatch: pytest.MonkeyPatch, since: date | None = None, **told: Any) -> MetaSource:
    """Meta as the settings make it, at the simulated address, with naps for sleep."""
    monkeypatch.setattr(meta_api, "ADDRESS", server.url)
    settings = ConnectorSettings(_env_file=None, **{**SET, **told})
    found = meta_api.source(Wanted(settings, lambda: NOW, since, HASTY))
    assert isinstance(found, MetaSource), found
    return MetaSource(found.web, found.accounts, found.since, sleep=lambda _seconds: None)


def poll(one: Stage, asking: MetaSource) -> Outcome:
    outcome = one.poll(asking)
    one.drain.all()
    return outcome


def until_well(one: Stage, asking: MetaSource) -> list[str]:
    """Poll until it goes well; return what was said meanwhile."""
    said = []
    for _ in range(30):
        outcome = poll(one, asking)
        if outcome.ended is Ended.WELL:
            return said
        said.append(outcome.sentence)
    raise AssertionError(said)


def spent(one: Stage) -> dict[tuple[str, date], dict[str, str]]:
    told: dict[tuple[str, date], dict[str, str]] = {}
    with reading(one.engine) as connection:
        for row in connection.execute(sa.select(ad_spend)).mappings():
            told.setdefault((row["account_id"], row["date"]), {})[row["ad_id"][1:]] = f"{row['spend']:.2f}"
    return told


def trailing(all_of_it: dict[tuple[str, date], dict[str, str]], days: int = 28) -> dict[Any, Any]:
    return {key: ads for key, ads in all_of_it.items() if key[1] in DAYS[:days]}


def texts(one: Stage) -> str:
    """Everything that was kept, in one text."""
    with reading(one.engine) as connection:
        bodies = [bytes(body).decode() for body in connection.scalars(sa.select(inbox.c.body))]
        return "\n".join([*bodies, *(str(row) for row in connection.execute(sa.select(polls)))])


def asked_for(server: VendorServer, edge: str) -> list[Asked]:
    return [asked for asked in server.asked if asked.path.endswith(edge)]


def test_the_trailing_days_are_read_and_stand_with_zone_and_mark(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    meta = FakeMeta(costs())
    with VendorServer(meta) as server, stage(database_url, NOW) as one:
        assert poll(one, source(server, monkeypatch)).ended is Ended.WELL
        assert spent(one) == trailing(meta.costs)
        with reading(one.engine) as connection:
            told = connection.execute(sa.select(ad_spend.c.date, ad_spend.c.account_zone, ad_spend.c.provisional)).all()
        assert {zone for _, zone, _ in told} == {"America/New_York"}
        # 31 January 10:00 in New York: 29 January ended 34 hours ago, 28 January 58.
        assert {on for on, _, mark in told if mark} == {TODAY - timedelta(days=2), TODAY - timedelta(days=1), TODAY} - {
            date(2026, 1, 30)  # a day without ads has no rows
        }
        assert TOKEN not in texts(one)
        assert not any(TOKEN in f"{asked.path}{asked.params}" for asked in server.asked)


def test_a_changed_past_is_replaced_and_remembered(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    meta, on = FakeMeta(costs()), date(2026, 1, 12)
    with VendorServer(meta) as server, stage(database_url, NOW) as one:
        asking = source(server, monkeypatch)
        poll(one, asking)
        meta.costs["1001", on] = {"0": "1.00", "7": "2.50"}
        one.clock.now += timedelta(hours=1)
        poll(one, asking)
        assert spent(one) == trailing(meta.costs)
        with reading(one.engine) as connection:
            query = sa.select(ad_spend_versions.c.spend).where(ad_spend_versions.c.date == on)
            assert Decimal("3.50") in set(connection.scalars(query))
            restated = (
                sa.select(ad_spend_versions.c.date).group_by(ad_spend_versions.c.date).having(sa.func.count() > 1)
            )
            assert set(connection.scalars(restated)) == {on}


def test_the_same_answer_is_kept_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with VendorServer(FakeMeta(costs())) as server, stage(f"sqlite:///{tmp_path}/view3.db", NOW) as one:
        asking = source(server, monkeypatch)
        assert (poll(one, asking).new, poll(one, asking).new) == (28, 0)


def test_a_day_that_settles_is_told_once_more_without_its_mark(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with VendorServer(FakeMeta(costs())) as server, stage(f"sqlite:///{tmp_path}/view3.db", NOW) as one:
        poll(one, source(server, monkeypatch))
        one.clock.now += timedelta(hours=24)
        assert poll(one, source(server, monkeypatch)).new == 2  # the day that settled and the day that is new
        with reading(one.engine) as connection:
            marked = set(connection.scalars(sa.select(ad_spend.c.date).where(ad_spend.c.provisional)))
        assert min(marked) > date(2026, 1, 29)


JANUARY_5 = date(2026, 1, 5)
STANDS = "meta names no spend of account 1001 on 2026-01-05 any longer, which was 150.00 USD: the day stays as it was"


def of_a_day(one: Stage, on: date = JANUARY_5) -> set[tuple[str, str, str, str]]:
    """The rows of a day: campaign id, campaign, ad, spend."""
    about = ad_spend.c.campaign_id, ad_spend.c.campaign, ad_spend.c.ad, ad_spend.c.spend
    with reading(one.engine) as connection:
        rows = connection.execute(sa.select(*about).where(ad_spend.c.date == on)).all()
    return {(id_, campaign, ad, f"{spend:.2f}") for id_, campaign, ad, spend in rows}


def versions(one: Stage) -> set[str]:
    with reading(one.engine) as connection:
        return {f"{spend:.2f}" for spend in connection.scalars(sa.select(ad_spend_versions.c.spend))}


DELETED = {
    "a deleted ad is the campaign's": (
        [],
        {("1201", "January", "Video 0", "100.00"), ("1201", "January", UNLISTED, "50.00")},
    ),
    "a deleted ad is the account's where campaigns cannot be asked for": (
        ["campaign"],
        {("1201", "January", "Video 0", "100.00"), ("", UNLISTED, "", "50.00")},
    ),
}


@pytest.mark.parametrize("case", DELETED)
def test_a_deleted_ad_lowers_no_day(case: str, database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    refuses, expected = DELETED[case]
    meta = FakeMeta({("1001", JANUARY_5): {"0": "100.00", "1": "50.00"}})
    meta.spoil = lambda asked: refused(10, 0, status=403) if asked.params.get("level") in refuses else None
    with VendorServer(meta) as server, stage(database_url, NOW) as one:
        asking = source(server, monkeypatch)
        poll(one, asking)
        assert of_a_day(one) == {("1201", "January", "Video 0", "100.00"), ("1201", "January", "Video 1", "50.00")}
        meta.deleted = {"1"}
        one.clock.now += timedelta(hours=1)
        assert poll(one, asking).ended is Ended.WELL
        assert of_a_day(one) == expected
        assert versions(one) == {"150.00"}
        meta.deleted = {"0", "1"}  # all of its ads
        one.clock.now += timedelta(hours=1)
        poll(one, asking)
        assert {spend for *_, spend in of_a_day(one)} == {"150.00"}


def test_a_day_that_vanishes_altogether_stays_and_says_so(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    meta = FakeMeta({("1001", JANUARY_5): {"0": "100.00", "1": "50.00"}})
    with VendorServer(meta) as server, stage(database_url, NOW) as one:
        asking = source(server, monkeypatch)
        poll(one, asking)
        before, costs_before = of_a_day(one), dict(meta.costs)
        meta.costs.clear()
        one.clock.now += timedelta(hours=1)
        assert poll(one, asking).ended is Ended.WELL
        assert (of_a_day(one), one.aside()) == (before, [STANDS])
        meta.costs |= {**costs_before, ("1001", JANUARY_5): {"0": "90.00"}}  # it is named again, and is less
        one.clock.now += timedelta(hours=1)
        poll(one, asking)
        assert {spend for *_, spend in of_a_day(one)} == {"90.00"}


def test_ads_without_a_total_of_the_account_change_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    meta = FakeMeta({("1001", JANUARY_5): {"0": "100.00", "1": "50.00"}})
    with VendorServer(meta) as server, stage(f"sqlite:///{tmp_path}/view3.db", NOW) as one:
        asking = source(server, monkeypatch)
        poll(one, asking)
        before, meta.deleted = of_a_day(one), {"1"}
        meta.spoil = lambda asked: Reply({"data": []}) if asked.params.get("level") == "account" else None
        assert "Meta told ads of 2026-01-05 and no total of the account" in poll(one, asking).sentence
        assert of_a_day(one) == before


def test_a_campaign_that_is_renamed_counts_once_under_its_new_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    meta = FakeMeta({("1001", JANUARY_5): {"0": "100.00", "1": "50.00"}})
    renamed: dict[str, Any] = {}
    row_of = FakeMeta._row
    monkeypatch.setattr(
        FakeMeta,
        "_row",
        lambda self, *about: {name: value for name, value in (row_of(self, *about) | renamed).items() if value},
    )
    with VendorServer(meta) as server, stage(f"sqlite:///{tmp_path}/view3.db", NOW) as one:
        asking = source(server, monkeypatch)
        poll(one, asking)
        renamed |= {"campaign_name": "February", "ad_name": "", "adset_name": ""}
        one.clock.now += timedelta(hours=1)
        poll(one, asking)
        assert of_a_day(one) == {("1201", "February", "", "100.00"), ("1201", "February", "", "50.00")}


@pytest.mark.parametrize(
    ("level", "field"), [("ad", "data[1]"), ("campaign", "campaigns[0]"), ("account", "account[0]")]
)
def test_a_row_without_spend_lowers_nothing_and_the_inbox_names_the_field(
    level: str, field: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    meta = FakeMeta({("1001", JANUARY_5): {"0": "100.00", "1": "50.00"}})
    with VendorServer(meta) as server, stage(f"sqlite:///{tmp_path}/view3.db", NOW) as one:
        asking = source(server, monkeypatch)
        poll(one, asking)
        before, rows_of = of_a_day(one), meta._day

        def without_spend(account: str, on: date, asked: str) -> list[dict[str, str]]:
            rows = rows_of(account, on, asked)
            if asked == level:
                rows[-1:] = [{name: value for name, value in row.items() if name != "spend"} for row in rows[-1:]]
            return rows

        monkeypatch.setattr(meta, "_day", without_spend)
        one.clock.now += timedelta(hours=1)
        poll(one, asking)
        assert (of_a_day(one), one.aside()) == (before, [f"'told.{field}.spend' is missing"])


BAD_DAYS = [
    (Fault.TOO_MANY, Fault.BROKEN, Fault.DROPPED, Fault.CUT),
    (Fault.NONE, Fault.NONE, Fault.SLOW, Fault.NOT_JSON, Fault.TOO_MANY_UNTIL),
    (Fault.NONE, Fault.UNAUTHORISED, Fault.NONE, Fault.NONE, Fault.UNAUTHORISED, Fault.BROKEN),
    (Fault.NONE, Fault.NONE, Fault.NONE, *[Fault.BROKEN] * 8),
]


@pytest.mark.parametrize("faults", BAD_DAYS, ids=["busy", "slow", "unauthorised", "away for long"])
def test_a_bad_day_ends_like_a_calm_one(
    faults: tuple[Fault, ...], database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    meta = FakeMeta(costs())
    with VendorServer(meta, faults) as server, stage(database_url, NOW) as one:
        said = until_well(one, source(server, monkeypatch))
        assert spent(one) == trailing(meta.costs)
    assert all(sentence.startswith("Meta ") and sentence.endswith(".") for sentence in said)


def test_a_repeated_cursor_ends_in_a_sentence_and_takes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = {"data": [], "paging": {"cursors": {"after": "same"}, "next": f"https://x/?access_token={TOKEN}"}}
    meta = FakeMeta(costs(), spoil=lambda asked: Reply(page) if asked.path.endswith("/insights") else None)
    with VendorServer(meta) as server, stage(f"sqlite:///{tmp_path}/view3.db", NOW) as one:
        outcome = poll(one, source(server, monkeypatch))
        assert (outcome.ended, outcome.sentence) == (
            Ended.BADLY,
            "Meta repeats a page of its report; nothing of it was taken.",
        )
        assert spent(one) == {}


def test_an_empty_page_in_the_middle_is_passed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    meta = FakeMeta(costs())
    gap = {"data": [], "paging": {"cursors": {"after": "c0"}, "next": "…"}}
    meta.spoil = lambda asked: Reply(gap) if asked.path.endswith("insights") and "after" not in asked.params else None
    with VendorServer(meta) as server, stage(f"sqlite:///{tmp_path}/view3.db", NOW) as one:
        assert poll(one, source(server, monkeypatch)).ended is Ended.WELL
        assert spent(one) == trailing(meta.costs)


def test_a_long_past_is_asked_for_as_reports(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    meta = FakeMeta(costs())
    with VendorServer(meta) as server, stage(database_url, NOW) as one:
        outcome = poll(one, source(server, monkeypatch, since=DAYS[-1]))
        assert (outcome.ended, spent(one)) == (Ended.WELL, meta.costs)
        assert len(meta.reports) == 6
        at_once = [one.params for one in asked_for(server, "insights") if one.method == "GET" and "/act_" in one.path]
        assert {params["level"] for params in at_once} == {"account", "campaign"}


def test_too_much_at_once_becomes_a_report_and_too_much_for_that_is_halved(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    meta = FakeMeta(costs(), most=2, most_in_report=6)
    with VendorServer(meta) as server, stage(database_url, NOW) as one:
        assert poll(one, source(server, monkeypatch)).ended is Ended.WELL
        assert spent(one) == trailing(meta.costs)
        assert len(meta.reports) > 8


def test_a_day_that_is_too_much_alone_ends_in_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    meta = FakeMeta(costs(), most=0, most_in_report=0)
    with VendorServer(meta) as server, stage(f"sqlite:///{tmp_path}/view3.db", NOW) as one:
        assert poll(one, source(server, monkeypatch)).sentence == "Meta gave a report up (Job Failed)."


def test_a_report_is_picked_up_again_and_a_lost_one_ordered_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    meta = FakeMeta(costs())
    with VendorServer(meta) as server, stage(f"sqlite:///{tmp_path}/view3.db", NOW) as one:
        asking = source(server, monkeypatch, since=DAYS[-1])
        meta.spoil = lambda asked: refused(4, 1504022) if "c2" in asked.params.get("after", "") else None
        assert poll(one, asking).ended is Ended.BADLY
        assert (len(meta.reports), "6000" in texts(one)) == (1, True)
        meta.spoil = lambda _asked: None
        assert poll(one, asking).ended is Ended.WELL
        assert len(meta.reports) == 6
        assert spent(one) == meta.costs
    with VendorServer(meta) as server, stage(f"sqlite:///{tmp_path}/other.db", NOW) as one:
        asking = source(server, monkeypatch, since=DAYS[-1])
        meta.spoil = lambda asked: refused(4, 1504022) if "c2" in asked.params.get("after", "") else None
        poll(one, asking)
        meta.spoil, meta.reports = (lambda _asked: None), {}
        assert "no such ad account" in poll(one, asking).sentence
        assert poll(one, asking).ended is Ended.WELL
        assert spent(one) == meta.costs


def test_a_broken_off_run_goes_on_where_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    meta = FakeMeta(costs())
    meta.spoil = lambda asked: (
        refused(80004, 2446079)
        if json.loads(asked.params.get("time_range", "{}")).get("since") == "2026-01-25"
        else None
    )
    with VendorServer(meta) as server, stage(f"sqlite:///{tmp_path}/view3.db", NOW) as one:
        asking = source(server, monkeypatch)
        outcome = poll(one, asking)
        assert outcome.sentence.startswith("Meta's allowance is used up")
        before, meta.spoil = len(asked_for(server, "insights")), lambda _asked: None
        poll(one, asking)
        later = asked_for(server, "insights")[before:]
        assert {json.loads(asked.params["time_range"])["since"] for asked in later} == {"2026-01-25"}
        assert spent(one) == trailing(meta.costs)


def test_one_account_that_cannot_be_read_holds_up_none_of_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    meta = FakeMeta(costs() | costs(2, "1002"), accounts={"1002": {"currency": "EUR"}})
    with VendorServer(meta) as server, stage(f"sqlite:///{tmp_path}/view3.db", NOW) as one:
        outcome = poll(one, source(server, monkeypatch, meta_ad_accounts=("1001", "1002")))
        assert outcome.ended is Ended.WELL
        assert outcome.failing == (
            "ad account 1001: Meta knows no such ad account, or the token may not see it: VIEW3_META_AD_ACCOUNTS.",
        )
        assert timedelta(minutes=15) <= (outcome.pause or timedelta()) < timedelta(hours=1)
        assert spent(one) == trailing(costs(2, "1002"))


SENTENCES: list[tuple[Reply, str]] = [
    (refused(190, 463), "Meta does not accept the access token (expired or revoked): VIEW3_META_ACCESS_TOKEN."),
    (
        refused(200, 0, status=403),
        "Meta's token lacks the permission ads_read for this ad account: VIEW3_META_ACCESS_TOKEN.",
    ),
    (
        refused(10, 0, status=403),
        "Meta's token lacks the permission ads_read for this ad account: VIEW3_META_ACCESS_TOKEN.",
    ),
    (refused(100, 33), "Meta knows no such ad account, or the token may not see it: VIEW3_META_AD_ACCOUNTS."),
    (refused(17, 2446079), "Meta's allowance is used up; it wants to be left alone for 0:05:00."),
    (refused(368, 1), "Meta said no (HTTP 400, code 368/1)."),
]


@pytest.mark.parametrize(
    ("reply", "sentence"),
    SENTENCES,
    ids=["expired", "no scope", "no permission", "wrong id", "used up", "anything else"],
)
def test_what_is_missing_is_said_in_a_sentence(reply: Reply, sentence: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with VendorServer(FakeMeta({}, spoil=lambda _asked: reply)) as server:
        asking = source(server, monkeypatch)
        with pytest.raises(VendorError) as failed:
            asking.check(lambda: NOW)
    assert str(failed.value) == sentence


def test_a_good_credential_is_told_with_currency_and_zone(monkeypatch: pytest.MonkeyPatch) -> None:
    with VendorServer(FakeMeta({})) as server:
        told = source(server, monkeypatch).check(lambda: NOW)
        assert len(server.asked) == 1
    assert told == "ad account 1001 answers, in USD and America/New_York"


def test_every_account_is_tried_and_the_one_that_does_not_exist_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    with VendorServer(FakeMeta({})) as server:
        asking = source(server, monkeypatch, meta_ad_accounts=("404", "1001"))
        with pytest.raises(ObjectsFailedError) as failed:
            asking.check(lambda: NOW)
    (sentence,) = failed.value.sentences
    assert sentence.startswith("ad account 404: Meta knows no such ad account")
    assert failed.value.good == "ad account 1001 answers, in USD and America/New_York"


def test_a_used_up_allowance_says_when_to_ask_again(monkeypatch: pytest.MonkeyPatch) -> None:
    told = {"1001": [{"type": "ads_insights", "call_count": 100, "estimated_time_to_regain_access": 19}]}
    spent_ = Reply(refused(80000, 2446079).told, 400, {"X-Business-Use-Case-Usage": json.dumps(told)})
    with VendorServer(FakeMeta({}, spoil=lambda _asked: spent_)) as server:
        asking = source(server, monkeypatch)
        with pytest.raises(VendorError) as failed:
            asking.check(lambda: NOW)
    assert failed.value.again_at == NOW + timedelta(minutes=19)


def test_a_passing_failure_is_asked_again_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    replies = iter([refused(2, 0, status=500), refused(1, 0)])
    with VendorServer(FakeMeta({}, spoil=lambda _asked: next(replies, None))) as server:
        assert source(server, monkeypatch).check(lambda: NOW)
        assert len(server.asked) == 3


THROTTLE = '{ "app_id_util_pct": 100, "acc_id_util_pct": 10.5, "ads_api_access_tier": "standard_access" }'
ACCOUNT = '{"acc_id_util_pct": 9.67, "reset_time_duration": 100}'
USAGES: list[tuple[dict[str, str], Usage]] = [
    ({}, Usage(0)),
    ({"x-fb-ads-insights-throttle": THROTTLE}, Usage(100)),
    ({"x-ad-account-usage": ACCOUNT}, Usage(9)),
    ({"x-ad-account-usage": ACCOUNT, "x-app-usage": '{"call_count": 80, "total_time": 3}'}, Usage(80)),
    ({"x-business-use-case-usage": '{"1": [{"estimated_time_to_regain_access": 5}]}'}, Usage(0, timedelta(minutes=5))),
    ({"x-app-usage": "not json", "x-ad-account-usage": '{"acc_id_util_pct": true}'}, Usage(0)),
]


@pytest.mark.parametrize(("headers", "told"), USAGES)
def test_the_headers_tell_how_much_is_used(headers: dict[str, str], told: Usage) -> None:
    assert usage(headers) == told


@pytest.mark.parametrize(("throttle", "naps"), [("74", 0), ("75", 1)])
def test_a_high_usage_slows_the_questions_down(throttle: str, naps: int, monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []
    meta = FakeMeta({}, headers={"X-FB-Ads-Insights-Throttle": f'{{"acc_id_util_pct": {throttle}}}'})
    with VendorServer(meta) as server:
        asking = source(server, monkeypatch)
        MetaSource(asking.web, asking.accounts, sleep=slept.append).check(lambda: NOW)
    assert slept == [5.0] * naps


def test_without_its_settings_it_is_off_and_says_which() -> None:
    settings = ConnectorSettings(_env_file=None)
    off = meta_api.source(Wanted(settings, lambda: NOW))
    assert isinstance(off, Off)
    assert off.sentence == "VIEW3_META_ACCESS_TOKEN and VIEW3_META_AD_ACCOUNTS are not set"


# Reading ------------------------------------------------------------------------------------------------

ROW = {
    "account_id": "1001",
    "account_currency": "EUR",
    "campaign_id": "1201",
    "campaign_name": "January",
    "adset_id": "1202",
    "adset_name": "Broad",
    "ad_id": "1203",
    "ad_name": "Video",
    "spend": "152.37",
    "date_start": "2026-01-05",
    "date_stop": "2026-01-05",
}
TOLD = {"account_id": "1001", "currency": "EUR", "timezone_name": "Europe/Rome", "date": "2026-01-05"}


def read(**changes: Any) -> list[AdSpendDay]:
    told = {**TOLD, "provisional": True, "data": [ROW], **changes}
    return list(meta_ads.normalise({"asked_at": NOW.isoformat(), "kind": "day", "told": told}, NoLookUp()))


def test_a_row_is_what_an_ad_cost() -> None:
    on = date(2026, 1, 5)
    names = {"campaign": "January", "campaign_id": "1201", "ad_set": "Broad", "ad_set_id": "1202", "ad": "Video"}
    ad = AdSpend(on, "meta", Decimal("152.37"), "EUR", "meta", "1001", **names, ad_id="1203")
    assert read() == [AdSpendDay(on, "meta", "1001", "EUR", "Europe/Rome", NOW, "meta", provisional=True, ads=(ad,))]


BROKEN: list[tuple[dict[str, Any], str]] = [
    ({"date": "yesterday"}, "'told.date' is not a date but a text"),
    ({"currency": None}, "'told.currency' is missing"),
    ({"data": [{**ROW, "spend": None}]}, "'told.data[0].spend' is missing"),
    ({"data": [{**ROW, "spend": "1.5 EUR"}]}, "'told.data[0].spend' is not a decimal number but a text"),
    ({"data": [{**ROW, "date_start": "2026-13-01"}]}, "'told.data[0].date_start' is not a date but a text"),
]


@pytest.mark.parametrize(("changes", "reason"), BROKEN, ids=[reason for _, reason in BROKEN])
def test_what_cannot_be_read_is_named(changes: dict[str, Any], reason: str) -> None:
    with pytest.raises(UnreadablePayloadError) as failed:
        read(**changes)
    assert str(failed.value) == reason
