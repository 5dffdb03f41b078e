"""Whatever happened and however it was told: row by row, set-based and the slow reference agree, on both engines."""

from collections import Counter
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.engine import Connection

from analytics.attribution import Reason, Rule
from analytics.ingest import Rules, accept
from analytics.records import Offer, Record
from analytics.repairs import attribute
from analytics.schema import (
    UTM_COLUMNS,
    allocations,
    attendance,
    buyers,
    customer_addresses,
    freshness,
    funnel_orders,
    high_ticket_sales,
    leads,
    orders,
    payments,
    review_items,
    sale_facts,
    shared_ids,
)
from tests.analytics.conftest import Store
from tests.reference.attribution import credit
from tests.reference.histories import CHALLENGE, STAFF, WINDOW, History, deliveries, histories, one_by_one
from tests.reference.purchases import Bought, settle

RULES = Rules(CHALLENGE, staff=(STAFF,), duplicate_window=WINDOW)
EXAMPLES = {True: 80, False: 20}  # SQLite is asked more often: both run the same rules
DUMPED = (
    *(leads, orders, payments, shared_ids, customer_addresses, funnel_orders, sale_facts, high_ticket_sales),
    *(allocations, review_items, buyers, attendance, freshness),
)
STAMPS = {"created_at", "updated_at"}

Told = dict[str, list[tuple[Any, ...]]]


def sized(store: Store) -> settings:
    """Return how hard an engine is tried; the same examples every time."""
    return settings(
        max_examples=EXAMPLES[store.is_sqlite],
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )


def take(connection: Connection, told: list[list[Record]]) -> None:
    for delivery in told:
        assert not accept(connection, RULES, delivery).refused


def stored(connection: Connection) -> Told:
    """Return every sale and funnel order as the tables have them, without numbers of the database's own making."""
    lead = leads.alias()
    sale, fact = high_ticket_sales.c, sale_facts.c
    high_ticket = (
        sa.select(sale.customer_name, sale.customer_email, sale.product_name, sale.price, fact.currency)
        .add_columns(sale.purchase_date, fact.collected, fact.refunded, fact.outcome, fact.reason)
        .add_columns(lead.c.source, lead.c.external_id, *(sale[name] for name in UTM_COLUMNS))
        .add_columns(sale.days_from_lead_to_sale)
        .join_from(high_ticket_sales, sale_facts, sale.id == fact.sale_id, isouter=True)
        .outerjoin(lead, lead.c.id == sale.lead_id)
    )
    order = funnel_orders.c
    funnel = sa.select(order.kind, order.name, order.email, order.product, order.price, order.currency).add_columns(
        order.ordered_at, order.collected, order.refunded
    )
    return {
        "high-ticket": sorted((tuple(row) for row in connection.execute(high_ticket)), key=repr),
        "funnel": sorted((tuple(row) for row in connection.execute(funnel)), key=repr),
    }


def expected(history: History) -> Told:
    """Return the same as the reference tells it."""
    settled = settle(history.orders, history.payments, history.leads, WINDOW, CHALLENGE.zone, [STAFF])
    return {
        "high-ticket": sorted((_sale(one, history) for one in settled.counted if one.offer == "high_ticket"), key=repr),
        "funnel": sorted((_order(one) for one in settled.counted if one.offer != "high_ticket"), key=repr),
    }


def _sale(one: Bought, history: History) -> tuple[Any, ...]:
    told = credit(one, history.leads, CHALLENGE.zone, history.stated)
    return (
        *(one.name, one.email, one.product, one.price, one.currency, one.at, one.collected, one.refunded),
        *(told.outcome, told.reason, *(told.lead or (None, None)), *told.utm, told.days),
    )


def _order(one: Bought) -> tuple[Any, ...]:
    money = (one.price, one.currency, one.at, one.collected, one.refunded)
    return (one.offer, one.name, one.email, one.product, *money)


def dump(connection: Connection) -> Told:
    """Return all tables, each sale and lead named by its source's id where the database numbers it."""
    query = sa.select(sale_facts.c.sale_id, sale_facts.c.source, sale_facts.c.external_id)
    sales = {row[0]: f"{row[1]}:{row[2]}" for row in connection.execute(query)}
    query = sa.select(leads.c.id, leads.c.source, leads.c.external_id)
    people = {row[0]: f"{row[1]}:{row[2]}" for row in connection.execute(query)}
    named = {
        "sale_id": sales,
        "lead_id": people,
        "high_ticket_sales.id": sales,
        "leads.id": people,
        "attendance.id": {},
    }
    tables: Told = {}
    for table in DUMPED:
        names = [column.name for column in table.columns if column.name not in STAMPS]
        lookups = [named.get(name) or named.get(f"{table.name}.{name}") for name in names]
        rows = connection.execute(sa.select(*(table.c[name] for name in names))).all()
        tables[table.name] = sorted(
            (
                tuple(known.get(value) if known else value for value, known in zip(row, lookups, strict=True))
                for row in rows
            ),
            key=repr,
        )
    return tables


SPOILED: tuple[tuple[dict[str, Any], dict[str, Any]], ...] = (
    (
        {"lead_id": None, "utm_campaign": None, "utm_content": None, "days_from_lead_to_sale": None},
        {"outcome": "unattributed", "reason": "no such person", "utm_campaign_key": ""},
    ),
    (
        {"lead_id": 999_999, "utm_campaign": "Bogus", "days_from_lead_to_sale": -3},
        {"outcome": "matched", "reason": "same e-mail", "utm_campaign_key": "bogus"},
    ),
    (
        {"utm_source": "x", "utm_medium": "FB_JAN", "utm_campaign": "FB_JAN", "utm_term": " "},
        {"outcome": "unattributed", "reason": "conflict"},
    ),
    ({"days_from_lead_to_sale": 0}, {"utm_source_key": "x", "utm_term_key": "y"}),
)


def scramble(connection: Connection, seed: int) -> None:
    """Spoil every credit that is stored, as a bug or a hand in the table might."""
    ids = list(connection.scalars(sa.select(high_ticket_sales.c.id).order_by(high_ticket_sales.c.id)))
    for position, sale_id in enumerate(ids, seed):
        sale, fact = SPOILED[position % len(SPOILED)]
        connection.execute(sa.update(high_ticket_sales).where(high_ticket_sales.c.id == sale_id).values(**sale))
        connection.execute(sa.update(sale_facts).where(sale_facts.c.sale_id == sale_id).values(**fact))


def test_row_by_row_equals_the_reference(store: Store) -> None:
    @sized(store)
    @given(histories(), st.data())
    def agree(history: History, data: st.DataObject) -> None:
        with store.fresh() as connection:
            take(connection, data.draw(deliveries(history.records)))
            assert stored(connection) == expected(history)

    agree()


def test_set_based_changes_nothing_and_mends_everything(store: Store) -> None:
    @sized(store)
    @given(histories(), st.integers(0, 3))
    def agree(history: History, seed: int) -> None:
        with store.fresh() as connection:
            take(connection, [list(history.records)])
            before = dump(connection)
            assert attribute(connection, RULES) == 0
            assert dump(connection) == before
            scramble(connection, seed)
            if dump(connection) != before:
                assert attribute(connection, RULES) > 0
            assert dump(connection) == before
            assert stored(connection) == expected(history)

    agree()


def test_any_order_repetition_and_split_end_in_the_same_database(store: Store) -> None:
    @sized(store)
    @given(histories(), st.data())
    def agree(history: History, data: st.DataObject) -> None:
        with store.fresh() as connection:
            take(connection, [list(history.records)])
            at_once = dump(connection)
        with store.fresh() as connection:
            take(connection, data.draw(deliveries(history.records)))
            assert dump(connection) == at_once

    agree()


def test_one_by_one_forwards_and_backwards_end_in_the_same_database(store: Store) -> None:
    @settings(parent=sized(store), max_examples=EXAMPLES[store.is_sqlite] // 5)
    @given(histories())
    def agree(history: History) -> None:
        told = one_by_one(history.records)
        ends = []
        for way in (told, told[::-1]):
            with store.fresh() as connection:
                take(connection, way)
                ends.append(dump(connection))
        assert ends[0] == ends[1]

    agree()


def test_the_histories_hold_what_they_promise() -> None:
    """A property over histories in which nothing happens proves nothing."""
    seen: Counter[str] = Counter()

    @settings(max_examples=600, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
    @given(histories())
    def count(history: History) -> None:
        settled = settle(history.orders, history.payments, history.leads, WINDOW, CHALLENGE.zone, [STAFF])
        seen["joined by likeness"] += len(settled.alike)
        seen["double charge"] += len(settled.double_charges)
        seen["test mode"] += settled.test_mode
        seen["staff"] += settled.staff
        for one in settled.counted:
            seen[one.offer] += 1
            seen["refunded"] += one.refunded > Decimal(0)
            seen["date only"] += one.date_only
            given = credit(one, history.leads, CHALLENGE.zone, history.stated)
            seen[given.reason] += one.offer == Offer.HIGH_TICKET

    count()
    rules = {str(rule) for rule in Rule} - {"confirmed link", "as recorded"}
    cases = {"joined by likeness", "double charge", "test mode", "staff", "refunded", "date only", *Offer}
    assert min(seen[case] for case in rules | set(Reason) | cases) >= 5, seen
