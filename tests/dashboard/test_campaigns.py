"""The campaigns block: rows that add up to the card whatever is cut, and names that stay words."""

import re
from dataclasses import replace
from decimal import Decimal

from analytics.breakdown import BreakdownRow
from analytics.dashboard.address import read
from analytics.dashboard.answer import answered
from analytics.dashboard.campaigns import MOST, campaigns_html, in_sight
from analytics.dashboard.parts import AddressReader
from tests.dashboard.fake_source import CHALLENGE, HOSTILE, FakeSource


def many_rows(count: int) -> tuple[BreakdownRow, ...]:
    source = FakeSource()
    paid, _, rest = source.campaigns_of(source.view()).rows
    amount = Decimal("10.01")
    return (
        *(replace(paid, campaign=f"C{number}", ad_spend=amount * number, revenue=amount) for number in range(count)),
        rest,
    )


def test_beyond_the_first_rows_the_others_are_one_and_the_sum_stays():
    source = FakeSource()
    rows = many_rows(MOST + 5)
    shown = in_sight(replace(source.campaigns_of(source.view()), rows=rows))

    assert [row.name for row in shown[-2:]] == ["5 more campaigns", "Unattributed"]
    assert len(shown) == MOST + 2
    for name in ("revenue", "high_ticket_revenue", "net_revenue", "high_ticket_sales", "net_sales"):
        assert sum(getattr(row, name) for row in shown) == sum(getattr(row, name) for row in rows)
    assert sum(row.ad_spend or 0 for row in shown) == sum(row.ad_spend or 0 for row in rows)


def test_the_unattributed_row_is_always_there_and_a_campaign_without_money_is_not():
    source = FakeSource()
    html = campaigns_html(source.campaigns_of(source.view()))

    assert "Unattributed" in html
    assert "img" not in html


def test_the_regions_name_is_not_taken_for_the_control_named_campaign():
    source = FakeSource()
    names = re.findall('aria-label="([^"]*)"', campaigns_html(source.campaigns_of(source.view())))

    assert names
    assert not any("campaign" in name.lower() for name in names)


def test_a_hostile_name_is_a_word():
    source = FakeSource()
    told = source.campaigns_of(source.view())
    rows = tuple(replace(row, ad_spend=Decimal(1)) if row.campaign == HOSTILE else row for row in told.rows)
    html = campaigns_html(replace(told, rows=rows))

    assert "<img" not in html
    assert "&lt;img src=x" in html


def test_rows_that_do_not_add_up_say_so():
    source = FakeSource()
    told = replace(source.campaigns_of(source.view()), checks={"campaign_revenue_adds_up": False})

    assert "These rows do not add up: campaign revenue adds up." in campaigns_html(told)


def test_the_block_follows_the_period():
    heard = read("days=3-7", CHALLENGE)
    reading = AddressReader(FakeSource()).read(heard.address)

    assert "3 Jan 2026 – 7 Jan 2026" in answered(reading, heard, CHALLENGE, None).parts["campaigns"]
