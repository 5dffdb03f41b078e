"""The lines of an order, and the money of each."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from tests.reference.facts import ZERO, Bought, Item, Refund, UnclearError
from tests.reference.offers import HIGH_TICKET, KINDS, Settings, kind_by_text
from tests.reference.orders import FILE, FUNNEL, PROVIDER, Order
from tests.reference.shares import shared


@dataclass
class Line:
    """One product of an order: its price, and what became of its money."""

    name: str
    kind: str
    price: Decimal
    collected: Decimal = ZERO
    refunded: Decimal = ZERO
    lost: Decimal = ZERO
    at_risk: Decimal = ZERO
    unpaid: Decimal = ZERO  # of a plan that ended

    @property
    def net(self) -> Decimal:
        """Return what is left of the price."""
        return self.price - self.refunded - self.lost - self.unpaid

    @property
    def is_net(self) -> bool:
        """Tell whether the sale still stands."""
        return self.net > 0 or not self.price


def priced_lines(order: Order, settings: Settings) -> list[Line]:
    """Return the lines with their prices."""
    items, names = _items(order), _names(order)
    tax = _tax(order)
    if not items:
        return [_one_line(order, names, tax, settings)]
    if order.instalment is not None:
        return _lines_of_plan(order, items, settings)
    before = order.total - tax
    weights = [item.amount for item in items]
    discount = sum(weights, ZERO) - before
    if discount < 0:
        raise UnclearError("an order that costs more than its lines")
    prices = [amount - part for amount, part in zip(weights, shared(discount, weights), strict=True)]
    if settings.counts_tax:
        prices = [price + part for price, part in zip(prices, shared(tax, prices), strict=True)]
    texts = [[item.name, *item.texts] for item in items]
    if len(items) == 1:
        texts = [list(order.texts)]
    name = _funnel_name(order)
    return [
        Line(name if name and len(items) == 1 else item.name, _kind(words, price, order, settings), price)
        for item, words, price in zip(items, texts, prices, strict=True)
    ]


def _tax(order: Order) -> Decimal:
    told = {one.tax for one in order.bought if one.tax is not None}
    if len(told) > 1:
        raise UnclearError("two taxes of one order")
    return next(iter(told), ZERO)


def _items(order: Order) -> tuple[Item, ...]:
    """Return lines with amounts: the provider's, else the funnel tool's."""
    for messenger in (PROVIDER, *FUNNEL):
        mine = {one.items for one in order.bought if one.messenger == messenger and one.items}
        if len(mine) > 1:
            return max(mine, key=len)
        if mine:
            return next(iter(mine))
    return ()


def _names(order: Order) -> list[str]:
    """Return the products that are named beside one total, the funnel tool's first."""
    rank = {name: place for place, name in enumerate((*FUNNEL, PROVIDER, FILE))}
    told = sorted(order.bought, key=lambda one: (rank[one.messenger], repr(one)))
    return list(dict.fromkeys(name for one in told for name in one.names))


def _funnel_name(order: Order) -> str:
    names = {item.name for one in order.bought if one.messenger in FUNNEL for item in one.items}
    return next(iter(names)) if len(names) == 1 else ""


def _one_line(order: Order, names: Sequence[str], tax: Decimal, settings: Settings) -> Line:
    price = order.total if settings.counts_tax else order.total - tax
    kind = _kind(list(order.texts), price, order, settings)
    by_kind = {kind_by_text(settings, [name]): name for name in reversed(names)}
    name = next((by_kind[one] for one in KINDS if one in by_kind), names[0] if names else "")
    return Line(name, kind, price)


def _lines_of_plan(order: Order, items: Sequence[Item], settings: Settings) -> list[Line]:
    if len(items) > 1 or _tax(order):
        raise UnclearError("a plan beside other lines, or with tax")
    item = items[0]
    price = item.amount * order.instalments
    if not order.instalments:
        price = sum((amount for amount, _ in order.payments()), ZERO)
    kind = kind_by_text(settings, order.texts)
    if not kind and settings.high_ticket_from is not None:
        raise UnclearError("a plan measured by its price")
    return [Line(_funnel_name(order) or item.name, kind, price)]


def _kind(texts: Sequence[str], price: Decimal, order: Order, settings: Settings) -> str:
    kind = kind_by_text(settings, texts) or next((one.kind for one in order.bought if one.kind), "")
    is_measured = settings.high_ticket_from is not None and order.currency == settings.currency
    if not kind and is_measured and price >= (settings.high_ticket_from or ZERO):
        return HIGH_TICKET
    return kind


def settle(order: Order, lines: Sequence[Line], now: datetime, settings: Settings) -> None:
    """Give each line its part of what was paid, refunded and contested until a moment."""
    paid = sum((amount for amount, at in order.payments() if at <= now), ZERO)
    whole = sum((amount for amount, _ in order.payments()), ZERO)
    lost, at_risk = _contested(order, whole, now)
    parts = {
        "collected": paid,
        "refunded": _refunded(order, whole, now),
        "lost": lost,
        "at_risk": at_risk,
    }
    for name, amount in parts.items():
        for line, part in zip(lines, _before_tax(amount, order, lines, settings), strict=True):
            setattr(line, name, part)
    if any(one.at <= now for one in order.ended):
        for line in lines:
            line.unpaid = max(ZERO, line.price - line.collected)
    if len([line for line in lines if line.kind]) > 1 and 0 < parts["refunded"] < whole == parts["refunded"] + lost:
        raise UnclearError("the cents of lines of which nothing is left")


def _before_tax(amount: Decimal, order: Order, lines: Sequence[Line], settings: Settings) -> list[Decimal]:
    tax = ZERO if settings.counts_tax else _tax(order)
    weights = [line.price for line in lines]
    together = shared(amount, [*weights, tax])[:-1]
    if tax:
        of_tax = (amount * tax / order.total).quantize(Decimal("0.01"))
        if shared(amount - of_tax, weights) != together:
            raise UnclearError("the cents of tax")
    return together


def _refunded(order: Order, paid: Decimal, now: datetime) -> Decimal:
    told = [one for one in order.refunds if one.at is None or one.at <= now]
    if any(one.state == "all" for one in told):
        return paid
    failed = {one.id for one in told if one.state == "failed"}
    _refuse_gaps(told)
    sums: dict[bool, dict[str, Decimal]] = {True: {}, False: {}}
    for one in told:
        if one.id not in failed and one.amount is not None:
            is_provider = not one.id.startswith(("cf2", "file"))
            sums[is_provider][one.id] = one.amount
    found = max(sum(some.values(), ZERO) for some in sums.values())
    if found > paid:
        raise UnclearError("more refunded than paid")
    return found


def _refuse_gaps(told: Sequence[Refund]) -> None:
    """Refuse running totals and single refunds of which neither holds all of the other's."""
    for on in {one.on for one in told}:
        totals = {one.id for one in told if one.on == on and one.by_total}
        single = {one.id for one in told if one.on == on and not one.by_total}
        if totals - single and single - totals:
            raise UnclearError("running totals and refunds that lack each other's")


def _contested(order: Order, paid: Decimal, now: datetime) -> tuple[Decimal, Decimal]:
    """Return what was lost and what is at risk."""
    states: dict[str, set[str]] = {}
    amounts: dict[str, Decimal | None] = {}
    for one in order.disputes:
        if one.at <= now:
            states.setdefault(one.id, set()).add(one.state)
            amounts[one.id] = one.amount
    if any(amount is not None for amount in amounts.values()):
        amounts = {name: amount for name, amount in amounts.items() if amount is not None}
    lost = at_risk = ZERO
    for name, amount in amounts.items():
        money = paid if amount is None else amount
        if "lost" in states[name]:
            lost += money
        elif "won" not in states[name]:
            at_risk += money
    return lost, at_risk


def deposit_into(order: Order, lines: Sequence[Line]) -> None:
    """Raise the price of the high-ticket line to what was paid with its part payments, where that is more."""
    if not order.deposits:
        return
    if len(lines) > 1:
        raise UnclearError("part payments of an order of several lines")
    paid = sum((amount for amount, _ in order.payments()), ZERO)
    lines[0].price = max(lines[0].price, paid)


def described(order: Order) -> Bought:
    """Return the description that names the buyer best."""
    return next((one for one in order.by_rank if one.name), order.by_rank[0])
