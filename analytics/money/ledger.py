"""Stores what is known about money (payments, refunds, disputes) and reads it back around some purchases."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from analytics.intake.rows import dispute_row, payment_row, refund_row
from analytics.money.balance import Claim, Ledger, Receipt, Return
from analytics.money.resolution import PurchaseKey
from analytics.records import Dispute, DisputeState, Payment, Refund, RefundState
from analytics.schema import disputes, external_ids, payment_ids, payments, refunds
from analytics.store import chunks, write_changed
from analytics.versions import newer, newer_refund


def take_payments(connection: Connection, paid: Sequence[Payment]) -> set[str]:
    """Store payments and the ids they go by; return the ids of those that told something new."""
    rows = [payment_row(payment) for payment in paid]
    states = write_changed(connection, payments, rows, merge=newer_refund)
    ids = [
        {"payment_id": known.strip(), "source": row["source"], "external_id": row["external_id"]}
        for payment, row in zip(paid, rows, strict=True)
        for known in (payment.external_id, *payment.aliases)
        if known.strip()
    ]
    id_states = write_changed(connection, payment_ids, ids)
    told = [*zip(rows, states, strict=True), *zip(ids, id_states, strict=True)]
    touched = {row["external_id"] for row, state in told if state != "same"}
    return touched | {row["shared_id"] for row in rows if row["external_id"] in touched}


def take_returns(connection: Connection, back: Sequence[Refund], claims: Sequence[Dispute]) -> set[str]:
    """Store refunds and disputes; return the ids of the payments about which they told something new."""
    touched: set[str] = set()
    for table, rows in (
        (refunds, [refund_row(refund) for refund in back]),
        (disputes, [dispute_row(dispute) for dispute in claims]),
    ):
        states = write_changed(connection, table, rows, merge=newer)
        touched |= {row["payment_id"] for row, state in zip(rows, states, strict=True) if state != "same"}
    return touched


def related_ids(connection: Connection, known_ids: Collection[str]) -> set[str]:
    """Return the ids and every other id of the payments that go by any of them."""
    found = set(known_ids)
    same = sa.and_(payments.c.source == payment_ids.c.source, payments.c.external_id == payment_ids.c.external_id)
    for chunk in chunks(sorted(known_ids)):
        for condition in (payment_ids.c.payment_id.in_(chunk), payments.c.shared_id.in_(chunk)):
            key = (
                sa.select(payments.c.source, payments.c.external_id).join(payment_ids, same).where(condition).subquery()
            )
            is_key = sa.and_(payments.c.source == key.c.source, payments.c.external_id == key.c.external_id)
            query = sa.select(payments.c.shared_id, payment_ids.c.payment_id).join(payment_ids, same).join(key, is_key)
            for pair in connection.execute(query):
                found.update(pair)
    return found


def mentioning(connection: Connection, shared_ids: Collection[str]) -> set[PurchaseKey]:
    """Return the keys of the purchases that mention any of the shared ids."""
    found: set[PurchaseKey] = set()
    for chunk in chunks(sorted(shared_ids)):
        query = sa.select(external_ids.c.source, external_ids.c.external_id).where(external_ids.c.shared_id.in_(chunk))
        found.update((source, external_id) for source, external_id in connection.execute(query))
    return found


def read_ledger(connection: Connection, shared_ids: Collection[str]) -> Ledger:
    """Return everything known about the money of the purchases that go by the ids."""
    receipts = _receipts(connection, related_ids(connection, shared_ids))
    known = sorted(set(shared_ids).union(*(receipt.ids for receipt in receipts)))
    return Ledger(
        receipts,
        [
            Return(row.payment_id, row.amount, row.currency, RefundState(row.state), row.made_at, row.as_of)
            for row in _rows(connection, refunds, refunds.c.payment_id, known)
        ],
        [
            Claim(row.external_id, row.payment_id, row.amount, row.currency, DisputeState(row.state))
            for row in _rows(connection, disputes, disputes.c.payment_id, known)
        ],
    )


def _receipts(connection: Connection, shared_ids: Collection[str]) -> list[Receipt]:
    rows = list(_rows(connection, payments, payments.c.shared_id, sorted(shared_ids)))
    ids: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
    key = sa.tuple_(payment_ids.c.source, payment_ids.c.external_id)
    for row in _rows(connection, payment_ids, key, sorted((row.source, row.external_id) for row in rows)):
        ids[row.source, row.external_id].add(row.payment_id)
    return [
        Receipt(
            row.external_id,
            row.shared_id,
            frozenset(ids[row.source, row.external_id] | {row.external_id}),
            row.amount,
            row.refunded,
            row.currency,
            row.as_of,
        )
        for row in rows
    ]


def _rows(connection: Connection, table: sa.Table, column: Any, values: Sequence[Any]) -> Iterable[Any]:
    for chunk in chunks(values):
        yield from connection.execute(sa.select(table).where(column.in_(chunk)))
