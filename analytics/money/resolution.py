"""Which messages speak of the same purchase: one payment reported four times is one sale.

Pure: takes every message in a neighbourhood (people and payment ids that touch) and returns the purchases behind them.
The result does not depend on the order in which the messages arrived.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal

from analytics.folding import EmailKeys
from analytics.money.balance import Ledger, balance
from analytics.records import Messenger, Offer

# Whom to believe, most trusted first.
ON_MONEY = (Messenger.PAYMENT_PROVIDER, Messenger.FILE, Messenger.FUNNEL_TOOL)
ON_WORDS = (Messenger.FUNNEL_TOOL, Messenger.FILE, Messenger.PAYMENT_PROVIDER)

PurchaseKey = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Message:
    """A stored purchase message, as far as resolution looks at it; `ids` are the shared ids it mentions."""

    source: str
    external_id: str
    messenger: Messenger
    offer: Offer | None
    name: str
    email: str
    keys: EmailKeys
    product: str
    product_key: str
    price: Decimal
    currency: str
    purchased_at: datetime
    day: tuple[datetime, datetime] | None  # the business day's bounds where only the date is known
    collected: Decimal | None
    refunded: Decimal
    ids: frozenset[str]
    richness: int = 0
    is_excluded: bool = False

    @property
    def key(self) -> PurchaseKey:
        """Return what identifies the message."""
        return self.source, self.external_id


@dataclass(frozen=True, slots=True)
class Resolved:
    """One purchase behind one or more messages; `duplicate_of` names the purchase it is suspected to repeat."""

    key: PurchaseKey
    members: frozenset[PurchaseKey]
    offer: Offer | None
    name: str
    email: str
    keys: EmailKeys
    product: str
    product_key: str
    price: Decimal
    currency: str
    purchased_at: datetime
    day: tuple[datetime, datetime] | None
    collected: Decimal
    refunded: Decimal
    at_risk: Decimal
    duplicate_of: PurchaseKey | None = None


def resolve(messages: Iterable[Message], ledger: Ledger, window: timedelta) -> list[Resolved]:
    """Return the purchases that the messages speak of, suspected duplicates marked.

    A purchase with an excluded message (test mode, staff) is left out, whoever else speaks of it.
    """
    groups = _same_payment(list(messages), [{one.shared_id, *one.ids} for one in ledger.receipts])
    purchases = [_merge(group, ledger) for group in groups if not any(message.is_excluded for message in group)]
    return _mark_duplicates(sorted(purchases, key=lambda one: (one.purchased_at, one.key)), window)


def _same_payment(messages: Sequence[Message], payments: Iterable[Collection[str]]) -> list[list[Message]]:
    """Return the messages grouped by shared ids, transitively; the ids that one payment goes by are one id."""
    leader: dict[object, object] = {}

    def find(one: object) -> object:
        while leader.setdefault(one, one) != one:
            one = leader[one]
        return one

    for ids in (*(message.ids | {message.key} for message in messages), *payments):
        first, *others = sorted(ids, key=str)
        for other in others:
            leader[find(other)] = find(first)
    groups: defaultdict[object, list[Message]] = defaultdict(list)
    for message in messages:
        groups[find(message.key)].append(message)
    return list(groups.values())


def _merge(group: Sequence[Message], ledger: Ledger) -> Resolved:
    """Return what the messages of one payment say together: the provider on money, the funnel tool on words."""
    paid = _by_trust(group, ON_MONEY)[0]
    by_words = _by_trust(group, ON_WORDS)
    told = next((message for message in by_words if message.product), by_words[0])
    named = next((message for message in by_words if message.email), by_words[0])
    money = balance({shared for message in group for shared in message.ids}, paid.currency, ledger)
    # What several messages of one payment say they saw so far are running totals: the largest is the newest.
    equals = [message for message in group if message.messenger is paid.messenger]
    earliest = min(equals, key=lambda message: (message.purchased_at, message.key))
    told_collected = [message.collected for message in equals if message.collected is not None]
    is_told = money.collected is not None or money.refunded
    collected = max(told_collected, default=paid.price) if money.collected is None else money.collected
    refunded = money.refunded if is_told else max(message.refunded for message in equals)
    return Resolved(
        key=paid.key,
        members=frozenset(message.key for message in group),
        offer=next((message.offer for message in by_words if message.offer), None),
        name=next((message.name for message in by_words if message.name), ""),
        email=named.email,
        keys=named.keys,
        product=told.product,
        product_key=told.product_key,
        price=paid.price,
        currency=paid.currency,
        purchased_at=earliest.purchased_at,
        day=earliest.day,
        collected=collected,
        refunded=min(refunded, max(paid.price, collected)),  # also where the refunded payment is not known yet
        at_risk=money.at_risk,
    )


def _by_trust(group: Sequence[Message], ranking: tuple[Messenger, ...]) -> list[Message]:
    return sorted(group, key=lambda one: (ranking.index(one.messenger), -one.richness, one.purchased_at, one.key))


def _mark_duplicates(purchases: Sequence[Resolved], window: timedelta) -> list[Resolved]:
    """Return the purchases with each that repeats a counted one within the window marked as its suspected duplicate."""
    counted: defaultdict[tuple[str, str, Decimal, str], list[Resolved]] = defaultdict(list)
    result = []
    for purchase in purchases:
        alike = counted[purchase.keys.key, purchase.product_key, purchase.price, purchase.currency]
        original = next((one for one in alike if purchase.keys.key and _close(one, purchase, window)), None)
        if original is None:
            alike.append(purchase)
            result.append(purchase)
        else:
            result.append(replace(purchase, duplicate_of=original.key))
    return result


def _close(one: Resolved, other: Resolved, window: timedelta) -> bool:
    """Tell whether two purchases lie within the window; a purchase known by its date alone fills its whole day."""
    for day, moment in ((one.day, other.purchased_at), (other.day, one.purchased_at)):
        if day is not None:
            return day[0] <= moment < day[1]
    return abs(one.purchased_at - other.purchased_at) <= window
