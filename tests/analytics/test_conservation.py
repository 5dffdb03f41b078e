"""Money is conserved: what was stated is counted to the cent, and stored rows that are broken on purpose are noticed."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from analytics.challenge import Challenge
from analytics.conservation import accounts, unbalanced
from analytics.ingest import Rules, accept
from analytics.money import results
from analytics.money.balance import all_differences, keep_differences
from analytics.offers import Patterns
from analytics.queries.stored_money import differences, stored_money
from analytics.reading import Lens, read
from analytics.records import (
    Dispute,
    DisputeState,
    Line,
    Messenger,
    Order,
    Payment,
    Refund,
    RefundState,
)
from analytics.repairs import attribute
from analytics.schema import allocations, disputes, payments, refunds
from tests.analytics.conftest import Store

CHALLENGE = Challenge.starting(date(2026, 1, 1), "America/Sao_Paulo")
RULES = Rules(CHALLENGE, "USD", Patterns(vip=("*vip*",), oto=("*workbook*",), high_ticket=("*mastermind*",)))
AT = CHALLENGE.moment(datetime(2026, 1, 10, 12))
NOW = CHALLENGE.moment(datetime(2026, 1, 31, 12))


def records() -> list[Any]:
    """An order with a bump, a second payment, a part refund, a lost dispute, euros, and what belongs to no purchase."""
    lines = (Line("Mastermind", amount=Decimal(1997)), Line("Workbook", amount=Decimal(47)))
    order = Order(
        *("stripe", "cs_1", "ana@x.com", "Ana", "USD", AT),
        lines,
        Decimal(2044),
        messenger=Messenger.PAYMENT_PROVIDER,
        ids=("cs_1", "pi_1"),
    )
    other = Order(
        *("clickfunnels", "7", "bo@x.com", "Bo", "EUR", AT),
        (Line("VIP ticket"),),
        Decimal(97),
        messenger=Messenger.FUNNEL_TOOL,
        refunded=Decimal("20.50"),
        as_of=AT + timedelta(days=3),
    )
    return [
        order,
        Payment("stripe", "cs_1", Decimal(2044), "USD", AT, ids=("pi_1",), order_ids=("cs_1",)),
        Payment("stripe", "ch_1", Decimal(2044), "USD", AT, ids=("ch_1", "pi_1"), refunded=Decimal(0), as_of=AT),
        Payment("stripe", "ch_2", Decimal(97), "USD", AT + timedelta(days=1), product="VIP ticket", email="cy@x.com"),
        Refund(
            "stripe", "re_1", "pi_1", Decimal("100.01"), "USD", RefundState.SUCCEEDED, *2 * (AT + timedelta(days=2),)
        ),
        Refund("stripe", "re_2", "pi_9", Decimal(666), "USD", RefundState.SUCCEEDED, *2 * (AT + timedelta(days=2),)),
        Dispute(
            "stripe",
            "dp_1",
            "ch_2",
            Decimal(97),
            "USD",
            DisputeState.LOST,
            AT + timedelta(days=4),
            AT + timedelta(days=3),
        ),
        other,
    ]


@contextmanager
def filled(store: Store) -> Iterator[Connection]:
    with store.fresh() as connection:
        assert not accept(connection, RULES, records()).refused
        yield connection


def holds(connection: Connection) -> bool:
    return read(connection, Lens(CHALLENGE), NOW).checks["money_is_conserved"]


def check(connection: Connection) -> None:
    keep_differences(connection, all_differences(connection))


def test_everything_that_was_stated_is_counted(store: Store) -> None:
    with filled(store) as connection:
        found = accounts(stored_money(connection))
        assert sorted((one.kind, one.stated, one.counted) for one in found) == [
            ("dispute", Decimal(97), Decimal(97)),
            ("payment", Decimal(97), Decimal(97)),
            ("payment", Decimal(97), Decimal(97)),
            ("payment", Decimal(2044), Decimal(2044)),
            ("refund", Decimal("20.5"), Decimal("20.5")),
            ("refund", Decimal("100.01"), Decimal("100.01")),
            ("refund", Decimal(666), Decimal(666)),
        ]
        assert unbalanced(found) == []
        assert holds(connection)


TOLD_BY = {
    Messenger.FUNNEL_TOOL: ("clickfunnels", "7"),
    Messenger.CLASSIC_FUNNEL_TOOL: ("classic", "8"),
    Messenger.FILE: ("file", "9"),
}


@pytest.mark.parametrize(
    ("trusted", "other"),
    [
        (Messenger.FUNNEL_TOOL, Messenger.FILE),
        (Messenger.CLASSIC_FUNNEL_TOOL, Messenger.FILE),
    ],
)
def test_an_order_of_two_messengers_counts_by_the_one_that_is_trusted_more(
    store: Store, trusted: Messenger, other: Messenger
) -> None:
    told = [
        Order(
            *(*TOLD_BY[one], "ana@x.com", "Ana", "USD", AT),
            (Line("Mastermind"),),
            Decimal(1997),
            messenger=one,
        )
        for one in (other, trusted)
    ]
    with store.fresh() as connection:
        assert not accept(connection, RULES, told).refused
        (found,) = accounts(stored_money(connection))
        assert (found.key, found.stated, found.counted) == (TOLD_BY[trusted], Decimal(1997), Decimal(1997))
        assert holds(connection)


def _removed(kind: str) -> sa.Delete:
    return sa.delete(allocations).where(allocations.c.kind == kind, allocations.c.source == "stripe")


def _doubled(connection: Connection) -> None:
    row = connection.execute(sa.select(allocations).where(allocations.c.kind == "payment").limit(1)).mappings().one()
    connection.execute(sa.insert(allocations), [{**row, "part": 77}])


def _elsewhere(connection: Connection) -> None:
    row = connection.execute(sa.select(allocations).limit(1)).mappings().one()
    connection.execute(sa.insert(allocations), [{**row, "external_id": "pi_unknown"}])


BREAKS: dict[str, Callable[[Connection], Any]] = {
    "a payment's place is gone": lambda connection: connection.execute(_removed("payment")),
    "a refund's place is gone": lambda connection: connection.execute(_removed("refund")),
    "a dispute's place is gone": lambda connection: connection.execute(_removed("dispute")),
    "a part is counted twice": _doubled,
    "a part is counted of which nothing was stated": _elsewhere,
    "a refund is altered": lambda connection: connection.execute(sa.update(refunds).values(amount=Decimal("99.99"))),
    "a refund has failed": lambda connection: connection.execute(sa.update(refunds).values(state="failed")),
    "a refund is gone": lambda connection: connection.execute(sa.delete(refunds)),
    "a dispute is altered": lambda connection: connection.execute(sa.update(disputes).values(amount=Decimal(1))),
    "a payment is altered": lambda connection: connection.execute(
        sa.update(payments).where(payments.c.external_id == "ch_2").values(amount=Decimal(98))
    ),
    "a cent is missing": lambda connection: connection.execute(
        sa.update(allocations).where(allocations.c.part == 0, allocations.c.kind == "refund").values(amount=Decimal(1))
    ),
}


@pytest.mark.parametrize("title", BREAKS)
def test_what_is_broken_on_purpose_is_noticed(store: Store, title: str) -> None:
    with filled(store) as connection:
        BREAKS[title](connection)
        check(connection)
        assert not holds(connection)
        attribute(connection, RULES)  # resolves nothing of these again: the difference stays until it is mended
        assert not holds(connection)


def test_what_is_mended_is_no_difference_any_more(store: Store) -> None:
    with filled(store) as connection:
        refund = sa.update(refunds).where(refunds.c.external_id == "re_1")
        connection.execute(refund.values(amount=Decimal("99.99")))
        check(connection)
        assert differences(connection) == [
            ("refund", "stripe", "re_1", Decimal("99.99"), Decimal("100.01"), "USD"),
        ]
        connection.execute(refund.values(amount=Decimal("100.01")))
        check(connection)
        assert holds(connection)


def test_a_rule_that_loses_money_is_noticed_as_it_writes(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = results._all_places
    monkeypatch.setattr(results, "_all_places", lambda found: [one for one in whole(found) if one.kind != "refund"])
    with filled(store) as connection:
        assert not holds(connection)
        monkeypatch.undo()
        accept(connection, RULES, [replace(records()[3], email="dy@x.com")])
        accept(connection, RULES, [replace(records()[4], as_of=AT + timedelta(days=9))])
        assert {row.external_id for row in differences(connection)} == {"7", "re_2"}  # of others: not written again
