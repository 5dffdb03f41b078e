"""What falls due and what was collected, line by line: one bill for most purchases, one for each invoice of a plan."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from analytics.money.components import components
from analytics.money.drafts import ON_MONEY, Draft, is_paid
from analytics.money.facts import Terms, key_of, own_ids
from analytics.money.lines import KnownLine, Telling, best_telling, due_amounts, merged
from analytics.money.payments import MoneyState, Movement, Received
from analytics.money.sharing import ZERO, before_tax, shares
from analytics.records import Messenger, Order


@dataclass(frozen=True, slots=True)
class Document:
    """Orders and payments of one messenger that are about one bill."""

    orders: tuple[Order, ...]
    received: tuple[Received, ...]

    @property
    def total(self) -> Decimal:
        """Return what the buyer was to pay: as an order says, else what was paid."""
        told = [one.total for one in self.orders if one.total is not None]
        return max(told) if told else sum((one.amount for one in self.received), ZERO)

    @property
    def tax(self) -> Decimal:
        """Return the tax in the total."""
        return max((one.tax for one in self.orders), default=ZERO)

    @property
    def collected(self) -> Decimal:
        """Return what came in: its payments, or what an order says if that is more."""
        return sum((one.amount for one in self.payments), ZERO)

    @property
    def stated(self) -> tuple[Movement, ...]:
        """Return what an order says came in beyond the payments, as a payment under the order's key."""
        paid = sum((one.amount for one in self.received), ZERO)
        settled = [one for one in self.orders if is_paid(one)]
        amounts = [(_collected(one, has_payments=bool(self.received)), key_of(one), one) for one in settled]
        amount, key, order = max(amounts, key=lambda found: found[:2], default=(ZERO, ("", ""), None))
        if order is None or amount <= paid:
            return ()
        at = order.paid_at or order.ordered_at
        return (Movement("payment", key, amount - paid, order.currency, MoneyState.RECEIVED, at),)

    @property
    def payments(self) -> tuple[Movement, ...]:
        """Return what came in one by one: its payments, then what an order says beyond them."""
        paid = (
            Movement("payment", one.key, one.amount, one.currency, MoneyState.RECEIVED, one.paid_at)
            for one in self.received
        )
        return (*paid, *self.stated)

    @property
    def first(self) -> datetime:
        """Return when its first payment came."""
        exact = [one.paid_at for one in self.received]
        return min(exact or [one.paid_at or one.ordered_at for one in self.orders])


def _collected(order: Order, *, has_payments: bool) -> Decimal:
    if order.collected is not None:
        return order.collected
    return ZERO if has_payments else order.total or ZERO


@dataclass(frozen=True, slots=True)
class Bill:
    """Lines with what falls due for each with one payment, before tax; `total` is with tax."""

    lines: tuple[KnownLine, ...]
    due: tuple[Decimal, ...]
    total: Decimal
    tax: Decimal
    collected: Decimal
    payments: tuple[Movement, ...]  # what came in, one by one

    def so_far(self, collected: Decimal) -> list[Decimal]:
        """Return what each line has of a running total: the first payment by all that is due, later ones by the plan's lines."""
        again = [due if one.line.payments != 1 else ZERO for one, due in zip(self.lines, self.due, strict=True)]
        if collected <= self.total or not any(again):
            return shares(before_tax(collected, self.total, self.tax), self.due)
        tax = self.tax * sum(again, ZERO) / (sum(self.due, ZERO) or 1)
        later = shares(before_tax(collected - self.total, sum(again, ZERO) + tax, tax), again)
        return [due + more for due, more in zip(self.due, later, strict=True)]


def money_messenger(draft: Draft) -> Messenger:
    """Return whose money counts: the provider's if it tells a payment or a paid order, then the funnel's, then a file's."""
    active = {one.messenger for one in draft.received} | {one.messenger for one in draft.orders if is_paid(one)}
    return next(one for one in ON_MONEY if one in active)


def documents(draft: Draft, messenger: Messenger) -> list[Document]:
    """Return the bills that a messenger tells of, the first paid first; orders of one plan are bills of their own."""
    things: list[Order | Received] = [
        *(one for one in draft.orders if one.messenger is messenger),
        *(one for one in draft.received if one.messenger is messenger),
    ]
    found = []
    for group in components(things, (_ids(thing) for thing in things)):
        orders = tuple(sorted((one for one in group if isinstance(one, Order)), key=key_of))
        received = tuple(
            sorted((one for one in group if isinstance(one, Received)), key=lambda one: (one.paid_at, one.key))
        )
        if received or any(is_paid(one) for one in orders):
            found.append(Document(orders, received))
    return sorted(
        found, key=lambda one: (one.first, min([key_of(order) for order in one.orders] or [one.received[0].key]))
    )


def _ids(thing: Order | Received) -> set[str]:
    return own_ids(thing) if isinstance(thing, Order) else set(thing.ids | thing.order_ids)


def bills(draft: Draft, telling: Telling, papers: Sequence[Document], terms: Terms) -> list[Bill]:
    """Return the bills of a purchase: each invoice of a plan by its own lines, else one with all that was collected."""
    is_plan = any(one.line.payments != 1 for one in telling.lines)
    own = telling.order is not None and telling.order in [order for paper in papers for order in paper.orders]
    if is_plan and own and len(papers) > 1:
        return [_bill(_lines_of(paper, telling, terms), paper, terms) for paper in papers]
    total = papers[0].total if is_plan else max(sum((paper.total for paper in papers), ZERO), _by_file(draft, papers))
    tax = papers[0].tax if is_plan else sum((paper.tax for paper in papers), ZERO)
    if not tax and telling.order is not None and telling.order.total == total:
        tax = telling.order.tax
    tax = ZERO if terms.tax_included else min(tax, total)
    payments = tuple(one for paper in papers for one in paper.payments)
    lines = tuple(merged(telling.lines))
    collected = sum((paper.collected for paper in papers), ZERO)
    return [Bill(lines, tuple(due_amounts(lines, total - tax)), total, tax, collected, payments)]


def _by_file(draft: Draft, papers: Sequence[Document]) -> Decimal:
    """Return the price that a file tells of payments that no order of theirs explains: they may be parts of it."""
    if any(paper.orders for paper in papers):
        return ZERO
    currencies = {one.currency for paper in papers for one in paper.received}
    told = [one.total for one in draft.orders if one.messenger is Messenger.FILE and one.currency in currencies]
    return max((total for total in told if total is not None), default=ZERO)


def _lines_of(paper: Document, telling: Telling, terms: Terms) -> tuple[KnownLine, ...]:
    own = best_telling(paper.orders, paper.received, terms)
    return own.lines if own is not None else telling.lines


def _bill(lines: Sequence[KnownLine], paper: Document, terms: Terms) -> Bill:
    tax = ZERO if terms.tax_included else min(paper.tax, paper.total)
    kept = tuple(merged(lines))
    return Bill(kept, tuple(due_amounts(kept, paper.total - tax)), paper.total, tax, paper.collected, paper.payments)
