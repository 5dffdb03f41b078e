"""Why a purchase is what it is: the facts that make it up, what joined them, and how its money is shared over its lines.

Pure. It reads what the resolution concluded and what it concluded it from, and decides nothing by itself.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from analytics.money.bills import Bill
from analytics.money.drafts import Joined, ids_of
from analytics.money.facts import Facts, Key, Terms, key_of
from analytics.money.lines import NO_PRODUCT, WAYS
from analytics.money.payments import MoneyState, Received
from analytics.money.resolution import WHOLE, Place, Resolved, ResolvedLine, resolve
from analytics.money.sharing import ZERO
from analytics.records import Order

SHARED_ID, PART_PAYMENT = "shared id", "part payment"


class Rule(StrEnum):
    """Why a line has its product and its price."""

    LINE_BY_LINE = "line by line"
    ONE_PRODUCT = "one product"
    HIGHEST_PRODUCT = "highest product"
    PRODUCT_UNKNOWN = "product unknown yet"
    BY_PRICE = "price threshold"
    PLAN = "plan price"
    NOTED_PRICE = "noted plan price"
    OPEN_PLAN = "open plan"
    ENDED_PLAN = "ended plan"
    DEPOSIT = "part payment"
    REFUND_UNKNOWN = "refund of unknown amount"


_WAYS = dict(
    zip(
        (*WAYS, NO_PRODUCT),
        (Rule.LINE_BY_LINE, Rule.ONE_PRODUCT, Rule.HIGHEST_PRODUCT, Rule.PRODUCT_UNKNOWN),
        strict=True,
    )
)


@dataclass(frozen=True, slots=True)
class TracedFact:
    """An order, payment, refund or dispute of the purchase; `told_by` are the objects of its provider that tell it."""

    kind: str
    key: Key
    messenger: str
    state: str
    at: datetime | None
    amount: Decimal | None
    currency: str
    product: str = ""
    told_by: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Share:
    """An amount of the whole purchase and its parts by line; `rest` is what is no line's, and where that is counted."""

    kind: str
    key: Key
    amount: Decimal
    parts: tuple[tuple[int, Decimal], ...]
    rest: tuple[tuple[str, Decimal], ...] = ()


@dataclass(frozen=True, slots=True)
class Reason:
    """A rule that was used, with the line it is about (WHOLE: all of them), and an amount or a key where it has one."""

    rule: Rule
    line: int = WHOLE
    amount: Decimal | None = None
    key: Key | None = None


@dataclass(frozen=True, slots=True)
class MoneyTrace:
    """One purchase with everything that explains its money; `told_by` is the messenger whose lines are believed."""

    key: Key
    status: str
    currency: str
    total: Decimal
    tax: Decimal
    told_by: str
    facts: tuple[TracedFact, ...]
    joins: tuple[Joined, ...]
    lines: tuple[ResolvedLine, ...]
    shares: tuple[Share, ...]
    reasons: tuple[Reason, ...]


def trace(facts: Facts, terms: Terms, key: Key) -> MoneyTrace | None:
    """Return why the purchase of a key is what it is; None where the facts make no such purchase."""
    found = next((one for one in resolve(facts, terms).purchases if one.key == key), None)
    return None if found is None else traced(found)


def traced(one: Resolved) -> MoneyTrace:
    """Return the explanation of a purchase."""
    return MoneyTrace(
        key=one.key,
        status=one.status,
        currency=one.currency,
        total=one.total,
        tax=sum((bill.tax for bill in one.evidence.bills), ZERO),
        told_by=one.evidence.telling.messenger.value,
        facts=tuple(_facts(one)),
        joins=tuple(_joins(one)),
        lines=one.lines,
        shares=(*_discounts(one), *_shares(one.places)),
        reasons=tuple(_reasons(one)),
    )


def _facts(one: Resolved) -> Iterator[TracedFact]:
    """Yield what the messengers tell, orders first, then money in the order it moved."""
    for order in one.evidence.orders:
        products = ", ".join(line.product for line in order.lines if line.product)
        at, state = order.paid_at or order.ordered_at, order.state.value
        yield TracedFact(
            "order", key_of(order), order.messenger.value, state, at, order.total, order.currency, products
        )
    for paid in one.received:
        product = next((fact.product for fact in paid.facts if fact.product), "")
        told_by = tuple(fact.external_id for fact in paid.facts)
        messenger, state = paid.messenger.value, MoneyState.RECEIVED.value
        yield TracedFact(
            "payment", paid.key, messenger, state, paid.paid_at, paid.amount, paid.currency, product, told_by
        )
    for move in one.evidence.moves:
        yield TracedFact(move.kind, move.key, "", move.state.value, move.at, move.amount, move.currency)


def _joins(one: Resolved) -> Iterator[Joined]:
    yield from _by_id((*one.evidence.orders, *one.received))
    yield from one.joined
    for key in one.evidence.deposits:
        yield Joined(PART_PAYMENT, one.key, key)


def _by_id(things: Sequence[Order | Received]) -> Iterator[Joined]:
    """Yield what makes facts one by an id that both mention, each fact once: a chain of as many links as are needed."""
    groups: list[dict[str, Key]] = []  # by id, the fact that mentions it first
    for thing in things:
        key = key_of(thing) if isinstance(thing, Order) else thing.key
        mine = dict.fromkeys(sorted(ids_of(thing)), key)
        for group in [one for one in groups if one.keys() & mine.keys()]:
            shared = min(group.keys() & mine.keys())
            yield Joined(SHARED_ID, group[shared], key, shared_id=shared)
            groups.remove(group)
            mine |= group
        groups.append(mine)


def _discounts(one: Resolved) -> Iterator[Share]:
    """Yield what the whole order is reduced by, line by line."""
    for bill in one.evidence.bills:
        amounts = [line.line.amount for line in bill.lines]
        known = [amount for amount in amounts if amount is not None]
        less = sum(known, ZERO) - sum(bill.due, ZERO)
        if len(known) == len(amounts) > 1 and less > 0:
            parts = tuple((number, known[at] - bill.due[at]) for at, number in enumerate(_numbers(one, bill)))
            yield Share("discount", one.key, less, parts)


def _numbers(one: Resolved, bill: Bill) -> list[int]:
    """Return which line of the purchase each line of a bill is."""
    by_product = {line.product: line.number for line in one.lines}
    return [by_product.get(known.line.product, at) for at, known in enumerate(bill.lines)]


def _shares(places: Sequence[Place]) -> Iterator[Share]:
    """Yield each payment, refund, dispute and ended plan with its parts."""
    found: defaultdict[tuple[str, Key, MoneyState], list[Place]] = defaultdict(list)
    for place in places:
        found[place.kind, place.key, place.state].append(place)
    for (kind, key, state), parts in found.items():
        name = {MoneyState.OPEN: "at risk", MoneyState.LOST: "lost", MoneyState.WON: "won back"}.get(state, kind)
        by_line: defaultdict[int, Decimal] = defaultdict(Decimal)
        for one in parts:
            if one.part != WHOLE:
                by_line[one.part] += one.amount
        rest = tuple((one.place, one.amount) for one in parts if one.part == WHOLE)
        amount = sum((one.amount for one in parts), ZERO)
        yield Share("ended plan" if kind == "plan" else name, key, amount, tuple(sorted(by_line.items())), rest)


def _reasons(one: Resolved) -> Iterator[Reason]:
    yield Reason(_WAYS[one.evidence.telling.way])
    for line in one.lines:
        yield from _reasons_of(line, is_noted=one.evidence.contract is not None)
    yield from (Reason(Rule.DEPOSIT, key=key) for key in one.evidence.deposits)
    if one.is_refund_unknown:
        yield Reason(Rule.REFUND_UNKNOWN)


def _reasons_of(line: ResolvedLine, *, is_noted: bool) -> Iterator[Reason]:
    """Yield why a line counts, and why at its price."""
    if line.offer is not None and not line.product.strip():
        yield Reason(Rule.PRODUCT_UNKNOWN, line.number)
    if line.is_by_price:
        yield Reason(Rule.BY_PRICE, line.number, line.price)
    if line.is_open_plan:
        yield Reason(Rule.OPEN_PLAN, line.number, line.price)
    elif line.payments != 1:
        yield Reason(Rule.NOTED_PRICE if is_noted else Rule.PLAN, line.number, line.price)
    if line.written_off:
        yield Reason(Rule.ENDED_PLAN, line.number, line.written_off)
