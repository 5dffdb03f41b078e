"""The money of a sale in words: what makes it up, what joined it, how it is shared; for terminal and page alike."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from analytics.kpis import cents
from analytics.money.trace import SHARED_ID, MoneyTrace, Reason, Rule, Share, TracedFact
from analytics.view3 import PRODUCT_UNKNOWN

MESSENGERS: Final = {
    "payment_provider": "the payment provider",
    "funnel_tool": "the funnel tool",
    "classic_funnel": "the funnel tool (Classic)",
    "file": "a file",
}

Local = Callable[[datetime], datetime]


@dataclass(frozen=True, slots=True)
class Section:
    """A heading with its sentences."""

    title: str
    sentences: tuple[str, ...]


def sections(told: MoneyTrace, local: Local) -> list[Section]:
    """Return the explanation; a part without anything to say is left out."""
    parts = (
        ("Lines", _lines(told)),
        ("Made of", (_fact(one, local) for one in told.facts)),
        ("Joined by", _joins(told)),
        ("Why this price", (_reason(told, one) for one in told.reasons)),
        ("Shared", (_share(told, one) for one in told.shares if _is_split(one))),
    )
    found = [Section(title, tuple(sentences)) for title, sentences in parts]
    return [one for one in found if one.sentences]


def as_json(told: MoneyTrace, local: Local) -> dict[str, Any]:
    """Return the explanation for JSON."""
    return {
        "purchase": _named(told.key),
        "currency": told.currency,
        "buyer_paid": _decimal(told.total),
        "tax": _decimal(told.tax),
        "told_by": told.told_by,
        "lines": [
            {
                "line": line.number,
                "product": line.product,
                "kind": line.offer.value if line.offer else None,
                **{
                    name: _decimal(getattr(line, name))
                    for name in ("price", "collected", "refunded", "at_risk", "written_off", "tax")
                },
                "payments": line.payments,
                "open_plan": line.is_open_plan,
            }
            for line in told.lines
        ],
        "facts": [_fact_as_json(one, local) for one in told.facts],
        "joins": [
            {
                "rule": one.rule,
                "facts": [_named(one.one), _named(one.other)],
                "shared_id": one.shared_id or None,
                "minutes": _minutes(one.seconds) if _is_alike(one) else None,
                "amount": _decimal(one.amount),
                "kinds": [sorted(kinds) for kinds in one.kinds] if one.kinds else None,
            }
            for one in told.joins
        ],
        "reasons": [
            {"rule": one.rule.value, "line": one.line if one.line >= 0 else None, "sentence": _reason(told, one)}
            for one in told.reasons
        ],
        "shares": [
            {
                "of": one.kind,
                "id": _named(one.key),
                "amount": _decimal(one.amount),
                "parts": {str(number): _decimal(part) for number, part in one.parts},
                "rest": {place: _decimal(part) for place, part in one.rest},
            }
            for one in told.shares
        ],
    }


def _fact_as_json(one: TracedFact, local: Local) -> dict[str, Any]:
    return {
        "kind": one.kind,
        "id": _named(one.key),
        "told_by": list(one.told_by),
        "messenger": one.messenger or None,
        "state": one.state,
        "at": local(one.at).isoformat(timespec="seconds") if one.at else None,
        "amount": _decimal(one.amount),
        "currency": one.currency,
        "product": one.product,
    }


def _lines(told: MoneyTrace) -> Iterator[str]:
    for line in told.lines:
        kind = line.offer.value.replace("_", "-") if line.offer else "matches no pattern, part of no sale"
        more = [
            f"{label} {_money(amount)}"
            for label, amount in (
                ("collected", line.collected),
                ("refunded", line.refunded),
                ("at risk", line.at_risk),
                ("never to be paid", line.written_off),
                ("tax on top", line.tax),
            )
            if amount or label == "collected"
        ]
        name = line.product or PRODUCT_UNKNOWN
        yield f"{line.number + 1}. {name} ({kind}): {_money(line.price)} {told.currency}, {', '.join(more)}"


def _fact(one: TracedFact, local: Local) -> str:
    when = f" of {local(one.at):%Y-%m-%d %H:%M:%S}" if one.at else ""
    amount = "without an amount" if one.amount is None else f"{_money(one.amount)} {one.currency}"
    by = f", told by {MESSENGERS.get(one.messenger, one.messenger)}" if one.messenger else ""
    also = [told for told in one.told_by if told != one.key[1]]
    also_known = f", also {', '.join(also)}" if also else ""
    product = f", “{one.product}”" if one.product else ""
    state = one.state if one.kind in {"order", "dispute"} else ""
    return f"{one.kind.capitalize()} {_named(one.key)}{also_known}{when}: {' '.join(filter(None, (state, amount)))}{product}{by}"


def _joins(told: MoneyTrace) -> Iterator[str]:
    for one in told.joins:
        pair = f"{_named(one.one)} and {_named(one.other)}"
        if one.rule == SHARED_ID:
            yield f"Shared id {one.shared_id}: {pair}"
        elif _is_alike(one):
            yield (
                f"Likeness: {pair} tell of one buyer and {_money(one.amount)} {told.currency}, "
                f"{_minutes(one.seconds)} minutes apart; {_agreement(one.kinds)}"
            )
        else:
            amount = "" if one.amount is None else f", {_money(one.amount)} {told.currency}"
            yield f"{one.rule[0].upper()}{one.rule[1:]}: {pair}{amount}"


def _is_alike(one: Any) -> bool:
    return one.kinds is not None


def _agreement(kinds: Iterable[frozenset[str]] | None) -> str:
    known = [", ".join(sorted(one)).replace("_", "-") for one in kinds or () if one]
    if len(known) == 2:  # noqa: PLR2004 (both sides)
        return f"both products are {known[0]}"
    return "one names a product that no pattern knows" if known else "neither names a product that a pattern knows"


def _reason(told: MoneyTrace, one: Reason) -> str:
    by = MESSENGERS.get(told.told_by, told.told_by)
    line = next((line for line in told.lines if line.number == one.line), None)
    name = f"“{line.product}”" if line and line.product else "the line"
    amount = f"{_money(one.amount)} {told.currency}" if one.amount is not None else ""
    count = line.payments if line else 0
    sentences = {
        Rule.LINE_BY_LINE: f"Lines and amounts are those that {by} states, line by line.",
        Rule.ONE_PRODUCT: f"One product stands for the whole order, as {by} names it.",
        Rule.HIGHEST_PRODUCT: f"Several products and one total are stated by {by}: the whole order counts as its highest product.",
        Rule.PRODUCT_UNKNOWN: "Product unknown yet: no message has named it.",
        Rule.BY_PRICE: f"No pattern knows {name}; its price of {amount} reaches VIEW3_HIGH_TICKET_FROM.",
        Rule.PLAN: f"A plan of {count} payments counts at its contract price, {amount}.",
        Rule.NOTED_PRICE: f"A plan counts at the price noted for it in all, {amount}.",
        Rule.OPEN_PLAN: f"An open plan counts at what has been paid so far, {amount}.",
        Rule.ENDED_PLAN: f"The plan ended: {amount} will never be paid and leaves net; gross stays.",
        Rule.DEPOSIT: f"{_named(one.key or ('', ''))} is a part payment (VIEW3_PART_PAYMENT) of this sale.",
        Rule.REFUND_UNKNOWN: "A part was refunded, but no message states how much: net stays as it is.",
    }
    return sentences[one.rule]


def _is_split(one: Share) -> bool:
    return len(one.parts) + len(one.rest) > 1


def _share(told: MoneyTrace, one: Share) -> str:
    names = {line.number: line.product or PRODUCT_UNKNOWN for line in told.lines}
    parts = [f"{_money(amount)} to “{names.get(number, number)}”" for number, amount in one.parts]
    parts += [f"{_money(amount)} {place.replace('_', ' ')}" for place, amount in one.rest]
    subject = (
        f"The {one.kind}" if one.kind == "discount" else f"{one.kind[0].upper()}{one.kind[1:]} of {_named(one.key)}"
    )
    how = "in proportion to the lines" if len(one.parts) > 1 else "tax apart"
    return f"{subject}, {_money(one.amount)} {told.currency}, {how}: {', '.join(parts)}"


def _named(key: tuple[str, str]) -> str:
    return ":".join(key)


def _minutes(seconds: int) -> str:
    return str(cents(Decimal(seconds) / 60)).rstrip("0").rstrip(".")


def _money(amount: Decimal | None) -> str:
    return "—" if amount is None else f"{cents(amount):,}"


def _decimal(amount: Decimal | None) -> str | None:
    return None if amount is None else str(cents(amount))
