"""Payments as they are: one, whatever number of objects tell it, and what of each went back."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal
from enum import StrEnum

from analytics.money.components import components
from analytics.money.facts import Facts, Key
from analytics.money.sharing import ZERO
from analytics.records import Dispute, DisputeState, Messenger, Payment, Refund, RefundState

NEVER = datetime.min.replace(tzinfo=UTC)


class MoneyState(StrEnum):
    """What became of an amount: it came in, went back, is disputed, was lost in a dispute, or was won back."""

    RECEIVED = "received"
    REFUNDED = "refunded"
    OPEN = "open"
    LOST = "lost"
    WON = "won"


@dataclass(frozen=True, slots=True)
class Movement:
    """An amount of one payment that went back or is disputed; its moment is None where nobody tells it."""

    kind: str
    key: Key
    amount: Decimal
    currency: str
    state: MoneyState
    at: datetime | None
    opened_at: datetime | None = None
    ids: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Received:
    """One payment with all objects that tell it."""

    key: Key
    messenger: Messenger
    ids: frozenset[str]
    order_ids: frozenset[str]
    amount: Decimal
    currency: str
    paid_at: datetime
    date_only: bool
    facts: tuple[Payment, ...]
    movements: tuple[Movement, ...] = ()

    @property
    def for_invoice(self) -> bool:
        """Tell whether the payment says of itself that an invoice speaks for it."""
        return any(fact.for_invoice for fact in self.facts)


def receive(facts: Facts) -> tuple[list[Received], list[Movement]]:
    """Return every payment once, with what went back of it, and the movements that name no known payment."""
    links = [*map(Link, facts.refunds), *map(Link, facts.disputes)]
    things: list[Payment | Link] = [*facts.payments, *links]
    groups = components(things, (_ids(thing) for thing in things))
    received, strays = [], []
    for group in groups:
        told = sorted((one for one in group if isinstance(one, Payment)), key=lambda one: (one.source, one.external_id))
        refunds = [one.about for one in group if isinstance(one, Link) and isinstance(one.about, Refund)]
        disputes = [one.about for one in group if isinstance(one, Link) and isinstance(one.about, Dispute)]
        if told:
            received.append(_received(told, refunds, disputes))
        else:
            ids = frozenset(known for one in group for _, known in _ids(one))
            strays += [replace(one, ids=ids) for one in _stray(refunds, disputes)]
    return received, strays


@dataclass(frozen=True, slots=True)
class Link:
    """A refund or dispute, which also says which ids are of one payment."""

    about: Refund | Dispute


def _ids(thing: Payment | Link) -> set[tuple[str, str]]:
    if isinstance(thing, Link):
        about = thing.about
        return {(about.source, one) for one in (about.payment_id.strip(), about.other_id.strip()) if one}
    return {(thing.source, one.strip()) for one in thing.ids or (thing.external_id,)}


def _received(told: Sequence[Payment], refunds: Sequence[Refund], disputes: Sequence[Dispute]) -> Received:
    ids = {one.strip() for fact in told for one in fact.ids or (fact.external_id,)}
    ids |= {known for one in (*map(Link, refunds), *map(Link, disputes)) for _, known in _ids(one)}
    largest = max(told, key=lambda fact: (fact.amount, fact.currency))
    moment = min(told, key=lambda fact: (fact.date_only, fact.is_estimate, fact.paid_at))
    key = (largest.source, min(ids))
    return Received(
        key=key,
        messenger=largest.messenger,
        ids=frozenset(ids),
        order_ids=frozenset(one.strip() for fact in told for one in fact.order_ids if one.strip()),
        amount=largest.amount,
        currency=largest.currency,
        paid_at=moment.paid_at,
        date_only=moment.date_only,
        facts=tuple(told),
        movements=tuple(_movements(key, largest, told, refunds, disputes)),
    )


def _movements(
    key: Key, paid: Payment, told: Sequence[Payment], refunds: Sequence[Refund], disputes: Sequence[Dispute]
) -> Iterable[Movement]:
    """Yield what went back or is disputed; of a payment no more goes back than came in."""
    left = paid.amount
    for one in (*_refunded(key, paid, told, refunds), *_disputed(disputes)):
        amount = min(one.amount, left) if one.state in {MoneyState.REFUNDED, MoneyState.LOST} else one.amount
        if one.state is MoneyState.OPEN:
            amount = min(one.amount, left)
        if one.state in {MoneyState.REFUNDED, MoneyState.LOST}:
            left -= amount
        if amount:
            yield Movement(one.kind, one.key, amount, paid.currency, one.state, one.at, one.opened_at)


def _refunded(key: Key, paid: Payment, told: Sequence[Payment], refunds: Sequence[Refund]) -> list[Movement]:
    """Return the refunds one by one, then what only running totals know of."""
    going = sorted(
        (one for one in refunds if one.state is not RefundState.FAILED),
        key=lambda one: (one.created_at, one.external_id),
    )
    total, at = _total_back(told, refunds)
    moves, known = [], ZERO
    for one in going:
        amount = min(one.amount, max(total - known, ZERO))
        known += amount
        moves.append(
            Movement(
                "refund", (one.source, one.external_id), amount, paid.currency, MoneyState.REFUNDED, one.created_at
            )
        )
    if total > known:
        moves.append(Movement("refund", key, total - known, paid.currency, MoneyState.REFUNDED, at))
    return sorted(moves, key=lambda one: (one.at or NEVER, one.key))


def _total_back(told: Sequence[Payment], refunds: Sequence[Refund]) -> tuple[Decimal, datetime | None]:
    """Return what has gone back: the newest running total, corrected by the refunds that came after it."""
    single = sum((one.amount for one in refunds if one.state is not RefundState.FAILED), ZERO)
    failed = sum((one.amount for one in refunds if one.state is RefundState.FAILED), ZERO)
    timed = [one for one in told if one.as_of is not None and one.refunded is not None]
    untimed = max((one.refunded or ZERO for one in told if one.as_of is None), default=ZERO)
    if not timed:
        return max(single, untimed - failed), None
    newest = max(timed, key=lambda one: (one.as_of or NEVER, one.refunded or ZERO))
    total, as_of = newest.refunded or ZERO, newest.as_of or NEVER
    for one in refunds:
        was_counted = one.created_at <= as_of
        if not was_counted and one.state is not RefundState.FAILED:
            total += one.amount
        if was_counted and one.state is RefundState.FAILED and one.as_of > as_of:
            total -= one.amount
    total = max(total, ZERO)
    return (total, newest.as_of) if total >= untimed - failed else (untimed - failed, None)


def _disputed(disputes: Sequence[Dispute]) -> list[Movement]:
    """Return each dispute once: one that a list of payments tells gives way to the dispute told by its own id."""
    payment_ids = {one for about in disputes for one in (about.payment_id, about.other_id)}
    own = [one for one in disputes if one.external_id not in payment_ids]
    states = {DisputeState.OPEN: MoneyState.OPEN, DisputeState.LOST: MoneyState.LOST, DisputeState.WON: MoneyState.WON}
    order = (MoneyState.LOST, MoneyState.OPEN, MoneyState.WON)
    moves = [
        Movement(
            "dispute",
            (one.source, one.external_id),
            one.amount,
            one.currency,
            states[one.state],
            one.as_of,
            one.opened_at,
        )
        for one in own or disputes
    ]
    return sorted(moves, key=lambda one: (order.index(one.state), one.opened_at or NEVER, one.key))


def _stray(refunds: Sequence[Refund], disputes: Sequence[Dispute]) -> list[Movement]:
    """Return movements whose payment nobody tells; `Movement.key` is theirs."""
    back = [
        Movement("refund", (one.source, one.external_id), one.amount, one.currency, MoneyState.REFUNDED, one.created_at)
        for one in refunds
        if one.state is not RefundState.FAILED
    ]
    return [*back, *_disputed(disputes)]
