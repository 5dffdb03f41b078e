"""The sums kept per date are those of the sales themselves, after every delivery; what another program does is seen."""

from datetime import timedelta
from decimal import Decimal

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.engine import Connection

from analytics.ingest import Rules, accept
from analytics.queries import money
from analytics.reading import Lens, read
from analytics.records import Lead, Offer, Utm, order_of_one
from analytics.repairs import adopt, attribute, reclassify
from analytics.schema import high_ticket_sales, sale_days, sale_facts
from tests.analytics.conftest import Store
from tests.reference.histories import CHALLENGE, STAFF, WINDOW, deliveries, histories

RULES = Rules(CHALLENGE, staff=(STAFF,), duplicate_window=WINDOW)
NOON = CHALLENGE.start_of(CHALLENGE.starts_on) + timedelta(hours=12)


def kept(connection: Connection) -> list[dict[str, object]]:
    return [dict(row) for row in connection.execute(sa.select(sale_days)).mappings()]


def in_order(rows: list[dict[str, object]]) -> list[str]:
    return sorted(repr(sorted(row.items(), key=str)) for row in rows)


def assert_kept(connection: Connection) -> None:
    assert in_order(kept(connection)) == in_order(money.daily_sums(connection, None))


def test_they_stand_after_every_delivery(store: Store) -> None:
    @settings(
        max_examples=40 if store.is_sqlite else 12,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(st.data())
    def try_one(data: st.DataObject) -> None:
        history = data.draw(histories())
        with store.fresh() as connection:
            for delivery in data.draw(deliveries(history.records)):
                accept(connection, RULES, delivery)
                assert_kept(connection)
            for repair in (attribute, adopt, reclassify):
                repair(connection, RULES)
                assert_kept(connection)

    try_one()


def _sold(connection: Connection, *names: str) -> None:
    leads = [Lead("crm", name, f"{name}@example.com", NOON, utm=Utm(campaign=name)) for name in names]
    bought = [
        order_of_one(
            "stripe",
            name,
            f"{name}@example.com",
            name,
            "Mastermind",
            Decimal(1000),
            "USD",
            NOON,
            offer=Offer.HIGH_TICKET,
        )
        for name in names
    ]
    assert not accept(connection, RULES, [*leads, *bought]).refused


FOREIGN = {
    "a new sale": lambda sale: sa.insert(sale).values(
        customer_name="F", customer_email="f@example.com", product_name="P", price=Decimal(500), purchase_date=NOON
    ),
    "a sale taken away": lambda sale: sa.delete(sale).where(sale.c.customer_name == "ana"),
    "another price": lambda sale: sa.update(sale).where(sale.c.customer_name == "ana").values(price=Decimal(900)),
    "prices that changed places": lambda sale: sa.update(sale).values(
        price=sa.case((sale.c.customer_name == "ana", Decimal(900)), else_=Decimal(1100))
    ),
}


@pytest.mark.parametrize("change", FOREIGN.values(), ids=FOREIGN)
def test_what_another_program_changes_is_added_up_anew(connection: Connection, change) -> None:
    _sold(connection, "ana", "ben")
    connection.execute(change(high_ticket_sales))
    view = read(connection, Lens(CHALLENGE), NOON + timedelta(days=1))
    prices = dict(connection.execute(sa.select(high_ticket_sales.c.customer_name, high_ticket_sales.c.price)).all())
    whole = money.whole_sales(connection, CHALLENGE.bounds(view.period))
    groups = money.sales_by_campaign(connection, view.period, CHALLENGE.bounds(view.period), "USD", whole)

    assert view.totals.high_ticket_revenue == sum(prices.values())
    assert {group.campaign_key: group.revenue for group in groups if group.campaign_key} == {
        name: prices[name] for name in ("ana", "ben") if name in prices
    }


def test_they_are_believed_while_they_make_the_whole(connection: Connection) -> None:
    _sold(connection, "ana")
    connection.execute(
        sa.update(sale_facts).values(collected=Decimal(1))
    )  # nobody but us does this: the sums don't move
    view = read(connection, Lens(CHALLENGE), NOON + timedelta(days=1))

    assert view.totals.collected == Decimal(1000)
