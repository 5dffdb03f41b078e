"""Which messages are one order: shared ids first, then likeness, one to one, nearest in time first."""

from calendar import monthrange
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal

from tests.reference.facts import (
    ZERO,
    Bought,
    Dispute,
    Ended,
    Fact,
    OptIn,
    Paid,
    Refund,
    Statement,
    Tie,
    UnclearError,
)
from tests.reference.mailboxes import mailbox
from tests.reference.offers import KINDS, Settings, kind_by_text

PROVIDER, FILE = "stripe", "file"
FUNNEL = ("clickfunnels", "clickfunnels-classic")


@dataclass
class Order:
    """All that is known of one purchase."""

    bought: list[Bought] = field(default_factory=list)
    paid: list[Paid] = field(default_factory=list)
    statements: list[Statement] = field(default_factory=list)
    ties: list[Tie] = field(default_factory=list)
    refunds: list[Refund] = field(default_factory=list)
    disputes: list[Dispute] = field(default_factory=list)
    ended: list[Ended] = field(default_factory=list)
    addresses: set[str] = field(default_factory=set)  # mailboxes
    joins: int = 0  # by likeness
    deposits: list["Order"] = field(default_factory=list)
    later: list["Order"] = field(default_factory=list)  # instalments that were found by their rhythm

    @property
    def messengers(self) -> set[str]:
        """Return who described the order."""
        return {one.messenger for one in self.bought} | {one.messenger for one in self.paid}

    @property
    def by_rank(self) -> list[Bought]:
        """Return the descriptions, the provider's first."""
        return sorted(self.bought, key=lambda one: (one.messenger != PROVIDER, one.messenger == FILE, one.at))

    @property
    def is_live(self) -> bool:
        """Tell whether no message calls it a test."""
        return all(one.is_live for one in self.bought) and all(one.is_live for one in self.paid)

    @property
    def currency(self) -> str:
        """Return the currency, as the provider tells it."""
        return self.paid[0].currency if self.paid else self.by_rank[0].currency

    @property
    def date_only(self) -> bool:
        """Tell whether nobody knows more than the day."""
        return all(one.date_only for one in self.bought) and not self.paid

    @property
    def texts(self) -> set[str]:
        """Return every text that names a product."""
        return {text for one in self.bought for text in texts_of(one)}

    @property
    def customers(self) -> set[tuple[str, str]]:
        """Return the ids that its sources know the buyer by."""
        return {(one.messenger, one.customer) for one in self.bought if one.customer}

    @property
    def untied(self) -> bool:
        """Tell whether it is an invoice to which no message ties a payment."""
        invoices = [one.id for one in self.statements if one.messenger == PROVIDER]
        return any(not any(self._pays(payment, invoice) for payment in self.paid) for invoice in invoices)

    def payments(self) -> list[tuple[Decimal, datetime]]:
        """Return what was paid and when: the provider's payments, else what the funnel tool or a file states."""
        own = self._provided() if PROVIDER in self.messengers else []
        if not own:
            own = self._stated()
        for other in (*self.deposits, *self.later):
            own += other.payments()
        return sorted(own, key=lambda one: one[1])

    def _provided(self) -> list[tuple[Decimal, datetime]]:
        found = [(one.amount, one.at) for one in self.paid]
        for statement in self.statements:
            if statement.messenger != PROVIDER:
                continue
            tied = sum((one.amount for one in self.paid if self._pays(one, statement.id)), ZERO)
            if tied and tied < statement.amount:
                raise UnclearError("an invoice of which some payments were never told")
            if not tied and statement.amount:
                if self.paid and len(self.paid) != self._tied_payments():
                    raise UnclearError("an invoice beside payments that may be its own")
                found.append((statement.amount, statement.at))
        return found

    def _tied_payments(self) -> int:
        invoices = [one.id for one in self.statements if one.messenger == PROVIDER]
        return sum(any(self._pays(one, invoice) for invoice in invoices) for one in self.paid)

    def _pays(self, payment: Paid, invoice: str) -> bool:
        return any(invoice in tie.ids and tie.ids & payment.ids for tie in self.ties)

    def _stated(self) -> list[tuple[Decimal, datetime]]:
        """Return payments by the funnel tool that says most, else by a file."""
        for messenger in (*FUNNEL, FILE):
            mine = [one for one in self.statements if one.messenger == messenger]
            invoices = {(one.id, one.amount, one.at) for one in mine if "invoice" in one.id}
            whole = [one for one in mine if "invoice" not in one.id]
            if not mine:
                continue
            found = [(amount, at) for _, amount, at in invoices]
            stated = max((one.amount for one in whole), default=ZERO)
            rest = stated - sum((amount for amount, _ in found), ZERO)
            if rest > 0:
                found.append((rest, min(one.at for one in whole)))
            return [one for one in found if one[0]]
        return []

    @property
    def at(self) -> datetime:
        """Return the moment of the first payment; without one, of the first message that calls it bought."""
        paid = self.payments()
        if paid:
            return paid[0][1]
        return min(one.at for one in self.by_rank if one.is_paid)

    @property
    def is_purchase(self) -> bool:
        """Tell whether it was ever bought."""
        return bool(self.paid) or any(one.is_paid for one in self.bought)

    @property
    def instalments(self) -> int:
        """Return how many payments the plan has; 0 for none or unknown."""
        return max((one.instalments for one in self.bought), default=0)

    @property
    def instalment(self) -> Decimal | None:
        """Return the amount of one instalment."""
        return next((one.instalment for one in self.by_rank if one.instalment is not None), None)

    @property
    def total(self) -> Decimal:
        """Return what the buyer pays for the order, or for one instalment of a plan."""
        if self.instalment is not None:
            return self.instalment
        told = next((one.total for one in self.by_rank if one.total is not None and one.messenger == PROVIDER), None)
        if told is None and self.paid:
            told = sum((one.amount for one in self.paid), ZERO)
        if told is None:
            told = next((one.total for one in self.by_rank if one.total is not None), None)
        return ZERO if told is None else told

    def kind(self, settings: Settings) -> str:
        """Return the highest kind that its texts say, or that its file states."""
        kinds = {kind_by_text(settings, texts_of(one)) or one.kind for one in self.bought}
        return next((kind for kind in KINDS if kind in kinds), "")


Pair = tuple[timedelta, Order, Order]


def texts_of(bought: Bought) -> list[str]:
    """Return the texts of one description that patterns look at."""
    return [*bought.names, *bought.texts, *(text for item in bought.items for text in (item.name, *item.texts))]


def orders_of(facts: Iterable[Fact], settings: Settings) -> list[Order]:
    """Return the orders of all messages, joined."""
    known = sorted(set(facts), key=repr)
    orders = [one for one in _by_ids(known, settings.currency) if one.is_purchase]
    _complete(orders, known)
    found: list[Order] = []
    for is_live in (True, False):
        some = [one for one in orders if one.is_live is is_live]
        some = _paired(
            some, settings, lambda one: PROVIDER in one.messengers, lambda one: bool(one.messengers & {*FUNNEL})
        )
        some = _paired(some, settings, lambda one: FILE not in one.messengers, lambda one: one.messengers == {FILE})
        found += _with_instalments(some, settings)
    return found


def orphans_of(facts: Iterable[Fact]) -> tuple[list[Refund], list[Dispute]]:
    """Return refunds and disputes of which no message told the purchase."""
    known = set(facts)
    ids = {one for fact in known if isinstance(fact, Bought | Paid) for one in fact.ids}
    lost = [fact for fact in known if isinstance(fact, Refund) and not fact.on & ids]
    return lost, [fact for fact in known if isinstance(fact, Dispute) and not fact.on & ids]


def _by_ids(facts: list[Fact], currency: str) -> Iterator[Order]:
    groups: list[set[str]] = []
    for fact in facts:
        if isinstance(fact, Bought | Paid | Tie):
            touching = [group for group in groups if group & fact.ids]
            groups = [group for group in groups if group not in touching] + [set(fact.ids).union(*touching)]
    for group in groups:
        yield _order(facts, group, currency)


def _order(facts: list[Fact], ids: set[str], currency: str) -> Order:
    order = Order()
    places = {Bought: order.bought, Tie: order.ties, Refund: order.refunds, Dispute: order.disputes}
    for fact in facts:
        if isinstance(fact, Bought | Tie) and fact.ids & ids:
            places[type(fact)].append(_priced(fact, currency))  # type: ignore[attr-defined]
        elif isinstance(fact, Refund | Dispute) and fact.on & ids:
            places[type(fact)].append(fact)  # type: ignore[attr-defined]
        elif isinstance(fact, Statement | Ended) and fact.id in ids:
            (order.statements if isinstance(fact, Statement) else order.ended).append(fact)  # type: ignore[arg-type]
    order.paid = _merged([fact for fact in facts if isinstance(fact, Paid) and fact.ids & ids])
    return order


def _priced(fact: Bought | Tie, currency: str) -> Bought | Tie:
    """Return a row of another program in the reporting currency, which it never names."""
    if isinstance(fact, Bought) and not fact.currency:
        return Bought(**{**vars(fact), "currency": currency})
    return fact


def _merged(paid: list[Paid]) -> list[Paid]:
    """Return each payment once, with all its ids."""
    merged: list[Paid] = []
    for one in paid:
        same = [other for other in merged if other.ids & one.ids]
        ids = one.ids.union(*(other.ids for other in same))
        if any((other.amount, other.at) != (one.amount, one.at) for other in same):
            raise UnclearError("two moments or amounts of one payment")
        merged = [other for other in merged if other not in same] + [
            Paid(one.messenger, ids, one.amount, one.currency, one.at, one.is_live)
        ]
    return merged


def _complete(orders: list[Order], facts: list[Fact]) -> None:
    """Give each order the addresses that its customer ids carry at their source."""
    carried: dict[tuple[str, str], set[str]] = {}
    for fact in facts:
        if isinstance(fact, OptIn | Bought) and fact.customer and fact.email:
            source = fact.source if isinstance(fact, OptIn) else fact.messenger
            carried.setdefault((source, fact.customer), set()).add(mailbox(fact.email))
    for order in orders:
        order.addresses = {mailbox(one.email) for one in order.bought if one.email}
        for one in order.bought:
            order.addresses |= carried.get((one.messenger, one.customer), set())


def _paired(
    orders: list[Order], settings: Settings, is_one: Callable[[Order], bool], is_other: Callable[[Order], bool]
) -> list[Order]:
    """Return the orders, those of two messengers that are alike made one, nearest in time first."""
    pairs: list[Pair] = []
    for one in orders:
        for other in orders:
            if one is not other and is_one(one) and is_other(other) and not one.messengers & other.messengers:
                distance = _distance(one, other, settings)
                if distance is not None:
                    pairs.append((distance, one, other))
    pairs.sort(key=lambda pair: pair[0])
    taken: list[Order] = []
    for distance, one, other in pairs:
        if any(one is gone or other is gone for gone in taken):
            continue
        _refuse_ties(
            distance, one, other, [pair for pair in pairs if not any(pair[1] is g or pair[2] is g for g in taken)]
        )
        _join(one, other)
        taken += [one, other]
        orders = [order for order in orders if order is not other]
    return orders


def _refuse_ties(distance: timedelta, one: Order, other: Order, pairs: list[Pair]) -> None:
    for rival in pairs:
        is_same = rival[1] is one and rival[2] is other
        if rival[0] == distance and not is_same and (rival[1] is one or rival[2] is other):
            raise UnclearError("two pairs are equally near")


def _distance(one: Order, other: Order, settings: Settings) -> timedelta | None:
    """Return how far two orders lie apart, or None where they are not alike."""
    if not one.addresses & other.addresses or one.currency != other.currency or one.total != other.total:
        return None
    kinds = {one.kind(settings), other.kind(settings)} - {""}
    if len(kinds) > 1:
        return None
    if one.date_only or other.date_only:
        return _distance_of_day(one, other, settings)
    distance = abs(one.at - other.at)
    return distance if distance <= settings.window else None


def _distance_of_day(one: Order, other: Order, settings: Settings) -> timedelta | None:
    """Return no distance inside the day of a row that knows only its day; what is near its ends is open."""
    days = [each.at.astimezone(settings.zone) for each in (one, other)]
    if days[0].date() == days[1].date():
        return timedelta(0)
    moment = days[1] if one.date_only else days[0]
    if abs(days[0].date() - days[1].date()) == timedelta(days=1) and moment.hour in (0, 23):
        raise UnclearError("a moment at the ends of a day")
    return None


def _join(one: Order, other: Order) -> None:
    for name in ("bought", "paid", "statements", "ties", "refunds", "disputes", "ended"):
        getattr(one, name).extend(getattr(other, name))
    one.addresses |= other.addresses
    one.joins += 1 + other.joins


def _with_instalments(orders: list[Order], settings: Settings) -> list[Order]:
    """Return the orders, a plan of the funnel tool with the provider's later payments of its rhythm."""
    left = list(orders)
    for plan in orders:
        if plan.instalments < 2 or not plan.messengers & {*FUNNEL} or not plan.paid:
            continue
        start = plan.at
        for number in range(1, plan.instalments):
            due = months_later(start, number)
            fits = [one for one in left if one is not plan and _is_instalment(one, plan, due, settings)]
            if len(fits) > 1:
                raise UnclearError("two payments for one instalment")
            for one in fits:
                left.remove(one)
                plan.later.append(one)
                plan.refunds += one.refunds
                plan.disputes += one.disputes
    return left


def _is_instalment(one: Order, plan: Order, due: datetime, settings: Settings) -> bool:
    is_one = one.addresses & plan.addresses or one.customers & plan.customers
    if one.messengers != {PROVIDER} or not is_one or one.currency != plan.currency:
        return False
    near = abs(one.at - due) <= timedelta(days=1)
    return near and one.total == plan.instalment and one.kind(settings) in ("", plan.kind(settings))


def months_later(moment: datetime, months: int) -> datetime:
    """Return the same day of a later month."""
    year, month = divmod(moment.month - 1 + months, 12)
    year += moment.year
    return moment.replace(year=year, month=month + 1, day=min(moment.day, monthrange(year, month + 1)[1]))
