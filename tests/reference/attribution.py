"""Which opt-in a purchase is credited to: every lead, with all it was ever stated with, is looked at for every purchase."""

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from urllib.parse import unquote_plus
from zoneinfo import ZoneInfo

from analytics.records import Lead, Utm
from tests.reference.mailboxes import folded, gmail, is_same_mailbox

BLANK = (None, None, None, None, None)
LEVELS = ("same e-mail", "same e-mail, typed differently", "same Gmail mailbox", "same Gmail mailbox, +tag")
Stated = tuple[str, str, str]  # a source, a customer id there, and an address that was stated with it


class Bought(Protocol):
    """A purchase, as far as its credit depends on it: `addresses` are those of all its messengers."""

    @property
    def addresses(self) -> frozenset[str]:
        """Return every address that a messenger stated."""

    @property
    def customer_ids(self) -> frozenset[tuple[str, str]]:
        """Return every customer id with its source."""

    @property
    def at(self) -> datetime:
        """Return the moment of the purchase."""

    @property
    def date_only(self) -> bool:
        """Tell whether only the day is known."""

    @property
    def utm(self) -> Utm:
        """Return the UTMs that the order itself carries."""


@dataclass(frozen=True)
class Credit:
    """An outcome and its reason, the lead (source, id), the five UTM values, and the days from the lead to the purchase."""

    outcome: str
    reason: str
    lead: tuple[str, str] | None = None
    utm: tuple[str | None, ...] = BLANK
    days: int | None = None


def credit(bought: Bought, leads: Iterable[Lead], zone: ZoneInfo, stated: Iterable[Stated] = ()) -> Credit:
    """Return what a purchase is credited to; `leads` may hold several versions of one, `stated` is told beside them."""
    people = _people(leads)
    theirs = [person for person in people if _rule(bought, person, _carried(bought, people, stated))]
    if _is_conflict(bought, theirs):
        return Credit("unattributed", "conflict")
    in_time = [person for person in theirs if is_in_time(bought, person[-1], zone)]
    if not in_time:
        if has_campaign(bought.utm):
            return Credit("matched", "the order's own UTMs", None, _values(bought.utm))
        return Credit("unattributed", "opted in after buying" if theirs else "no such person")
    first = min(in_time, key=lambda person: _place(person[-1]))
    lead = first[-1]
    days = (bought.at.astimezone(zone).date() - lead.opted_in_at.astimezone(zone).date()).days
    who, values = (lead.source, lead.external_id), _values(lead.utm)
    if values == BLANK:
        return Credit("unattributed", "no UTM", who, BLANK, days)
    if not has_campaign(lead.utm):
        return Credit("unattributed", "no campaign", who, BLANK, days)
    return Credit("matched", _rule(bought, first, _carried(bought, people, stated)), who, values, days)


def way(bought: Bought, leads: Iterable[Lead], zone: ZoneInfo, stated: Iterable[Stated] = ()) -> list[Lead]:
    """Return all of the buyer's opt-ins before a sale that is credited to one of them, earliest first."""
    people = _people(leads)
    theirs = [person[-1] for person in people if _rule(bought, person, _carried(bought, people, stated))]
    return sorted((lead for lead in theirs if is_in_time(bought, lead, zone)), key=_place)


def is_in_time(bought: Bought, lead: Lead, zone: ZoneInfo) -> bool:
    """Tell whether a lead opted in before buying; where one of both knows only its day, days are compared."""
    if bought.date_only or lead.date_only:
        return lead.opted_in_at.astimezone(zone).date() <= bought.at.astimezone(zone).date()
    return lead.opted_in_at <= bought.at


def has_campaign(utm: Utm) -> bool:
    """Tell whether UTMs name a campaign that can be grouped."""
    name = utm.campaign
    decoded = unquote_plus(name) if "%" in name or "+" in name else name
    return bool(unicodedata.normalize("NFKC", decoded).strip())


def _people(leads: Iterable[Lead]) -> list[list[Lead]]:
    """Return the versions of each lead, the newest last."""
    versions: dict[tuple[str, str], list[Lead]] = {}
    for lead in leads:
        versions.setdefault((lead.source, lead.external_id), []).append(lead)
    return [sorted(group, key=lambda lead: (lead.as_of is not None, lead.as_of)) for group in versions.values()]


def _carried(bought: Bought, people: Iterable[list[Lead]], stated: Iterable[Stated]) -> set[str]:
    """Return every address that was ever stated with one of the buyer's customer ids at its source."""
    told = {(lead.source, lead.customer_id, lead.email) for person in people for lead in person} | set(stated)
    return {email for source, customer_id, email in told if (source, customer_id) in bought.customer_ids}


def _rule(bought: Bought, person: list[Lead], carried: set[str]) -> str:
    """Return the strongest rule by which a lead is the buyer's; empty where it is another person's."""
    if _has_id(bought, person):
        return "same customer id"
    pairs = [(one, lead.email) for one in bought.addresses for lead in person if is_same_mailbox(one, lead.email)]
    if pairs:
        return LEVELS[min(_level(one, other) for one, other in pairs)]
    is_carried = any(is_same_mailbox(one, lead.email) for one in carried for lead in person)
    return "same customer id" if is_carried else ""


def _has_id(bought: Bought, person: Iterable[Lead]) -> bool:
    return any(lead.customer_id and (lead.source, lead.customer_id) in bought.customer_ids for lead in person)


def _level(one: str, other: str) -> int:
    if one == other:
        return 0
    one, other = folded(one), folded(other)
    if one == other:
        return 1
    return 2 if gmail(one, keep_tag=True) == gmail(other, keep_tag=True) else 3


def _is_conflict(bought: Bought, theirs: Iterable[list[Lead]]) -> bool:
    """Tell whether the id is one person's, and the order's addresses another's who has another id at that source."""

    def has_address(person: Iterable[Lead]) -> bool:
        return any(is_same_mailbox(one, lead.email) for one in bought.addresses for lead in person)

    theirs = list(theirs)
    by_id = [person for person in theirs if _has_id(bought, person) and any(lead.email.strip() for lead in person)]
    by_address = [person for person in theirs if has_address(person)]
    registers = {register for person in theirs if _has_id(bought, person) for register in _registers(person)}
    others = [one for one in by_address if registers & _registers(one)]
    return bool(by_id and others) and not any(has_address(person) for person in by_id)


def _registers(person: Iterable[Lead]) -> set[tuple[str, str]]:
    return {(lead.source, lead.customer_id.rpartition(":")[0]) for lead in person if lead.customer_id}


def _place(lead: Lead) -> tuple[datetime, int, str, str]:
    return lead.opted_in_at, len(lead.external_id), lead.external_id, lead.source


def _values(utm: Utm) -> tuple[str | None, ...]:
    values = (utm.source, utm.medium, utm.campaign, utm.term, utm.content)
    return tuple(value if value.strip() else None for value in values)
