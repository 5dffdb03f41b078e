"""Who are the buyers that nobody recognised? Suggestions with their evidence, what a confirmation would change, and how far to trust them."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import replace
from decimal import Decimal
from functools import partial
from random import Random
from typing import Any

import pandas as pd
from sqlalchemy.engine import Connection

from analytics import reading
from analytics.challenge import Period
from analytics.columns import Column, Kind, amounts, counts, texts
from analytics.crediting import linking
from analytics.crediting.likeness import slips
from analytics.crediting.linking import Author
from analytics.crediting.suggesting import Suggestion, suggest
from analytics.database import writing
from analytics.figures import figures
from analytics.frames import framed
from analytics.queries import strangers
from analytics.queries.strangers import Stranger
from analytics.sample.truth import hidden_buyers
from analytics.view3 import View3
from analytics.workbench import Workbench

MOST = 200  # sales looked at, the newest first
ROUNDING = Decimal("0.001")
DISGUISES = ("a letter mistyped", "the domain mistyped", "another mailbox", "an address at work", "never opted in")

SUGGESTIONS = (
    *counts("", sale_id="number of the sale"),
    *texts(
        buyer="customer's name at the checkout", paid_as="folded address at the checkout", product="product as received"
    ),
    *amounts("`currency`", price="contract price"),
    Column("purchased_on", Kind.DATE, "", "business date of the purchase"),
    *texts(reason="why the sale is credited to nobody", lead="the suggested lead, as view3 link takes it"),
    *texts(name="name in that lead", opted_in_as="folded address in that lead"),
    Column("opted_in_on", Kind.DATE, "", "business date of the opt-in"),
    *texts(campaign="what the sale would be credited to", evidence="what speaks for it"),
    *counts("points", points="how strong the evidence is; 45 are needed"),
)
EFFECT = (
    *texts(figure="figure of View 3"),
    *texts(before="as it is", after="as it would be"),
    Column("changes", Kind.FLAG, "", "whether the link changes it"),
)
TRUST = (
    *texts(what="how the address at the checkout differs from the one at the opt-in"),
    *counts(
        "sales",
        sales="sales looked at",
        suggested="got a suggestion",
        right="the first suggestion is the right person",
    ),
    *amounts("0 to 1", precision="right ÷ suggested", recall="right ÷ sales whose buyer did opt in"),
)
HISTORY = (
    *counts("", sale_id="number of the sale"),
    *texts(action="confirmed or undone", lead="the lead", author="who decided"),
    Column("done_at", Kind.MOMENT, "business zone", "when"),
)


def suggestions(workbench: Workbench, period: Period | None = None, most: int = MOST) -> pd.DataFrame:
    """Return the newest unrecognised buyers of a period with the people they may be, and what speaks for each.

    A sale with several suggestions has several rows, one without any has a row with an empty lead.
    """
    with workbench.frames.read() as connection:
        buyers = strangers.strangers(connection, _bounds(workbench, period), most)
        found = suggest(connection, buyers)
    none: list[Suggestion | None] = [None]
    rows = [_row(workbench, buyer, one) for buyer in buyers for one in found[buyer.sale_id] or none]
    return framed(rows, SUGGESTIONS, workbench.challenge.zone)


def preview(workbench: Workbench, sale_id: int, lead: str, period: Period | None = None) -> pd.DataFrame:
    """Return every figure of View 3 before and after a link between a sale and a lead (`source:id`); nothing is kept.

    The link is made in a transaction that is rolled back, so the account must be one that may write.
    """
    act = partial(linking.confirm, sale_id=sale_id, lead=linking.parted(lead), by=Author("preview", workbench.now()))

    def look(connection: Connection) -> View3:
        return reading.read(connection, workbench.lens, workbench.now(), period)

    with writing(workbench.engine) as connection:
        before, after = linking.tried(connection, act, look)
    was, would_be = dict(_flat(before)), dict(_flat(after))
    pairs = {name: (was.get(name, "0"), would_be.get(name, "0")) for name in {**was, **would_be}}
    rows = [
        {"figure": name, "before": one, "after": other, "changes": one != other} for name, (one, other) in pairs.items()
    ]
    return framed(rows, EFFECT, workbench.challenge.zone)


def effect_of_best(workbench: Workbench, found: pd.DataFrame) -> pd.DataFrame:
    """Return the preview of the likeliest of some suggestions; without any, a preview without rows."""
    likely = found[found["lead"] != ""].sort_values("points", ascending=False, kind="stable").head(1)
    if likely.empty:
        return framed([], EFFECT, workbench.challenge.zone)
    return preview(workbench, int(likely["sale_id"].iloc[0]), str(likely["lead"].iloc[0]))


def history(workbench: Workbench) -> pd.DataFrame:
    """Return what was confirmed and undone, by whom and when, oldest first."""
    with workbench.frames.read() as connection:
        told = linking.history(connection)
    rows = [
        {
            "sale_id": one.sale_id,
            "action": one.action,
            "lead": f"{one.lead_source}:{one.lead_external_id}",
            "author": one.author,
            "done_at": one.done_at,
        }
        for one in told
    ]
    return framed(rows, HISTORY, workbench.challenge.zone)


def trust(workbench: Workbench, period: Period | None = None, most: int = MOST) -> pd.DataFrame:
    """Return precision and recall of the suggestions where the truth is known.

    On the sample challenge, of its own buyers who paid under another address. On any data, of a trial: recognised buyers
    whose address is disguised in five ways, each of them a fifth of the sales; those who "never opted in" have their
    opt-ins hidden, and every suggestion for them is wrong.
    """
    with workbench.frames.read() as connection:
        bounds = _bounds(workbench, period)
        scores = [*_sample_scores(connection, bounds, most), *_trial_scores(connection, bounds, most)]
    return framed(scores, TRUST, workbench.challenge.zone)


def disguise(buyer: Stranger, kind: str) -> Stranger:
    """Return a buyer as if they had paid under another address; always the same for the same sale."""
    dice = Random(f"{buyer.sale_id}:{kind}")  # noqa: S311 (a trial, not a secret)
    mailbox, _, domain = buyer.email.rpartition("@")
    address = {
        "a letter mistyped": f"{dice.choice(sorted(slips(mailbox)) or [mailbox])}@{domain}",
        "the domain mistyped": f"{mailbox}@{dice.choice(sorted(slips(domain)) or [domain])}",
        "another mailbox": f"{mailbox}@mail-of-mine.example",
        "an address at work": f"sales{buyer.sale_id}@company.example",
        "never opted in": buyer.email,
    }[kind]
    return replace(buyer, email=address)


def _bounds(workbench: Workbench, period: Period | None) -> tuple[Any, Any]:
    return workbench.challenge.bounds(period or workbench.challenge.whole(workbench.now()))


def _row(workbench: Workbench, buyer: Stranger, one: Suggestion | None) -> dict[str, Any]:
    on = workbench.challenge.local_date
    row = {
        "sale_id": buyer.sale_id,
        "buyer": buyer.name,
        "paid_as": buyer.email,
        "product": buyer.product,
        "price": buyer.price,
        "purchased_on": on(buyer.purchased_at),
        "reason": buyer.reason,
        **dict.fromkeys(("lead", "name", "opted_in_as", "campaign", "evidence"), ""),
        **dict.fromkeys(("opted_in_on", "points")),
    }
    if one is None:
        return row
    who = one.person
    return row | {
        "lead": f"{who.source}:{who.external_id}",
        "name": who.name,
        "opted_in_as": who.email,
        "opted_in_on": on(who.opted_in_at),
        "campaign": who.campaign,
        "evidence": "; ".join(one.evidence),
        "points": one.points,
    }


def _flat(view: View3) -> Iterable[tuple[str, str]]:
    """Yield what a link can change: the cards, the totals, and how many sales are credited to whom and why."""
    told = figures(view)
    for part in ("cards", "totals"):
        yield from ((name, "—" if value is None else str(value)) for name, value in told[part].items())
    yield "matched", str(view.attribution.matched)
    yield "unattributed", str(view.attribution.unattributed)
    yield from ((f"unattributed: {reason}", str(count)) for reason, count in view.attribution.reasons.items())


def _sample_scores(connection: Connection, bounds: tuple[Any, Any], most: int) -> list[dict[str, Any]]:
    """Return the score over the sample's own unrecognised buyers; nothing where the data is not the sample's."""
    if not strangers.is_sample(connection):
        return []
    buyers = strangers.strangers(connection, bounds, most)
    truth = hidden_buyers()
    sales = strangers.sales_told_as(connection, list(truth))
    right = {sale_id: truth[key] for key, sale_id in sales.items()}
    found = suggest(connection, buyers)
    firsts = {sale_id: (one[0].person.source, one[0].person.external_id) for sale_id, one in found.items() if one}
    tally = Counter(sales=len(buyers), suggested=len(firsts))
    tally["right"] = sum(right.get(sale_id) == key for sale_id, key in firsts.items())
    tally["known"] = sum(buyer.sale_id in right for buyer in buyers)
    return [_score("the sample's own unrecognised buyers", tally)]


def _trial_scores(connection: Connection, bounds: tuple[Any, Any], most: int) -> list[dict[str, Any]]:
    known = strangers.acquaintances(connection, bounds, most)
    kinds = {buyer.sale_id: DISGUISES[place % len(DISGUISES)] for place, (buyer, _) in enumerate(known)}
    truth = {buyer.sale_id: key for buyer, key in known}
    hidden = {sale_id: truth[sale_id] for sale_id, kind in kinds.items() if kind == DISGUISES[-1]}
    disguised = [disguise(buyer, kinds[buyer.sale_id]) for buyer, _ in known]
    found = suggest(connection, disguised, hidden)
    tallies: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for sale_id, kind in kinds.items():
        is_right = bool(found[sale_id]) and sale_id not in hidden and found[sale_id][0].person.email == truth[sale_id]
        one = Counter(sales=1, suggested=bool(found[sale_id]), right=is_right, known=sale_id not in hidden)
        tallies[f"trial: {kind}"].update(one)
        tallies["trial: all of them"].update(one)
    order = [f"trial: {kind}" for kind in (*DISGUISES, "all of them")]
    return [_score(name, tallies[name]) for name in order if name in tallies]


def _score(what: str, tally: Mapping[str, int]) -> dict[str, Any]:
    return {
        "what": what,
        **{name: tally[name] for name in ("sales", "suggested", "right")},
        "precision": _part(tally["right"], tally["suggested"]),
        "recall": _part(tally["right"], tally["known"]),
    }


def _part(some: int, whole: int) -> Decimal | None:
    return (Decimal(some) / whole).quantize(ROUNDING) if whole else None
