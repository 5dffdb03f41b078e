"""Spend, leads and sales by campaign, ad set and ad: drawn by hand, and held against the slow reference on both engines."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.engine import Connection

from analytics.breakdown import Breakdown, BreakdownRow, Level
from analytics.breaking_down import read_breakdown
from analytics.challenge import Period
from analytics.folding import fold
from analytics.ingest import accept
from analytics.queries import campaigns
from analytics.reading import read
from analytics.records import AdSpend, Lead, Messenger, Offer, Order, Utm, order_of_one
from analytics.schema import campaign_aliases, high_ticket_sales
from analytics.view3 import Totals
from tests.analytics.conftest import Store
from tests.analytics.test_view3_sums import LENS, NOW, RULES, WHOLE, settled, sized
from tests.reference import campaigns as reference
from tests.reference.histories import CHALLENGE, History, dates, histories
from tests.tables import drawn, each

names = st.sampled_from(("fb_jan", "FB_Jan ", "other", "77", ""))
ids = st.sampled_from(("", "77", "78", "fb_jan"))
spends = st.lists(
    st.builds(
        AdSpend,
        date=dates,
        platform=st.sampled_from(("meta", "google")),
        spend=st.sampled_from((Decimal("0.10"), Decimal("33.333333"), Decimal("0.005"), Decimal(0))),
        currency=st.sampled_from(("USD", "USD", "BRL")),
        source=st.just("ads"),
        campaign=names,
        campaign_id=ids,
        ad_set=st.sampled_from(("", "reel", "two")),
        ad_set_id=st.sampled_from(("", "5")),
        ad=st.sampled_from(("", "reel", "REEL", "one")),
        ad_id=st.sampled_from(("", "9")),
    ),
    max_size=7,
    unique_by=lambda row: (
        row.date,
        row.platform,
        row.campaign_id or fold(row.campaign),
        row.ad_set_id or fold(row.ad_set),
        row.ad_id or fold(row.ad),
    ),
)
aliasing = st.dictionaries(
    st.sampled_from(("fb_jan", "reel", "other", "spring")), st.sampled_from(("other", "77", "fb_jan"))
)
terms = st.lists(st.sampled_from(("", "reel", "5", "Two")), min_size=8, max_size=8)


def relate(connection: Connection, aliases: Mapping[str, str]) -> None:
    for alias, key in aliases.items():
        connection.execute(sa.insert(campaign_aliases).values(alias_key=alias, campaign_key=key))


def placed(told: Breakdown) -> Counter[tuple[object, ...]]:
    return Counter(
        (
            *(row.ad_spend, row.leads, row.high_ticket_sales),
            *(row.vip_revenue, row.oto_revenue, row.high_ticket_revenue, row.revenue, row.net_revenue),
            row.is_unattributed,
        )
        for row in told.rows
    )


def test_every_level_equals_the_reference_and_sums_to_the_totals(store: Store) -> None:
    @sized(store)
    @given(histories(), spends, aliasing, terms)
    def hold(history: History, spend: list[AdSpend], aliases: dict[str, str], words: list[str]) -> None:
        leads = tuple(
            replace(lead, utm=replace(lead.utm, term=word)) if lead.utm else lead
            for lead, word in zip(history.leads, words, strict=False)
        )
        history = replace(history, leads=leads)
        bought = settled(history).counted
        ends = (WHOLE.first, WHOLE.last)
        with store.fresh() as connection:
            assert not accept(connection, RULES, [*history.records, *spend]).refused
            relate(connection, aliases)
            view = read(connection, LENS, NOW, WHOLE)
            told = {level: read_breakdown(connection, LENS, WHOLE, level) for level in Level}
        for level, one in told.items():
            expected = reference.breakdown(
                bought, leads, spend, ends, CHALLENGE.zone, stated=history.stated, aliases=aliases, depth=int(level)
            )
            assert placed(one) == expected, level
            agree(one, view.totals)
            assert one.total.high_ticket_sales == view.totals.high_ticket_sales
            assert one.rows[-1].is_unattributed
            assert one.rows[-1].high_ticket_sales == view.attribution.unattributed

    hold()


def agree(told: Breakdown, totals: Totals) -> None:
    """Hold the sum of the rows against the page's totals, to the last digit."""
    known = [row.ad_spend for row in told.rows if row.ad_spend is not None]
    assert (sum(known, Decimal(0)) if known else None) == totals.ad_spend == told.total.ad_spend
    revenue = totals.vip_revenue + totals.oto_revenue + totals.high_ticket_revenue
    assert sum(row.revenue for row in told.rows) == revenue == told.total.revenue
    assert sum(row.net_revenue for row in told.rows) == totals.net_revenue == told.total.net_revenue
    assert set(told.checks.values()) == {True}


STORIES = {
    "a link names a campaign by its id, whatever it is called now": """
        spend on   | platform | id | campaign | ad set | ad | amount
        -----------+----------+----+----------+--------+----+-------
        2026-01-08 | meta     | 77 | Old name | a      |    | 10.00
        2026-01-09 | meta     | 77 | New name | a      |    | 20.00

        link     | term | content | bought
        ---------+------+---------+-------
        77       | a    |         | 100.00
        old name | a    |         | 50.00

        row      | spend | leads | sales | revenue | per sale | roas
        ---------+-------+-------+-------+---------+----------+-----
        New name | 30.00 | 2     | 2     | 150.00  | 15.00    | 5.00
        -        | -     | 0     | 0     | 0.00    | -        | -
    """,
    "an alias joins what is called differently on both sides": """
        spend on   | platform | id | campaign | ad set | ad | amount
        -----------+----------+----+----------+--------+----+-------
        2026-01-08 | meta     | 77 | Spring   |        |    | 10.00

        link   | term | content | bought
        -------+------+---------+-------
        promo  |      |         | 100.00
        PROMO  |      |         |

        row    | spend | leads | sales | revenue | per sale | roas
        -------+-------+-------+-------+---------+----------+------
        Spring | 10.00 | 2     | 1     | 100.00  | 10.00    | 10.00
        -      | -     | 0     | 0     | 0.00    | -        | -

        alias | stands for
        ------+-----------
        promo | spring
    """,
    "spend without sales and sales without spend both keep their row": """
        spend on   | platform | id | campaign | ad set | ad | amount
        -----------+----------+----+----------+--------+----+-------
        2026-01-08 | google   | 5  | Search   |        |    | 10.00

        link    | term | content | bought
        --------+------+---------+-------
        organic |      |         | 100.00
                |      |         | 40.00

        row     | spend | leads | sales | revenue | per sale | roas
        --------+-------+-------+-------+---------+----------+-----
        Search  | 10.00 | 0     | 0     | 0.00    | -        | 0.00
        organic | -     | 1     | 1     | 100.00  | -        | -
                | -     | 1     | 0     | 0.00    | -        | -
        -       | -     | 0     | 1     | 40.00   | -        | -
    """,
}


@each(STORIES)
def test_campaigns(connection: Connection, story: str) -> None:
    spend, links, rows, *aliases = (drawn(part) for part in story.strip("\n ").split("\n\n"))
    accept(connection, RULES, [*(_spend(row) for row in spend), *_people(links)])
    relate(connection, {row["alias"]: row["stands for"] for table in aliases for row in table})
    told = read_breakdown(connection, LENS, WHOLE, Level.CAMPAIGN)
    assert [_drawn(row) for row in told.rows] == [tuple(row.values()) for row in rows]


def test_no_ratio_below_the_level_where_spend_is_told(connection: Connection) -> None:
    spend = AdSpend(date(2026, 1, 8), "google", Decimal(10), "USD", "ads", campaign="PMax")
    people = _people([{"link": "PMax", "term": "asset", "content": "x", "bought": "100.00"}])
    accept(connection, RULES, [spend, *people])
    campaign, ad_set = (read_breakdown(connection, LENS, WHOLE, level) for level in (Level.CAMPAIGN, Level.AD_SET))
    assert (campaign.rows[0].cost_per_acquisition, campaign.rows[0].roas) == (Decimal("10.00"), Decimal("10.00"))
    untold, asset, _ = ad_set.rows
    assert (untold.ad_set, untold.ad_spend, untold.roas) == ("", Decimal("10.000000"), None)
    assert (asset.ad_set, asset.ad_spend, asset.cost_per_acquisition, asset.revenue) == (
        "asset",
        None,
        None,
        Decimal(100),
    )


def test_a_sale_of_another_program_stands_where_it_is_recorded(connection: Connection) -> None:
    row = {
        "customer_name": "Ana",
        "customer_email": "ana@x.com",
        "product_name": "Mentorship",
        "price": Decimal("100.00"),
        "purchase_date": CHALLENGE.moment(datetime(2026, 1, 9, 12)),
        "utm_campaign": "FB_Jan",
    }
    connection.execute(sa.insert(high_ticket_sales).values(row))
    accept(connection, RULES, [AdSpend(date(2026, 1, 8), "meta", Decimal(10), "USD", "ads", campaign="fb_jan")])
    told = read_breakdown(connection, LENS, WHOLE, Level.CAMPAIGN)
    assert [(row.name, row.high_ticket_sales) for row in told.rows] == [("fb_jan", 1), ("Unattributed", 0)]


def test_spend_in_another_currency_is_unknown_not_zero(connection: Connection) -> None:
    accept(connection, RULES, [AdSpend(date(2026, 1, 8), "meta", Decimal(10), "BRL", "ads", campaign="fb_jan")])
    told = read_breakdown(connection, LENS, WHOLE, Level.CAMPAIGN)
    assert [row.ad_spend for row in told.rows] == [None, None]
    assert told.total.ad_spend is None


def test_an_empty_period_has_the_unattributed_row_alone(connection: Connection) -> None:
    told = read_breakdown(connection, LENS, Period(date(2026, 1, 1), date(2026, 1, 1)), Level.AD)
    assert [row.name for row in told.rows] == ["Unattributed"]
    assert (told.total.name, told.total.ad_spend, told.total.leads) == ("Total", None, 0)


def _spend(row: dict[str, str]) -> AdSpend:
    return AdSpend(
        date.fromisoformat(row["spend on"]), row["platform"], Decimal(row["amount"]), "USD", "ads",
        campaign=row["campaign"], campaign_id=row["id"], ad_set=row["ad set"], ad=row["ad"],
    )  # fmt: skip


def _people(links: list[dict[str, str]]) -> list[Lead | Order]:
    """Return a lead per link, and what its person bought."""
    told: list[Lead | Order] = []
    for number, row in enumerate(links):
        email, at = f"p{number}@x.com", CHALLENGE.moment(datetime(2026, 1, 8, 12))
        utm = Utm(campaign=row["link"], term=row["term"], content=row["content"])
        told.append(Lead("cf", str(number), email, at, utm=utm))
        if row["bought"]:
            later = CHALLENGE.moment(datetime(2026, 1, 9, 12))
            told.append(
                order_of_one(
                    "sheet", str(number), email, "Buyer", "Mentorship", Decimal(row["bought"]), "USD", later,
                    messenger=Messenger.FILE, offer=Offer.HIGH_TICKET,
                )
            )  # fmt: skip
    return told


def _drawn(row: BreakdownRow) -> tuple[str, ...]:
    cells = (row.ad_spend, row.leads, row.high_ticket_sales, row.revenue, row.cost_per_acquisition, row.roas)
    name = "-" if row.is_unattributed else row.campaign
    return (
        name,
        *("-" if cell is None else f"{cell:.2f}" if isinstance(cell, Decimal) else str(cell) for cell in cells),
    )


@pytest.mark.parametrize("level", Level)
def test_rows_stand_in_a_fixed_order(connection: Connection, level: Level) -> None:
    rows = [
        AdSpend(date(2026, 1, 8), "meta", Decimal(amount), "USD", "ads", campaign=name, ad_set=name, ad=name)
        for name, amount in (("b", 5), ("a", 5), ("c", 9))
    ]
    accept(connection, RULES, rows)
    assert [row.name for row in read_breakdown(connection, LENS, WHOLE, level).rows] == ["c", "a", "b", "Unattributed"]


def test_the_kept_sums_tell_the_same_as_the_sales_one_by_one(store: Store) -> None:
    @sized(store)
    @given(histories(), st.booleans())
    def hold(history: History, another_program: bool) -> None:
        bounds = CHALLENGE.bounds(WHOLE)
        with store.fresh() as connection:
            accept(connection, RULES, history.records)
            if another_program:
                told = {"customer_name": "F", "customer_email": "f@y.com", "product_name": "P", "price": Decimal(5)}
                row = sa.insert(high_ticket_sales).values(**told, purchase_date=bounds[0], utm_campaign="Theirs")
                connection.execute(row)
            slow = campaigns.credited_by_entity(connection, bounds, "USD", ["utm_campaign"])
            fast = campaigns.credited_by_campaign(connection, WHOLE, bounds, "USD", ())
            keys = {group.path[0].key for group in slow}
            unnamed = campaigns.credited_by_campaign(connection, WHOLE, bounds, "USD", keys)
        assert sorted(map(repr, fast)) == sorted(map(repr, slow))
        assert all(not group.path[0].label for group in unnamed)
        assert sorted((group.path[0].key, group.sales, group.revenue) for group in unnamed) == sorted(
            (group.path[0].key, group.sales, group.revenue) for group in slow
        )

    hold()
