"""Settings that change later: `view3 attribute` ends in the database of a workbench that had them from the start."""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from analytics.challenge import Challenge
from analytics.ingest import Rules, accept
from analytics.offers import Patterns
from analytics.records import Lead, Line, Messenger, Order, Payment, Record, Refund, RefundState, Utm
from analytics.repairs import attribute, reclassify
from analytics.schema import high_ticket_sales, metadata, payments, sale_facts
from tests.analytics.conftest import Store

CHALLENGE = Challenge.starting(date(2026, 1, 1), "America/New_York")
NOON = datetime(2026, 1, 11, 17, tzinfo=UTC)
NEXT_DAY = NOON + timedelta(days=1)
NAMES = Patterns(vip=("vip*",), oto=("workbook",), high_ticket=("mastermind",))
PLAIN = Rules(CHALLENGE, patterns=NAMES)
STAMPS = frozenset({"created_at", "updated_at", "seal", "lead_id"})
NUMBERS = frozenset({"id", "sale_id"})


def _patterns(**more: Any) -> Rules:
    return replace(PLAIN, patterns=replace(NAMES, **more))


SETTINGS = {
    "high_ticket_from": _patterns(high_ticket_from=Decimal(900)),
    "high_ticket": _patterns(high_ticket=("inner*",)),
    "vip": _patterns(vip=("workbook",)),
    "oto": _patterns(oto=("mastermind",)),
    "part_payment": _patterns(part_payment=("*deposit*",)),
    "tax": replace(PLAIN, tax_included=True),
    "window": replace(PLAIN, duplicate_window=timedelta(minutes=90)),
    "staff": replace(PLAIN, staff=("ana@x.com", "foreign@x.com")),
    "currency": replace(PLAIN, currency="EUR", patterns=replace(NAMES, high_ticket_from=Decimal(100))),
}


def _paid(number: int, amount: str, product: str, minutes: int = 0, **more: Any) -> Payment:
    at, who = NOON + timedelta(minutes=minutes), {"email": "ana@x.com", "name": "Ana", **more}
    return Payment("stripe", f"pi_{number}", Decimal(amount), "USD", at, product=product, **who)


def _ordered(number: int, minutes: int, *lines: Line, **more: Any) -> Order:
    told = {
        "email": "ana@x.com",
        "name": "Ana",
        "currency": "USD",
        "ordered_at": NOON + timedelta(minutes=minutes),
        **more,
    }
    total = sum((line.amount or Decimal(0) for line in lines), Decimal(0)) + more.get("tax", Decimal(0))
    return Order("cf", f"O{number}", lines=lines, total=total, messenger=Messenger.FUNNEL_TOOL, **told)


def told() -> list[Record]:
    """Payments without a product, deposits, a taxed order, an order an hour after its payment, and days without an hour."""
    day = NOON.replace(hour=5)  # midnight in New York
    return [
        Lead("cf", "L1", "ana@x.com", NOON - timedelta(days=3), utm=Utm(campaign="spring")),
        _paid(1, "1997", ""),
        _paid(2, "500", "Mastermind deposit", 5, email="bo@x.com"),
        _paid(3, "1500", "Mastermind", 9, email="bo@x.com"),
        _ordered(
            1, 30, Line("Mastermind", amount=Decimal(1000)), Line("Workbook", amount=Decimal(50)), tax=Decimal(105)
        ),
        _paid(4, "700", "Mastermind", 100, email="cy@x.com"),
        _ordered(2, 160, Line("Mastermind", amount=Decimal(700)), email="cy@x.com"),
        _paid(5, "47", "VIP", 200),
        _paid(6, "47", "VIP", 240),
        Refund("stripe", "re_1", "pi_5", Decimal(40), "USD", RefundState.SUCCEEDED, NEXT_DAY, NEXT_DAY),
        _paid(7, "800", "Inner circle", -500, email="di@x.com"),
        _ordered(3, 0, Line("Inner circle", amount=Decimal(800)), email="di@x.com", ordered_at=day, date_only=True),
    ]


def _foreign(connection: Connection) -> None:
    row = {"customer_name": "F", "customer_email": "foreign@x.com", "product_name": "P", "price": Decimal(500), "id": 1}
    connection.execute(sa.insert(high_ticket_sales).values(**row, purchase_date=NOON))


def dump(connection: Connection) -> dict[str, Any]:
    """Return all rows of all tables; sales go by their purchase and line, for their numbers follow the order of arrival."""
    fact = sale_facts.c
    names = {
        sale_id: (source, one, line)
        for sale_id, source, one, line in connection.execute(
            sa.select(fact.sale_id, fact.source, fact.external_id, fact.line)
        )
    }
    found: dict[str, Any] = {}
    for table in metadata.sorted_tables:
        left_out = STAMPS if table is high_ticket_sales else STAMPS | {"id"}
        rows = connection.execute(sa.select(table)).mappings().all()
        found[table.name] = Counter(
            tuple(names.get(one) if name in NUMBERS else one for name, one in row.items() if name not in left_out)
            for row in rows
        )
    return found


def _of(store: Store, steps: Callable[[Connection], None]) -> dict[str, Any]:
    with store.fresh() as connection:
        steps(connection)
        return dump(connection)


def _fresh(rules: Rules) -> Callable[[Connection], None]:
    def steps(connection: Connection) -> None:
        _foreign(connection)
        accept(connection, rules, told())
        attribute(connection, rules)

    return steps


def _changed(first: Rules, later: Rules) -> Callable[[Connection], None]:
    def steps(connection: Connection) -> None:
        _fresh(first)(connection)
        attribute(connection, later)

    return steps


def _changed_between(first: Rules, later: Rules) -> Callable[[Connection], None]:
    """Give the first half of the records to the settings that are kept in the end, the other half to other ones."""

    def steps(connection: Connection) -> None:
        half = len(told()) // 2
        _foreign(connection)
        accept(connection, later, told()[:half])
        attribute(connection, later)
        accept(connection, first, told()[half:])
        attribute(connection, later)

    return steps


def _reclassified(first: Rules, later: Rules) -> Callable[[Connection], None]:
    def steps(connection: Connection) -> None:
        _fresh(first)(connection)
        reclassify(connection, later)
        attribute(connection, later)

    return steps


WAYS = {"attribute": _changed, "half": _changed_between, "retry": _reclassified}


@pytest.mark.parametrize("setting", SETTINGS)
@pytest.mark.parametrize("way", WAYS)
def test_the_database_is_that_of_a_setting_that_always_was(store: Store, way: str, setting: str) -> None:
    other = SETTINGS[setting]
    plain, meant = _of(store, _fresh(PLAIN)), _of(store, _fresh(other))
    assert plain != meant  # the setting matters

    for first, later, wanted in ((PLAIN, other, meant), (other, PLAIN, plain)):
        came = _of(store, WAYS[way](first, later))
        for name, rows in wanted.items():
            assert came[name] == rows, name


def test_nothing_is_resolved_again_where_the_settings_are_as_they_were(connection: Connection) -> None:
    _fresh(PLAIN)(connection)
    wrong = sa.update(payments).where(payments.c.external_id == "pi_1").values(purchase_id="not looked at")

    connection.execute(wrong)
    attribute(connection, replace(PLAIN, sessions_per_day="sum"))
    home = sa.select(payments.c.purchase_id).where(payments.c.external_id == "pi_1")
    assert connection.scalar(home) == "not looked at"
    attribute(connection, SETTINGS["window"])
    assert connection.scalar(home) == "pi_1"
