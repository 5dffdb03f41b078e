"""How far can the figures be trusted? Matches, UTMs, what counts nowhere, missing days, and whether spend adds up."""

import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from difflib import get_close_matches
from typing import Any

import pandas as pd
from sqlalchemy.engine import Connection

from analytics.analysis.naming import Names, read_names
from analytics.challenge import Period
from analytics.columns import Column, Kind, amounts, counts, texts
from analytics.frames import framed
from analytics.queries import costs, hygiene
from analytics.queries import left_out as nowhere
from analytics.queries.hygiene import Typed
from analytics.records import Platform
from analytics.workbench import Workbench

MOST, NEAR = 50, 0.75
PERCENT = Decimal("0.1")
UNREPLACED = re.compile(r"\{\{.*?\}\}|\{[a-z_:.]+\}|%7b", re.IGNORECASE)
AN_ID = re.compile(r"\d{8,}")

MATCHES = (
    *texts(outcome="matched or unattributed", reason="why, where it is unattributed"),
    *counts("sales", sales="high-ticket sales"),
    *amounts("%", part="of all high-ticket sales of the period"),
)
HYGIENE = (
    *texts(
        problem="what is wrong with it",
        value="the value as it arrived, in quotes",
        grouped_as="the campaign it counts for",
    ),
    *counts("opt-ins", leads="opt-ins that carry it"),
    *texts(hint="what it may have been meant to be"),
)
LEFT_OUT = (
    *texts(
        why=", ".join((*nowhere.EXCLUDED, *nowhere.REVIEW)),
        purchase="source:id of the purchase, payment or refund",
        product="product as received",
    ),
    *amounts("`currency`", price="its amount"),
    *texts(currency="currency of the amount"),
    Column("purchased_at", Kind.MOMENT, "business zone", "moment of the purchase, payment or refund"),
    *texts(other="the other one of a pair"),
)
COVERAGE = (
    *texts(source="who tells it", what="opt-ins, ad spend, attendance or samples"),
    Column("newest_at", Kind.MOMENT, "business zone", "newest thing it told; unknown where the source tells only days"),
    *counts("", expected="days, or samples, that should be there", received="that are there"),
    *amounts("%", coverage="received ÷ expected"),
    *texts(missing="the first missing days"),
)
FAILING = (
    *texts(
        source="the vendor that is asked",
        name="the room, session, video or account; empty where the source fails as a whole",
        reason="why it could not be read, and what to do",
    ),
    *counts("times", failures="failures in a row"),
    Column("since", Kind.MOMENT, "business zone", "first failure; of a whole source its last success"),
    Column("again_at", Kind.MOMENT, "business zone", "when it is asked again"),
)
SPEND = (
    *texts(platform="meta, google, …", account_id="the ad account"),
    *counts("days", days="days whose whole the platform told"),
    *amounts("`currency`", by_ads="what the ads add up to", told="what the platform said", difference="by_ads − told"),
    *texts(currency="currency of the account"),
)


def matches(workbench: Workbench, period: Period | None = None) -> pd.DataFrame:
    """Return how many high-ticket sales are credited to a campaign, and why the others are not."""
    told = workbench.view(period).attribution
    whole = told.matched + told.unattributed
    found = [("matched", "", told.matched), *(("unattributed", why, count) for why, count in told.reasons.items())]
    rows = [
        {"outcome": outcome, "reason": reason, "sales": sales, "part": _percent(sales, whole)}
        for outcome, reason, sales in found
    ]
    return framed(rows, MATCHES, workbench.challenge.zone)


def utm_hygiene(workbench: Workbench, period: Period | None = None, column: str = "utm_campaign") -> pd.DataFrame:
    """Return the values of a UTM that are not as they should be, the most frequent of each problem first.

    Twins, blanks and codes count for their campaign all the same (the folded key); placeholders and unknown names do not.
    Names are held against the ad platforms' for `utm_campaign` alone.
    """
    period = period or workbench.challenge.whole(workbench.now())
    with workbench.frames.read() as connection:
        typed = hygiene.typed_values(connection, workbench.challenge.bounds(period), column)
        names = read_names(connection, workbench.lens, period) if column == "utm_campaign" else None
    typed = [one for one in typed if one.value.strip()]
    rows = [
        {
            "problem": problem,
            "value": f"“{one.value}”",
            "grouped_as": names.of(one.key) if names else one.key,
            "leads": one.leads,
            "hint": hint,
        }
        for problem, find in _problems(names).items()
        for one, hint in sorted(find(typed), key=lambda found: (-found[0].leads, found[0].value))
    ]
    return framed(rows, HYGIENE, workbench.challenge.zone)


def left_out(workbench: Workbench, period: Period | None = None) -> pd.DataFrame:
    """Return the newest of what is not counted and of what wants a look, up to 50 for each reason."""
    return _listed(workbench, period, (*nowhere.EXCLUDED, *nowhere.REVIEW))


def without_purchase(workbench: Workbench, period: Period | None = None) -> pd.DataFrame:
    """Return the newest payments, refunds and disputes that belong to no purchase, up to 50 of each."""
    return _listed(workbench, period, nowhere.WITHOUT_PURCHASE)


def _listed(workbench: Workbench, period: Period | None, kinds: Sequence[str]) -> pd.DataFrame:
    bounds = workbench.challenge.bounds(period or workbench.challenge.whole(workbench.now()))
    with workbench.frames.read() as connection:
        found = [one for why in kinds for one in nowhere.newest(connection, bounds, why, MOST)]
    names = ("why", "product", "price", "currency", "purchased_at", "other")
    rows = [
        {**{name: getattr(one, name) for name in names}, "purchase": f"{one.source}:{one.external_id}"} for one in found
    ]
    return framed(rows, LEFT_OUT, workbench.challenge.zone)


def coverage(workbench: Workbench) -> pd.DataFrame:
    """Return, per source, how new its newest fact is, and which days or samples of the period up to now are missing."""
    challenge, now = workbench.challenge, workbench.now()
    period = challenge.whole(now)
    with workbench.frames.read() as connection:
        newest = hygiene.newest_by_source(connection)
        rows = [row for row in _covered(connection, workbench, period) if row["expected"]]
    told = {row["source"] for row in rows}
    rows += [_row(source, "events", [], set()) for source in sorted(set(newest) - told)]
    return framed([row | {"newest_at": newest.get(row["source"])} for row in rows], COVERAGE, challenge.zone)


def failing(workbench: Workbench) -> pd.DataFrame:
    """Return what the vendors could not be asked for last time, with the reason; no rows where all went well."""
    with workbench.frames.read() as connection:
        rows = [asdict(one) for one in hygiene.failing_objects(connection)]
    return framed(rows, FAILING, workbench.challenge.zone)


def spend_against_totals(workbench: Workbench, period: Period | None = None) -> pd.DataFrame:
    """Return per ad account what its ads add up to and what the platform said the account spent, on the days it said so."""
    period = period or workbench.challenge.whole(workbench.now())
    with workbench.frames.read() as connection:
        days = hygiene.account_days(connection, period)
        known = costs.spend_by_account(connection, period, workbench.currency).by_account
    groups: defaultdict[tuple[str, str, str], list[hygiene.AccountDay]] = defaultdict(list)
    for day in days:
        groups[day.platform, day.account_id, day.currency].append(day)
    rows = [_compared(key, found) for key, found in groups.items()]
    untold = [key for key in known if key not in {group[:2] for group in groups}]
    rows += [
        {**_account((*key, workbench.currency)), "days": 0, "by_ads": known[key], "told": None, "difference": None}
        for key in untold
    ]
    return framed(rows, SPEND, workbench.challenge.zone)


def _compared(key: tuple[str, str, str], days: Sequence[hygiene.AccountDay]) -> dict[str, Any]:
    by_ads, told = (sum((getattr(day, name) for day in days), Decimal(0)) for name in ("by_ads", "told"))
    return {**_account(key), "days": len(days), "by_ads": by_ads, "told": told, "difference": by_ads - told}


def _account(key: tuple[str, str, str]) -> dict[str, str]:
    return dict(zip(("platform", "account_id", "currency"), key, strict=True))


Found = Iterator[tuple[Typed, str]]


def _problems(names: Names | None) -> Mapping[str, Callable[[Sequence[Typed]], Found]]:
    """Return what to look for, each with what finds it."""
    problems: dict[str, Callable[[Sequence[Typed]], Found]] = {
        "placeholder that nobody replaced": _unreplaced,
        "another spelling of the same": _twins,
        "blanks or codes in it": _blanks,
    }
    if names is None:
        return problems
    return problems | {
        "an id instead of a name": lambda typed: _ids(typed, names),
        "a campaign without ad spend": lambda typed: _unknown(typed, names),
    }


def _unreplaced(typed: Sequence[Typed]) -> Found:
    yield from ((one, "the ad platform's own parameters") for one in typed if UNREPLACED.search(one.value))


def _twins(typed: Sequence[Typed]) -> Found:
    """Yield every spelling of a value but the most frequent one."""
    groups: defaultdict[str, list[Typed]] = defaultdict(list)
    for one in typed:
        if not _has_codes(one.value):
            groups[one.key].append(one)
    for group in groups.values():
        usual, *others = sorted(group, key=lambda one: (-one.leads, one.value))
        yield from ((one, f"“{usual.value}”") for one in others)


def _blanks(typed: Sequence[Typed]) -> Found:
    yield from ((one, f"“{one.key}”") for one in typed if _has_codes(one.value))


def _has_codes(value: str) -> bool:
    return not UNREPLACED.search(value) and (value != value.strip() or "  " in value or "+" in value or "%20" in value)


def _ids(typed: Sequence[Typed], names: Names) -> Found:
    yield from ((one, f"“{names.of(one.key)}”") for one in typed if AN_ID.fullmatch(one.value.strip()))


def _unknown(typed: Sequence[Typed], names: Names) -> Found:
    """Yield the values that name no campaign with ad spend, with the name that comes nearest, if any does."""
    known = {names.labels[key].casefold(): names.labels[key] for key in names.known}
    for one in typed:
        if names.campaign(one.key) not in names.known and not UNREPLACED.search(one.value):
            near = get_close_matches(one.key, known, n=1, cutoff=NEAR)
            yield one, f"near “{known[near[0]]}”" if near else ""


def _covered(connection: Connection, workbench: Workbench, period: Period) -> Iterator[dict[str, Any]]:
    challenge = workbench.challenge
    for source, days in sorted(hygiene.days_with_opt_ins(connection, period).items()):
        yield _row(source, "opt-ins", _since(min(days), period), days)
    for platform, days in sorted(hygiene.days_with_spend(connection, period).items()):
        yield _row(platform, "ad spend", _since(min(days), period), days)
    attended = workbench.frames.attendance(period).dropna(subset="participants")
    expected = [on for _, on in challenge.days_in(period)]
    for platform in Platform:
        seen = attended[attended["platform"] == platform]["date"]
        yield _row(platform, "attendance", expected, {on.date() for on in seen})
    for platform, (received, of) in hygiene.samples(connection, period).items():
        part = {"expected": of, "received": received, "coverage": _percent(received, of), "missing": ""}
        yield {"source": platform, "what": "samples", **part}


def _since(first: date, period: Period) -> list[date]:
    return list(Period(first, period.last).dates())


def _row(source: str, what: str, expected: Sequence[date], seen: set[date]) -> dict[str, Any]:
    missing = [on for on in expected if on not in seen]
    received = len(expected) - len(missing)
    return {
        "source": str(source),
        "what": what,
        "expected": len(expected),
        "received": received,
        "coverage": _percent(received, len(expected)),
        "missing": ", ".join(f"{on:%d %b}" for on in missing[:5]) + (" …" if len(missing) > 5 else ""),  # noqa: PLR2004 (a handful)
    }


def _percent(part: int, whole: int) -> Decimal | None:
    return (Decimal(100 * part) / whole).quantize(PERCENT, ROUND_HALF_UP) if whole else None
