"""Keeps what messengers tell about money, and reads back all facts of a neighbourhood."""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from analytics.intake.rows import (
    PAYMENT,
    PAYS,
    dispute_row,
    order_ids,
    order_of,
    order_row,
    payment_ids,
    payment_of,
    payment_row,
    plan_row,
    refund_row,
)
from analytics.money.facts import Facts, Key
from analytics.records import Dispute, DisputeState, Order, Payment, Plan, Refund, RefundState
from analytics.schema import customer_addresses, disputes, orders, payments, plans, refunds, shared_ids
from analytics.store import chunks, existing, insert_missing, write_changed
from analytics.versions import Row, newer, newer_order, newer_payment

CONCLUDED = frozenset({"purchase_source", "purchase_id", "is_resolved"})  # columns that say nothing of what was told
Records = Mapping[type, Sequence[Any]]


@dataclass(slots=True)
class Touched:
    """Where something new was told: keys of orders and payments, and ids of payments."""

    orders: set[Key] = field(default_factory=set)
    payments: set[Key] = field(default_factory=set)
    ids: set[str] = field(default_factory=set)


def take_orders(connection: Connection, told: Sequence[Order], touched: Touched) -> list[str]:
    """Store orders; return per order whether it is new, changed or the same."""
    rows = [{**order_row(order), **_own_purchase(order)} for order in told]
    states = write_changed(connection, orders, rows, merge=_keeping_purchase(newer_order))
    touched.orders |= _moved(rows, states) | _take_ids(connection, told, order_ids)
    return states


def take_payments(connection: Connection, told: Sequence[Payment], touched: Touched) -> list[str]:
    """Store payments with their ids; return per payment whether it is new, changed or the same."""
    rows = [{**payment_row(payment), **_own_purchase(payment)} for payment in told]
    states = write_changed(connection, payments, rows, merge=_keeping_purchase(newer_payment))
    touched.payments |= _moved(rows, states) | _take_ids(connection, told, payment_ids)
    return states


def take_returns(connection: Connection, kinds: Records, touched: Touched) -> None:
    """Store plans, refunds and disputes."""
    for table, rows in (
        (plans, [plan_row(one) for one in kinds[Plan]]),
        (refunds, [refund_row(one) for one in kinds[Refund]]),
        (disputes, [dispute_row(one) for one in kinds[Dispute]]),
    ):
        states = write_changed(connection, table, rows, merge=newer) if rows else []
        for row, state in zip(rows, states, strict=True):
            if state != "same":
                touched.ids |= {row.get("payment_id", row["external_id"]), row.get("other_id", "")} - {""}


def _own_purchase(one: Order | Payment) -> dict[str, Any]:
    own = {"purchase_source": one.source, "purchase_id": one.external_id.strip()}
    return {**own, "is_resolved": True} if isinstance(one, Order) else own


def _keeping_purchase(merge: Callable[[Row, Row], Row]) -> Callable[[Row, Row], Row]:
    """Return a merge that leaves alone what was concluded about the stored row."""

    def kept(stored: Row, arriving: Row) -> Row:
        told = {name: value for name, value in arriving.items() if name not in CONCLUDED}
        return {**merge(stored, told), **{name: stored[name] for name in CONCLUDED & arriving.keys()}}

    return kept


def _moved(rows: Sequence[Row], states: Sequence[str]) -> set[Key]:
    return {(row["source"], row["external_id"]) for row, state in zip(rows, states, strict=True) if state != "same"}


def _take_ids(
    connection: Connection, told: Sequence[Any], ids_of: Callable[[Any], Iterator[tuple[str, str]]]
) -> set[Key]:
    rows = {(shared, role, one.source, one.external_id.strip()): None for one in told for shared, role in ids_of(one)}
    known = existing(connection, shared_ids, rows.keys())
    names = ("shared_id", "role", "source", "external_id")
    new = [key for key in rows if key not in known]
    insert_missing(connection, shared_ids, [dict(zip(names, key, strict=True)) for key in new])
    return {key[2:] for key in new}


@dataclass(slots=True)
class Neighbourhood:
    """All facts around some orders and payments, with the stored rows they came from."""

    order_rows: dict[Key, Row] = field(default_factory=dict)
    payment_rows: dict[Key, Row] = field(default_factory=dict)
    ids: set[str] = field(default_factory=set)
    people: set[str] = field(default_factory=set)
    customers: set[Key] = field(default_factory=set)
    roles: defaultdict[Key, set[tuple[str, str]]] = field(default_factory=lambda: defaultdict(set))
    addresses: defaultdict[Key, dict[str, None]] = field(default_factory=lambda: defaultdict(dict))
    refunds: dict[Key, Row] = field(default_factory=dict)
    disputes: dict[Key, Row] = field(default_factory=dict)

    @property
    def keys(self) -> set[Key]:
        """Return the keys of all orders and payments."""
        return {*self.order_rows, *self.payment_rows}

    def facts(self, ended: Iterable[Plan]) -> Facts:
        """Return the facts, in a fixed order."""
        return Facts(
            tuple(order_of(row, self._ids(key, {"order"})) for key, row in sorted(self.order_rows.items())),
            tuple(
                payment_of(row, self._ids(key, {PAYMENT}), self._ids(key, {PAYS}))
                for key, row in sorted(self.payment_rows.items())
            ),
            tuple(_refund(row) for _, row in sorted(self.refunds.items())),
            tuple(_dispute(row) for _, row in sorted(self.disputes.items())),
            tuple(ended),
            {key: tuple(sorted(emails)) for key, emails in self.addresses.items()},
        )

    def _ids(self, key: Key, roles: set[str]) -> tuple[str, ...]:
        return tuple(sorted(shared for shared, role in self.roles[key] if role in roles))


@dataclass(slots=True)
class _Frontier:
    """What has turned up and has not been followed yet."""

    orders: set[Key]
    payments: set[Key]
    ids: set[str]
    customers: set[Key]
    people: set[str] = field(default_factory=set)

    def __bool__(self) -> bool:
        return bool(self.orders or self.payments or self.ids or self.customers or self.people)


def read_neighbourhood(connection: Connection, touched: Touched, customers: Collection[Key] = ()) -> Neighbourhood:
    """Load facts, then everything by the same people or with the same ids, until nothing new turns up."""
    around = Neighbourhood()
    new = _Frontier(set(touched.orders), set(touched.payments), set(touched.ids), set(customers))
    while new:
        _load(connection, around, new)
        around.ids |= new.ids
        around.customers |= new.customers
        around.people |= new.people
        new = _following(connection, around, new)
    return around


def _load(connection: Connection, around: Neighbourhood, new: _Frontier) -> None:
    """Load the new orders and payments; what they mention is new as well."""
    loaded, paid = existing(connection, orders, new.orders), existing(connection, payments, new.payments)
    around.order_rows.update(loaded)
    around.payment_rows.update(paid)
    new.ids |= _read_ids(connection, around, [*loaded, *paid]) - around.ids
    rows = [*loaded.values(), *paid.values()]
    new.customers |= {(row["source"], row["customer_id"]) for row in rows if row["customer_id"]} - around.customers
    new.people |= {row["email_key"] for row in rows} - around.people - {""}
    new.people |= _read_addresses(connection, around, new.customers) - around.people
    new.customers |= _customers_of(connection, new.people) - around.customers - new.customers


def _following(connection: Connection, around: Neighbourhood, new: _Frontier) -> _Frontier:
    """Return what is by the new people or mentions the new ids, and is not loaded yet."""
    ids = _read_returns(connection, around, new.ids)
    by_order, by_payment = _mentioning(connection, new.ids)
    people = _read_addresses(connection, around, {one for one in new.customers if one not in around.addresses})
    return _Frontier(
        (by_order | _made_by(connection, orders, new.people, new.customers)) - set(around.order_rows),
        (by_payment | _made_by(connection, payments, new.people, new.customers)) - set(around.payment_rows),
        ids - around.ids,
        set(),
        people - around.people,
    )


def read_facts(connection: Connection, around: Neighbourhood) -> Facts:
    """Return the facts of a neighbourhood, with the plans that have ended."""
    wanted = {row["plan_id"] for row in around.order_rows.values()} | {key[1] for key in around.order_rows}
    found = [
        Plan(row.source, row.external_id, row.is_ended, row.as_of, row.ended_at)
        for row in _rows(connection, plans, plans.c.external_id, wanted - {""})
    ]
    return around.facts(sorted(found, key=lambda one: (one.source, one.external_id)))


def _read_ids(connection: Connection, around: Neighbourhood, keys: Collection[Key]) -> set[str]:
    found = set()
    for chunk in chunks(sorted(set(keys))):
        query = sa.select(shared_ids).where(sa.tuple_(shared_ids.c.source, shared_ids.c.external_id).in_(chunk))
        for row in connection.execute(query):
            around.roles[row.source, row.external_id].add((row.shared_id, row.role))
            found.add(row.shared_id)
    return found


def _read_addresses(connection: Connection, around: Neighbourhood, customers: Collection[Key]) -> set[str]:
    found: set[str] = set()
    table = customer_addresses.c
    for chunk in chunks(sorted(customers)):
        for key in chunk:
            around.addresses[key]  # known to have none
        for row in connection.execute(
            sa.select(customer_addresses).where(sa.tuple_(table.source, table.customer_id).in_(chunk))
        ):
            around.addresses[row.source, row.customer_id][row.email] = None
            found.add(row.email_key)
    return found


def _customers_of(connection: Connection, people: Collection[str]) -> set[Key]:
    rows = _rows(connection, customer_addresses, customer_addresses.c.email_key, people)
    return {(row.source, row.customer_id) for row in rows}


def _read_returns(connection: Connection, around: Neighbourhood, ids: Collection[str]) -> set[str]:
    """Load the refunds and disputes that name any of the ids; return the other ids that they name."""
    found: set[str] = set()
    for table, kept in ((refunds, around.refunds), (disputes, around.disputes)):
        for column in (table.c.payment_id, table.c.other_id):
            for row in _rows(connection, table, column, ids):
                kept[row.source, row.external_id] = row._mapping
                found |= {row.payment_id, row.other_id} - {""}
    return found


def _mentioning(connection: Connection, ids: Collection[str]) -> tuple[set[Key], set[Key]]:
    """Return the orders and the payments that mention any of the ids."""
    by_order: set[Key] = set()
    by_payment: set[Key] = set()
    for row in _rows(connection, shared_ids, shared_ids.c.shared_id, ids):
        (by_payment if row.role in {PAYMENT, PAYS} else by_order).add((row.source, row.external_id))
    return by_order, by_payment


def _made_by(connection: Connection, table: sa.Table, people: Collection[str], customers: Collection[Key]) -> set[Key]:
    found: set[Key] = set()
    by_customer = sa.tuple_(table.c.source, table.c.customer_id)
    for column, values in ((table.c.email_key, sorted(people)), (by_customer, sorted(customers))):
        for chunk in chunks(values):
            query = sa.select(table.c.source, table.c.external_id).where(column.in_(chunk))
            found.update((source, external_id) for source, external_id in connection.execute(query))
    return found


def _rows(connection: Connection, table: sa.Table, column: Any, values: Collection[str]) -> Iterator[Any]:
    for chunk in chunks(sorted(values)):
        yield from connection.execute(sa.select(table).where(column.in_(chunk)))


def _refund(row: Row) -> Refund:
    names = ("source", "external_id", "payment_id", "amount", "currency")
    return Refund(
        **{name: row[name] for name in names},
        state=RefundState(row["state"]),
        created_at=row["made_at"],
        as_of=row["as_of"],
        other_id=row["other_id"],
    )


def _dispute(row: Row) -> Dispute:
    names = ("source", "external_id", "payment_id", "amount", "currency", "as_of", "opened_at", "other_id")
    return Dispute(**{name: row[name] for name in names}, state=DisputeState(row["state"]))
