"""What a platform itself says of a day replaces the day, in any order of arrival, against a slow reference."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import permutations
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.engine import Connection

from analytics.challenge import Challenge, Period
from analytics.ingest import Rules, accept
from analytics.queries.costs import spend_by_account
from analytics.queries.health import ad_accounts
from analytics.reading import Lens, read
from analytics.records import AdSpend, AdSpendDay, Record
from analytics.schema import ad_spend, ad_spend_versions
from tests.analytics.conftest import Store
from tests.tables import Row, drawn, drawn_apart, each

RULES = Rules(Challenge.starting(date(2026, 1, 1), "America/Sao_Paulo"))
DAY = date(2026, 1, 5)
NOON = datetime(2026, 1, 6, 12, tzinfo=UTC)
ACCOUNT = "1001"


def ad(name: str, spend: str, account: str = ACCOUNT, on: date = DAY) -> AdSpend:
    """An ad of the campaign c1, by id."""
    ids = {"campaign": "January", "campaign_id": "c1", "ad_set": "Broad", "ad_set_id": "s1", "ad": name, "ad_id": name}
    return AdSpend(on, "meta", Decimal(spend), "USD", "meta", account, **ids)


def told(hour: int, *ads: AdSpend, on: date = DAY, account: str = ACCOUNT, provisional: str = "") -> AdSpendDay:
    """A day as told at an hour."""
    told_at = NOON + timedelta(hours=hour)
    zone = "America/New_York"
    return AdSpendDay(on, "meta", account, "USD", zone, told_at, "meta", provisional=bool(provisional), ads=ads)


def spent(connection: Connection) -> dict[tuple[str, str], Decimal]:
    query = sa.select(ad_spend.c.account_id, ad_spend.c.ad, ad_spend.c.spend)
    return {(account, name): spend for account, name, spend in connection.execute(query)}


def versions(connection: Connection) -> list[tuple[str, int, int]]:
    """The versions of the day as spend and the first and last hour in which it was told."""
    table = ad_spend_versions.c
    query = sa.select(table.spend, table.first_told_at, table.last_told_at).order_by(table.first_told_at, table.spend)
    hour = timedelta(hours=1)
    return [
        (str(row[0].normalize()), (row[1] - NOON) // hour, (row[2] - NOON) // hour) for row in connection.execute(query)
    ]


STORIES = {
    "the newest telling of a day is the day": """
        told | ads
        -----|---------
        0    | a=1 b=2
        1    | a=1 b=3

        stands
        -------
        a=1 b=3

        version | first | last
        --------|-------|-----
        3       | 0     | 0
        4       | 1     | 1
    """,
    "an ad that is no longer told vanishes": """
        told | ads
        -----|---------
        0    | a=1 b=2
        1    | a=1

        stands
        ------
        a=1

        version | first | last
        --------|-------|-----
        3       | 0     | 0
        1       | 1     | 1
    """,
    "a day without ads empties it": """
        told | ads
        -----|----
        0    | a=1
        1    | ""

        stands
        ------
        ""

        version | first | last
        --------|-------|-----
        1       | 0     | 0
        0       | 1     | 1
    """,
    "a figure that is told again is one version with a longer span": """
        told | ads
        -----|----
        0    | a=1
        1    | a=2
        2    | a=1

        stands
        ------
        a=1

        version | first | last
        --------|-------|-----
        1       | 0     | 2
        2       | 1     | 1
    """,
}


@pytest.mark.parametrize("order", list(permutations(range(3))))
@each(STORIES)
def test_a_day_is_what_was_told_last_in_any_order(connection: Connection, story: str, order: tuple[int, ...]) -> None:
    tables = drawn_apart(story)
    days = [told(int(row["told"]), *_ads(row["ads"])) for row in tables["told"]]
    for place in order:
        if place < len(days):
            assert not accept(connection, RULES, [days[place]]).refused
    (stands,) = tables["stands"]
    assert spent(connection) == {(ACCOUNT, one.ad): one.spend for one in _ads(stands["stands"])}
    assert versions(connection) == [
        (str(Decimal(row["version"])), int(row["first"]), int(row["last"])) for row in tables["version"]
    ]


def _ads(text: str) -> Sequence[AdSpend]:
    return [ad(name, spend) for name, _, spend in (part.partition("=") for part in text.split())]


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_a_telling_that_names_nothing_replaces_nothing_in_any_order(
    connection: Connection, order: tuple[int, ...]
) -> None:
    nothing = Decimal(0)
    days = [told(0, ad("a", "1")), replace(told(1), total=nothing), replace(told(2, ad("a", "3")), total=Decimal(3))]
    for place in (*order, *order):
        refused = accept(connection, RULES, [days[place]]).refused
        assert all("names no spend of account 1001 on 2026-01-05 any longer" in one.reason for one in refused)
    assert accept(connection, RULES, [days[1]]).refused
    assert (spent(connection), versions(connection)) == ({(ACCOUNT, "a"): Decimal(3)}, [("1", 0, 0), ("3", 2, 2)])


def test_the_check_of_spend_holds_every_day_against_the_total_of_the_platform(connection: Connection) -> None:
    lens = Lens(RULES.challenge, "USD")

    def adds_up() -> bool:
        return read(connection, lens, NOON).checks["spend_adds_up"]

    accept(connection, RULES, [told(0, ad("a", "1"), ad("b", "2")), told(1, ad("a", "1"), ad("b", "3"))])
    assert adds_up()
    connection.execute(sa.update(ad_spend).where(ad_spend.c.ad == "b").values(spend=Decimal(2)))
    assert not adds_up()


def test_other_days_accounts_and_platforms_are_left_alone(connection: Connection) -> None:
    tomorrow = DAY + timedelta(days=1)
    accept(connection, RULES, [told(0, ad("a", "1")), told(0, ad("b", "2", "1002"), account="1002")])
    accept(connection, RULES, [told(0, ad("c", "4", on=tomorrow), on=tomorrow)])
    accept(connection, RULES, [replace(ad("g", "8"), platform="google", account_id="7")])
    accept(connection, RULES, [told(1)])
    assert spent(connection) == {
        ("1002", "b"): Decimal(2),
        (ACCOUNT, "c"): Decimal(4),
        ("7", "g"): Decimal(8),
    }


def test_an_answer_counts_what_was_new_changed_and_the_same(connection: Connection) -> None:
    first = accept(connection, RULES, [told(0, ad("a", "1"), ad("b", "2"))])
    again = accept(connection, RULES, [told(1, ad("a", "1"), ad("b", "3"), ad("c", "1"))])
    late = accept(connection, RULES, [told(0, ad("a", "1"), ad("b", "2"))])
    assert [(one.new, one.changed, one.same) for one in (first, again, late)] == [(2, 0, 0), (1, 1, 1), (0, 0, 2)]


def test_an_ad_told_in_parts_is_summed(connection: Connection) -> None:
    accept(connection, RULES, [told(0, ad("a", "0.1"), ad("a", "0.2"))])
    assert spent(connection) == {(ACCOUNT, "a"): Decimal("0.3")}
    assert versions(connection) == [("0.3", 0, 0)]


FILES = [
    ad("a", "9"),
    replace(ad("a", "9"), account_id=""),
    AdSpend(DAY, "meta", Decimal(9), "USD", "file", "", campaign=" JANUARY "),
    AdSpend(DAY, "meta", Decimal(9), "USD", "file", ACCOUNT, campaign="Another"),
    AdSpend(DAY, "meta", Decimal(9), "USD", "file", "", campaign="Renamed", campaign_id="c1"),
]


@pytest.mark.parametrize("file", FILES, ids=["same ad", "no account", "by name", "another campaign", "by id"])
@pytest.mark.parametrize("first", ["the file", "the platform"])
def test_a_file_gives_way_to_the_platform_whichever_comes_first(
    connection: Connection, file: AdSpend, first: str
) -> None:
    records: list[Record] = [file, told(0, ad("a", "1"))]
    for record in records if first == "the file" else reversed(records):
        accept(connection, RULES, [record])
    assert spent(connection) == {(ACCOUNT, "a"): Decimal(1)}


def test_a_file_about_a_day_that_the_platform_did_not_tell_stands(connection: Connection) -> None:
    before = DAY - timedelta(days=1)
    nobody = AdSpend(DAY, "meta", Decimal(3), "USD", "file", "", campaign="Of another account")
    accept(connection, RULES, [told(0, ad("a", "1"))])
    accept(connection, RULES, [ad("b", "2", on=before), nobody, ad("c", "4", "1002")])
    assert sorted(spent(connection).values()) == [1, 2, 3, 4]


def test_what_is_told_stands_with_its_zone_and_its_mark(connection: Connection) -> None:
    marks = sa.select(ad_spend.c.account_zone, ad_spend.c.provisional)
    accept(connection, RULES, [told(0, ad("a", "1"), provisional="still counting")])
    assert connection.execute(marks).all() == [("America/New_York", True)]
    settled = accept(connection, RULES, [told(48, ad("a", "1"))])
    assert (settled.changed, settled.same) == (1, 0)
    assert connection.execute(marks).all() == [("America/New_York", False)]
    assert versions(connection) == [("1", 0, 48)]


def test_another_currency_is_kept_and_not_summed(connection: Connection) -> None:
    yen = replace(told(0), currency="JPY", account_id="1002", ads=(replace(ad("b", "500", "1002"), currency="JPY"),))
    accept(connection, RULES, [told(0, ad("a", "1")), yen])
    spend = spend_by_account(connection, Period(DAY, DAY), "USD")
    assert (spend.spend, spend.other_currency) == (Decimal(1), 1)


def test_an_account_tells_its_zone_and_how_settled_its_days_are(connection: Connection) -> None:
    tomorrow = DAY + timedelta(days=1)
    accept(connection, RULES, [told(0, ad("a", "1")), told(5, ad("a", "2"))])
    accept(connection, RULES, [told(0, ad("a", "4", on=tomorrow), on=tomorrow, provisional="yes")])
    accept(connection, RULES, [ad("f", "1", "from a file")])
    (account,) = ad_accounts(connection)
    assert (account.platform, account.account_id, account.zone) == ("meta", ACCOUNT, "America/New_York")
    assert (account.provisional_from, account.restated_days) == (tomorrow, 1)


def test_spend_tells_from_when_on_it_is_provisional(connection: Connection) -> None:
    tomorrow, later = DAY + timedelta(days=1), DAY + timedelta(days=2)
    accept(connection, RULES, [told(0, ad("a", "1"))])
    for on in (tomorrow, later):
        accept(connection, RULES, [told(0, ad("a", "4", on=on), on=on, provisional="yes")])
    since = [
        spend_by_account(connection, period, currency).provisional_from
        for period, currency in (
            (Period(DAY, later), "USD"),
            (Period(later, later), "USD"),
            (Period(DAY, DAY), "USD"),
            (Period(DAY, later), "EUR"),
        )
    ]
    assert since == [tomorrow, later, None, None]


# Against a slow reference ------------------------------------------------------------------------------

SPENDS = st.sampled_from(["0", "0.01", "1.5", "99.999999"])
TELLINGS = st.lists(
    st.tuples(
        st.integers(0, 6),  # hour
        st.sampled_from([ACCOUNT, "1002"]),
        st.sampled_from([DAY, DAY + timedelta(days=1)]),
        st.dictionaries(st.sampled_from("abc"), SPENDS),
    ),
    max_size=8,
    unique_by=lambda telling: telling[:3],
)


def reference(tellings: Iterable[Any]) -> dict[tuple[str, date, str], Decimal]:
    """What stands: per account and day the ads of the latest telling."""
    stands: dict[tuple[str, date], Any] = {}
    for hour, account, on, ads in tellings:
        if (account, on) not in stands or stands[account, on][0] < hour:
            stands[account, on] = hour, ads
    return {
        (account, on, name): Decimal(spend) for (account, on), (_, ads) in stands.items() for name, spend in ads.items()
    }


def test_any_tellings_in_any_batches_end_as_the_reference_says(store: Store) -> None:
    @settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=40)
    @given(TELLINGS, st.integers(1, 4))
    def hold(tellings: list[Any], size: int) -> None:
        days = [
            told(hour, *(ad(name, spend, account, on) for name, spend in ads.items()), on=on, account=account)
            for hour, account, on, ads in tellings
        ]
        with store.fresh() as connection:
            for start in range(0, len(days), size):
                assert not accept(connection, RULES, days[start : start + size]).refused
            rows = connection.execute(
                sa.select(ad_spend.c.account_id, ad_spend.c.date, ad_spend.c.ad, ad_spend.c.spend)
            )
            assert {(account, on, name): spend for account, on, name, spend in rows} == reference(tellings)

    hold()


REFUSALS: list[Row] = drawn("""
    what              | reason
    ------------------|----------------------------------------------------
    no account        | a day of ad spend needs its account
    another day       | the spend of an ad belongs to another day, account or currency than the day it is told with
    another currency  | the spend of an ad belongs to another day, account or currency than the day it is told with
    a negative figure | a negative spend (-1)
    too many decimals | the spend of 1.0000001 has more than 6 decimals
    too long ago      | the spend of 1999-01-05 is not between 2000 and 2038
""")
BROKEN = {
    "no account": told(0, account=""),
    "another day": told(0, ad("a", "1", on=DAY + timedelta(days=1))),
    "another currency": told(0, replace(ad("a", "1"), currency="EUR")),
    "a negative figure": told(0, ad("a", "-1")),
    "too many decimals": told(0, ad("a", "1.0000001")),
    "too long ago": told(0, on=date(1999, 1, 5)),
}


@pytest.mark.parametrize("row", REFUSALS, ids=lambda row: row["what"])
def test_a_day_that_cannot_be_is_refused_whole(connection: Connection, row: Row) -> None:
    accept(connection, RULES, [told(0, ad("a", "1"))])
    (refused,) = accept(connection, RULES, [BROKEN[row["what"]]]).refused
    assert refused.reason == row["reason"]
    assert spent(connection) == {(ACCOUNT, "a"): Decimal(1)}
