"""Why a sale is what it is: the buyer, every opt-in looked at with its verdict, and the money that makes it up."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy.engine import Connection

from analytics import money_words
from analytics.attribution import Candidate, OptIn, Outcome, candidates
from analytics.crediting.single import decide, load
from analytics.money.fact_store import Touched, read_facts, read_neighbourhood
from analytics.money.facts import Terms
from analytics.money.trace import MoneyTrace, trace
from analytics.reading import Lens
from analytics.records import Utm


class NoSuchSaleError(LookupError):
    """There is no high-ticket sale with that id."""


@dataclass(frozen=True, slots=True)
class Explanation:
    """One sale's credit with its evidence; `campaign`, `ad_set` and `ad` are read through the UTM mapping.

    `also` are the order's other addresses, `carried` the keys of further ones that its customer ids carry at their source;
    `money` is why the sale is that sale at that price, None where the facts behind it are not stored.
    """

    sale_id: int
    email: str
    email_key: str
    also: tuple[str, ...]
    carried: tuple[str, ...]
    eligible_until: datetime
    purchased_on: date
    outcome: str
    reason: str
    days: int | None
    campaign: str
    ad_set: str
    ad: str
    mapping: dict[str, str]
    candidates: tuple[Candidate, ...]
    money: MoneyTrace | None


def explain(connection: Connection, lens: Lens, terms: Terms, sale_id: int) -> Explanation:
    """Return why a sale is credited as it is, worked out anew from what is stored."""
    cases = load(connection, [sale_id])
    if not cases:
        raise NoSuchSaleError(f"There is no high-ticket sale {sale_id}, or it has not been read yet (view3 attribute).")
    case = cases[0]
    credit = decide(case)
    utm = credit.utm
    email = case.stored["email"]
    return Explanation(
        sale_id=sale_id,
        email=email,
        email_key=case.stored["email_key"],
        also=tuple(sorted({one.email for one in case.buyer.addresses} - {email, ""})),
        carried=tuple(sorted(case.buyer.carried - case.buyer.keys)),
        eligible_until=lens.challenge.local_time(case.buyer.eligible_until),
        purchased_on=case.buyer.purchased_on,
        outcome=credit.outcome,
        reason=credit.reason,
        days=credit.days,
        campaign=utm.campaign,
        ad_set=_part(utm, lens.mapping.ad_set),
        ad=_part(utm, lens.mapping.ad),
        mapping={"campaign": "utm_campaign", "ad_set": lens.mapping.ad_set, "ad": lens.mapping.ad},
        candidates=tuple(candidates(case.buyer, case.opt_ins)),
        money=_money(connection, terms, (case.stored["source"], case.stored["external_id"])),
    )


def _money(connection: Connection, terms: Terms, key: tuple[str, str]) -> MoneyTrace | None:
    around = read_neighbourhood(connection, Touched(orders={key}, payments={key}))
    return trace(read_facts(connection, around), terms, key)


def _money_in_words(told: Explanation, lens: Lens) -> Iterator[str]:
    """Yield what makes up the sale and its price line by line."""
    for section in money_words.sections(told.money, lens.challenge.local_time) if told.money else ():
        yield f"{section.title}:"
        yield from (f"  {sentence}" for sentence in section.sentences)


def _part(utm: Utm, column: str) -> str:
    value: str = getattr(utm, column.removeprefix("utm_"))
    return value


def as_json(told: Explanation, lens: Lens) -> dict[str, Any]:
    """Return an explanation for JSON."""
    return {
        "sale_id": told.sale_id,
        "email": told.email,
        "matched_as": told.email_key,
        "other_emails": list(told.also),
        "emails_of_customer_id": list(told.carried),
        "eligible_until": told.eligible_until.isoformat(timespec="seconds"),
        "outcome": told.outcome,
        "reason": told.reason,
        "days_from_lead_to_sale": told.days,
        "campaign": told.campaign,
        "ad_set": told.ad_set,
        "ad": told.ad,
        "utm_mapping": told.mapping,
        "candidates": [
            {
                "source": one.opt_in.source,
                "id": one.opt_in.external_id,
                "name": one.opt_in.name,
                "email": one.opt_in.email,
                "former_emails": _former(one.opt_in),
                "opted_in_at": lens.challenge.local_time(one.opt_in.opted_in_at).isoformat(timespec="seconds"),
                "utm_campaign": one.opt_in.utm.campaign,
                "recognised_by": one.rule,
                "verdict": one.verdict,
            }
            for one in told.candidates
        ],
        "money": None if told.money is None else money_words.as_json(told.money, lens.challenge.local_time),
    }


def in_words(told: Explanation, lens: Lens) -> Iterator[str]:
    """Yield an explanation line by line."""
    yield f"Sale {told.sale_id} · bought by {told.email or '(no e-mail)'} on {told.purchased_on}"
    if told.also:
        yield f"Also stated with this order: {', '.join(told.also)}"
    if told.carried:
        yield f"Its customer id also carries: {', '.join(told.carried)}"
    if told.outcome == Outcome.MATCHED:
        yield f"Credited to campaign {told.campaign or '(none)'} · ad set {told.ad_set or '(none)'} · ad {told.ad or '(none)'}"
        yield f"Recognised by: {told.reason}" + (f", {told.days} days before the sale" if told.days is not None else "")
    else:
        yield f"Not credited: {told.reason}"
    yield f"Ad set is read from {told.mapping['ad_set']}, ad from {told.mapping['ad']}."
    if not told.candidates:
        yield "No opt-in of this person is stored."
    for one in told.candidates:
        moment = lens.challenge.local_time(one.opt_in.opted_in_at)
        campaign = one.opt_in.utm.campaign or "(no campaign)"
        lead = f"{one.opt_in.source} {one.opt_in.external_id}  {_person(one.opt_in)}"
        yield f"  {moment:%Y-%m-%d %H:%M:%S}  {lead}  {campaign}  {one.rule}: {one.verdict}"
    yield from _money_in_words(told, lens)


def _person(opt_in: OptIn) -> str:
    """Return whose opt-in it is: name and address, and the addresses that were theirs before."""
    known = [opt_in.name, opt_in.email, *(f"formerly {email}" for email in _former(opt_in))]
    return ", ".join(filter(None, known)) or "(no e-mail)"


def _former(opt_in: OptIn) -> list[str]:
    return sorted({one.email for one in opt_in.addresses} - {opt_in.email, ""})
