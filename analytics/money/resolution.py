"""All facts of a neighbourhood in, purchases and the place of every amount out: the same in whatever order facts came.

Pure. Shared ids join facts first, then likeness; the provider wins for money, the funnel tool for words.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import pairwise

from analytics.folding import email_keys, fold
from analytics.money.bills import Bill, Document, bills, documents, money_messenger
from analytics.money.drafts import (
    ON_WORDS,
    PART_PAYMENT,
    Draft,
    Joined,
    People,
    customers_of,
    draft_purchases,
    first_moment,
    is_paid,
    kinds_of,
)
from analytics.money.facts import Facts, Key, Terms, key_of
from analytics.money.lines import NO_PRODUCT, KnownLine, Telling, best_telling
from analytics.money.pairing import LIKENESS, pair_by_likeness
from analytics.money.payments import NEVER, MoneyState, Movement, Received, receive
from analytics.money.sharing import ZERO, before_tax, shares
from analytics.records import Line, Messenger, Offer, Order, OrderState, Payment

TEST, STAFF, UNCLASSIFIED, WAITING, COUNTED = "test_mode", "staff", "unclassified", "waiting", "counted"
TAX, NOWHERE, OTHER_CURRENCY = "tax", "none", "other_currency"
WHOLE = -1  # the part of an amount that is no line's
GONE = {MoneyState.REFUNDED, MoneyState.LOST}


@dataclass(frozen=True, slots=True)
class ResolvedLine:
    """A line with its money before tax; `refunded` holds lost disputes too, `tax` what the buyer paid on top."""

    number: int
    offer: Offer | None
    product: str
    price: Decimal
    collected: Decimal
    refunded: Decimal
    at_risk: Decimal
    written_off: Decimal
    tax: Decimal
    is_open_plan: bool
    payments: int = 1  # of its plan; 0 is an open one
    is_by_price: bool = False


@dataclass(frozen=True, slots=True)
class Place:
    """Where a part of a payment, refund or dispute is counted."""

    kind: str
    key: Key
    part: int
    place: str
    purchase: Key | None
    amount: Decimal
    currency: str
    state: MoneyState
    at: datetime | None
    opened_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a purchase was concluded from, as the rules had it in hand; `contract` is the noted price of its plan in all."""

    orders: tuple[Order, ...]
    received: tuple[Received, ...]
    deposits: tuple[Key, ...]
    telling: Telling
    bills: tuple[Bill, ...]
    moves: tuple[Movement, ...]
    contract: Decimal | None


@dataclass(frozen=True, slots=True)
class Resolved:
    """One purchase: who bought what, when, how it stands, and which facts make it up."""

    key: Key
    status: str
    name: str
    email: str
    emails: tuple[str, ...]
    customers: frozenset[Key]
    currency: str
    purchased_at: datetime
    day: tuple[datetime, datetime] | None
    lines: tuple[ResolvedLine, ...]
    places: tuple[Place, ...]
    orders: frozenset[Key]
    payments: frozenset[Key]
    ids: frozenset[Key]
    way: str
    joined: tuple[Joined, ...]
    total: Decimal
    is_refund_unknown: bool = False
    stated_email: str = ""  # empty where `email` is only carried by a customer id
    evidence: Evidence = field(kw_only=True, compare=False)

    @property
    def received(self) -> tuple[Received, ...]:
        """Return its payments."""
        return self.evidence.received

    @property
    def offer(self) -> Offer | None:
        """Return the highest offer among the lines."""
        return next((line.offer for line in self.lines if line.offer), None)

    @property
    def is_alike(self) -> bool:
        """Tell whether likeness joined it."""
        return any(one.rule == LIKENESS for one in self.joined)


@dataclass(frozen=True, slots=True)
class DoubleCharge:
    """A payment that repeats another one of the same person, kind and amount within the window."""

    payment: Received
    purchase: Resolved
    other: Key


@dataclass(frozen=True, slots=True)
class Resolution:
    """Everything that follows from the facts of a neighbourhood."""

    purchases: tuple[Resolved, ...] = ()
    unplaced: tuple[Place, ...] = ()
    double_charges: tuple[DoubleCharge, ...] = ()
    idle: frozenset[Key] = frozenset()  # orders without any money: pending ones


def resolve(facts: Facts, terms: Terms) -> Resolution:
    """Return the purchases that the facts tell of and the place of every payment, refund and dispute."""
    received, strays = receive(facts)
    people = People(facts)
    drafts = pair_by_likeness(draft_purchases(facts, received, strays), people, terms)
    bought = [draft for draft in drafts if draft.is_bought and not _is_for_unknown_invoice(draft)]
    waiting = _join_deposits(bought, people, terms)
    ended = {one.external_id: one.ended_at or one.as_of for one in facts.plans if one.is_ended}
    taken = {id(deposit) for draft in bought for deposit in draft.deposits}
    purchases = [
        _purchase(draft, people, terms, ended, is_waiting=id(draft) in waiting)
        for draft in bought
        if id(draft) not in taken
    ]
    purchases.sort(key=lambda one: (one.purchased_at, one.key))
    done = {id(draft) for draft in bought}
    rest = [draft for draft in drafts if id(draft) not in done]
    return Resolution(
        purchases=tuple(purchases),
        unplaced=tuple(place for draft in rest for place in _without_purchase(draft)),
        double_charges=tuple(_double_charges(purchases, terms.window)),
        idle=frozenset(key_of(order) for draft in rest for order in draft.orders),
    )


def _is_for_unknown_invoice(draft: Draft) -> bool:
    return draft.is_bare and draft.received[0].for_invoice


def _without_purchase(draft: Draft) -> Iterator[Place]:
    """Yield what belongs to no purchase: payments of an unknown invoice, refunds and disputes of unknown payments."""
    for one in draft.received:
        yield Place(
            "payment", one.key, WHOLE, NOWHERE, None, one.amount, one.currency, MoneyState.RECEIVED, one.paid_at
        )
    for move in (*draft.strays, *(move for one in draft.received for move in one.movements)):
        yield Place(
            move.kind, move.key, WHOLE, NOWHERE, None, move.amount, move.currency, move.state, move.at, move.opened_at
        )


def _join_deposits(bought: Sequence[Draft], people: People, terms: Terms) -> set[int]:
    """Join each part payment to the person's high-ticket order that is nearest in time; return those without one."""
    if not terms.patterns.part_payment:
        return set()
    kinds = [(draft, kinds_of(draft, terms)) for draft in bought]
    parts = [draft for draft, found in kinds if found == {PART_PAYMENT}]
    hosts = [draft for draft, _ in kinds if _is_high_ticket(draft, terms) and draft not in parts]
    waiting = set()
    for part in sorted(parts, key=lambda one: (first_moment(one), one.key)):
        whose, currency = people.keys(part), _currency(part)
        theirs = [one for one in hosts if people.keys(one) & whose and _currency(one) == currency]
        if not theirs:
            waiting.add(id(part))
            continue
        at = first_moment(part)
        min(theirs, key=lambda one: (abs(first_moment(one) - at), one.key)).deposits.append(part)
    return waiting


def _is_high_ticket(draft: Draft, terms: Terms) -> bool:
    kinds = kinds_of(draft, terms)
    if str(Offer.HIGH_TICKET) in kinds:
        return True
    limit, papers = terms.patterns.high_ticket_from, documents(draft, money_messenger(draft))
    return (
        not kinds
        and limit is not None
        and _currency(draft) == terms.currency
        and sum((one.total for one in papers), ZERO) >= limit
    )


def _currency(draft: Draft) -> str:
    messenger = money_messenger(draft)
    told: Iterable[Received | Order] = (*draft.received, *filter(is_paid, draft.orders))
    return next(one.currency for one in told if one.messenger is messenger)


# Money of one purchase --------------------------------------------------------------------------------


@dataclass(slots=True)
class _Sum:
    """A line while its bills are added up."""

    known: KnownLine
    identity: tuple[str | None, str, int]
    price: Decimal = ZERO
    collected: Decimal = ZERO
    due: Decimal = ZERO
    tax: Decimal = ZERO
    is_open: bool = False
    number: int = 0
    is_by_price: bool = False


def _identity(known: KnownLine) -> tuple[str | None, str, int]:
    """Return what makes lines of several bills one."""
    return known.kind, fold(known.line.product), known.line.payments


def _purchase(draft: Draft, people: People, terms: Terms, ended: dict[str, datetime], *, is_waiting: bool) -> Resolved:
    messenger, currency = money_messenger(draft), _currency(draft)
    others = [one for one in draft.received if one.messenger is messenger and one.currency != currency]
    draft.received = [one for one in draft.received if one not in others]
    papers = documents(draft, messenger)
    telling = best_telling(draft.orders, draft.received, terms) or _unknown(messenger)
    made, contract = bills(draft, telling, papers, terms), _contract(draft, telling)
    sums = _sums(made, contract, currency, terms)
    is_staff = bool(people.keys(draft) & terms.staff)
    status = _status(draft, sums, is_staff=is_staff, is_waiting=is_waiting)
    key = draft.key
    places = [*_payment_places(made, sums, status, key), *_deposit_places(draft, sums, status, key)]
    moves, is_unknown = _movements(draft, messenger, sum((one.collected for one in made), ZERO))
    moves += [move for deposit in draft.deposits for one in deposit.received for move in one.movements]
    total, tax = sum((one.total for one in made), ZERO), sum((one.tax for one in made), ZERO)
    lines, back = _lines(sums, _Back(moves, total, tax, _ended_at(draft, ended)), status, key, currency)
    emails = people.emails(draft.told)
    purchased_at, day = _moment(draft, messenger, papers, terms)
    return Resolved(
        key=key,
        status=status,
        name=_word(draft, "name"),
        email=_word(draft, "email") or next(iter(emails), ""),
        emails=tuple(emails),
        customers=customers_of(draft.told),
        currency=currency,
        purchased_at=purchased_at,
        day=day,
        lines=tuple(lines),
        places=(*places, *back, *(place for one in others for place in _in_another_currency(one, status, key))),
        orders=frozenset(map(key_of, _all_orders(draft))),
        payments=frozenset(key_of(fact) for one in _all_received(draft) for fact in one.facts),
        ids=frozenset(one.key for one in _all_received(draft)),
        way=telling.way,
        joined=tuple(draft.joined),
        total=sum((one.total for one in made), ZERO),
        is_refund_unknown=is_unknown,
        stated_email=_word(draft, "email"),
        evidence=Evidence(
            orders=tuple(_all_orders(draft)),
            received=tuple(_all_received(draft)),
            deposits=tuple(_deposit_keys(draft)),
            telling=telling,
            bills=tuple(made),
            moves=tuple(moves),
            contract=contract,
        ),
    )


def _in_another_currency(payment: Received, status: str, key: Key) -> Iterator[Place]:
    """Yield a payment that cannot be added to its purchase, and what went back of it."""
    place = OTHER_CURRENCY if status == COUNTED else _left_out(status)
    for one in _without_purchase(Draft(received=[payment])):
        yield replace(one, place=place, purchase=key)


def _all_orders(draft: Draft) -> Iterator[Order]:
    yield from draft.orders
    for deposit in draft.deposits:
        yield from deposit.orders


def _all_received(draft: Draft) -> Iterator[Received]:
    yield from draft.received
    for deposit in draft.deposits:
        yield from deposit.received


def _deposit_keys(draft: Draft) -> Iterator[Key]:
    for deposit in draft.deposits:
        yield from (one.key for one in deposit.received) if deposit.received else map(key_of, deposit.orders)


def _unknown(messenger: Messenger) -> Telling:
    return Telling(messenger, (KnownLine(Line(""), None),), NO_PRODUCT)


def _word(draft: Draft, name: str) -> str:
    """Return what the messenger that is trusted most on words says, the earliest order first."""
    told: list[Order | Payment] = sorted(
        draft.told,
        key=lambda one: (ON_WORDS.index(one.messenger), _is_second_hand(one), one.source, one.external_id),
    )
    return next((text for one in told if (text := str(getattr(one, name))).strip()), "")


def _is_second_hand(told: Order | Payment) -> bool:
    """Tell whether a paid order knows better."""
    return isinstance(told, Payment) or not is_paid(told)


def _contract(draft: Draft, telling: Telling) -> Decimal | None:
    """Return the noted price of a plan in all."""
    orders = [telling.order] if telling.order is not None and telling.order.contract is not None else draft.orders
    return max((one.contract for one in orders if one.contract is not None), default=None)


def _sums(made: Sequence[Bill], contract: Decimal | None, currency: str, terms: Terms) -> list[_Sum]:
    """Return the lines with price and collected money, those of equal products in several bills as one."""
    found: dict[tuple[str | None, str, int], _Sum] = {}
    for bill in made:
        collected = bill.so_far(bill.collected)
        taxes = shares(bill.tax, bill.due)
        for known, due, paid, tax in zip(bill.lines, bill.due, collected, taxes, strict=True):
            count = known.line.payments
            one = found.setdefault(_identity(known), _Sum(known, _identity(known), is_open=count == 0))
            one.collected += paid
            one.tax += tax * max(count, 1) if count != 1 and not one.due else tax if count == 1 else ZERO
            one.due = one.due or due
            one.price = one.price + due if count == 1 else one.due * count
    for one in found.values():
        if one.known.line.payments == 0 and contract is None:
            one.price = one.collected
    _apply_contract(list(found.values()), contract)
    sums = [_by_price(one, currency, terms) for one in found.values()]
    sums.sort(key=lambda one: one.known.rank)
    for number, one in enumerate(sums):
        one.number = number
    return sums


def _apply_contract(sums: Sequence[_Sum], contract: Decimal | None) -> None:
    again = [one for one in sums if one.known.line.payments != 1]
    if contract is None or not again:
        return
    for one, price in zip(again, shares(contract, [one.due for one in again]), strict=True):
        one.price, one.is_open = price, False


def _by_price(one: _Sum, currency: str, terms: Terms) -> _Sum:
    """Return the line as high-ticket where no pattern knows it and its price says so, in the reporting currency alone."""
    limit = terms.patterns.high_ticket_from
    if one.known.kind is None and limit is not None and currency == terms.currency and one.price >= limit:
        one.known, one.is_by_price = KnownLine(one.known.line, str(Offer.HIGH_TICKET)), True
    return one


def _status(draft: Draft, sums: Sequence[_Sum], *, is_staff: bool, is_waiting: bool) -> str:
    if any(one.test for one in draft.told):
        return TEST
    if is_staff:
        return STAFF
    if is_waiting:
        return WAITING
    return COUNTED if any(one.known.offer for one in sums) else UNCLASSIFIED


def _place_of(one: _Sum, status: str) -> str:
    if status != COUNTED:
        return _left_out(status)
    return str(one.known.offer or UNCLASSIFIED)


def _payment_places(made: Sequence[Bill], sums: Sequence[_Sum], status: str, key: Key) -> Iterator[Place]:
    """Yield where each payment is counted, line by line, so that its parts and its tax add up to it."""
    by_identity = {one.identity: one for one in sums}
    for bill in made:
        running = ZERO
        targets = [by_identity[_identity(known)] for known in bill.lines]
        for payment in bill.payments:
            parts = zip(targets, bill.so_far(running + payment.amount), bill.so_far(running), strict=True)
            running += payment.amount
            yield from _places(payment, [(one, new - old) for one, new, old in parts], status, key)


def _places(move: Movement, parts: Sequence[tuple[_Sum, Decimal]], status: str, key: Key) -> Iterator[Place]:
    """Yield where the parts of an amount are counted, and its tax, so that they add up to it."""
    rest = move.amount - sum((part for _, part in parts), ZERO)
    told = [(one.number, _place_of(one, status), part) for one, part in parts]
    if rest:
        told.append((WHOLE, TAX if status == COUNTED else _left_out(status), rest))
    for number, place, amount in told:
        yield Place(move.kind, move.key, number, place, key, amount, move.currency, move.state, move.at, move.opened_at)


def _left_out(status: str) -> str:
    return NOWHERE if status == WAITING else status


def _deposit_places(draft: Draft, sums: Sequence[_Sum], status: str, key: Key) -> Iterator[Place]:
    """Add part payments to the high-ticket line and yield where they are counted."""
    if not draft.deposits:
        return
    host = next((one for one in sums if one.known.offer is Offer.HIGH_TICKET), sums[0])
    for deposit in sorted(draft.deposits, key=lambda one: (first_moment(one), one.key)):
        papers = documents(deposit, money_messenger(deposit))
        host.collected += sum((paper.collected for paper in papers), ZERO)
        for payment in (one for paper in papers for one in paper.payments):
            yield from _places(payment, [(host, payment.amount)], status, key)
    host.price = max(host.price, host.collected)


def _movements(draft: Draft, messenger: Messenger, collected: Decimal) -> tuple[list[Movement], bool]:
    """Return what went back or is disputed: as the provider says, else as orders say; and whether an amount is unknown."""
    own = [move for one in draft.received if one.messenger is messenger for move in one.movements]
    others = [move for one in draft.received if one.messenger is not messenger for move in one.movements]
    sources = {one.source for one in draft.orders if one.messenger is not Messenger.PAYMENT_PROVIDER}
    for stray in draft.strays:
        (others if stray.key[0] in sources and messenger is Messenger.PAYMENT_PROVIDER else own).append(stray)
    known = [move for move in own if move.state in GONE]
    told = [*own] if known else [*own, *(move for move in others if move.state in GONE)]
    if not (messenger is Messenger.PAYMENT_PROVIDER and known):
        told += _order_refunds(draft, collected, sum((move.amount for move in told if move.state in GONE), ZERO))
    if not any(move.kind == "dispute" for move in told):
        told += [move for move in others if move.kind == "dispute"] or _order_disputes(draft)
    is_unknown = any(order.refunded is None for order in draft.orders) and not any(
        move.state is MoneyState.REFUNDED for move in told
    )
    return _within(told, collected), is_unknown


def _order_refunds(draft: Draft, collected: Decimal, known: Decimal) -> list[Movement]:
    """Return what orders say went back beyond what is known; a paid order that was voided is refunded in full."""
    found: list[tuple[Decimal, Order]] = []
    for order in draft.orders:
        if order.state is OrderState.VOIDED and order.paid_at is not None:
            found.append((collected, order))
        elif order.refunded:
            found.append((order.refunded, order))
    if not found:
        return []
    amount, order = max(found, key=lambda pair: (pair[0], key_of(pair[1])))
    if amount <= known:
        return []
    at = order.refunded_at or order.as_of
    return [Movement("refund", key_of(order), amount - known, order.currency, MoneyState.REFUNDED, at)]


def _order_disputes(draft: Draft) -> list[Movement]:
    disputed = [one for one in draft.orders if one.disputed]
    if not disputed:
        return []
    order = max(disputed, key=lambda one: (one.disputed, key_of(one)))
    return [
        Movement("dispute", key_of(order), order.disputed, order.currency, MoneyState.OPEN, order.as_of, order.as_of)
    ]


def _within(moves: Sequence[Movement], collected: Decimal) -> list[Movement]:
    """Return the movements in the order they happened; no more goes back or is at risk than came in."""
    order = {MoneyState.REFUNDED: 0, MoneyState.LOST: 0, MoneyState.OPEN: 1, MoneyState.WON: 2}
    kept, left = [], collected
    for one in sorted(moves, key=lambda move: (order[move.state], move.at or NEVER, move.key)):
        amount = min(one.amount, left) if one.state is not MoneyState.WON else one.amount
        left -= amount if one.state is not MoneyState.WON else ZERO
        kept.append(Movement(one.kind, one.key, amount, one.currency, one.state, one.at, one.opened_at))
        if one.amount > amount:
            kept.append(
                Movement(one.kind, one.key, one.amount - amount, one.currency, MoneyState.WON, one.at, one.opened_at)
            )
    return kept


@dataclass(frozen=True, slots=True)
class _Back:
    """What went back of a purchase: its movements, its total with the tax in it, and when its plan ended."""

    moves: Sequence[Movement]
    total: Decimal
    tax: Decimal
    ended_at: datetime | None


def _lines(
    sums: Sequence[_Sum], back: _Back, status: str, key: Key, currency: str
) -> tuple[list[ResolvedLine], list[Place]]:
    """Return the lines with what went back of each, and where each part of it is counted."""
    gone, risk, places = _shared_back(sums, back, status, key)
    resolved = []
    for at, one in enumerate(sums):
        written_off = _written_off(one, back.ended_at)
        if written_off:
            ended = Movement("plan", key, written_off, currency, MoneyState.LOST, back.ended_at)
            places += _places(ended, [(one, written_off)], status, key)
        resolved.append(
            ResolvedLine(
                number=one.number,
                offer=one.known.offer,
                product=one.known.line.product,
                price=one.price,
                collected=one.collected,
                refunded=gone[at],
                at_risk=risk[at],
                written_off=written_off,
                tax=one.tax,
                is_open_plan=one.is_open,
                payments=one.known.line.payments,
                is_by_price=one.is_by_price,
            )
        )
    return resolved, places


def _written_off(one: _Sum, ended_at: datetime | None) -> Decimal:
    """Return what of a plan that ended will never be paid."""
    return max(one.price - one.collected, ZERO) if ended_at is not None and one.known.line.payments != 1 else ZERO


def _shared_back(
    sums: Sequence[_Sum], back: _Back, status: str, key: Key
) -> tuple[list[Decimal], list[Decimal], list[Place]]:
    """Return what went back and what is at risk of each line, shared from the running total."""
    weights, running = _weights(sums), ZERO
    gone, risk = [ZERO] * len(sums), [ZERO] * len(sums)
    places: list[Place] = []
    for move in back.moves:
        if move.state is MoneyState.WON:
            place = COUNTED if status == COUNTED else _left_out(status)
            places.append(
                Place(
                    move.kind,
                    move.key,
                    WHOLE,
                    place,
                    key,
                    move.amount,
                    move.currency,
                    move.state,
                    move.at,
                    move.opened_at,
                )
            )
            continue
        before = shares(before_tax(running, back.total, back.tax), weights)
        running += move.amount
        after = shares(before_tax(running, back.total, back.tax), weights)
        parts = [new - old for new, old in zip(after, before, strict=True)]
        for at, part in enumerate(parts):
            (gone if move.state in GONE else risk)[at] += part
        places += _places(move, list(zip(sums, parts, strict=True)), status, key)
    return gone, risk, places


def _weights(sums: Sequence[_Sum]) -> list[Decimal]:
    """Return what refunds and disputes are shared by: the lines' amounts, of a plan what was collected of each."""
    paid, prices = [one.collected for one in sums], [one.price for one in sums]
    is_plan = any(one.known.line.payments != 1 for one in sums)
    return paid if is_plan and any(paid) else prices if any(prices) else [Decimal(1)] * len(sums)


def _ended_at(draft: Draft, ended: dict[str, datetime]) -> datetime | None:
    ids = {one.plan_id for one in draft.orders} | {one.external_id for one in draft.orders}
    found = [ended[one] for one in ids if one in ended]
    return min(found, default=None)


def _moment(
    draft: Draft, messenger: Messenger, papers: Sequence[Document], terms: Terms
) -> tuple[datetime, tuple[datetime, datetime] | None]:
    """Return when the first payment succeeded, and the day's bounds where only the date is known."""
    timed = [one.paid_at for one in _all_received(draft) if one.messenger is messenger and not one.date_only]
    orders = [one for paper in papers for one in paper.orders if is_paid(one) and _knows_more(one, paper)]
    timed += [one.paid_at or one.ordered_at for one in orders if not one.date_only]
    deposits = [first_moment(deposit) for deposit in draft.deposits]
    if timed:
        return min([*timed, *deposits]), None
    exact = [first_moment_of(one) for one in draft.orders if is_paid(one) and not one.date_only]
    if exact:
        return min([*exact, *deposits]), None
    at = min([papers[0].first, *deposits])
    return at, terms.day_of(at)


def _knows_more(order: Order, paper: Document) -> bool:
    """Tell whether an order knows of a payment that is not known by itself."""
    paid = sum((one.amount for one in paper.received), ZERO)
    return not paper.received or (order.collected is not None and order.collected > paid)


def first_moment_of(order: Order) -> datetime:
    """Return when an order's first payment came."""
    return order.paid_at or order.ordered_at


def _double_charges(purchases: Sequence[Resolved], window: timedelta) -> Iterator[DoubleCharge]:
    """Yield each provider payment that follows an equal one of the same person and kind within the window."""
    found: dict[Key, DoubleCharge] = {}
    for alike in _alike(purchases):
        alike.sort(key=lambda pair: (pair[0].paid_at, pair[0].key))
        for (earlier, _), (later, purchase) in pairwise(alike):
            if later.paid_at - earlier.paid_at <= window:
                found.setdefault(later.key, DoubleCharge(later, purchase, earlier.key))
    yield from found.values()


def _alike(purchases: Sequence[Resolved]) -> Iterable[list[tuple[Received, Resolved]]]:
    """Return the provider's payments by provider, person, kind, amount and currency."""
    seen: defaultdict[tuple[str, str | Key, Offer, Decimal, str], list[tuple[Received, Resolved]]] = defaultdict(list)
    for purchase in purchases:
        if purchase.status != COUNTED or purchase.offer is None:
            continue
        for one in purchase.received:
            if one.messenger is Messenger.PAYMENT_PROVIDER:
                for person in {email_keys(email).key for email in purchase.emails} | purchase.customers:
                    seen[one.key[0], person, purchase.offer, one.amount, one.currency].append((one, purchase))
    return seen.values()
