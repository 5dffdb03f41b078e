"""What is said of the data's quality: each problem of a UTM drawn, matches and coverage counted, spend held against totals."""

import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from analytics.analysis import quality
from analytics.ingest import accept
from analytics.queries import left_out as nowhere
from analytics.records import AdSpend, Lead, Utm
from analytics.schema import ad_spend, ad_spend_versions, polls
from analytics.workbench import Workbench
from tests.analytics.analysis.conftest import Desk
from tests.analytics.test_view3_sums import LENS, MIDDAY, NOW, RULES, WHOLE
from tests.reference.histories import CHALLENGE
from tests.tables import drawn

LINKS = """
    campaign            | leads | problem                           | grouped as          | hint
    --------------------+-------+-----------------------------------+---------------------+-----------------------------
    "Spring Sale"       | 3     |                                   |                     |
    "SPRING SALE"       | 1     | another spelling of the same      | Spring Sale         | “Spring Sale”
    "spring sale "      | 1     | blanks or codes in it             | Spring Sale         | “spring sale”
    "Spring+Sale"       | 1     | blanks or codes in it             | Spring Sale         | “spring sale”
    "Spring%20Sale"     | 1     | blanks or codes in it             | Spring Sale         | “spring sale”
    "{{campaign.name}}" | 2     | placeholder that nobody replaced  | {{campaign.name}}   | the ad platform's own parameters
    "120210000000017"   | 2     | an id instead of a name           | Spring Sale         | “Spring Sale”
    "Sprng Sale"        | 1     | a campaign without ad spend       | Sprng Sale          | near “Spring Sale”
    "bio_link"          | 1     | a campaign without ad spend       | bio_link            |
    ""                  | 4     |                                   |                     |
"""


def spent(on: date, platform: str, amount: str, account: str, campaign: str, campaign_id: str = "") -> AdSpend:
    return AdSpend(on, platform, Decimal(amount), "USD", "ads", account, campaign=campaign, campaign_id=campaign_id)


def desk(connection: Connection, *more: AdSpend) -> Workbench:
    at = CHALLENGE.start_of(WHOLE.first)
    links = [row["campaign"] for row in drawn(LINKS) for _ in range(int(row["leads"]))]
    leads = [
        Lead("crm", str(number), f"p{number}@x.com", at + timedelta(hours=number), utm=Utm("fb", campaign=text))
        for number, text in enumerate(links)
    ]
    spend = spent(WHOLE.first, "meta", "10.00", "1", "Spring Sale", "120210000000017")
    assert not accept(connection, RULES, [*leads, spend, *more]).refused
    return Desk(connection, LENS, NOW).as_workbench()


def test_each_problem_of_a_utm_is_named(connection: Connection) -> None:
    found = quality.utm_hygiene(desk(connection), WHOLE)
    told = {tuple(map(str, row)) for row in found.itertuples(index=False)}
    assert told == {
        (row["problem"], f"“{row['campaign']}”", row["grouped as"], row["leads"], row["hint"])
        for row in drawn(LINKS)
        if row["problem"]
    }


def test_another_utm_is_looked_at_by_its_spelling_alone(connection: Connection) -> None:
    at = CHALLENGE.start_of(WHOLE.first)
    words = ("Facebook", "facebook", "facebook", "FACEBOOK ", "{{site_source_name}}")
    leads = [Lead("crm", str(number), f"p{number}@x.com", at, utm=Utm(word)) for number, word in enumerate(words)]
    accept(connection, RULES, leads)
    found = quality.utm_hygiene(Desk(connection, LENS, NOW).as_workbench(), WHOLE, "utm_source")
    assert found[["problem", "value", "leads"]].to_numpy().tolist() == [
        ["placeholder that nobody replaced", "“{{site_source_name}}”", 1],
        ["another spelling of the same", "“Facebook”", 1],
        ["blanks or codes in it", "“FACEBOOK ”", 1],
    ]


def test_spend_is_held_against_what_the_platform_said_last(connection: Connection) -> None:
    bench = desk(connection, spent(WHOLE.first, "google", "7.00", "9", "Brand"))
    told = {"platform": "meta", "account_id": "1", "date": WHOLE.first, "currency": "USD"}
    for hour, amount in ((1, "9.00"), (2, "10.50")):
        at = datetime(2026, 1, 8, hour, tzinfo=UTC)
        row = {**told, "spend": Decimal(amount), "first_told_at": at, "last_told_at": at}
        connection.execute(sa.insert(ad_spend_versions).values(**row))
    found = quality.spend_against_totals(bench, WHOLE)
    assert found[["platform", "days", "by_ads", "told", "difference"]].to_numpy().tolist() == [
        ["meta", 1, Decimal("10.00"), Decimal("10.50"), Decimal("-0.50")],
        ["google", 0, Decimal("7.00"), None, None],
    ]
    connection.execute(sa.delete(ad_spend).where(ad_spend.c.platform == "meta"))
    assert quality.spend_against_totals(bench, WHOLE)["by_ads"].tolist() == [0, Decimal("7.00")]


def test_missing_days_are_counted_from_the_source_s_first_day(connection: Connection) -> None:
    days = (date(2026, 1, 3), date(2026, 1, 4), date(2026, 1, 9))
    accept(connection, RULES, [spent(on, "meta", "1", "1", "A") for on in days])
    found = quality.coverage(Desk(connection, LENS, MIDDAY).as_workbench()).query("what == 'ad spend'")
    missing = "05 Jan, 06 Jan, 07 Jan, 08 Jan, 10 Jan …"
    told = found[["expected", "received", "coverage", "missing"]].to_numpy().tolist()
    assert told == [[9, 3, Decimal("33.3"), missing]]


def test_what_the_vendors_could_not_be_asked_for_is_listed(connection: Connection) -> None:
    since, again_at = "2026-01-05T12:00:00+00:00", "2026-01-05T12:15:00+00:00"
    about = {"sentence": "Zoom knows no such webinar.", "failures": 3, "since": since, "again_at": again_at}
    rows = [
        {"source": "zoom-api", "state": json.dumps({"failing": {"room 111": about}}), "last_error": "", "failures": 0},
        {"source": "meta", "state": "{}", "last_error": "Meta does not accept the access token.", "failures": 2},
        {"source": "youtube", "state": "{}", "last_error": "", "failures": 0},
    ]
    connection.execute(sa.insert(polls), rows)
    found = quality.failing(Desk(connection, LENS, NOW).as_workbench())
    assert found[["source", "name", "reason", "failures"]].to_numpy().tolist() == [
        ["meta", "", "Meta does not accept the access token.", 2],
        ["zoom-api", "room 111", "Zoom knows no such webinar.", 3],
    ]
    assert found["again_at"].tolist()[1] == datetime.fromisoformat(again_at)


def test_the_sample_s_matches_are_the_page_s(sample: Workbench) -> None:
    found = quality.matches(sample)
    told = sample.view().attribution
    assert found["sales"].tolist() == [told.matched, *told.reasons.values()]
    assert abs(sum(found["part"]) - 100) < Decimal("0.5")


def test_the_sample_s_left_out_purchases_are_listed(sample: Workbench) -> None:
    found, counted = quality.left_out(sample), sample.view().excluded
    review = {why: tally.count for why, tally in sample.view().review.items()}
    kinds = (*nowhere.EXCLUDED, *nowhere.REVIEW)
    expected = {why: count for why, count in {**counted, **review}.items() if why in kinds and count}
    assert found["why"].value_counts().to_dict() == expected
    doubles = found.loc[found["why"] == "possible_double_charges", "other"]
    assert len(doubles) == 1
    assert doubles.str.startswith("stripe:").all()


def test_the_sample_s_unknown_evenings_are_missing(sample: Workbench) -> None:
    found = quality.coverage(sample).set_index(["source", "what"])
    assert found.loc[("youtube", "attendance"), "missing"] == "09 Jan"
    assert found.loc[("zoom", "attendance"), "missing"] == "13 Jan"
    assert found.loc[("meta", "ad spend"), "coverage"] == 100


def test_an_empty_database_has_nothing_to_complain_of(empty: Workbench) -> None:
    for ask in (quality.utm_hygiene, quality.left_out, quality.spend_against_totals, quality.failing):
        assert ask(empty).empty
    assert quality.matches(empty)["sales"].tolist() == [0]
    assert set(quality.coverage(empty)["what"]) == {"attendance"}
