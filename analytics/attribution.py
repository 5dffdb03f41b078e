"""Which opt-in a high-ticket sale is credited to, and why: the rules, row by row, without a database.

The same rules exist set-based in `analytics.crediting.all_at_once`; a test holds the two equal on random histories.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from analytics.folding import EmailKeys
from analytics.records import Utm


class Outcome(StrEnum):
    """Whether a sale has an original campaign."""

    MATCHED = "matched"
    UNATTRIBUTED = "unattributed"


class Rule(StrEnum):
    """How the buyer was recognised in the lead."""

    CONFIRMED_LINK = "confirmed link"
    CUSTOMER_ID = "same customer id"
    EMAIL_EXACT = "same e-mail"
    EMAIL_FOLDED = "same e-mail, typed differently"
    GMAIL = "same Gmail mailbox"
    GMAIL_TAG = "same Gmail mailbox, +tag"
    AS_RECORDED = "as recorded"  # the row came from another program with its UTMs


class Reason(StrEnum):
    """Why a sale is credited to no campaign."""

    NO_SUCH_PERSON = "no such person"
    OPTED_IN_LATER = "opted in after buying"
    CONFLICT = "conflict"
    NO_UTM = "no UTM"


@dataclass(frozen=True, slots=True)
class Buyer:
    """What a sale tells about who bought and when.

    `eligible_until` is the purchase's moment, or the last second of its business day where only the date is known.
    `customers` are (source, customer id) pairs; `link` is a (source, external id) of a lead that a person confirmed.
    """

    email: str
    keys: EmailKeys
    eligible_until: datetime
    purchased_on: date
    customers: frozenset[tuple[str, str]] = frozenset()
    link: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True)
class OptIn:
    """A stored lead, as far as attribution looks at it."""

    lead_id: int
    source: str
    external_id: str
    email: str
    keys: EmailKeys
    customer_id: str
    opted_in_at: datetime
    opted_in_on: date
    utm: Utm


@dataclass(frozen=True, slots=True)
class Credit:
    """A sale's attribution: the first touch if there is one, the outcome, its rule or reason, and the days between."""

    outcome: Outcome
    reason: str
    opt_in: OptIn | None = None
    days: int | None = None


@dataclass(frozen=True, slots=True)
class Candidate:
    """One opt-in that was looked at, how it was recognised, and why it is or is not the first touch."""

    opt_in: OptIn
    rule: Rule
    verdict: str


def credit(buyer: Buyer, opt_ins: Iterable[OptIn]) -> Credit:
    """Return the sale's credit among all stored opt-ins (those of other people are passed over)."""
    people = list(opt_ins)
    recognised = recognise(buyer, people)
    if recognised is None:
        return Credit(Outcome.UNATTRIBUTED, Reason.CONFLICT)
    if not recognised:
        return Credit(Outcome.UNATTRIBUTED, Reason.NO_SUCH_PERSON)
    first, rule = min(recognised, key=lambda pair: order(pair[0]))
    if first.opted_in_at > buyer.eligible_until:
        return Credit(Outcome.UNATTRIBUTED, Reason.OPTED_IN_LATER)
    days = (buyer.purchased_on - first.opted_in_on).days
    if not first.utm:
        return Credit(Outcome.UNATTRIBUTED, Reason.NO_UTM, first, days)
    return Credit(Outcome.MATCHED, rule, first, days)


def candidates(buyer: Buyer, opt_ins: Iterable[OptIn]) -> list[Candidate]:
    """Return every opt-in of the buyer, earliest first, with the verdict on each."""
    recognised = recognise(buyer, list(opt_ins)) or []
    ranked = sorted(recognised, key=lambda pair: order(pair[0]))
    return [
        Candidate(opt_in, rule, _verdict(buyer, opt_in, is_first=place == 0))
        for place, (opt_in, rule) in enumerate(ranked)
    ]


def recognise(buyer: Buyer, opt_ins: Sequence[OptIn]) -> list[tuple[OptIn, Rule]] | None:
    """Return the buyer's opt-ins with the rule that recognised each; None where id and e-mail name two people."""
    linked = [lead for lead in opt_ins if (lead.source, lead.external_id) == buyer.link]
    if linked:
        key = linked[0].keys.key
        return [(lead, Rule.CONFIRMED_LINK) for lead in opt_ins if lead in linked or (key and lead.keys.key == key)]
    by_id = [lead for lead in opt_ins if lead.customer_id and (lead.source, lead.customer_id) in buyer.customers]
    by_email = [lead for lead in opt_ins if buyer.keys.key and lead.keys.key == buyer.keys.key]
    addresses = {lead.keys.key for lead in by_id} - {""}
    if by_email and addresses and buyer.keys.key not in addresses:
        return None
    others = [lead for lead in by_email if lead not in by_id]
    return [(lead, Rule.CUSTOMER_ID) for lead in by_id] + [(lead, _email_rule(buyer, lead)) for lead in others]


def order(opt_in: OptIn) -> tuple[datetime, int, str, str]:
    """Return the key by which the earliest opt-in comes first; ties go to the smaller source id (`9` before `10`)."""
    return opt_in.opted_in_at, len(opt_in.external_id), opt_in.external_id, opt_in.source


def _email_rule(buyer: Buyer, lead: OptIn) -> Rule:
    if lead.email == buyer.email:
        return Rule.EMAIL_EXACT
    if lead.keys.folded == buyer.keys.folded:
        return Rule.EMAIL_FOLDED
    return Rule.GMAIL if lead.keys.tag == buyer.keys.tag else Rule.GMAIL_TAG


def _verdict(buyer: Buyer, opt_in: OptIn, *, is_first: bool) -> str:
    if opt_in.opted_in_at > buyer.eligible_until:
        return "opted in after buying"
    if not is_first:
        return "a later opt-in than the first touch"
    return "first touch" if opt_in.utm else "first touch, but without UTMs"
