"""Which opt-in a sale or a funnel order is credited to, and why: the rules, row by row, without a database.

The same rules exist set-based in `analytics.crediting.all_at_once`; a test holds the two equal on random histories.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum

from analytics.folding import Address, fold
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
    ORDER_UTM = "the order's own UTMs"  # no lead of the buyer is eligible
    AS_RECORDED = "as recorded"  # the row came from another program with its UTMs


class Reason(StrEnum):
    """Why a sale is credited to no campaign."""

    NO_SUCH_PERSON = "no such person"
    OPTED_IN_LATER = "opted in after buying"
    CONFLICT = "conflict"
    NO_UTM = "no UTM"
    NO_CAMPAIGN = "no campaign"  # the first touch has UTMs, but no utm_campaign


@dataclass(frozen=True, slots=True)
class Buyer:
    """What the messengers of an order stated about who bought and when.

    `eligible_until` is the purchase's moment, or the last second of its business day where only the date is known.
    `customers` are (source, customer id) pairs, `carried` the keys of the addresses that their sources ever stated with
    them; `link` is a (source, external id) of a lead that a person confirmed; `utm` is the order's own.
    """

    addresses: frozenset[Address]
    eligible_until: datetime
    purchased_on: date
    customers: frozenset[tuple[str, str]] = frozenset()
    carried: frozenset[str] = frozenset()
    link: tuple[str, str] | None = None
    utm: Utm = field(default_factory=Utm)

    @property
    def keys(self) -> frozenset[str]:
        """Return the matching keys of the order's own addresses."""
        return _keys(self.addresses)


@dataclass(frozen=True, slots=True)
class OptIn:
    """A stored lead, as far as attribution looks at it.

    `addresses` and `customer_ids` are all that the lead was ever stated with; `email` is the present address.
    """

    lead_id: int
    source: str
    external_id: str
    name: str
    email: str
    addresses: frozenset[Address]
    customer_ids: frozenset[str]
    opted_in_at: datetime
    opted_in_on: date
    utm: Utm

    @property
    def keys(self) -> frozenset[str]:
        """Return the matching keys of every address that the lead ever had."""
        return _keys(self.addresses)


@dataclass(frozen=True, slots=True)
class Credit:
    """An attribution: the first touch if there is one, the outcome, its rule or reason, the UTMs and the days between."""

    outcome: Outcome
    reason: str
    opt_in: OptIn | None = None
    days: int | None = None
    utm: Utm = field(default_factory=Utm)


@dataclass(frozen=True, slots=True)
class Candidate:
    """One opt-in that was looked at, how it was recognised, and why it is or is not the first touch."""

    opt_in: OptIn
    rule: Rule
    verdict: str


def credit(buyer: Buyer, opt_ins: Iterable[OptIn]) -> Credit:
    """Return the credit of a purchase among all stored opt-ins (those of other people are passed over)."""
    recognised = recognise(buyer, list(opt_ins))
    if _is_conflict(buyer, recognised):
        return Credit(Outcome.UNATTRIBUTED, Reason.CONFLICT)
    eligible = [pair for pair in recognised if pair[0].opted_in_at <= buyer.eligible_until]
    if eligible:
        return _touched(buyer, *min(eligible, key=lambda pair: order(pair[0])))
    if has_campaign(buyer.utm):
        return Credit(Outcome.MATCHED, Rule.ORDER_UTM, utm=buyer.utm)
    return Credit(Outcome.UNATTRIBUTED, Reason.OPTED_IN_LATER if recognised else Reason.NO_SUCH_PERSON)


def _touched(buyer: Buyer, first: OptIn, rule: Rule) -> Credit:
    """Return the credit of a purchase whose first touch is known."""
    days = (buyer.purchased_on - first.opted_in_on).days
    if has_campaign(first.utm):
        return Credit(Outcome.MATCHED, rule, first, days, first.utm)
    return Credit(Outcome.UNATTRIBUTED, Reason.NO_CAMPAIGN if first.utm else Reason.NO_UTM, first, days)


def has_campaign(utm: Utm) -> bool:
    """Tell whether UTMs name a campaign; one that folds to nothing is none, because grouping would not see it."""
    return bool(fold(utm.campaign))


def candidates(buyer: Buyer, opt_ins: Iterable[OptIn]) -> list[Candidate]:
    """Return every opt-in of the buyer, earliest first, with the verdict on each."""
    recognised = recognise(buyer, list(opt_ins))
    ranked = sorted(recognised, key=lambda pair: order(pair[0]))
    if _is_conflict(buyer, recognised):
        return [Candidate(opt_in, rule, _side(buyer, opt_in, rule)) for opt_in, rule in ranked]
    return [
        Candidate(opt_in, rule, _verdict(buyer, opt_in, is_first=place == 0))
        for place, (opt_in, rule) in enumerate(ranked)
    ]


def recognise(buyer: Buyer, opt_ins: Sequence[OptIn]) -> list[tuple[OptIn, Rule]]:
    """Return the buyer's opt-ins with the rule that recognised each, whether or not they agree on the person."""
    linked = [lead for lead in opt_ins if (lead.source, lead.external_id) == buyer.link]
    if linked:
        keys = linked[0].keys
        return [(lead, Rule.CONFIRMED_LINK) for lead in opt_ins if lead in linked or keys & lead.keys]
    rules = ((lead, _rule(buyer, lead)) for lead in opt_ins)
    return [(lead, rule) for lead, rule in rules if rule is not None]


def order(opt_in: OptIn) -> tuple[datetime, int, str, str]:
    """Return the key by which the earliest opt-in comes first; ties go to the smaller source id (`9` before `10`)."""
    return opt_in.opted_in_at, len(opt_in.external_id), opt_in.external_id, opt_in.source


def _rule(buyer: Buyer, lead: OptIn) -> Rule | None:
    """Return the strongest rule by which a lead is the buyer's, None where it is another person's."""
    if _has_customer(buyer, lead):
        return Rule.CUSTOMER_ID
    if buyer.keys & lead.keys:
        return _email_rule(buyer, lead)
    return Rule.CUSTOMER_ID if buyer.carried & lead.keys else None


def _has_customer(buyer: Buyer, lead: OptIn) -> bool:
    return any((lead.source, customer_id) in buyer.customers for customer_id in lead.customer_ids)


def _email_rule(buyer: Buyer, lead: OptIn) -> Rule:
    """Return the strictest level at which an address of the order is one of the lead's."""
    pairs = [(one, other) for one in buyer.addresses for other in lead.addresses if one.key == other.key]
    levels = (
        (Rule.EMAIL_EXACT, any(one.email == other.email for one, other in pairs)),
        (Rule.EMAIL_FOLDED, any(one.folded == other.folded for one, other in pairs)),
        (Rule.GMAIL, any(one.tag == other.tag for one, other in pairs)),
    )
    return next((rule for rule, is_met in levels if is_met), Rule.GMAIL_TAG)


def _is_conflict(buyer: Buyer, recognised: Sequence[tuple[OptIn, Rule]]) -> bool:
    """Tell whether the customer id is one person's and the order's address another's with another id at that source.

    An address without an id there is one more address of the customer: the order stated both together.
    """
    leads = [lead for lead, rule in recognised if rule is not Rule.CONFIRMED_LINK]
    of_id = [lead for lead in leads if _has_customer(buyer, lead)]
    keys = frozenset[str]().union(*(lead.keys for lead in of_id))
    registers = frozenset[tuple[str, str]]().union(*map(_registers, of_id))
    is_another = any(registers & _registers(lead) for lead in leads if buyer.keys & lead.keys)
    return bool(keys) and is_another and not buyer.keys & keys


def _registers(lead: OptIn) -> frozenset[tuple[str, str]]:
    """Return where the ids of a lead are from: a source may know people by several registers, as in `classic:77`."""
    return frozenset((lead.source, one.partition(":")[0] if ":" in one else "") for one in lead.customer_ids)


def _side(buyer: Buyer, opt_in: OptIn, rule: Rule) -> str:
    """Return which of the two people of a conflict an opt-in belongs to."""
    if rule is not Rule.CUSTOMER_ID:
        return "conflict: the person of the e-mail"
    return (
        f"conflict: the person of the customer id{'' if _has_customer(buyer, opt_in) else ', by an address it carries'}"
    )


def _verdict(buyer: Buyer, opt_in: OptIn, *, is_first: bool) -> str:
    if opt_in.opted_in_at > buyer.eligible_until:
        return "opted in after buying"
    if not is_first:
        return "a later opt-in than the first touch"
    if has_campaign(opt_in.utm):
        return "first touch"
    return "first touch, but without a campaign" if opt_in.utm else "first touch, but without UTMs"


def _keys(addresses: Iterable[Address]) -> frozenset[str]:
    return frozenset(address.key for address in addresses if address.key)
