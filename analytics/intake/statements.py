"""What two reports of ad spend about the same days add up to: which account they are of, and which rows stand."""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple

from analytics.intake.rows import CAMPAIGN, entity_key
from analytics.records import UndecidedError

NOTHING = Decimal(0)
IDS = ("campaign_id", "ad_set_id", "ad_id")
BELOW_CAMPAIGN = ("ad_set_id", "ad_set", "ad_set_key", "ad_id", "ad", "ad_key")
ACCOUNT_NUMBER = re.compile("[0-9]+")
# A day that falls by more than this between two reports is more likely another account's than a correction.
CORRECTION = Decimal("0.8")
REMEDY = (
    "Export again with the columns Account ID and Campaign ID (best with Ad set or Ad group ID and Ad ID too), or import "
    "each file with --account NAME: one name for one account, different names for different ones."
)

Row = Mapping[str, Any]
Day = tuple[date, str]


class CampaignDay(NamedTuple):
    """What a report says of one campaign on one day."""

    date: date
    platform: str
    account_id: str
    currency: str
    campaign_id: str
    campaign_key: str


class Scope(NamedTuple):
    """Whose spend it is: an account has one currency, so two currencies are two accounts."""

    platform: str
    account_id: str
    currency: str


@dataclass(frozen=True, slots=True)
class Owner:
    """The account that rows of a scope belong to, and the names under which its earlier rows are stored."""

    account_id: str
    stored_as: frozenset[str]


def is_number(account_id: str) -> bool:
    """Tell whether an account is known by the platform's number, not by a name."""
    return ACCOUNT_NUMBER.fullmatch(account_id) is not None


def owners(
    staged: Iterable[CampaignDay], stored: Iterable[CampaignDay], *, is_whole: bool, is_named: bool
) -> dict[Scope, Owner]:
    """Return whose rows those of each staged scope are; raise UndecidedError where that is open.

    `is_whole`: the report states its days whole. `is_named`: its account was named by hand.
    """
    there: defaultdict[tuple[date, str, str], list[CampaignDay]] = defaultdict(list)
    for told in stored:
        there[told.date, told.platform, told.currency].append(told)
    arriving: defaultdict[Scope, list[CampaignDay]] = defaultdict(list)
    for told in staged:
        arriving[Scope(told.platform, told.account_id, told.currency)].append(told)
    return {
        scope: _owner(scope, told, there, is_open=not is_named)
        if is_whole
        else Owner(scope.account_id, frozenset([scope.account_id]))
        for scope, told in arriving.items()
    }


def _owner(
    scope: Scope,
    told: Sequence[CampaignDay],
    there: Mapping[tuple[date, str, str], Sequence[CampaignDay]],
    *,
    is_open: bool,
) -> Owner:
    """Return the owner of a report's rows: its account, completed by accounts with campaigns of the same names."""
    related: set[str] = set()
    strangers: date | None = None
    for one in told:
        near = [old for old in there.get((one.date, one.platform, one.currency), ()) if _may_be_one(one, old)]
        same = {old.account_id for old in near if _is_same_campaign(one, old)}
        related |= same | {old.account_id for old in near if old.account_id == scope.account_id != ""}
        if is_open and strangers is None and not same and any(_may_be_renamed(one, old) for old in near):
            strangers = one.date
        if not scope.account_id and len(same - {""}) > 1:
            raise UndecidedError(
                f"Campaigns of these names are stored for several accounts ({', '.join(sorted(same))}) on {one.date}, "
                f"and the file does not say whose they are. {REMEDY}"
            )
    if strangers is not None and not related:
        raise UndecidedError(
            f"For {strangers} there are other campaigns already, and nothing tells whether these are another account's "
            f"or the same ones renamed. {REMEDY}"
        )
    names = sorted(related | {scope.account_id}, key=lambda name: (not is_number(name), not name, name))
    account_id = names[0] if len(names[0]) and (not scope.account_id or is_number(names[0])) else scope.account_id
    return Owner(account_id, frozenset(related | {scope.account_id}))


def _may_be_one(arriving: CampaignDay, stored: CampaignDay) -> bool:
    """Tell whether two accounts may be one: two numbers, or two names, are compared; else it is open."""
    one, other = arriving.account_id, stored.account_id
    return one == other or not one or not other or is_number(one) != is_number(other)


def _is_same_campaign(arriving: CampaignDay, stored: CampaignDay) -> bool:
    if arriving.campaign_id and stored.campaign_id:
        return arriving.campaign_id == stored.campaign_id
    return arriving.campaign_key == stored.campaign_key


def _may_be_renamed(arriving: CampaignDay, stored: CampaignDay) -> bool:
    return not (arriving.campaign_id and stored.campaign_id)


def require_corrections(before: Mapping[Day, Decimal], after: Mapping[Day, Decimal]) -> None:
    """Raise UndecidedError where a report by names alone would lower a day by more than platforms correct."""
    for (on, platform), spend in before.items():
        if after.get((on, platform), spend) < spend * CORRECTION:
            raise UndecidedError(
                f"The file tells far less of {on} than what is stored under the same names "
                f"({after[on, platform]:.2f}, not {spend:.2f}): it may be another account's. {REMEDY}"
            )


def merged(stored: Sequence[Row], staged: Sequence[Row], *, is_whole: bool) -> list[Row]:
    """Return the rows that stand for one account's day after a report of it has arrived.

    What the finest rows do not explain of a total once told is a row of the campaign, or of the account.
    """
    standing: list[Row] = []
    gone: list[Row] = []
    new: list[Row] = []
    for old, told in _campaigns(stored, staged):
        if old and told:
            standing += _campaign(old, told, is_whole=is_whole)
        else:
            gone += old
            new += told
    kept, lost = _unlisted(gone, new, "campaign_id", is_whole=is_whole)
    return [*standing, *kept, *new, *(_rest(new[0], lost, of_account=True) if lost else ())]


def _campaigns(stored: Sequence[Row], staged: Sequence[Row]) -> list[tuple[list[Row], list[Row]]]:
    """Return stored and staged rows by campaign: by id where both have one, else by name."""
    clusters: dict[tuple[str, str], tuple[list[Row], list[Row]]] = {}
    by_name: defaultdict[str, list[tuple[str, str]]] = defaultdict(list)
    for row in stored:
        name = _name(row)
        if name not in clusters:
            clusters[name] = [], []
            by_name[row["campaign_key"]].append(name)
        clusters[name][0].append(row)
    for row in staged:
        name, alone = _name(row), ("", row["campaign_key"])
        if name not in clusters:
            # An id finds the rows by name alone; a name finds those with ids, several of one name together.
            alike = by_name[row["campaign_key"]] if not row["campaign_id"] else [alone] if alone in clusters else []
            told = [clusters[other] for other in alike if clusters[other][0]]
            if told:
                _join(told)
            clusters[name] = told[0] if told else ([], [])
        clusters[name][1].append(row)
    return list({id(cluster): cluster for cluster in clusters.values()}.values())


def _name(row: Row) -> tuple[str, str]:
    return (row["campaign_id"], "") if row["campaign_id"] else ("", row["campaign_key"])


def _join(clusters: Sequence[tuple[list[Row], list[Row]]]) -> None:
    first, *others = clusters
    for stored, staged in others:
        first[0].extend(stored)
        first[1].extend(staged)
        stored.clear()
        staged.clear()


def _campaign(stored: Sequence[Row], staged: Sequence[Row], *, is_whole: bool) -> list[Row]:
    """Return the rows that stand for one campaign's day: the finest, and what they leave of the total once told."""
    finest = max(map(_grain, (*stored, *staged)))
    fine_before, coarse_before = _split(stored, finest)
    fine, coarse = _split(staged, finest)
    if not fine:
        return _with_rest(list(fine_before), _total(staged) - _total(fine_before), staged[0])
    standing, lost = _restated(fine_before, fine, finest, is_whole=is_whole)
    # A coarse row that is stored makes all stored rows together the total that was told of the campaign.
    rest = _total(stored) - _total(standing) - _total(coarse) if coarse_before else lost
    return _with_rest([*standing, *coarse], rest, staged[0])


def _restated(stored: Sequence[Row], staged: Sequence[Row], grain: int, *, is_whole: bool) -> tuple[list[Row], Decimal]:
    """Return what stands of rows of one grain, and what was spent by rows that are no longer told."""
    id_name = IDS[grain - 1]
    by_id = {row[id_name]: place for place, row in enumerate(stored) if row[id_name]}
    by_name: defaultdict[tuple[str, str], list[int]] = defaultdict(list)
    for place, row in enumerate(stored):
        by_name[row["ad_set_key"], row["ad_key"]].append(place)
    standing: list[Row] = []
    new: list[Row] = []
    used: set[int] = set()
    for row in staged:
        if (known := by_id.get(row[id_name])) is not None:
            used.add(known)
            standing.append(row)
            continue
        alike = [
            place for place in by_name[row["ad_set_key"], row["ad_key"]] if _may_be_row(row, stored[place], id_name)
        ]
        used.update(alike)
        (standing if alike else new).extend(_by_name(row, [stored[place] for place in alike], id_name))
    gone = [row for place, row in enumerate(stored) if place not in used]
    kept, lost = _unlisted(gone, new, id_name, is_whole=is_whole)
    return [*standing, *new, *kept], lost


def _may_be_row(row: Row, other: Row, id_name: str) -> bool:
    return not (row[id_name] and other[id_name])


def _by_name(row: Row, stored: Sequence[Row], id_name: str) -> Sequence[Row]:
    """Return what stands for a row found by its names: ids that are known already stay."""
    if not stored or row[id_name] or not all(one[id_name] for one in stored):
        return (row,)
    if _total(stored) == row["spend"]:
        return stored
    return ({**stored[0], "spend": row["spend"]},) if len(stored) == 1 else (row,)


def _unlisted(
    gone: Sequence[Row], new: Sequence[Row], id_name: str, *, is_whole: bool
) -> tuple[Sequence[Row], Decimal]:
    """Return which rows that a report no longer tells stay, and what is left of those that it tells under new names.

    Ids tell that a row is another one. Without them a new row beside one that is gone is the same row renamed.
    """
    renamed = [row for row in gone if any(_may_be_row(one, row, id_name) for one in new)] if is_whole else []
    if not renamed:
        return gone, NOTHING
    under = [row for row in new if any(_may_be_row(row, one, id_name) for one in renamed)]
    kept = [row for row in gone if not any(row is one for one in renamed)]
    return kept, max(NOTHING, _total(renamed) - _total(under))


def _with_rest(rows: list[Row], rest: Decimal, model: Row) -> list[Row]:
    return [*rows, *_rest(model, rest)] if rest > 0 else rows


def _rest(model: Row, spend: Decimal, *, of_account: bool = False) -> tuple[Row, ...]:
    """Return the row of what a campaign, or an account, spent beyond the rows that are listed."""
    above = {"campaign_id": "", "campaign": "", "campaign_key": ""} if of_account else {}
    row = {**model, **above, **dict.fromkeys(BELOW_CAMPAIGN, ""), "spend": spend}
    return ({**row, "entity_key": entity_key(row), "detail": 2 * CAMPAIGN + bool(row["campaign_id"])},)


def _split(rows: Sequence[Row], finest: int) -> tuple[list[Row], list[Row]]:
    return [row for row in rows if _grain(row) == finest], [row for row in rows if _grain(row) < finest]


def _grain(row: Row) -> int:
    return int(row["detail"]) // 2


def _total(rows: Iterable[Row]) -> Decimal:
    return sum((row["spend"] for row in rows), NOTHING)
