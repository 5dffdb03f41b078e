"""Which purchases there were, told from what the messengers said: orders and payments are put into groups one by one."""

import unicodedata
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import TypeVar
from urllib.parse import unquote_plus
from zoneinfo import ZoneInfo

from analytics.records import Lead, Messenger, Order, Payment, Utm
from tests.reference.mailboxes import mailbox

MONEY = (Messenger.PAYMENT_PROVIDER, Messenger.FUNNEL_TOOL, Messenger.FILE)
WORDS = (Messenger.FUNNEL_TOOL, Messenger.FILE, Messenger.PAYMENT_PROVIDER)
ZERO = Decimal(0)

Paid = list[Payment]  # all objects that tell one payment
Known = dict[tuple[str, str], list[str]]  # the addresses of each customer id at its source
T = TypeVar("T")


@dataclass(frozen=True)
class Bought:
    """One purchase, whoever spoke of it."""

    offer: str
    name: str
    email: str
    product: str
    price: Decimal
    currency: str
    at: datetime
    date_only: bool
    collected: Decimal
    refunded: Decimal
    customer_ids: frozenset[tuple[str, str]]
    addresses: frozenset[str]
    utm: Utm
    first_id: tuple[str, str] = field(compare=False)

    @property
    def is_refunded(self) -> bool:
        """Tell whether all of the money went back."""
        return self.refunded >= self.price


@dataclass(frozen=True)
class Settled:
    """The purchases that count, what of them wants a look, and how many purchases are left out, by reason."""

    counted: tuple[Bought, ...]
    alike: tuple[Bought, ...]
    double_charges: tuple[datetime, ...]
    test_mode: int
    staff: int


@dataclass(eq=False)
class _Group:
    """What is said of one purchase."""

    orders: list[Order]
    payments: list[Paid]
    is_alike: bool = False

    @property
    def told(self) -> list[Order | Payment]:
        return [*self.orders, *(one for paid in self.payments for one in paid)]

    @property
    def messengers(self) -> set[Messenger]:
        return {one.messenger for one in self.told}

    @property
    def is_test(self) -> bool:
        return any(one.test for one in self.told)


def settle(
    orders: Iterable[Order],
    payments: Iterable[Payment],
    leads: Iterable[Lead],
    window: timedelta,
    zone: ZoneInfo,
    is_staff: Iterable[str],
) -> Settled:
    """Return every purchase once."""
    latest = sorted({(one.source, one.external_id): one for one in orders}.values(), key=_key)
    paid = sorted({(one.source, one.external_id): one for one in payments}.values(), key=_key)
    known = _known([*leads, *latest, *paid])
    staff = {mailbox(address) for address in is_staff}
    groups = _pair_up(_groups(latest, paid), known, window, zone)
    test_mode = [one for one in groups if one.is_test]
    of_staff = [one for one in groups if one not in test_mode and _mailboxes(one, known) & staff]
    counted = [group for group in groups if group not in test_mode and group not in of_staff]
    pairs = sorted(((_told(group, known), group) for group in counted), key=lambda pair: (pair[0].at, pair[0].first_id))
    return Settled(
        counted=tuple(one for one, _ in pairs),
        alike=tuple(one for one, group in pairs if group.is_alike),
        double_charges=tuple(_double_charges(counted, known, window)),
        test_mode=len(test_mode),
        staff=len(of_staff),
    )


def _key(one: Order | Payment) -> tuple[str, str]:
    return one.source, one.external_id


def _known(told: Iterable[Lead | Order | Payment]) -> Known:
    """Return the addresses that each customer id was told with, one spelling of each mailbox."""
    spellings: dict[tuple[str, str], dict[str, str]] = {}
    for one in told:
        if one.customer_id and one.email.strip():
            theirs = spellings.setdefault((one.source, one.customer_id), {})
            theirs[mailbox(one.email)] = min(one.email, theirs.get(mailbox(one.email), one.email))
    return {customer: sorted(theirs.values()) for customer, theirs in spellings.items()}


def _groups(orders: Sequence[Order], payments: Sequence[Payment]) -> list[_Group]:
    """Return what shares an id, directly or through others, together."""
    paid = _joined(payments, lambda one: {(one.source, shared) for shared in one.ids or (one.external_id,)})
    things: list[Order | Paid] = [*orders, *paid]
    return [
        _Group([one for one in group if isinstance(one, Order)], [one for one in group if isinstance(one, list)])
        for group in _joined(things, _ids)
    ]


def _ids(thing: Order | Paid) -> set[str]:
    if isinstance(thing, Order):
        return {f"{thing.source}:{thing.external_id}", *thing.ids}
    return {shared for one in thing for shared in (*(one.ids or (one.external_id,)), *one.order_ids)}


def _joined(things: Sequence[T], ids_of: Callable[[T], Collection[object]]) -> list[list[T]]:
    groups: list[list[T]] = []
    for thing in things:
        ids = set(ids_of(thing))
        joined = [group for group in groups if any(ids & set(ids_of(other)) for other in group)]
        groups = [group for group in groups if group not in joined]
        groups.append([*(other for group in joined for other in group), thing])
    return [sorted(group, key=things.index) for group in groups]


def _pair_up(groups: list[_Group], known: Known, window: timedelta, zone: ZoneInfo) -> list[_Group]:
    """Join what is alike: provider with funnel tool, then a file with what is there; nearest first, one to one."""
    provider, funnel, file = Messenger.PAYMENT_PROVIDER, Messenger.FUNNEL_TOOL, Messenger.FILE
    for one_kind, other_kinds in ((provider, [funnel]), (file, [provider, funnel])):
        pairs = [
            (distance, _name(one, one_kind), _name(other, other_kind), one, other)
            for one in groups
            if one_kind in one.messengers
            for other in groups
            for other_kind in other_kinds
            if other is not one
            and other_kind in other.messengers
            and _is_alike(one, one_kind, other, other_kind, known)
            if (distance := _distance(one, one_kind, other, other_kind, zone)) is not None
            and distance <= (timedelta(0) if _has_days(one, one_kind) or _has_days(other, other_kind) else window)
        ]
        home = {id(group): group for group in groups}
        for _, _, _, one, other in sorted(pairs, key=lambda pair: pair[:3]):
            first, second = home[id(one)], home[id(other)]
            if first is not second and not first.messengers & second.messengers:
                first.orders, first.payments = first.orders + second.orders, first.payments + second.payments
                first.is_alike = True
                groups = [group for group in groups if group is not second]
                home = {place: first if group is second else group for place, group in home.items()}
    return groups


def _name(group: _Group, messenger: Messenger) -> tuple[str, str]:
    """Return what settles ties: the smallest id of a messenger's orders, else of its payments."""
    orders = [_key(one) for one in group.orders if one.messenger is messenger]
    return min(orders or [_paid_key(paid) for paid in group.payments if paid[0].messenger is messenger])


def _paid_key(paid: Paid) -> tuple[str, str]:
    return paid[0].source, min(shared for one in paid for shared in one.ids or (one.external_id,))


def _is_alike(one: _Group, one_kind: Messenger, other: _Group, other_kind: Messenger, known: Known) -> bool:
    is_same_person = _mailboxes(one, known) & _mailboxes(other, known)
    is_same_money = _amounts(one, one_kind) & _amounts(other, other_kind)
    kinds = [{line.offer for order in group.orders for line in order.lines} for group in (one, other)]
    contradict = all(kinds) and not kinds[0] & kinds[1]
    return bool(is_same_person and is_same_money and one.is_test == other.is_test and not contradict)


def _emails(group: _Group, known: Known) -> list[str]:
    """Return the addresses that were told with a purchase, then those of its customer ids."""
    learned = [email for one in group.told for email in known.get((one.source, one.customer_id), ())]
    return [*(one.email for one in group.told if one.email.strip()), *learned]


def _mailboxes(group: _Group, known: Known) -> set[str]:
    return {mailbox(email) for email in _emails(group, known)}


def _people(group: _Group, known: Known) -> set[str | tuple[str, str]]:
    """Return the mailboxes and the customer ids of the buyer."""
    return {*_mailboxes(group, known), *((one.source, one.customer_id) for one in group.told if one.customer_id)}


def _amounts(group: _Group, messenger: Messenger) -> set[tuple[Decimal, str]]:
    orders = {(one.total or ZERO, one.currency) for one in group.orders if one.messenger is messenger}
    return orders or {(_amount(paid), paid[0].currency) for paid in group.payments if paid[0].messenger is messenger}


def _amount(paid: Paid) -> Decimal:
    return max(one.amount for one in paid)


def _moments(group: _Group, messenger: Messenger) -> list[tuple[datetime, bool]]:
    """Return when a messenger says that something was bought or paid, and whether it knows the day alone."""
    orders = [(one.paid_at or one.ordered_at, one.date_only) for one in group.orders if one.messenger is messenger]
    return orders + [_paid_at(paid) for paid in group.payments if paid[0].messenger is messenger]


def _paid_at(paid: Paid) -> tuple[datetime, bool]:
    first = min(paid, key=lambda one: (one.date_only, one.is_estimate, one.paid_at))
    return first.paid_at, first.date_only


def _has_days(group: _Group, messenger: Messenger) -> bool:
    return any(date_only for _, date_only in _moments(group, messenger))


def _distance(
    one: _Group, one_kind: Messenger, other: _Group, other_kind: Messenger, zone: ZoneInfo
) -> timedelta | None:
    """Return how near two tellings are; where one knows the day alone, they are on one day or never."""
    found = []
    for at, is_day in _moments(one, one_kind):
        for other_at, is_other_day in _moments(other, other_kind):
            if not is_day and not is_other_day:
                found.append(abs(at - other_at))
            elif at.astimezone(zone).date() == other_at.astimezone(zone).date():
                found.append(timedelta(0))
    return min(found, default=None)


def _told(group: _Group, known: Known) -> Bought:
    """Return what a group of messages says together."""
    messenger = next(one for one in MONEY if one in group.messengers)
    money = [one for one in group.orders if one.messenger is messenger]
    paid = [one for one in group.payments if one[0].messenger is messenger]
    received = sum((_amount(one) for one in paid), ZERO)
    price, collected = _price(group, messenger, received), received
    for one in money:
        collected = max(collected, one.collected if one.collected is not None else ZERO if paid else price)
    words = sorted(group.orders, key=lambda one: (WORDS.index(one.messenger), _key(one)))
    at, date_only = _bought_at(group, messenger)
    lead = min(group.orders, key=lambda one: (MONEY.index(one.messenger), one.ordered_at, _key(one)))
    return Bought(
        offer=str(words[0].lines[0].offer),
        name=words[0].name,
        email=next((one.email for one in words if one.email.strip()), next(iter(_emails(group, known)), "")),
        product=words[0].lines[0].product,
        price=price,
        currency=(money[0] if money else paid[0][0]).currency,
        at=at,
        date_only=date_only,
        collected=collected,
        refunded=min(_refunded(group, messenger), collected),
        customer_ids=frozenset((one.source, one.customer_id) for one in group.told if one.customer_id),
        addresses=frozenset(one.email for one in group.told if one.email.strip()),
        utm=_own_utm(group),
        first_id=_key(lead),
    )


def _own_utm(group: _Group) -> Utm:
    """Return the UTMs of the orders: the funnel tool's first, then the provider's, then a file's."""
    told = [one for one in group.orders if one.utm.campaign.strip()]
    told.sort(key=lambda one: (one.messenger is Messenger.FILE, WORDS.index(one.messenger), one.ordered_at, _key(one)))
    return told[0].utm if told else Utm()


def _price(group: _Group, messenger: Messenger, received: Decimal) -> Decimal:
    """Return what the order says; of payments without an order of their messenger their sum, or a file's larger price."""
    own = [one.total or ZERO for one in group.orders if one.messenger is messenger]
    files = [one.total or ZERO for one in group.orders if one.messenger is Messenger.FILE]
    return sum(own, ZERO) if own else max([received, *files])


def _refunded(group: _Group, messenger: Messenger) -> Decimal:
    """Return what went back: as the provider's payments say, else as any message says, none of it twice."""
    back = [(one[0].messenger, min(max(told.refunded or ZERO for told in one), _amount(one))) for one in group.payments]
    own = sum((amount for by, amount in back if by is messenger), ZERO)
    others = sum((amount for by, amount in back if by is not messenger), ZERO)
    if own and messenger is Messenger.PAYMENT_PROVIDER:
        return own
    return max([own or others, *(one.refunded or ZERO for one in group.orders)])


def _bought_at(group: _Group, messenger: Messenger) -> tuple[datetime, bool]:
    """Return when the first payment succeeded: as the provider's payments say, else as any order that knows the moment."""
    paid = [_paid_at(one) for one in group.payments if one[0].messenger is messenger]
    orders = [(one.ordered_at, one.date_only) for one in group.orders if one.messenger is messenger]
    everyone = [(one.ordered_at, one.date_only) for one in group.orders]
    for told in (paid or orders, everyone):
        exact = [at for at, date_only in told if not date_only]
        if exact:
            return min(exact), False
    return min(paid or orders)[0], True


def _double_charges(groups: Sequence[_Group], known: Known, window: timedelta) -> Iterator[datetime]:
    """Yield when a provider took the same amount of the same person for the same kind once more within the window."""
    found = [
        (_paid_at(paid)[0], _paid_key(paid), paid, group)
        for group in groups
        for paid in group.payments
        if paid[0].messenger is Messenger.PAYMENT_PROVIDER
    ]
    again: dict[tuple[str, str], datetime] = {}
    for person in {one for group in groups for one in _people(group, known)}:
        theirs = [one for one in found if person in _people(one[3], known)]
        for what in {_what(one[2], one[3]) for one in theirs}:
            alike = sorted((one for one in theirs if _what(one[2], one[3]) == what), key=lambda one: one[:2])
            again |= {later[1]: later[0] for earlier, later in pairwise(alike) if later[0] - earlier[0] <= window}
    yield from again.values()


def _what(paid: Paid, group: _Group) -> tuple[str, Decimal, str, str]:
    return paid[0].source, _amount(paid), paid[0].currency, str(group.orders[0].lines[0].offer)


def fold(text: str) -> str:
    """Return a name as it is grouped."""
    decoded = unquote_plus(text) if "%" in text or "+" in text else text
    return unicodedata.normalize("NFKC", decoded).casefold().strip()
