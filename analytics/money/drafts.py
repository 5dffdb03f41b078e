"""Purchases in the making: the orders and payments that ids join, and who stands behind them."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from analytics.folding import email_keys
from analytics.money.components import components
from analytics.money.facts import Facts, Key, Terms, key_of, own_ids
from analytics.money.payments import Movement, Received
from analytics.records import Messenger, Offer, Order, OrderState, Payment

PART_PAYMENT = "part_payment"
FUNNELS = (Messenger.FUNNEL_TOOL, Messenger.CLASSIC_FUNNEL_TOOL)
# Whom to believe, most trusted first.
ON_MONEY = (Messenger.PAYMENT_PROVIDER, *FUNNELS, Messenger.FILE)
ON_WORDS = (*FUNNELS, Messenger.FILE, Messenger.PAYMENT_PROVIDER)


@dataclass(frozen=True, slots=True)
class Joined:
    """Why two facts are of one purchase: the rule, the two sides, the id they share, else the amount that agrees.

    `seconds` are those between two sides that are alike, `kinds` what each of them says was bought.
    """

    rule: str
    one: Key
    other: Key
    seconds: int = 0
    amount: Decimal | None = None
    kinds: tuple[frozenset[str], frozenset[str]] | None = None
    shared_id: str = ""


@dataclass(slots=True)
class Draft:
    """Orders and payments that belong together so far."""

    orders: list[Order] = field(default_factory=list)
    received: list[Received] = field(default_factory=list)
    strays: list[Movement] = field(default_factory=list)
    joined: list[Joined] = field(default_factory=list)
    deposits: list["Draft"] = field(default_factory=list)

    def take_in(self, other: "Draft") -> None:
        """Take in everything of another draft."""
        self.orders += other.orders
        self.received += other.received
        self.strays += other.strays
        self.joined += other.joined

    @property
    def told(self) -> Iterator[Order | Payment]:
        """Yield every order and every payment's object."""
        yield from self.orders
        for one in self.received:
            yield from one.facts

    @property
    def messengers(self) -> set[Messenger]:
        """Return who tells of it."""
        return {one.messenger for one in self.orders} | {one.messenger for one in self.received}

    @property
    def key(self) -> Key:
        """Return the key by which the purchase is known: its order's that is trusted most, else its payment's."""
        if self.orders:
            lead = min(
                self.orders,
                key=lambda one: (not is_paid(one), ON_MONEY.index(one.messenger), one.ordered_at, key_of(one)),
            )
            return key_of(lead)
        return min(key_of(fact) for one in self.received for fact in one.facts)  # one of the facts: found again by it

    @property
    def is_bare(self) -> bool:
        """Tell whether there is one payment and no order."""
        return not self.orders and len(self.received) == 1

    @property
    def is_bought(self) -> bool:
        """Tell whether a payment succeeded, or an order was paid without one that is known."""
        return bool(self.received) or any(is_paid(one) for one in self.orders)


def is_paid(order: Order) -> bool:
    """Tell whether an order was paid at least once, also if it was voided since."""
    return order.state is OrderState.PAID or (order.state is OrderState.VOIDED and order.paid_at is not None)


def draft_purchases(facts: Facts, received: list[Received], strays: list[Movement]) -> list[Draft]:
    """Return the purchases that shared ids make, in a fixed order."""
    things: list[Order | Received | Movement] = [*facts.orders, *received, *strays]
    drafts = []
    for group in components(things, map(ids_of, things)):
        draft = Draft()
        for thing in group:
            if isinstance(thing, Order):
                draft.orders.append(thing)
            elif isinstance(thing, Received):
                draft.received.append(thing)
            else:
                draft.strays.append(thing)
        drafts.append(draft)
    return drafts


def ids_of(thing: Order | Received | Movement) -> set[str]:
    """Return the ids that make orders, payments and movements one purchase."""
    if isinstance(thing, Order):
        return own_ids(thing) | ({thing.plan_id} if thing.plan_id else set())
    return set(thing.ids | thing.order_ids) if isinstance(thing, Received) else set(thing.ids)


def customers_of(told: Iterable[Order | Payment]) -> frozenset[Key]:
    """Return every customer id with its source."""
    return frozenset((one.source, one.customer_id.strip()) for one in told if one.customer_id.strip())


class People:
    """Who stands behind orders and payments: addresses as told, and those that customer ids carry at their source."""

    def __init__(self, facts: Facts) -> None:
        self.addresses = facts.addresses

    def emails(self, told: Iterable[Order | Payment]) -> list[str]:
        """Return every address, those that were told with the order first."""
        named = list(told)
        direct = [one.email for one in named if one.email.strip()]
        learned = [email for one in named if one.customer_id for email in self._of(one)]
        return list(dict.fromkeys([*direct, *learned]))

    def keys(self, draft: Draft) -> frozenset[str | Key]:
        """Return the matching keys of every address, and every customer id with its source."""
        addresses = frozenset(email_keys(email).key for email in self.emails(draft.told)) - {""}
        return addresses | customers_of(draft.told)

    def _of(self, one: Order | Payment) -> Iterable[str]:
        return self.addresses.get((one.source, one.customer_id.strip()), ())


def kinds_of(draft: Draft, terms: Terms) -> set[str]:
    """Return what names and offers say was bought; a text that no pattern knows says nothing."""
    found: set[str] = set()
    for order in draft.orders:
        for line in order.lines:
            kind = line.offer or kind_of((line.product, *line.labels), terms)
            found |= {str(kind)} if kind else set()
    for one in draft.received:
        for fact in one.facts:
            kind = kind_of((fact.product, *fact.labels), terms)
            found |= {str(kind)} if kind else set()
    return found


def kind_of(labels: Iterable[str], terms: Terms) -> Offer | str | None:
    """Return the offer that labels name, or that they name a part payment."""
    named = list(labels)
    return PART_PAYMENT if terms.patterns.is_part_payment(named) else terms.patterns.classify(named)


def first_moment(draft: Draft) -> datetime:
    """Return when the purchase was made, as far as its facts tell."""
    moments = [one.paid_at for one in draft.received]
    moments += [one.paid_at or one.ordered_at for one in draft.orders if is_paid(one)]
    return min(moments or [one.ordered_at for one in draft.orders])
