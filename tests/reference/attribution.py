"""Which opt-in a sale is credited to: every lead is looked at for every sale."""

from collections.abc import Iterable
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from analytics.records import Lead
from tests.reference.mailboxes import folded, gmail, is_same_mailbox
from tests.reference.purchases import Bought

BLANK = (None, None, None, None, None)


@dataclass(frozen=True)
class Credit:
    """A sale's outcome and reason, the lead (source, id), its five UTM values, and the days from it to the sale."""

    outcome: str
    reason: str
    lead: tuple[str, str] | None = None
    utm: tuple[str | None, ...] = BLANK
    days: int | None = None


def credit(bought: Bought, leads: Iterable[Lead], zone: ZoneInfo) -> Credit:
    """Return what a sale is credited to."""
    leads = list(leads)
    by_id = [lead for lead in leads if is_same_customer(bought, lead)]
    by_email = [lead for lead in leads if is_same_mailbox(bought.email, lead.email)]
    told = [lead for lead in by_id if lead.email.strip()]
    if told and by_email and not any(is_same_mailbox(bought.email, lead.email) for lead in told):
        return Credit("unattributed", "conflict")
    people = by_id + [lead for lead in by_email if lead not in by_id]
    if not people:
        return Credit("unattributed", "no such person")
    in_time = [lead for lead in people if is_in_time(bought, lead, zone)]
    if not in_time:
        return Credit("unattributed", "opted in after buying")
    first = min(in_time, key=lambda lead: (lead.opted_in_at, len(lead.external_id), lead.external_id, lead.source))
    days = (bought.at.astimezone(zone).date() - first.opted_in_at.astimezone(zone).date()).days
    utm = first.utm
    values = tuple(
        value if value.strip() else None for value in (utm.source, utm.medium, utm.campaign, utm.term, utm.content)
    )
    who = (first.source, first.external_id)
    if values == BLANK:
        return Credit("unattributed", "no UTM", who, BLANK, days)
    return Credit("matched", rule(bought, first), who, values, days)


def way(bought: Bought, leads: Iterable[Lead], zone: ZoneInfo) -> list[Lead]:
    """Return all of the buyer's opt-ins before a sale that is credited to one of them, earliest first."""
    people = [lead for lead in leads if is_same_customer(bought, lead) or is_same_mailbox(bought.email, lead.email)]
    in_time = [lead for lead in people if is_in_time(bought, lead, zone)]
    return sorted(in_time, key=lambda lead: (lead.opted_in_at, len(lead.external_id), lead.external_id, lead.source))


def is_in_time(bought: Bought, lead: Lead, zone: ZoneInfo) -> bool:
    """Tell whether a lead opted in before buying; where one of both knows only its day, days are compared."""
    if bought.date_only or lead.date_only:
        return lead.opted_in_at.astimezone(zone).date() <= bought.at.astimezone(zone).date()
    return lead.opted_in_at <= bought.at


def is_same_customer(bought: Bought, lead: Lead) -> bool:
    """Tell whether buyer and lead have the same id at the same source."""
    return bool(lead.customer_id) and (lead.source, lead.customer_id) in bought.customer_ids


def rule(bought: Bought, lead: Lead) -> str:
    """Return the strongest level at which buyer and lead are the same person."""
    if is_same_customer(bought, lead):
        return "same customer id"
    if bought.email == lead.email:
        return "same e-mail"
    one, other = folded(bought.email), folded(lead.email)
    if one == other:
        return "same e-mail, typed differently"
    if gmail(one, keep_tag=True) == gmail(other, keep_tag=True):
        return "same Gmail mailbox"
    return "same Gmail mailbox, +tag"
