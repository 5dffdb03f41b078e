"""A buyer confirmed by hand: credited at once, previewed without a trace, undone to the byte, and all of it on record."""

import time
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import partial

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.engine import Connection

from analytics.crediting import linking
from analytics.crediting.linking import Author, LinkError
from analytics.ingest import accept
from analytics.queries import money
from analytics.reading import read
from analytics.records import Lead, Offer, Utm, order_of_one
from analytics.repairs import adopt, attribute
from analytics.schema import high_ticket_sales, leads, metadata, sale_days, sale_facts
from tests.analytics.conftest import Store
from tests.analytics.test_view3_sums import LENS, NOW, RULES, WHOLE
from tests.reference.histories import CHALLENGE, histories

NOON = CHALLENGE.start_of(WHOLE.first) + timedelta(hours=12)
ANA = Author("Ana Lee", datetime(2026, 1, 20, 9, 30, tzinfo=UTC))
BO = Author("Bo", datetime(2026, 1, 21, 9, 30, tzinfo=UTC))
KEPT = {"identity_link_history", "locks"}  # the record of what was done, and a row that only serves as a lock


def everything(connection: Connection) -> dict[str, list[str]]:
    """Return every row of every table as the database has it."""
    return {
        name: sorted(map(repr, connection.exec_driver_sql(f"SELECT * FROM {name}")))
        for name in metadata.tables
        if name not in KEPT
    }


def tell(connection: Connection) -> int:
    """Tell of a lead, and of a sale under another address; return the sale's number."""
    lead = Lead("crm", "7", "ana@x.com", NOON, "Ana Núñez", utm=Utm("fb", "paid", "spring", "a", "b"))
    bought = order_of_one(
        "stripe", "pi_1", "ana@work.com", "Ana Núñez", "Mastermind", Decimal(2997), "USD", NOON + timedelta(days=3),
        offer=Offer.HIGH_TICKET,
    )  # fmt: skip
    assert not accept(connection, RULES, [lead, bought]).refused
    sale_id: int = connection.execute(sa.select(high_ticket_sales.c.id)).scalar_one()
    return sale_id


def credit(connection: Connection, sale_id: int) -> tuple[object, ...]:
    sale, fact = high_ticket_sales, sale_facts
    query = sa.select(fact.c.outcome, fact.c.reason, sale.c.utm_campaign, sale.c.days_from_lead_to_sale)
    query = query.join_from(sale, fact, fact.c.sale_id == sale.c.id).where(sale.c.id == sale_id)
    return tuple(connection.execute(query).one())


def test_a_confirmed_lead_is_credited_with_its_day(connection: Connection) -> None:
    sale_id = tell(connection)
    assert credit(connection, sale_id) == ("unattributed", "no such person", None, None)
    linking.confirm(connection, sale_id, ("crm", "7"), ANA)

    assert credit(connection, sale_id) == ("matched", "confirmed link", "spring", 3)
    rows = [dict(row) for row in connection.execute(sa.select(sale_days)).mappings()]
    assert [(row["campaign_key"], row["sales"]) for row in rows] == [("spring", 1)]
    assert rows == money.daily_sums(connection, None)
    assert read(connection, LENS, NOW, WHOLE).attribution.matched == 1


def test_undo_restores_every_byte_whenever_it_comes(connection: Connection) -> None:
    sale_id = tell(connection)
    before = everything(connection)
    linking.confirm(connection, sale_id, ("crm", "7"), ANA)
    assert everything(connection) != before
    time.sleep(1.1)  # stamps have whole seconds
    linking.undo(connection, sale_id, BO)

    assert everything(connection) == before


def test_undo_restores_a_stamp_that_was_older_than_the_link(connection: Connection) -> None:
    sale_id = tell(connection)
    connection.execute(sa.update(high_ticket_sales).values(updated_at=NOON))
    before = everything(connection)
    linking.confirm(connection, sale_id, ("crm", "7"), ANA)
    linking.undo(connection, sale_id, BO)

    assert everything(connection) == before


def test_a_sale_that_another_program_recorded_gets_its_own_utms_back(connection: Connection) -> None:
    tell(connection)
    recorded = {"customer_name": "F", "customer_email": "f@y.com", "product_name": "P", "price": Decimal(500)}
    at = NOON + timedelta(days=4)
    connection.execute(sa.insert(high_ticket_sales).values(**recorded, purchase_date=at, utm_campaign="theirs"))
    adopt(connection, RULES)
    sale_id = connection.scalar(sa.select(high_ticket_sales.c.id).where(high_ticket_sales.c.customer_name == "F"))
    assert sale_id is not None
    before = everything(connection)
    linking.confirm(connection, sale_id, ("crm", "7"), ANA)
    assert credit(connection, sale_id)[2] == "spring"
    linking.undo(connection, sale_id, BO)

    assert everything(connection) == before


def test_any_links_undone_in_any_order_leave_no_trace(store: Store) -> None:
    @settings(
        max_examples=30 if store.is_sqlite else 8,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(histories(), st.randoms(use_true_random=False))
    def hold(history, dice) -> None:
        with store.fresh() as connection:
            accept(connection, RULES, history.records)
            sales = list(connection.scalars(sa.select(high_ticket_sales.c.id)))
            people = [tuple(row) for row in connection.execute(sa.select(leads.c.source, leads.c.external_id))]
            linked = dice.sample(sales, dice.randint(0, len(sales))) if people else []
            before = everything(connection)
            for sale_id in linked:
                linking.confirm(connection, sale_id, dice.choice(people), ANA)
            after = everything(connection)
            assert attribute(connection, RULES) == 0  # what all sales at once are credited to is the same
            assert everything(connection) == after
            for sale_id in dice.sample(linked, len(linked)):
                linking.undo(connection, sale_id, BO)
            assert everything(connection) == before

    hold()


def test_what_arrived_since_counts_after_an_undo(connection: Connection) -> None:
    sale_id = tell(connection)
    linking.confirm(connection, sale_id, ("crm", "7"), ANA)
    late = Lead("crm", "8", "ana@work.com", NOON + timedelta(days=1), utm=Utm(campaign="summer"))
    accept(connection, RULES, [late])
    assert credit(connection, sale_id)[2] == "spring"
    linking.undo(connection, sale_id, BO)

    assert credit(connection, sale_id) == ("matched", "same e-mail", "summer", 2)
    rows = [dict(row) for row in connection.execute(sa.select(sale_days)).mappings()]
    assert rows == money.daily_sums(connection, None)


def test_a_preview_shows_both_views_and_keeps_nothing(connection: Connection) -> None:
    sale_id = tell(connection)
    before, history = everything(connection), linking.history(connection)
    act = partial(linking.confirm, sale_id=sale_id, lead=("crm", "7"), by=ANA)
    was, would_be = linking.tried(connection, act, lambda one: read(one, LENS, NOW, WHOLE))

    assert (was.attribution.matched, would_be.attribution.matched) == (0, 1)
    assert everything(connection) == before
    assert linking.history(connection) == history == []


def test_a_preview_that_cannot_be_keeps_nothing_either(connection: Connection) -> None:
    sale_id = tell(connection)
    before = everything(connection)
    act = partial(linking.confirm, sale_id=sale_id, lead=("crm", "no such"), by=ANA)
    with pytest.raises(LinkError, match="no lead crm:no such"):
        linking.tried(connection, act, everything)
    assert everything(connection) == before


def test_the_history_tells_who_did_what_when(connection: Connection) -> None:
    sale_id = tell(connection)
    linking.confirm(connection, sale_id, ("crm", "7"), ANA)
    linking.undo(connection, sale_id, BO)
    linking.confirm(connection, sale_id, ("crm", "7"), BO)

    told = [
        (one.number, one.action, one.lead_external_id, one.author, one.done_at) for one in linking.history(connection)
    ]
    assert told == [
        (1, "confirmed", "7", "Ana Lee", ANA.at),
        (2, "undone", "7", "Bo", BO.at),
        (3, "confirmed", "7", "Bo", BO.at),
    ]
    assert linking.history(connection, sale_id) == linking.history(connection)
    assert linking.history(connection, sale_id + 1) == []


@pytest.mark.parametrize(
    ("sale", "lead", "by", "sentence"),
    [
        (0, ("crm", "9"), ANA, "There is no lead crm:9"),
        (99, ("crm", "7"), ANA, "There is no high-ticket sale"),
        (0, ("crm", "7"), Author(" ", ANA.at), "Say who decides"),
    ],
)
def test_nonsense_is_refused_in_a_sentence(connection: Connection, sale, lead, by, sentence) -> None:
    sale_id = tell(connection)
    with pytest.raises(LinkError, match=sentence):
        linking.confirm(connection, sale_id + sale, lead, by)


def test_a_link_is_neither_replaced_nor_undone_twice(connection: Connection) -> None:
    sale_id = tell(connection)
    with pytest.raises(LinkError, match="is not linked"):
        linking.undo(connection, sale_id, BO)
    linking.confirm(connection, sale_id, ("crm", "7"), ANA)
    with pytest.raises(LinkError, match="is linked already"):
        linking.confirm(connection, sale_id, ("crm", "7"), BO)
