"""Joins what different messengers tell of one sale without a shared id: same person, amount and currency, near in time."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal

from analytics.money.drafts import FUNNELS, Draft, Joined, People, kinds_of
from analytics.money.facts import Key, Terms, key_of, own_ids
from analytics.money.sharing import ZERO
from analytics.records import Messenger, Order

LIKENESS, INVOICE, INSTALMENT = "likeness", "invoice of the same customer and amount", "instalment of the plan"
USUAL_INTERVAL = 30
DAY = timedelta(days=1)
Span = tuple[datetime, datetime]


@dataclass(frozen=True, slots=True)
class Sighting:
    """What one messenger tells of a purchase, as far as likeness looks at it; a date alone spans its day."""

    place: int
    key: Key
    messenger: Messenger
    people: frozenset[str | Key]
    currency: str
    amounts: frozenset[Decimal]
    spans: tuple[Span, ...]
    kinds: frozenset[str]
    test: bool


def pair_by_likeness(drafts: list[Draft], people: People, terms: Terms) -> list[Draft]:
    """Return the drafts after joining: provider with funnel tool, later instalments, then files with what is there."""
    drafts = _tie_invoices(drafts, people)
    drafts = _paired(drafts, people, terms, (Messenger.PAYMENT_PROVIDER,), FUNNELS)
    drafts = _take_instalments(drafts, people, terms)
    return _paired(drafts, people, terms, (Messenger.FILE,), (Messenger.PAYMENT_PROVIDER, *FUNNELS))


def _paired(
    drafts: list[Draft], people: People, terms: Terms, ones: Collection[Messenger], others: Collection[Messenger]
) -> list[Draft]:
    """Join one to one, the nearest pair first; a purchase holds at most one order of each messenger."""
    if not {*ones} & (messengers := set().union(*(draft.messengers for draft in drafts))) or not {*others} & messengers:
        return drafts
    seen = [
        one for place, draft in enumerate(drafts) if draft.is_bought for one in _sightings(place, draft, people, terms)
    ]
    home = list(range(len(drafts)))

    def root(place: int) -> int:
        while home[place] != place:
            place = home[place]
        return place

    for distance, one, other in sorted(
        _pairs(seen, terms.window, ones, others), key=lambda pair: (pair[0], pair[1].key, pair[2].key)
    ):
        first, second = root(one.place), root(other.place)
        if first == second or drafts[first].messengers & drafts[second].messengers:
            continue
        drafts[first].take_in(drafts[second])
        amount, kinds = max(one.amounts & other.amounts), (one.kinds, other.kinds)
        seconds = int(distance.total_seconds())
        drafts[first].joined.append(Joined(LIKENESS, one.key, other.key, seconds, amount, kinds))
        home[second] = first
    return [draft for place, draft in enumerate(drafts) if home[place] == place]


def _pairs(
    seen: Sequence[Sighting], window: timedelta, ones: Collection[Messenger], others: Collection[Messenger]
) -> Iterator[tuple[timedelta, Sighting, Sighting]]:
    by_person: defaultdict[tuple[str | Key, str], list[Sighting]] = defaultdict(list)
    for other in seen:
        if other.messenger in others:
            for person in other.people:
                by_person[person, other.currency].append(other)
    for one in seen:
        if one.messenger not in ones:
            continue
        near = {id(other): other for person in one.people for other in by_person[person, one.currency]}
        for other in near.values():
            distance = _distance(one.spans, other.spans, window)
            if distance is not None and _agree(one, other):
                yield distance, one, other


def _agree(one: Sighting, other: Sighting) -> bool:
    contradict = one.kinds and other.kinds and not one.kinds & other.kinds
    return one.place != other.place and one.test == other.test and bool(one.amounts & other.amounts) and not contradict


def _distance(ones: Sequence[Span], others: Sequence[Span], window: timedelta) -> timedelta | None:
    """Return how near two tellings are, None where they lie outside the window; a day holds all its moments."""
    found = []
    for start, end in ones:
        for other_start, other_end in others:
            gap = max(start - other_end, other_start - end, timedelta(0))
            limit = timedelta(0) if start != end or other_start != other_end else window
            if gap <= limit:
                found.append(gap)
    return min(found, default=None)


def _sightings(place: int, draft: Draft, people: People, terms: Terms) -> Iterator[Sighting]:
    kinds, known = frozenset(kinds_of(draft, terms)), people.keys(draft)
    test = any(one.test for one in draft.told)
    if not known:
        return
    for messenger in draft.messengers:
        orders = [one for one in draft.orders if one.messenger is messenger]
        received = [one for one in draft.received if one.messenger is messenger]
        currencies = [*(one.currency for one in received), *(one.currency for one in orders)]
        spans = [_span(one.paid_at, terms, date_only=one.date_only) for one in received]
        spans += [
            _span(moment, terms, date_only=one.date_only)
            for one in orders
            for moment in {one.ordered_at, one.paid_at or one.ordered_at}
        ]
        amounts = _amounts(orders) or {one.amount for one in received}
        keys = [key_of(one) for one in orders] or [one.key for one in received]
        yield Sighting(place, min(keys), messenger, known, currencies[0], frozenset(amounts), tuple(spans), kinds, test)


def _span(moment: datetime, terms: Terms, *, date_only: bool) -> Span:
    if not date_only:
        return moment, moment
    start, end = terms.day_of(moment)
    return start, end - timedelta(seconds=1)


def _amounts(orders: Sequence[Order]) -> set[Decimal]:
    """Return the totals by which an order may be known: of a plan its first payment, an instalment, and its contract."""
    found: set[Decimal] = set()
    for one in orders:
        found |= {amount for amount in (one.total, one.contract) if amount is not None}
        if any(line.payments != 1 for line in one.lines):
            found |= {instalment(one), contract_of(one)}
    return found - ({ZERO} if len(found) > 1 else set())


def instalment(order: Order) -> Decimal:
    """Return what an order's plan takes with each later payment."""
    again = [line.amount for line in order.lines if line.payments != 1]
    known = [amount for amount in again if amount is not None]
    return sum(known, ZERO) if known and len(known) == len(again) else order.total or ZERO


def contract_of(order: Order) -> Decimal:
    """Return what an order's plan takes in all, as far as it is known."""
    count = max((line.payments for line in order.lines), default=1)
    return order.contract or (order.total or ZERO) + instalment(order) * max(count - 1, 0)


def _tie_invoices(drafts: list[Draft], people: People) -> list[Draft]:
    """Tie invoices that name no payment to payments that say they are of an invoice: same customer, and the amount adds up."""
    loose = [draft for draft in drafts if draft.is_bare and draft.received[0].for_invoice]
    if not loose:
        return drafts
    gone: set[int] = set()
    for draft in drafts:
        for order in sorted(draft.orders, key=lambda one: (one.paid_at or one.ordered_at, key_of(one))):
            if order.messenger is not Messenger.PAYMENT_PROVIDER or not order.collected or _has_payment(draft, order):
                continue
            for payment in _that_add_up(order, [one for one in loose if id(one) not in gone], people):
                gone.add(id(payment))
                tied = payment.received[0]
                draft.joined.append(Joined(INVOICE, key_of(order), tied.key, amount=tied.amount))
                draft.received.append(replace(tied, order_ids=tied.order_ids | own_ids(order)))
                draft.strays += payment.strays
    return [draft for draft in drafts if id(draft) not in gone]


def _has_payment(draft: Draft, order: Order) -> bool:
    return any(own_ids(order) & (one.ids | one.order_ids) for one in draft.received)


def _that_add_up(order: Order, loose: Sequence[Draft], people: People) -> list[Draft]:
    """Return the payment of exactly an invoice's amount that is nearest, else all that add up to it."""
    at = order.paid_at or order.ordered_at
    whose = frozenset(people.emails([order]))
    theirs = [
        one
        for one in loose
        if one.received[0].key[0] == order.source
        and one.received[0].currency == order.currency
        and (
            any(fact.customer_id and fact.customer_id == order.customer_id for fact in one.received[0].facts)
            or whose & {*people.emails(one.told)}
        )
    ]
    theirs.sort(key=lambda one: (abs(one.received[0].paid_at - at), one.received[0].key))
    theirs = [one for one in theirs if one.received[0].paid_at <= at + DAY]
    near = [one for one in theirs if one.received[0].paid_at >= at - DAY]  # an invoice is paid when the last payment is
    exact = [one for one in near if one.received[0].amount == order.collected]
    if exact or not near:
        return exact[:1]
    return theirs if sum((one.received[0].amount for one in theirs), ZERO) == order.collected else []


def _take_instalments(drafts: list[Draft], people: People, terms: Terms) -> list[Draft]:
    """Join a plan's later payments: of the same person and amount, at the plan's rhythm, no more than it has."""
    gone: set[int] = set()
    plans = [draft for draft in drafts if draft.received and _funnel_plan(draft) is not None]
    for draft in sorted(plans, key=lambda one: (min(paid.paid_at for paid in one.received), one.key)):
        order = _funnel_plan(draft)
        provider = [one for one in draft.received if one.messenger is Messenger.PAYMENT_PROVIDER]
        if order is None or not provider:
            continue
        for later in _later(
            draft, order, provider[0].paid_at, [one for one in drafts if id(one) not in gone], people, terms
        ):
            gone.add(id(later))
            draft.joined.append(Joined(INSTALMENT, draft.key, later.received[0].key, amount=later.received[0].amount))
            draft.take_in(later)
    return [draft for draft in drafts if id(draft) not in gone]


def _funnel_plan(draft: Draft) -> Order | None:
    """Return the funnel tool's order with a plan of known length."""
    return next(
        (one for one in draft.orders if one.messenger in FUNNELS and any(line.payments > 1 for line in one.lines)), None
    )


def _later(
    draft: Draft, order: Order, first: datetime, drafts: Sequence[Draft], people: People, terms: Terms
) -> Iterator[Draft]:
    whose, amount = people.keys(draft), instalment(order)
    kinds = kinds_of(draft, terms)
    fitting = [
        one
        for one in drafts
        if one.is_bare
        and one is not draft
        and one.received[0].messenger is Messenger.PAYMENT_PROVIDER
        and (one.received[0].amount, one.received[0].currency) == (amount, order.currency)
        and people.keys(one) & whose
        and not (kinds and (theirs := kinds_of(one, terms)) and not kinds & theirs)
    ]
    step = timedelta(days=order.interval_days or USUAL_INTERVAL)
    known = len([one for one in draft.received if one.messenger is Messenger.PAYMENT_PROVIDER])
    count = max(line.payments for line in order.lines)
    for number in range(1, count):
        due = first + number * step
        near = [one for one in fitting if abs(one.received[0].paid_at - due) < step / 2]
        if not near or known >= count:
            continue
        nearest = min(near, key=lambda one: (abs(one.received[0].paid_at - due), one.received[0].key))
        fitting.remove(nearest)
        known += 1
        yield nearest
