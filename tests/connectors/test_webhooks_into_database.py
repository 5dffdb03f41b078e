"""Webhooks through the real door: whatever the order and however often, the same events end in the same tables."""

import random
import shutil
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from analytics import schema
from analytics.challenge import Challenge
from analytics.database import open_engine, writing
from analytics.ingest import Rules, accept
from analytics.offers import Patterns
from analytics.records import Payment
from connectors.clickfunnels import webhooks as clickfunnels
from connectors.clickfunnels_classic import webhooks as clickfunnels_classic
from connectors.contract import NoLookUp
from connectors.payload import parse
from connectors.stripe import webhooks as stripe
from connectors.zoom import webhooks as zoom

FOLDER = Path(__file__).parents[1] / "payloads"
VENDORS = {"clickfunnels": clickfunnels, "clickfunnels_classic": clickfunnels_classic, "stripe": stripe, "zoom": zoom}
RULES = Rules(Challenge.starting(date(2026, 1, 1), "America/Sao_Paulo"), patterns=Patterns(high_ticket=("*bloom*",)))
ONE_SALE = [
    *("stripe/session-paid", "stripe/intent-bare", "stripe/charge-succeeded"),
    *("clickfunnels_classic/contact-nested", "clickfunnels_classic/purchase-nested"),
]
REFUNDED = [*ONE_SALE, "stripe/charge-refunded-in-part", "stripe/refund-created"]
REFUND_FAILED = [*REFUNDED, "stripe/refund-failed"]
DISPUTED = [*ONE_SALE, "stripe/dispute-created", "stripe/dispute-funds-withdrawn"]
LOST = [*DISPUTED, "stripe/dispute-lost"]
WON = [*DISPUTED, "stripe/dispute-won", "stripe/dispute-funds-reinstated"]
PLAN = [
    *("stripe/session-of-a-plan", "stripe/instalment-first-since-basil", "stripe/instalment-first-twin-event"),
    *("stripe/intent-of-an-instalment-since-basil", "stripe/instalment-names-its-intent"),
    *("stripe/instalment-second-since-basil", "stripe/intent-of-an-instalment-known-by-description"),
]
PLAN_REFUNDED = [*PLAN, "stripe/refund-of-an-instalment"]
WITH_INVOICE = [
    *("stripe/session-with-invoice", "stripe/charge-succeeded", "stripe/intent-bare"),
    *("stripe/invoice-of-a-session", "stripe/charge-refunded-in-part"),
]
OLD_PLAN = [
    *("stripe/instalment-first-before-basil", "stripe/intent-of-an-instalment-before-basil"),
    "stripe/charge-of-an-instalment-before-basil",
]
ORDER = [
    "clickfunnels/contact-created",
    "clickfunnels/order-pending",
    "clickfunnels/order-completed",
    "clickfunnels/invoice-paid",
]
REFUNDED_ORDER = [*ORDER, "clickfunnels/order-refunded-with-underscores", "clickfunnels/invoice-refunded"]
TABLES = (
    "leads",
    "orders",
    "payments",
    "refunds",
    "disputes",
    "shared_ids",
    "sale_facts",
    "allocations",
    "review_items",
)
COUNTERS = {"id", "sale_id", "lead_id", "created_at", "updated_at"}


def take(engine: sa.Engine, cases: list[str]) -> None:
    for case in cases:
        payload = parse((FOLDER / f"{case}.json").read_bytes())
        records = list(VENDORS[case.partition("/")[0]].normalise(payload, NoLookUp()))
        with writing(engine) as connection:
            assert not accept(connection, RULES, records).refused


def tables(engine: sa.Engine) -> dict[str, list[Any]]:
    """Every table as it stands, without the numbers the database gave out."""
    with engine.connect() as connection:
        return {
            name: sorted(
                str({column: value for column, value in row.items() if column not in COUNTERS})
                for row in connection.execute(sa.select(getattr(schema, name))).mappings()
            )
            for name in TABLES
        }


def sale(engine: sa.Engine) -> tuple[Decimal, ...]:
    """Price, collected, refunded and at risk of the one sale there must be."""
    facts, sales = schema.sale_facts, schema.high_ticket_sales
    query = sa.select(sales.c.price, facts.c.collected, facts.c.refunded, facts.c.at_risk).join(
        facts, facts.c.sale_id == sales.c.id
    )
    with engine.connect() as connection:
        (row,) = connection.execute(query).all()
    return tuple(row)


@pytest.mark.parametrize(
    ("cases", "money"),
    [
        pytest.param(ONE_SALE, "1997 1997 0 0", id="one sale"),
        pytest.param(REFUNDED, "1997 1997 500 0", id="refunded in part"),
        pytest.param(REFUND_FAILED, "1997 1997 0 0", id="refund failed"),
        pytest.param(DISPUTED, "1997 1997 0 1997", id="disputed"),
        pytest.param(LOST, "1997 1997 1997 0", id="lost"),
        pytest.param(WON, "1997 1997 0 0", id="won"),
        pytest.param(PLAN, "1998 1332 0 0", id="plan since Basil"),
        pytest.param(PLAN_REFUNDED, "1998 1332 666 0", id="plan since Basil, one instalment refunded"),
        pytest.param(WITH_INVOICE, "1997 1997 500 0", id="session that makes an invoice"),
        pytest.param(OLD_PLAN, "1998 666 666 0", id="plan before Basil"),
        pytest.param(ORDER, "1997 1997 0 0", id="order"),
        pytest.param(REFUNDED_ORDER, "1997 1997 1997 0", id="refunded order"),
    ],
)
def test_any_order_and_repetition_end_in_the_same_tables(
    cases: list[str], money: str, migrated: Path, tmp_path: Path
) -> None:
    chance, seen = random.Random(7), []
    for turn in range(6):
        engine = open_engine(f"sqlite:///{shutil.copy(migrated, tmp_path / f'{turn}.db')}")
        order = [*cases] if turn == 0 else chance.sample(cases, len(cases)) + chance.sample(cases, turn % 3)
        take(engine, order)
        assert sale(engine) == tuple(map(Decimal, money.split())), order
        seen.append(tables(engine))
        assert seen[0] == seen[-1], order
        engine.dispose()


def test_an_export_of_the_same_payment_adds_nothing(migrated: Path, tmp_path: Path) -> None:
    charge = Payment(
        source="stripe",
        external_id="ch_bloom1/file",
        email="rosa.lima@example.com",
        product="Bloom Mastermind",
        labels=("Bloom Mastermind",),
        amount=Decimal(1997),
        currency="USD",
        paid_at=datetime(2026, 1, 11, 16, 59, 57, tzinfo=UTC),
        is_estimate=True,
        ids=("ch_bloom1", "pi_bloom1"),
        refunded=Decimal(0),
    )
    for turn, parts in enumerate(((ONE_SALE, []), ([], ONE_SALE), (ONE_SALE[:2], ONE_SALE[2:]))):
        engine = open_engine(f"sqlite:///{shutil.copy(migrated, tmp_path / f'{turn}.db')}")
        take(engine, parts[0])
        with writing(engine) as connection:
            accept(connection, RULES, [charge])
        take(engine, parts[1])
        assert sale(engine) == tuple(map(Decimal, ["1997", "1997", "0", "0"]))
        engine.dispose()


def test_who_rejoins_counts_once_and_nobody_stays_for_ever(migrated: Path, tmp_path: Path) -> None:
    cases = [
        "webinar-started",
        "joined-by-address",
        "left-by-address",
        "rejoined-by-address",
        "host-joined",
        "practice-joined",
    ]
    chance = random.Random(7)
    for turn in range(4):
        engine = open_engine(f"sqlite:///{shutil.copy(migrated, tmp_path / f'{turn}.db')}")
        take(engine, [f"zoom/{case}" for case in chance.sample([*cases, "webinar-ended"], len(cases) + 1)])
        with engine.connect() as connection:
            (room,) = connection.execute(sa.select(schema.attendance_sessions)).all()
        assert room.participants == 1
        engine.dispose()
