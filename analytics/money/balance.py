"""What came in for a purchase, what went back, and what is at risk: the same whatever the order the facts arrived in."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from analytics.records import DisputeState, RefundState

ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Receipt:
    """Money of one payment; `ids` are all ids it goes by, `refunded` what had gone back of it at `as_of` (None: untimed)."""

    external_id: str
    shared_id: str
    ids: frozenset[str]
    amount: Decimal
    refunded: Decimal
    currency: str
    as_of: datetime | None


@dataclass(frozen=True, slots=True)
class Return:
    """One refund in its newest state."""

    payment_id: str
    amount: Decimal
    currency: str
    state: RefundState
    made_at: datetime
    as_of: datetime


@dataclass(frozen=True, slots=True)
class Claim:
    """One dispute in its newest state; a list of payments tells it under the payment's own id."""

    external_id: str
    payment_id: str
    amount: Decimal
    currency: str
    state: DisputeState


@dataclass(frozen=True, slots=True)
class Ledger:
    """Everything known about the money of some purchases."""

    receipts: Sequence[Receipt] = ()
    returns: Sequence[Return] = ()
    claims: Sequence[Claim] = ()


@dataclass(frozen=True, slots=True)
class Balance:
    """Money collected (None: no payment is known), money that went back (refunds and lost disputes), money at risk."""

    collected: Decimal | None
    refunded: Decimal
    at_risk: Decimal


def balance(ids: Collection[str], currency: str, ledger: Ledger) -> Balance:
    """Return the balance of the purchase that goes by `ids`; money in another currency is not added up.

    Of a payment no more goes back than came in, whatever its refunds and lost disputes say together.
    """
    mine = [one for one in ledger.receipts if one.shared_id in ids or one.ids & set(ids)]
    receipts = _once([one for one in mine if one.currency == currency])
    known = set(ids).union(*(one.ids for one in receipts))
    returns = [one for one in ledger.returns if one.payment_id in known and one.currency == currency]
    claims = _told([one for one in ledger.claims if one.payment_id in known and one.currency == currency], receipts)
    paid = frozenset[str]().union(*(one.ids for one in receipts))
    stray = [one for one in returns if one.payment_id not in paid and one.state is not RefundState.FAILED]
    stray_claims = [one for one in claims if one.payment_id not in paid]
    return Balance(
        collected=sum((one.amount for one in receipts), ZERO) if receipts else None,
        refunded=sum((_gone(one, returns, claims) for one in receipts), ZERO)
        + sum((one.amount for one in stray), ZERO)
        + _lost(stray_claims),
        at_risk=sum((one.amount for one in claims if one.state is DisputeState.OPEN), ZERO),
    )


def _once(receipts: Sequence[Receipt]) -> list[Receipt]:
    """Return each payment once: receipts that go by a common id are one, told by the one that knows most ids.

    Of what went back the newest timed report stands, else the largest untimed one.
    """
    payments: list[list[Receipt]] = []
    for receipt in receipts:
        same = [group for group in payments if any(receipt.ids & one.ids for one in group)]
        payments = [group for group in payments if group not in same]
        payments.append([receipt, *(one for group in same for one in group)])
    return [_as_one(group) for group in payments]


def _as_one(group: Sequence[Receipt]) -> Receipt:
    leader = min(group, key=lambda one: (-len(one.ids), one.external_id))
    timed = [one for one in group if one.as_of is not None]
    newest = max(timed or group, key=lambda one: (one.as_of.timestamp() if one.as_of else 0, one.refunded))
    ids = frozenset[str]().union(*(one.ids for one in group))
    return replace(leader, ids=ids, refunded=newest.refunded, as_of=newest.as_of)


def _told(claims: Sequence[Claim], receipts: Sequence[Receipt]) -> list[Claim]:
    """Return each dispute once: what a list of payments says of one gives way to the dispute told by its own id."""
    told = {one.payment_id for one in claims if one.external_id != one.payment_id}
    told = told.union(*(receipt.ids for receipt in receipts if receipt.ids & told))
    return [one for one in claims if one.external_id != one.payment_id or one.payment_id not in told]


def _gone(receipt: Receipt, returns: Sequence[Return], claims: Sequence[Claim]) -> Decimal:
    """Return what of a payment went back or was lost."""
    returned = _returned(receipt, [one for one in returns if one.payment_id in receipt.ids])
    return min(receipt.amount, returned + _lost([one for one in claims if one.payment_id in receipt.ids]))


def _lost(claims: Sequence[Claim]) -> Decimal:
    return sum((one.amount for one in claims if one.state is DisputeState.LOST), ZERO)


def _returned(receipt: Receipt, returns: Sequence[Return]) -> Decimal:
    """Return what has gone back of a payment: its cumulative report, corrected by the refunds that came after it."""
    if receipt.as_of is None:
        single = sum((one.amount for one in returns if one.state is not RefundState.FAILED), ZERO)
        failed = sum((one.amount for one in returns if one.state is RefundState.FAILED), ZERO)
        return max(single, receipt.refunded - failed)  # the report may know of refunds that nobody tells one by one
    amount = receipt.refunded
    for one in returns:
        was_counted = one.made_at <= receipt.as_of
        if not was_counted and one.state is not RefundState.FAILED:
            amount += one.amount
        if was_counted and one.state is RefundState.FAILED and one.as_of > receipt.as_of:
            amount -= one.amount
    return max(amount, ZERO)
