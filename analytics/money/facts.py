"""What messengers say about money in one neighbourhood of people and ids, and the owner's terms for reading it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from analytics.offers import Patterns
from analytics.records import Dispute, Order, Payment, Plan, Refund

Key = tuple[str, str]  # source and external id


@dataclass(frozen=True, slots=True)
class Facts:
    """The newest version of every fact; `addresses` are those that each customer id was ever told with."""

    orders: tuple[Order, ...] = ()
    payments: tuple[Payment, ...] = ()
    refunds: tuple[Refund, ...] = ()
    disputes: tuple[Dispute, ...] = ()
    plans: tuple[Plan, ...] = ()
    addresses: Mapping[Key, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Terms:
    """How facts are read: the pairing window, offer patterns, currency, staff, tax, and the bounds of a moment's day."""

    window: timedelta
    day_of: Callable[[datetime], tuple[datetime, datetime]]
    patterns: Patterns = field(default_factory=Patterns)
    currency: str = "USD"
    staff: frozenset[str] = frozenset()
    tax_included: bool = False


def key_of(fact: Order | Payment | Refund | Dispute | Plan) -> Key:
    """Return what identifies a fact."""
    return fact.source, fact.external_id.strip()


def own_ids(order: Order) -> set[str]:
    """Return the ids under which an order is mentioned, without its plan's."""
    return {f"{order.source}:{order.external_id.strip()}", *(one.strip() for one in order.ids if one.strip())}
