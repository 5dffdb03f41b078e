"""Whose campaign an order is: every opt-in is looked at for every order."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from tests.reference.facts import NO_UTM, Fact, OptIn, UnclearError, Utm
from tests.reference.mailboxes import mailbox
from tests.reference.offers import Settings
from tests.reference.orders import FUNNEL, Order

MATCHED, UNATTRIBUTED = "matched", "unattributed"


@dataclass
class Lead:
    """One opt-in with every address that it ever had."""

    source: str
    id: str
    at: datetime
    date_only: bool
    utm: Utm
    customer: str
    mailboxes: set[str] = field(default_factory=set)


@dataclass(frozen=True)
class Credit:
    """Outcome, reason, UTMs, and days from the opt-in to the purchase."""

    outcome: str
    reason: str = ""
    utm: Utm = NO_UTM
    days: int | None = None
    by_order_utm: bool = False


def leads_of(facts: Iterable[Fact]) -> list[Lead]:
    """Return the opt-ins; the messages about one of them are one."""
    leads: dict[tuple[str, str], Lead] = {}
    for fact in sorted({fact for fact in facts if isinstance(fact, OptIn)}, key=repr):
        known = leads.setdefault(
            (fact.source, fact.id), Lead(fact.source, fact.id, fact.at, fact.date_only, fact.utm, fact.customer)
        )
        if (known.at, known.utm) != (fact.at, fact.utm):
            raise UnclearError("an opt-in with two stories")
        known.customer = known.customer or fact.customer
        if fact.email:
            known.mailboxes.add(mailbox(fact.email))
    return list(leads.values())


def credit(order: Order, at: datetime, leads: Iterable[Lead], settings: Settings) -> Credit:
    """Return what an order is credited to."""
    ids = {(one.messenger, one.customer) for part in (order, *order.deposits) for one in part.bought if one.customer}
    addresses = order.addresses.union(*(part.addresses for part in order.deposits))
    people = [lead for lead in leads if (lead.source, lead.customer) in ids or lead.mailboxes & addresses]
    _refuse_conflicts(people, ids, addresses)
    eligible = [lead for lead in people if _is_in_time(order, at, lead, settings)]
    if not eligible:
        own = _own_utm(order)
        if own is not None:
            return Credit(MATCHED, utm=own, by_order_utm=True)
        return Credit(UNATTRIBUTED, "opted in after buying" if people else "no such person")
    first = min(eligible, key=lambda lead: (lead.at, len(lead.id), lead.id))
    if sum(lead.at == first.at and lead.source != first.source for lead in eligible):
        raise UnclearError("two sources tell of opt-ins at one moment")
    days = (at.astimezone(settings.zone).date() - first.at.astimezone(settings.zone).date()).days
    if not any(value.strip() for value in first.utm):
        return Credit(UNATTRIBUTED, "no UTM", first.utm, days)
    if not first.utm[2].strip():
        return Credit(UNATTRIBUTED, "no campaign", first.utm, days)
    return Credit(MATCHED, "", first.utm, days)


def _refuse_conflicts(people: list[Lead], ids: set[tuple[str, str]], addresses: set[str]) -> None:
    by_id = [lead for lead in people if (lead.source, lead.customer) in ids and lead.mailboxes]
    sources = {lead.source for lead in by_id}
    by_address = [lead for lead in people if lead.mailboxes & addresses and lead.customer and lead.source in sources]
    if by_id and by_address and not any(lead.mailboxes & addresses for lead in by_id):
        raise UnclearError("an id of one person beside the address of another")


def _is_in_time(order: Order, at: datetime, lead: Lead, settings: Settings) -> bool:
    if order.date_only or lead.date_only:
        return lead.at.astimezone(settings.zone).date() <= at.astimezone(settings.zone).date()
    return lead.at <= at


def _own_utm(order: Order) -> Utm | None:
    told = [one for one in order.bought if one.utm[2].strip()]
    if not told:
        return None
    told.sort(key=lambda one: (one.messenger not in FUNNEL, one.at))
    best = {one.utm for one in told if (one.messenger in FUNNEL) == (told[0].messenger in FUNNEL)}
    if len(best) > 1:
        raise UnclearError("an order with two sets of UTMs")
    return told[0].utm
