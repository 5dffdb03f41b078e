"""The figures equal the slow reference to the cent, and the parts of a period add up to the whole, on both engines."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import pairwise

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from analytics.challenge import Period
from analytics.ingest import Rules, accept
from analytics.reading import Lens, read, read_sales, stream_sales
from analytics.records import AdSpend
from analytics.view3 import SalesFilter, Sort, SortColumn, Totals, View3
from tests.analytics.conftest import Store
from tests.reference.figures import Figures, figures
from tests.reference.histories import CHALLENGE, STAFF, WINDOW, History, dates, histories
from tests.reference.purchases import Settled, settle

RULES = Rules(CHALLENGE, staff=(STAFF,), duplicate_window=WINDOW)
LENS = Lens(CHALLENGE)
EXAMPLES = {True: 60, False: 20}
NOW = datetime(2026, 1, 20, 12, 30, 30, tzinfo=CHALLENGE.zone)  # after everything that happens
MIDDAY = datetime(2026, 1, 11, 12, 30, 30, tzinfo=CHALLENGE.zone)  # before some of it
WHOLE = Period(date(2026, 1, 7), date(2026, 1, 13))

spends = st.lists(
    st.builds(
        AdSpend,
        date=dates,
        platform=st.sampled_from(("meta", "google")),
        spend=st.sampled_from((Decimal("0.10"), Decimal("0.20"), Decimal("33.333333"), Decimal("0.005"), Decimal(0))),
        currency=st.sampled_from(("USD", "USD", "BRL")),
        source=st.just("ads"),
        account_id=st.sampled_from(("1", "2")),
        campaign=st.sampled_from(("fb_jan", "FB_Jan", "other")),
        ad_set=st.just("set"),
        ad=st.sampled_from(("one", "two")),
    ),
    max_size=8,
    unique_by=lambda row: (row.date, row.platform, row.account_id, row.campaign.lower(), row.ad),
)
periods = st.lists(dates, min_size=2, max_size=2).map(lambda pair: Period(min(pair), max(pair)))


def sized(store: Store) -> settings:
    """Return how hard an engine is tried; the same examples every time."""
    return settings(
        max_examples=EXAMPLES[store.is_sqlite],
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )


def settled(history: History) -> Settled:
    return settle(history.orders, history.payments, history.leads, WINDOW, CHALLENGE.zone, [STAFF])


def agree(view: View3, told: Figures) -> None:
    """Hold a view against the reference."""
    totals, cards = view.totals, view.cards
    revenue = {name: told.money[name] for name in ("vip_revenue", "oto_revenue", "high_ticket_revenue")}
    assert {name: getattr(totals, name) for name in revenue} == revenue
    assert totals.net_revenue == sum(revenue.values()) - told.money["refunded"]
    assert totals.collected == told.money["collected"]
    assert (totals.high_ticket_sales, totals.net_sales) == (told.high_ticket_sales, told.net_sales)
    assert totals.ad_spend == told.ad_spend
    assert {name: getattr(cards, name) for name in told.ratios()} == told.ratios()
    assert (view.attribution.matched, dict(view.attribution.reasons)) == (told.matched, dict(told.reasons))
    assert view.attribution.unattributed == told.reasons.total()
    assert view.excluded["other_currency"] == told.other_currency
    assert set(view.checks.values()) == {True}


def test_the_figures_equal_the_reference(store: Store) -> None:
    @sized(store)
    @given(histories(), spends, periods)
    def hold(history: History, spend: list[AdSpend], period: Period) -> None:
        bought = settled(history).counted
        with store.fresh() as connection:
            assert not accept(connection, RULES, [*history.records, *spend]).refused
            for days in (period, WHOLE):
                ends = (days.first, days.last)
                told = figures(
                    bought, history.leads, spend, ends, CHALLENGE.zone, currency="USD", stated=history.stated
                )
                agree(read(connection, LENS, NOW, days), told)
            cards = read(connection, LENS, MIDDAY, period).cards
        sales = [one.at for one in bought if one.offer == "high_ticket" and one.at <= MIDDAY]
        by_day = [at.astimezone(CHALLENGE.zone).date() for at in sales]
        assert cards.high_ticket_sales_today == by_day.count(date(2026, 1, 11))
        assert cards.high_ticket_sales_yesterday == by_day.count(date(2026, 1, 10))

    hold()


def test_the_parts_of_a_period_add_up_to_the_whole(store: Store) -> None:
    @sized(store)
    @given(histories(), spends, st.sets(st.integers(1, 6)))
    def hold(history: History, spend: list[AdSpend], cuts: set[int]) -> None:
        edges = [0, *sorted(cuts), 7]
        with store.fresh() as connection:
            accept(connection, RULES, [*history.records, *spend])
            parts = [read(connection, LENS, NOW, Period(_day(start), _day(end - 1))) for start, end in pairwise(edges)]
            whole = read(connection, LENS, NOW, WHOLE)
        for name in Totals.__slots__:
            values = [getattr(part.totals, name) for part in parts]
            told = [value for value in values if value is not None]
            assert getattr(whole.totals, name) == (sum(told) if told else None)
        assert sum(part.attribution.matched for part in parts) == whole.attribution.matched
        assert [day for part in parts for day in part.attendance] == list(whole.attendance)
        for name in whole.excluded:
            assert sum(part.excluded[name] for part in parts) == whole.excluded[name]
        assert {part.cards.high_ticket_sales_today for part in parts} == {whole.cards.high_ticket_sales_today}

    hold()


def test_the_pages_of_the_table_are_the_table(store: Store) -> None:
    @sized(store)
    @given(histories(), st.sampled_from(list(SortColumn)), st.booleans(), st.integers(1, 3))
    def hold(history: History, column: SortColumn, descending: bool, size: int) -> None:
        sort, wanted = Sort(column, descending), SalesFilter(WHOLE)
        with store.fresh() as connection:
            accept(connection, RULES, history.records)
            rows = list(stream_sales(connection, LENS, wanted, sort))
            pages = [
                read_sales(connection, LENS, wanted, sort, (size, start)) for start in range(0, len(rows) + 1, size)
            ]
            totals = read(connection, LENS, NOW, WHOLE).totals
        assert [row for page in pages for row in page.rows] == rows
        assert {page.total for page in pages} == {len(rows)} == {totals.high_ticket_sales}
        assert sum(row.price for row in rows if row.currency == "USD") == totals.high_ticket_revenue
        sales = [one for one in settled(history).counted if one.offer == "high_ticket"]
        assert sorted(row.purchased_at for row in rows) == sorted(one.at for one in sales)

    hold()


def _day(offset: int) -> date:
    return WHOLE.first + timedelta(days=offset)
