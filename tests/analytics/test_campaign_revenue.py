"""The full funnel's revenue by campaign, ad set and ad adds up to the card, and stands where the slow reference credits it."""

from collections import Counter, defaultdict
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.engine import Connection

from analytics.breakdown import Breakdown, Level
from analytics.breaking_down import read_breakdown
from analytics.challenge import Period
from analytics.folding import fold
from analytics.ingest import accept
from analytics.reading import Lens, read
from analytics.records import AdSpend, Lead, Line, Offer, Order, Record, Utm
from analytics.repairs import attribute
from analytics.schema import order_days
from tests.analytics.conftest import Store
from tests.analytics.test_attribution_everywhere import CHALLENGE, RULES, World, sized, worlds
from tests.tables import drawn, each

LENS = Lens(CHALLENGE)
WHOLE = Period(date(2026, 1, 1), date(2026, 1, 31))
NOW = CHALLENGE.last_second_of(WHOLE.last)


def credited(world: World, depth: int) -> dict[tuple[str, ...] | None, Decimal]:
    """Return the reference's revenue by folded campaign, ad set and ad; None is what is credited to nothing."""
    found: defaultdict[tuple[str, ...] | None, Decimal] = defaultdict(Decimal)
    for order in world.orders:
        told = world.expected(order)
        names = tuple(fold(told.utm[column] or "") for column in (2, 3, 4))[:depth]
        for line in order.messages[0].lines:
            if order.messages[0].currency == "USD":
                found[names if told.outcome == "matched" else None] += line.amount or 0
    return {key: amount for key, amount in found.items() if amount}


def placed(told: Breakdown) -> dict[tuple[str, ...] | None, Decimal]:
    rows = [
        (
            None if row.is_unattributed else tuple(map(fold, (row.campaign, row.ad_set, row.ad)))[: told.level],
            row.revenue,
        )
        for row in told.rows
    ]
    assert max(Counter(key for key, _ in rows).values()) == 1
    return {key: amount for key, amount in rows if amount}


def test_every_level_adds_up_to_the_card(store: Store) -> None:
    @sized(store)
    @given(worlds(), st.lists(st.sampled_from(("USD", "USD", "BRL")), min_size=4, max_size=4), st.booleans())
    def hold(world: World, currencies: list[str], is_summed: bool) -> None:
        orders = tuple(
            replace(order, messages=tuple(replace(one, currency=currency) for one in order.messages))
            for order, currency in zip(world.orders, currencies, strict=False)
        )
        world = replace(world, orders=orders)
        spend = AdSpend(date(2026, 1, 8), "meta", Decimal("33.33"), "USD", "ads", campaign="fb_jan")
        with store.fresh() as connection:
            accept(connection, RULES, [*world.records, spend])
            if not is_summed:
                connection.execute(sa.delete(order_days))
            view = read(connection, LENS, NOW, WHOLE)
            told = {level: read_breakdown(connection, LENS, WHOLE, level) for level in Level}
        assert set(view.checks.values()) == {True}
        for level, one in told.items():
            assert placed(one) == credited(world, int(level))
            assert set(one.checks.values()) == {True}
            for name in ("vip_revenue", "oto_revenue", "high_ticket_revenue", "revenue", "net_revenue"):
                total = getattr(view.totals, name)
                assert sum(getattr(row, name) for row in one.rows) == total == getattr(one.total, name)
            assert one.total.roas == view.cards.roas

    hold()


STORIES = {
    "VIP, OTO and high-ticket of one buyer are their campaign's": """
        campaign | bought              | refunded
        ---------+---------------------+---------
        fb_jan   | vip 47 oto 97       |
        fb_jan   | high_ticket 1997    | 997
        google   | vip 47              |
                 | vip 47 oto 97       |

        row          | spend | vip   | oto   | high-ticket | revenue | net     | roas
        -------------+-------+-------+-------+-------------+---------+---------+-------
        fb_jan       | 100   | 47.00 | 97.00 | 1997.00     | 2141.00 | 1144.00 | 21.41
        google       | -     | 47.00 | 0.00  | 0.00        | 47.00   | 47.00   | -
        Unattributed | -     | 47.00 | 97.00 | 0.00        | 144.00  | 144.00  | -
    """,
}


@each(STORIES)
def test_campaigns_tell_the_full_funnel(connection: Connection, story: str) -> None:
    people, rows = (drawn(part) for part in story.strip("\n ").split("\n\n"))
    records: list[Record] = [AdSpend(date(2026, 1, 8), "meta", Decimal(100), "USD", "ads", campaign="fb_jan")]
    for number, row in enumerate(people):
        at, email, words = CHALLENGE.start_of(date(2026, 1, 8)), f"p{number}@x.com", row["bought"].split()
        pairs = list(zip(words[::2], map(Decimal, words[1::2]), strict=True))
        lines = tuple(Line(kind, amount=amount, offer=Offer(kind)) for kind, amount in pairs)
        if row["campaign"]:
            records.append(Lead("cf", str(number), email, at, utm=Utm(campaign=row["campaign"])))
        total, back = sum((amount for _, amount in pairs), Decimal(0)), Decimal(row["refunded"] or 0)
        records.append(Order("sheet", str(number), email, "Buyer", "USD", at, lines, total, refunded=back))
    accept(connection, RULES, records)
    told = read_breakdown(connection, LENS, WHOLE, Level.CAMPAIGN)
    names = ("ad_spend", "vip_revenue", "oto_revenue", "high_ticket_revenue", "revenue", "net_revenue", "roas")
    assert [(row.name, *(getattr(row, name) for name in names)) for row in told.rows] == [
        (cells[0], *(None if cell == "-" else Decimal(cell) for cell in cells[1:]))
        for cells in (list(row.values()) for row in rows)
    ]


@pytest.mark.parametrize("level", Level)
def test_sums_stand_after_everything_is_credited_again(connection: Connection, level: Level) -> None:
    at = CHALLENGE.start_of(date(2026, 1, 8))
    lead = Lead("cf", "1", "ana@x.com", at, utm=Utm(campaign="a", term="b", content="c"))
    order = Order(
        "sheet",
        "1",
        "ana@x.com",
        "Ana",
        "USD",
        at,
        (Line("VIP", amount=Decimal("47.00"), offer=Offer.VIP),),
        Decimal("47.00"),
    )
    accept(connection, RULES, [order])
    before = read_breakdown(connection, LENS, WHOLE, level)
    assert [(row.name, row.vip_revenue) for row in before.rows] == [("Unattributed", Decimal("47.00"))]
    accept(connection, RULES, [lead])
    at_once = read_breakdown(connection, LENS, WHOLE, level)
    assert [row.vip_revenue for row in at_once.rows] == [Decimal("47.00"), Decimal(0)]
    assert attribute(connection, RULES) == 0
    assert read_breakdown(connection, LENS, WHOLE, level) == at_once
