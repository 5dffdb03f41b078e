"""The cards as HTML: the figures of the View3, digit for digit, with their small print."""

import re
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from html import unescape

from analytics.dashboard.cards import cards_html
from analytics.dashboard.masthead import banner_html, masthead_html
from analytics.definitions import DEFINITIONS
from analytics.view3 import Asked, View3
from tests.dashboard.fake_source import HOSTILE, FakeSource


def text(html: str) -> str:
    return unescape(re.sub(r"<[^>]+>", "", html))


def card(view: View3, key: str) -> str:
    return cards_html(view).split(f'data-kpi="{key}"')[1].split("</article>")[0]


def value(view: View3, key: str) -> str:
    return text(
        card(view, key).split('class="view3-kpi-value">')[1].split("</span></p>")[0].split('<span class="view3-unit')[0]
    )


def with_cards(view: View3, **changes) -> View3:
    return replace(view, cards=replace(view.cards, **changes))


class TestValues:
    def test_digits_are_those_of_the_view(self):
        view = with_cards(
            FakeSource().view(),
            high_ticket_sales_today=3,
            cost_per_acquisition=Decimal("1412.50"),
            roas=Decimal("3.87"),
            attendance_today=12812,
        )

        assert value(view, "high-ticket-sales-today") == "3"
        assert value(view, "cost-per-acquisition") == "1412.50"
        assert value(view, "roas") == "3.87"
        assert value(view, "attendance-today") == "12812"

    def test_undefined_is_a_dash_with_its_reason_and_what_is_known(self):
        view = FakeSource(empty=True, rows=[], live=False).view()

        assert value(view, "high-ticket-sales-today") == "0"
        assert value(view, "cost-per-acquisition") == "—"
        assert "no ad spend data" in card(view, "cost-per-acquisition")
        assert "Ad spend unknown" in card(view, "cost-per-acquisition")
        assert value(view, "roas") == "—"
        assert "USD 31,000.00" in card(view, "roas")
        assert value(view, "attendance-today") == "—"


class TestSmallPrint:
    def test_every_card_prints_its_period_and_zone(self):
        view = FakeSource().view()

        for key in ("cost-per-acquisition", "roas"):
            assert "2 Dec 2025 – 17 Jan 2026 · America/Sao_Paulo" in text(card(view, key))
        assert "Saturday 17 January 2026 · America/Sao_Paulo" in text(card(view, "high-ticket-sales-today"))

    def test_live_is_told_only_while_live(self):
        assert "LIVE" in card(FakeSource().view(), "attendance-today")
        assert "18:03" in card(FakeSource().view(), "attendance-today")
        assert "LIVE" not in card(FakeSource(live=False).view(), "attendance-today")

    def test_what_is_left_out_is_counted(self):
        view = FakeSource().view()

        assert "1 test-mode or staff sale left out" in card(view, "high-ticket-sales-today")
        assert "2 sales in another currency left out" in card(view, "roas")

    def test_provisional_spend_is_marked_where_it_enters(self):
        view = FakeSource().view()
        since = view.period.last - timedelta(days=1)
        html = cards_html(replace(view, provisional_from=since))

        assert html.count("Ad spend since 16 Jan 2026 is provisional") == 2
        assert "Ad spend of 17 Jan 2026 is provisional" in cards_html(replace(view, provisional_from=view.period.last))
        assert "provisional" not in cards_html(view)

    def test_words_from_outside_are_escaped(self):
        view = with_cards(FakeSource().view(), roas=None, roas_reason="<script>alert(1)</script>")

        assert "<script>" not in cards_html(view)


class TestMasthead:
    def test_day_and_freshness(self):
        said = text(masthead_html(FakeSource().view()))

        assert "Day 17 of 31" in said
        assert "meta ads 16 Jan 22:04" in said
        assert "True at 18:04" in said

    def test_figures_that_do_not_add_up_are_announced(self):
        assert banner_html(FakeSource().view(), "") == ""
        assert "revenue adds up" in banner_html(FakeSource(checks={"revenue_adds_up": False}).view(), "")

    def test_an_empty_database_tells_the_next_step(self):
        assert "view3 import" in banner_html(FakeSource(empty=True, rows=[]).view(), "")


class TestHow:
    def test_each_card_tells_how_its_figure_came_about(self):
        asked = Asked("sales", "SELECT '<b>'", (("1", HOSTILE),), 12, "0123456789abcdef")
        view = replace(FakeSource().view(), asked=(asked,))
        told = card(view, "roas")

        assert (
            '<details class="view3-how" name="view3-how"><summary aria-label="ROAS, full funnel: how?">how?</summary>'
            in told
        )
        assert DEFINITIONS["roas"].sentence in text(told)
        assert "sales: 12 rows, hash 0123456789abcdef" in text(told)
        assert "SELECT &#x27;&lt;b&gt;&#x27;" in told
        assert HOSTILE not in told

    def test_it_is_folded_away_and_runs_nothing(self):
        told = cards_html(FakeSource().view())

        assert told.count("<details class") == told.count(">how?</summary>") == 4
        assert "<details open" not in told
        assert " onclick" not in told
