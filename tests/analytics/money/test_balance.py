"""What came in and what went back of one sale, worked out by hand: the same in any order, and never more than was paid.

The sale costs 2,000. Payments are of 10 January, refunds and disputes of the day drawn. An instalment is a payment.
"""

import random
from datetime import date, datetime
from decimal import Decimal

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from analytics.challenge import Challenge
from analytics.ingest import Rules, accept
from analytics.records import (
    Dispute,
    DisputeState,
    Messenger,
    Offer,
    Payment,
    Record,
    Refund,
    RefundState,
    order_of_one,
)
from analytics.schema import sale_facts
from tests.analytics.conftest import Store
from tests.tables import Row, drawn_apart, each

CHALLENGE = Challenge.starting(date(2026, 1, 1), "America/Sao_Paulo")
SALE = order_of_one(
    source="stripe",
    external_id="cs_1",
    email="ana@x.com",
    name="Ana",
    product="Club",
    price=Decimal(2000),
    currency="USD",
    ordered_at=CHALLENGE.moment(datetime(2026, 1, 10, 12)),
    messenger=Messenger.PAYMENT_PROVIDER,
    offer=Offer.HIGH_TICKET,
    ids=("pi_1", "pi_2"),
)

STORIES = {
    "a part goes back twice": """
        payment | amount
        --------|-------
        pi_1    | 2000

        refund | of   | amount | on | state
        -------|------|--------|----|----------
        re_1   | pi_1 | 500    | 12 | succeeded
        re_2   | pi_1 | 250    | 13 | pending

        collected | refunded | at_risk
        ----------|----------|--------
        2000      | 750      | 0
    """,
    "refunds that say more than was paid": """
        payment | amount
        --------|-------
        pi_1    | 2000

        refund | of   | amount | on | state
        -------|------|--------|----|----------
        re_1   | pi_1 | 1200   | 12 | succeeded
        re_2   | pi_1 | 1200   | 13 | succeeded

        collected | refunded | at_risk
        ----------|----------|--------
        2000      | 2000     | 0
    """,
    "refunds that say more than was paid, before the payment is known": """
        refund | of   | amount | on | state
        -------|------|--------|----|----------
        re_1   | pi_1 | 1200   | 12 | succeeded
        re_2   | pi_1 | 1200   | 13 | succeeded

        collected | refunded | at_risk
        ----------|----------|--------
        2000      | 2000     | 0
    """,
    "too much of one instalment takes nothing from the other": """
        payment | amount
        --------|-------
        pi_1    | 700
        pi_2    | 600

        refund | of   | amount | on | state
        -------|------|--------|----|----------
        re_1   | pi_1 | 900    | 12 | succeeded

        collected | refunded | at_risk
        ----------|----------|--------
        1300      | 700      | 0
    """,
    "a dispute about all of it is lost after a part went back": """
        payment | amount
        --------|-------
        pi_1    | 2000

        refund | of   | amount | on | state
        -------|------|--------|----|----------
        re_1   | pi_1 | 500    | 12 | succeeded

        dispute | of   | amount | on | state
        --------|------|--------|----|------
        dp_1    | pi_1 | 2000   | 14 | lost

        collected | refunded | at_risk
        ----------|----------|--------
        2000      | 2000     | 0
    """,
    "a part is lost beside a part that went back": """
        payment | amount
        --------|-------
        pi_1    | 2000

        refund | of   | amount | on | state
        -------|------|--------|----|----------
        re_1   | pi_1 | 500    | 12 | succeeded
        re_2   | pi_1 | 900    | 13 | failed

        dispute | of   | amount | on | state
        --------|------|--------|----|------
        dp_1    | pi_1 | 700    | 14 | lost

        collected | refunded | at_risk
        ----------|----------|--------
        2000      | 1200     | 0
    """,
    "a dispute is lost before the payment is known": """
        dispute | of   | amount | on | state
        --------|------|--------|----|------
        dp_1    | pi_1 | 2500   | 14 | lost

        collected | refunded | at_risk
        ----------|----------|--------
        2000      | 2000     | 0
    """,
    "a dispute is open": """
        payment | amount
        --------|-------
        pi_1    | 2000

        dispute | of   | amount | on | state
        --------|------|--------|----|------
        dp_1    | pi_1 | 2000   | 14 | open

        collected | refunded | at_risk
        ----------|----------|--------
        2000      | 0        | 2000
    """,
    "what a list of payments says went back stays when one of the refunds is told": """
        payment | amount | back
        --------|--------|-----
        pi_1    | 2000   | 300

        refund | of   | amount | on | state
        -------|------|--------|----|----------
        re_1   | pi_1 | 200    | 12 | succeeded

        collected | refunded | at_risk
        ----------|----------|--------
        2000      | 300      | 0
    """,
    "a refund of a list of payments that fails comes home": """
        payment | amount | back
        --------|--------|-----
        pi_1    | 2000   | 300

        refund | of   | amount | on | state
        -------|------|--------|----|-------
        re_1   | pi_1 | 300    | 12 | failed

        collected | refunded | at_risk
        ----------|----------|--------
        2000      | 0        | 0
    """,
    "a dispute of a list of payments is the one that is told by its own id": """
        payment | amount
        --------|-------
        pi_1    | 2000

        dispute | of   | amount | on | state
        --------|------|--------|----|------
        pi_1    | pi_1 | 700    | 14 | lost
        dp_1    | pi_1 | 700    | 15 | open

        collected | refunded | at_risk
        ----------|----------|--------
        2000      | 0        | 700
    """,
    "a list of payments alone tells of a dispute, and one that is told is about another payment": """
        payment | amount
        --------|-------
        pi_1    | 1500
        pi_2    | 500

        dispute | of   | amount | on | state
        --------|------|--------|----|------
        pi_1    | pi_1 | 700    | 14 | lost
        dp_2    | pi_2 | 500    | 15 | open

        collected | refunded | at_risk
        ----------|----------|--------
        2000      | 700      | 500
    """,
}


@each(STORIES)
def test_what_came_in_and_what_went_back(store: Store, story: str) -> None:
    tables = drawn_apart(story)
    (expected,) = tables["collected"]
    records = _records(tables)
    for seed in range(4):
        with store.fresh() as connection:
            for record in random.Random(seed).sample(records, len(records)):
                assert not accept(connection, Rules(CHALLENGE), [record]).refused
            assert _balance(connection) == {name: Decimal(value) for name, value in expected.items()}, f"seed {seed}"


def _records(tables: dict[str, list[Row]]) -> list[Record]:
    paid = [
        Payment(
            *("stripe", row["payment"], Decimal(row["amount"]), "USD", SALE.ordered_at),
            refunded=Decimal(row["back"]) if "back" in row else None,
        )
        for row in tables.get("payment", [])
    ]
    refunds = [
        Refund(*_told(row, "refund"), RefundState(row["state"]), _noon(row), _noon(row))
        for row in tables.get("refund", [])
    ]
    disputes = [
        Dispute(*_told(row, "dispute"), DisputeState(row["state"]), _noon(row)) for row in tables.get("dispute", [])
    ]
    return [SALE, *paid, *refunds, *disputes]


def _told(row: Row, name: str) -> tuple[str, str, str, Decimal, str]:
    return "stripe", row[name], row["of"], Decimal(row["amount"]), "USD"


def _noon(row: Row) -> datetime:
    return CHALLENGE.moment(datetime(2026, 1, int(row["on"]), 12))


def _balance(connection: Connection) -> dict[str, Decimal]:
    names = ("collected", "refunded", "at_risk")
    (row,) = connection.execute(sa.select(*(sale_facts.c[name] for name in names))).all()
    return dict(zip(names, row, strict=True))
