"""Holds what is stated of money around some purchases against where it is counted, and keeps what differs."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy.engine import Connection

from analytics.conservation import DISPUTE, REFUND, Account, StoredMoney, accounts, unbalanced
from analytics.money.fact_store import Neighbourhood
from analytics.money.facts import Key
from analytics.queries.stored_money import (
    differences,
    is_paid,
    order_fact,
    payment_fact,
    placed_part,
    return_fact,
    stored_money,
)
from analytics.schema import money_differences
from analytics.store import delete, write_changed

Row = Mapping[Any, Any]
Homes = tuple[Mapping[Key, Key], Mapping[Key, Key]]  # the purchase of each order, and of each payment


def differences_around(around: Neighbourhood, homes: Homes, parts: Collection[Row]) -> list[dict[str, Any]]:
    """Return a row for each fact that its parts do not add up to."""
    of_order, of_payment = homes
    money = StoredMoney(
        [payment_fact(_at_home(row, of_payment), around.roles) for row in around.payment_rows.values()],
        [
            *(return_fact(REFUND, row) for row in around.refunds.values()),
            *(return_fact(DISPUTE, row) for row in around.disputes.values()),
        ],
        [order_fact(_at_home(row, of_order), around.roles) for row in around.order_rows.values() if is_paid(row)],
        [placed_part(row) for row in parts],
    )
    return [_row(one) for one in unbalanced(accounts(money))]


@dataclass(frozen=True, slots=True)
class Differences:
    """What differs among all that is stored, and what was kept as a difference and is none any more."""

    found: Sequence[Row]
    mended: Collection[tuple[Any, ...]]


def all_differences(connection: Connection) -> Differences:
    """Return what differs among all that is stored; one transaction, or what moves meanwhile seems to differ."""
    found = [_row(one) for one in unbalanced(accounts(stored_money(connection)))]
    kept = {tuple(row)[:3] for row in differences(connection)}
    return Differences(found, kept - {(row["kind"], row["source"], row["external_id"]) for row in found})


def keep_differences(connection: Connection, now: Differences) -> None:
    """Keep what differs, and drop what does no more."""
    delete(connection, money_differences, list(now.mended))
    write_changed(connection, money_differences, now.found)


def _at_home(row: Row, homes: Mapping[Key, Key]) -> dict[Any, Any]:
    purchase = homes.get((row["source"], row["external_id"]), ("", ""))
    return {**row, "purchase_source": purchase[0], "purchase_id": purchase[1]}


def _row(one: Account) -> dict[str, Any]:
    return {
        "kind": one.kind,
        "source": one.source,
        "external_id": one.external_id,
        "stated": one.stated,
        "counted": one.counted,
        "currency": one.currency,
    }
