"""Holds what providers say of money against the places where it is counted, apart from the code that shares it.

Every payment, refund and dispute has to be counted to the cent, once. This module reads facts and places as they are
stored; it knows no lines, prices or taxes.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from decimal import Decimal

ZERO = Decimal(0)
NEVER = datetime.min.replace(tzinfo=UTC)
PROVIDER = "payment_provider"
TRUSTED = (PROVIDER, "funnel_tool", "classic_funnel", "file")  # whose word on money counts, the first that is there
PAYMENT, REFUND, DISPUTE = "payment", "refund", "dispute"
FAILED, OPEN, LOST, WON = "failed", "open", "lost", "won"

Key = tuple[str, str]  # source and external id
NO_PURCHASE: Key = ("", "")


@dataclass(frozen=True, slots=True)
class PaymentFact:
    """One object that tells of a payment; all objects with an id in common tell of the same one."""

    source: str
    external_id: str
    messenger: str
    amount: Decimal
    currency: str
    paid_at: datetime
    refunded: Decimal | None
    as_of: datetime | None
    purchase: Key
    ids: tuple[str, ...]
    pays: tuple[str, ...] = ()  # ids of the orders it pays


@dataclass(frozen=True, slots=True)
class ReturnFact:
    """A refund or dispute; `at` is when a refund was made or a dispute opened, `as_of` when it got its state."""

    kind: str
    source: str
    external_id: str
    payment_ids: tuple[str, ...]
    amount: Decimal
    currency: str
    state: str
    at: datetime
    as_of: datetime


@dataclass(frozen=True, slots=True)
class OrderFact:
    """What a paid order says of its own money, which counts where no payment says it."""

    source: str
    external_id: str
    messenger: str
    currency: str
    is_voided: bool
    paid_at: datetime
    total: Decimal | None
    collected: Decimal | None
    refunded: Decimal | None
    disputed: Decimal
    refunded_at: datetime | None
    as_of: datetime | None
    purchase: Key
    ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PlacedPart:
    """A part of a payment, refund or dispute as it is stored at its place."""

    kind: str
    source: str
    external_id: str
    place: str
    purchase: Key
    amount: Decimal
    currency: str
    state: str
    at: datetime | None


@dataclass(frozen=True, slots=True)
class StoredMoney:
    """All facts about money, and all places."""

    payments: Sequence[PaymentFact] = ()
    returns: Sequence[ReturnFact] = ()
    orders: Sequence[OrderFact] = ()
    parts: Sequence[PlacedPart] = ()


@dataclass(frozen=True, slots=True)
class Account:
    """One payment, refund or dispute: what was stated of it, and the parts that are counted."""

    kind: str
    source: str
    external_id: str
    stated: Decimal
    currency: str
    at: datetime | None
    state: str = ""
    ended_at: datetime | None = None
    purchase: Key = NO_PURCHASE
    parts: tuple[PlacedPart, ...] = field(default=(), repr=False)

    @property
    def key(self) -> Key:
        """Return source and external id."""
        return self.source, self.external_id

    @property
    def counted(self) -> Decimal:
        """Return the sum of the parts."""
        return sum((one.amount for one in self.parts), ZERO)

    @property
    def difference(self) -> Decimal:
        """Return what was stated and is not counted; below zero, what is counted and was not stated."""
        return self.stated - self.counted


def accounts(money: StoredMoney) -> list[Account]:
    """Return every payment, refund and dispute whose money counts, with its parts."""
    groups = _Groups(money)
    parts: _Parts = defaultdict(list)
    for part in money.parts:
        if part.kind in {PAYMENT, REFUND, DISPUTE}:
            parts[part.kind, groups.root((part.source, part.external_id))].append(part)
    found = [one for group in groups.members() for one in _of_payment(*group)]
    found = [
        _at_home(one, parts.get((one.kind, groups.root(one.key)), ())) for one in found if _counts(one, groups, parts)
    ]
    found += _paid_orders(money, groups, parts)
    found += list(_returned_orders(money, groups.trusted, found))
    found += list(_disputed_orders(money, found))
    accounted = [replace(one, parts=tuple(parts.pop((one.kind, groups.root(one.key)), ()))) for one in found]
    unstated = [_unstated(kind, key, rest) for (kind, key), rest in parts.items()]
    return [*accounted, *unstated]


def _at_home(one: Account, here: Sequence[PlacedPart]) -> Account:
    """Return a refund of an unknown payment with the purchase that it was found to belong to."""
    return replace(one, purchase=here[0].purchase) if here and one.purchase == NO_PURCHASE else one


def unbalanced(found: Iterable[Account]) -> list[Account]:
    """Return what differs, or is counted in two currencies."""
    return [one for one in found if one.difference or {part.currency for part in one.parts} - {one.currency}]


_Parts = dict[tuple[str, Key], list[PlacedPart]]


class _Union:
    """Groups of things that share an id."""

    def __init__(self) -> None:
        self._leader: dict[Key, Key] = {}

    def join(self, scope: str, ids: Iterable[str]) -> None:
        """Say that ids of one scope are of the same thing."""
        first, *others = [(scope, one) for one in ids if one] or [(scope, "")]
        self._leader.setdefault(first, first)
        for other in others:
            self._leader[self._find(other)] = self._find(first)

    def root(self, key: Key) -> Key:
        """Return what stands for all ids of the same thing; for an id that no thing has, itself."""
        return self._find(key) if key in self._leader else key

    def _find(self, key: Key) -> Key:
        root = key
        while self._leader.setdefault(root, root) != root:
            root = self._leader[root]
        while self._leader[key] != root:
            self._leader[key], key = root, self._leader[key]
        return root


class _Groups:
    """Which facts are about one payment: those that share an id at their source."""

    def __init__(self, money: StoredMoney) -> None:
        self._money, self._union = money, _Union()
        for one in money.payments:
            self._union.join(one.source, _ids(one))
        for back in money.returns:
            self._union.join(back.source, back.payment_ids)
        facts: list[OrderFact | PaymentFact] = [*money.orders, *money.payments]
        self.messengers = {one.source: one.messenger for one in facts}
        self.trusted = _trusted(money)
        self.root = self._union.root

    def members(self) -> Iterator[tuple[Key, list[PaymentFact], list[ReturnFact]]]:
        """Yield the facts about each payment."""
        found: defaultdict[Key, tuple[list[PaymentFact], list[ReturnFact]]] = defaultdict(lambda: ([], []))
        for one in self._money.payments:
            found[self.root((one.source, _ids(one)[0]))][0].append(one)
        for back in self._money.returns:
            found[self.root((back.source, next(filter(None, back.payment_ids), "")))][1].append(back)
        for key, (paid, backs) in found.items():
            yield key, paid, backs


def _ids(one: PaymentFact) -> tuple[str, ...]:
    return one.ids or (one.external_id,)


def _trusted(money: StoredMoney) -> dict[Key, str]:
    """Return whose word on money counts in each purchase."""
    seen: defaultdict[Key, set[str]] = defaultdict(set)
    facts: list[OrderFact | PaymentFact] = [*money.payments, *money.orders]
    for one in facts:
        seen[one.purchase].add(one.messenger)
    return {key: next(one for one in TRUSTED if one in found) for key, found in seen.items()}


def _counts(one: Account, groups: _Groups, parts: _Parts) -> bool:
    """Tell whether this is the word that counts: the provider's always, another's where the provider says nothing."""
    messenger = groups.messengers.get(one.source, PROVIDER)
    if messenger == PROVIDER or (one.kind, groups.root((one.source, one.external_id))) in parts:
        return True
    return one.kind == PAYMENT and groups.trusted.get(one.purchase, messenger) == messenger


def _of_payment(key: Key, paid: Sequence[PaymentFact], returns: Sequence[ReturnFact]) -> Iterator[Account]:
    """Yield a payment once, and what went back of it or is disputed, never more than came in."""
    refunds = sorted(
        (one for one in returns if one.kind == REFUND and one.state != FAILED),
        key=lambda one: (one.at, one.external_id),
    )
    disputes = _once([one for one in returns if one.kind == DISPUTE])
    if not paid:
        yield from (_returned(one, one.amount, one.currency) for one in (*refunds, *disputes))
        return
    largest = max(paid, key=lambda one: (one.amount, one.currency))
    home = next((one.purchase for one in paid if one.purchase != NO_PURCHASE), NO_PURCHASE)
    payment = Account(PAYMENT, *key, largest.amount, largest.currency, min(one.paid_at for one in paid), purchase=home)
    yield payment
    left = largest.amount
    for back in (
        *_refunded(payment, paid, refunds, returns),
        *(_returned(one, one.amount, one.currency) for one in disputes),
    ):
        amount = back.stated if back.state == WON else min(back.stated, left)
        left -= amount if back.state in {REFUND, LOST} else ZERO
        if amount:
            yield replace(back, stated=amount, currency=largest.currency, purchase=home)


def _returned(one: ReturnFact, amount: Decimal, currency: str) -> Account:
    state = REFUND if one.kind == REFUND else one.state
    return Account(one.kind, one.source, one.external_id, amount, currency, one.at, state, one.as_of)


def _once(disputes: Sequence[ReturnFact]) -> list[ReturnFact]:
    """Return disputes without those of a list of payments, which gives them the payment's id, where another is known."""
    named = {one for dispute in disputes for one in dispute.payment_ids}
    own = [one for one in disputes if one.external_id not in named] or list(disputes)
    return sorted(own, key=lambda one: ((LOST, OPEN, WON).index(one.state), one.at, one.external_id))


def _refunded(
    payment: Account, paid: Sequence[PaymentFact], refunds: Sequence[ReturnFact], returns: Sequence[ReturnFact]
) -> list[Account]:
    """Return the refunds one by one, then what a running total knows beyond them; a total that is lower limits them."""
    left, at = _running_total(paid, [one for one in returns if one.kind == REFUND])
    found = []
    for one in refunds:
        amount = min(one.amount, left)
        left -= amount
        found.append(_returned(one, amount, one.currency))
    if left:
        found.append(Account(REFUND, payment.source, payment.external_id, left, payment.currency, at, REFUND))
    return sorted(found, key=lambda one: (one.at or NEVER, one.source, one.external_id))


def _running_total(paid: Sequence[PaymentFact], refunds: Sequence[ReturnFact]) -> tuple[Decimal, datetime | None]:
    """Return what has gone back of a payment by all that is known, and since when."""
    made = sum((one.amount for one in refunds if one.state != FAILED), ZERO)
    failed = sum((one.amount for one in refunds if one.state == FAILED), ZERO)
    listed = max((one.refunded or ZERO for one in paid if one.as_of is None), default=ZERO) - failed
    totals = [(one.as_of, one.refunded) for one in paid if one.as_of is not None and one.refunded is not None]
    if not totals:
        return max(made, listed, ZERO), None
    since, total = max(totals)
    total += sum((one.amount for one in refunds if one.at > since and one.state != FAILED), ZERO)
    total -= sum((one.amount for one in refunds if one.at <= since < one.as_of and one.state == FAILED), ZERO)
    total = max(total, ZERO)
    return (total, since) if total >= listed else (listed, None)


def _paid_orders(money: StoredMoney, groups: _Groups, parts: _Parts) -> list[Account]:
    """Return what orders say came in beyond the payments of the same bill, or of the purchase where none is tied to it."""
    union = _Union()
    for order in money.orders:
        union.join(order.messenger, order.ids)
    for one in money.payments:
        union.join(one.messenger, (*_ids(one), *one.pays))
    bills: defaultdict[Key, list[OrderFact]] = defaultdict(list)
    for order in money.orders:
        bills[union.root((order.messenger, order.ids[0]))].append(order)
    paid: defaultdict[Key, dict[Key, Decimal]] = defaultdict(dict)
    loose: defaultdict[tuple[str, Key], dict[Key, Decimal]] = defaultdict(dict)
    for one in money.payments:
        group, bill = groups.root((one.source, _ids(one)[0])), union.root((one.messenger, _ids(one)[0]))
        sums = paid[bill] if bill in bills else loose[one.messenger, one.purchase]
        sums[group] = max(one.amount, sums.get(group, ZERO))
    untied = {home: sum(sums.values(), ZERO) for home, sums in loose.items()}
    found = []
    for bill, orders in sorted(bills.items()):
        home = (bill[0], orders[0].purchase)
        tied = sum(paid[bill].values(), ZERO)
        account = _paid_order(orders, tied or untied.get(home, ZERO))
        if not tied:
            untied[home] = max(untied.get(home, ZERO) - max(_stated(one, ZERO) for one in orders), ZERO)
        found.append(account)
    return [one for one in found if one.stated and _counts(one, groups, parts)]


def _paid_order(orders: Sequence[OrderFact], paid: Decimal) -> Account:
    """Return what the order of a bill that says most says beyond the payments."""
    order = max(orders, key=lambda one: (_stated(one, paid), one.source, one.external_id))
    beyond = max(_stated(order, paid) - paid, ZERO)
    return Account(
        PAYMENT, order.source, order.external_id, beyond, order.currency, order.paid_at, purchase=order.purchase
    )


def _stated(order: OrderFact, paid: Decimal) -> Decimal:
    """Return what an order says came in: its total where it does not say, unless payments do."""
    if order.collected is not None:
        return order.collected
    return ZERO if paid else order.total or ZERO


def _by_purchase(accounts_: Iterable[Account], kinds: frozenset[str]) -> dict[Key, Decimal]:
    sums: defaultdict[Key, Decimal] = defaultdict(Decimal)
    for one in accounts_:
        if one.kind in kinds and one.state in {"", REFUND, LOST}:
            sums[one.purchase] += one.stated
    return sums


def _returned_orders(money: StoredMoney, trusted: dict[Key, str], known: Sequence[Account]) -> Iterator[Account]:
    """Yield what orders say went back beyond the refunds and lost disputes; a voided order goes back whole."""
    collected = _by_purchase(known, frozenset({PAYMENT}))
    returned = _by_purchase(known, frozenset({REFUND, DISPUTE}))
    for purchase, orders in _orders_of(money).items():
        amounts = [(collected.get(purchase, ZERO) if one.is_voided else one.refunded or ZERO, one) for one in orders]
        amount, order = max(amounts, key=lambda found: (found[0], found[1].source, found[1].external_id))
        before = returned.get(purchase, ZERO)
        if amount > before and not (before and trusted[purchase] == PROVIDER):
            at = order.refunded_at or order.as_of
            yield Account(
                REFUND, order.source, order.external_id, amount - before, order.currency, at, REFUND, at, purchase
            )


def _disputed_orders(money: StoredMoney, known: Sequence[Account]) -> Iterator[Account]:
    """Yield what orders say is disputed, where no dispute says it."""
    disputed = {one.purchase for one in known if one.kind == DISPUTE}
    for purchase, orders in _orders_of(money).items():
        order = max(orders, key=lambda one: (one.disputed, one.source, one.external_id))
        if order.disputed and purchase not in disputed:
            yield Account(
                DISPUTE,
                order.source,
                order.external_id,
                order.disputed,
                order.currency,
                order.as_of,
                OPEN,
                order.as_of,
                purchase,
            )


def _orders_of(money: StoredMoney) -> dict[Key, list[OrderFact]]:
    found: defaultdict[Key, list[OrderFact]] = defaultdict(list)
    for one in money.orders:
        found[one.purchase].append(one)
    return found


def _unstated(kind: str, key: Key, parts: Sequence[PlacedPart]) -> Account:
    """Return what is counted though nothing is stated of it."""
    first = parts[0]
    return Account(kind, *key, ZERO, first.currency, first.at, first.state, first.at, first.purchase, tuple(parts))
