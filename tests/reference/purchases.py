"""Which purchases there were, told from what the messengers said: messages are put into groups one by one."""

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from urllib.parse import unquote_plus
from zoneinfo import ZoneInfo

from analytics.records import Messenger, Payment, Purchase
from tests.reference.mailboxes import is_same_mailbox

MONEY = (Messenger.PAYMENT_PROVIDER, Messenger.FUNNEL_TOOL, Messenger.FILE)
WORDS = (Messenger.FUNNEL_TOOL, Messenger.PAYMENT_PROVIDER, Messenger.FILE)


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
    first_id: tuple[str, str] = field(compare=False)

    @property
    def is_refunded(self) -> bool:
        """Tell whether all of the money went back."""
        return self.refunded >= self.price


@dataclass(frozen=True)
class Settled:
    """The purchases that count, and how many are left out, by reason."""

    counted: tuple[Bought, ...]
    suspected: tuple[Bought, ...]
    test_mode: int
    staff: int


def settle(
    purchases: Iterable[Purchase],
    payments: Iterable[Payment],
    window: timedelta,
    zone: ZoneInfo,
    is_staff: Iterable[str],
) -> Settled:
    """Return every purchase once."""
    latest = {(one.source, one.external_id): one for one in purchases}
    paid = list({(one.source, one.external_id): one for one in payments}.values())
    staff = set(is_staff)
    test_mode = [one for one in latest.values() if one.test]
    of_staff = [one for one in latest.values() if not one.test and one.email in staff]
    left_out = test_mode + of_staff
    groups = [group for group in _groups(list(latest.values())) if not any(one in left_out for one in group)]
    bought = sorted((_told(group, paid) for group in groups), key=lambda one: (one.at, one.first_id))
    counted: list[Bought] = []
    suspected: list[Bought] = []
    for one in bought:
        twin = any(_is_alike(one, other) and _is_close(one, other, window, zone) for other in counted)
        (suspected if twin else counted).append(one)
    return Settled(tuple(counted), tuple(suspected), len(test_mode), len(of_staff))


def _groups(purchases: list[Purchase]) -> list[list[Purchase]]:
    """Return the messages that share a payment, directly or through others, together."""
    groups: list[list[Purchase]] = []
    for purchase in purchases:
        ids = set(purchase.payment_ids)
        joined = [group for group in groups if any(ids & set(other.payment_ids) for other in group)]
        groups = [group for group in groups if group not in joined]
        groups.append([purchase, *(other for group in joined for other in group)])
    return groups


def _told(group: list[Purchase], payments: list[Payment]) -> Bought:
    """Return what a group of messages says together."""
    group = sorted(group, key=lambda one: (one.purchased_at, one.source, one.external_id))
    money = min(group, key=lambda one: MONEY.index(one.messenger))
    words = min(group, key=lambda one: WORDS.index(one.messenger))
    ids = {shared for one in group for shared in one.payment_ids}
    received = [one for one in payments if one.shared_id in ids]
    collected = [one.collected for one in group if one.collected is not None and one.messenger == money.messenger]
    if received:
        total = sum((one.amount for one in received), Decimal(0))
    else:
        total = max(collected) if collected else money.price
    refunded = max(one.refunded for one in group if one.messenger == money.messenger) + sum(
        (one.refunded for one in received), Decimal(0)
    )
    return Bought(
        offer=str(money.offer),
        name=words.name,
        email=words.email,
        product=words.product,
        price=money.price,
        currency=money.currency,
        at=money.purchased_at,
        date_only=money.date_only,
        collected=total,
        refunded=refunded,
        customer_ids=frozenset((one.source, one.customer_id) for one in group if one.customer_id),
        first_id=(money.source, money.external_id),
    )


def _is_alike(one: Bought, other: Bought) -> bool:
    what = (fold(one.product), one.price, one.currency) == (fold(other.product), other.price, other.currency)
    return what and is_same_mailbox(one.email, other.email)


def _is_close(one: Bought, other: Bought, window: timedelta, zone: ZoneInfo) -> bool:
    if one.date_only or other.date_only:
        return one.at.astimezone(zone).date() == other.at.astimezone(zone).date()
    return abs(one.at - other.at) <= window


def fold(text: str) -> str:
    """Return a name as it is grouped."""
    decoded = unquote_plus(text) if "%" in text or "+" in text else text
    return unicodedata.normalize("NFKC", decoded).casefold().strip()
