"""Money is exact to the last digit on both engines, however many rows are summed."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.engine import Connection

from analytics.challenge import Challenge
from analytics.dialect import exact_sum
from analytics.ingest import Rules, accept
from analytics.reading import Lens, read
from analytics.records import AdSpend, Offer, Payment, order_of_one
from analytics.schema import ad_spend, high_ticket_sales
from tests.analytics.conftest import Store

CHALLENGE = Challenge.starting(date(2026, 1, 1), "America/Sao_Paulo")
RULES, LENS = Rules(CHALLENGE), Lens(CHALLENGE)
AT = datetime(2026, 1, 10, 12, tzinfo=UTC)
NOW = datetime(2026, 1, 17, 15, tzinfo=UTC)
MANY = 100_000


def sale(price: Decimal) -> dict[str, object]:
    person = {"customer_name": "Ana", "customer_email": "ana@x.com", "product_name": "Club"}
    return {**person, "price": price, "purchase_date": AT}


@pytest.mark.parametrize(
    ("prices", "total"),
    [
        (["0.10", "0.20"], "0.30"),
        (["0.10"] * 10, "1.00"),
        (["0.07"] * 100, "7.00"),
        (["99999999.99", "0.01"], "100000000.00"),
        (["99999999.99"] * 90, "8999999999.10"),
        (["1.15", "2.35", "4.45"], "7.95"),
    ],
)
def test_prices_add_up(connection: Connection, prices: list[str], total: str) -> None:
    connection.execute(sa.insert(high_ticket_sales), [sale(Decimal(price)) for price in prices])
    totals = read(connection, LENS, NOW).totals
    assert totals.high_ticket_revenue == totals.net_revenue == totals.collected == Decimal(total)


def test_a_hundred_thousand_sales_add_up(connection: Connection) -> None:
    prices = [Decimal(number % 100_000) / 100 + Decimal("0.01") for number in range(MANY)]
    for start in range(0, MANY, 10_000):
        connection.execute(sa.insert(high_ticket_sales), [sale(price) for price in prices[start : start + 10_000]])
    view = read(connection, LENS, NOW)
    assert view.totals.high_ticket_revenue == sum(prices) == Decimal("50000500.00")
    assert (view.totals.high_ticket_sales, set(view.checks.values())) == (MANY, {True})


def test_spend_keeps_six_decimals(connection: Connection) -> None:
    told = [
        AdSpend(date(2026, 1, 5), "meta", Decimal("0.333333"), "USD", "meta", campaign=f"c{number}", ad_set="s", ad="a")
        for number in range(30)
    ]
    accept(connection, RULES, told)
    view = read(connection, LENS, NOW)
    assert view.totals.ad_spend == Decimal("9.999990")
    assert view.checks["spend_adds_up"]


def test_the_same_ad_told_in_parts_is_summed_exactly(connection: Connection) -> None:
    part = AdSpend(date(2026, 1, 5), "meta", Decimal("0.1"), "USD", "meta", campaign="c", ad_set="s", ad="a")
    accept(connection, RULES, [part] * 3)
    assert connection.scalar(sa.select(ad_spend.c.spend)) == Decimal("0.3")
    assert read(connection, LENS, NOW).totals.ad_spend == Decimal("0.3")


def test_instalments_add_up(connection: Connection) -> None:
    bought = order_of_one("cf", "1", "ana@x.com", "Ana", "Club", Decimal(10), "USD", AT, offer=Offer.HIGH_TICKET)
    paid = [
        Payment("stripe", str(number), Decimal("0.1"), "USD", AT, order_ids=("cf:1",), refunded=Decimal("0.01"))
        for number in range(7)
    ]
    accept(connection, RULES, [bought, *paid])
    totals = read(connection, LENS, NOW).totals
    assert (totals.collected, totals.net_revenue) == (Decimal("0.70"), Decimal("9.93"))


@pytest.mark.parametrize("price", ["1.005", "0.001"])
def test_an_amount_with_too_many_decimals_is_refused_and_never_rounded(connection: Connection, price: str) -> None:
    with pytest.raises(sa.exc.StatementError, match="more than 2 decimals"):
        connection.execute(sa.insert(high_ticket_sales).values(**sale(Decimal(price))))


def test_every_sum_is_exact(store: Store) -> None:
    @settings(
        max_examples=60 if store.is_sqlite else 20,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(st.lists(st.decimals("0", "99999999.99", places=2), min_size=1, max_size=50))
    def hold(prices: list[Decimal]) -> None:
        with store.fresh() as connection:
            connection.execute(sa.insert(high_ticket_sales), [sale(price) for price in prices])
            assert connection.scalar(sa.select(exact_sum(high_ticket_sales.c.price))) == sum(prices)
            assert sorted(connection.scalars(sa.select(high_ticket_sales.c.price))) == sorted(prices)

    hold()


def test_the_sum_of_nothing_is_nothing(connection: Connection) -> None:
    assert connection.scalar(sa.select(exact_sum(high_ticket_sales.c.price))) is None
