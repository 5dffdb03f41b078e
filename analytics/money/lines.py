"""Which lines a purchase has, what falls due for each, and which messenger's telling of them is believed."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from analytics.folding import fold
from analytics.money.drafts import ON_MONEY, ON_WORDS, PART_PAYMENT, kind_of
from analytics.money.facts import Terms, key_of
from analytics.money.payments import Received
from analytics.money.sharing import ZERO, shares
from analytics.offers import HIGHEST_FIRST
from analytics.records import Line, Messenger, Offer, Order, Payment

# "Replay Workbook, Founders Mastermind" are two products; "price_1AbC" is no name.
_BETWEEN = re.compile(r"\s*[,;\n]\s*")
_IS_ID = re.compile(r"[a-z]+_[A-Za-z0-9]+").fullmatch
WAYS = ("as told line by line", "one product for the whole order", "the highest product for the whole order")
NO_PRODUCT = "no product is told"


@dataclass(frozen=True, slots=True)
class KnownLine:
    """A line with its kind (an offer, a part payment, or None for a text that no pattern knows)."""

    line: Line
    kind: str | None

    @property
    def rank(self) -> int:
        """Return the place among kinds, the highest first; what is unknown comes last."""
        order = [*map(str, HIGHEST_FIRST), PART_PAYMENT]
        return order.index(self.kind) if self.kind in order else len(order)

    @property
    def offer(self) -> Offer | None:
        """Return the offer, if it is one."""
        return Offer(self.kind) if self.kind in set(Offer) else None


@dataclass(frozen=True, slots=True)
class Telling:
    """All that one messenger says of the lines; `way` says how they are told."""

    messenger: Messenger
    lines: tuple[KnownLine, ...]
    way: str
    order: Order | None = None


def best_telling(orders: Sequence[Order], received: Sequence[Received], terms: Terms) -> Telling | None:
    """Return the telling to believe: several lines with amounts, else the highest product, else the funnel tool's words."""
    tellings = [*_by_orders(orders, terms), *_by_payments(received, terms)]
    best = min(tellings, key=_preference, default=None)
    return None if best is None else _with_payments(_with_name(best, tellings), orders)


def _with_name(telling: Telling, tellings: Sequence[Telling]) -> Telling:
    """Return one product under the text of another messenger where its own tells none."""
    (known, *others) = telling.lines
    alone = [one.lines[0] for one in tellings if len(one.lines) == 1]
    return telling if others else replace(telling, lines=(_titled(known, alone),))


def _titled(known: KnownLine, lines: Sequence[KnownLine]) -> KnownLine:
    """Return a product that is known by ids alone under another text, unless that is another product's."""
    texts = (one.line.product for one in lines if one.kind in {None, known.kind} and one.line.product.strip())
    title = known.line.product if known.line.product.strip() else next(texts, "")
    return replace(known, line=replace(known.line, product=title))


def _with_payments(telling: Telling, orders: Sequence[Order]) -> Telling:
    """Return one product with the number of payments that another messenger's plan has: it may know of none."""
    (known, *others) = telling.lines
    if others or known.line.payments != 1:
        return telling
    planned = sorted((one for one in orders if _payments(one) != 1), key=lambda one: ON_MONEY.index(one.messenger))
    payments = _payments(planned[0]) if planned else 1
    return replace(telling, lines=(replace(known, line=replace(known.line, payments=payments)),))


def _payments(order: Order) -> int:
    """Return the number of payments of an order's plan: 1 without one, 0 where it is open."""
    return next((line.payments for line in order.lines if line.payments != 1), 1)


def _preference(telling: Telling) -> tuple[bool, bool, int, int]:
    known = [one for one in telling.lines if one.kind is not None]
    is_itemised = telling.way == WAYS[0] and len(telling.lines) > 1
    return not known, not is_itemised, min(one.rank for one in telling.lines), ON_WORDS.index(telling.messenger)


def _by_orders(orders: Sequence[Order], terms: Terms) -> Iterator[Telling]:
    """Yield each messenger's lines: of the order that tells amounts, else all its products with one total."""
    for messenger in ON_WORDS:
        mine = sorted((one for one in orders if one.messenger is messenger and one.lines), key=key_of)
        itemised = [one for one in mine if _has_amounts(one)]
        for order in itemised:
            yield Telling(messenger, _known(order.lines, terms), WAYS[0], order)
        loose = tuple(line for one in mine if one not in itemised for line in one.lines)
        if loose:
            yield _as_one(messenger, _known(_named(loose, terms), terms), _with_plan(mine))


def _with_plan(orders: Sequence[Order]) -> Order:
    """Return the order that tells a plan, else the first."""
    return next((one for one in orders if _payments(one) != 1), orders[0])


def _has_amounts(order: Order) -> bool:
    amounts = [line.amount for line in order.lines if line.amount is not None]
    is_free = not order.total and not order.contract
    return len(amounts) == len(order.lines) and (sum(amounts, ZERO) > 0 or is_free)


def _by_payments(received: Sequence[Received], terms: Terms) -> Iterator[Telling]:
    for messenger in ON_WORDS:
        facts: list[Payment] = [fact for one in received if one.messenger is messenger for fact in one.facts]
        lines = [Line(fact.product, fact.labels) for fact in facts if fact.product or fact.labels]
        if lines:
            yield _as_one(messenger, _known(_named(lines, terms), terms), None)


def _as_one(messenger: Messenger, lines: Sequence[KnownLine], order: Order | None) -> Telling:
    """Return products with one total as one line: the highest of them."""
    highest = _titled(min(lines, key=lambda one: one.rank), lines)
    names = {fold(one.line.product) for one in lines}
    payments = 1 if order is None else _payments(order)
    whole = replace(highest, line=replace(highest.line, amount=None, payments=payments))
    return Telling(messenger, (whole,), WAYS[1] if len(names) == 1 else WAYS[2], order)


def _named(lines: Sequence[Line], terms: Terms) -> list[Line]:
    """Return lines without amounts, one for each product where one text names products of several kinds."""
    return [product for line in lines for product in _products(line, terms)]


def _products(line: Line, terms: Terms) -> list[Line]:
    if line.offer is not None:
        return [line]
    texts = [line.product] if line.product else [label for label in line.labels if not _IS_ID(label)]
    names = [name for text in texts for name in _BETWEEN.split(text) if kind_of((name,), terms)]
    kinds = {kind_of((name,), terms) for name in names}
    is_one = len(kinds) < 2 if line.product else not names  # noqa: PLR2004 (of two kinds)
    if is_one or _kind(line, terms) not in kinds:
        return [line]
    return [replace(line, product=name, labels=(name,)) for name in names]


def _known(lines: Sequence[Line], terms: Terms) -> tuple[KnownLine, ...]:
    return tuple(KnownLine(line, _kind(line, terms)) for line in lines)


def _kind(line: Line, terms: Terms) -> str | None:
    kind = line.offer or kind_of((line.product, *line.labels), terms)
    return None if kind is None else str(kind)


def merged(lines: Sequence[KnownLine]) -> list[KnownLine]:
    """Return the lines of an order with equal products as one, the highest kind first."""
    found: dict[tuple[str | None, str, int], KnownLine] = {}
    for one in lines:
        key = (one.kind, fold(one.line.product), one.line.payments)
        if (twin := found.get(key)) is None:
            found[key] = one
        elif one.line.amount is not None and twin.line.amount is not None:
            found[key] = replace(twin, line=replace(twin.line, amount=twin.line.amount + one.line.amount))
    return sorted(found.values(), key=lambda one: one.rank)


def due_amounts(lines: Sequence[KnownLine], total: Decimal) -> list[Decimal]:
    """Return what falls due for each line with the first payment, so that the lines add up to the total before tax."""
    amounts = [ZERO if one.line.amount is None else one.line.amount for one in lines]
    return shares(total, amounts) if any(amounts) else shares(total, [Decimal(1), *(ZERO for _ in amounts[1:])])
