"""The breakdown of a period, added up one row, one opt-in and one sale at a time."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from analytics.records import AdSpend, Lead
from tests.reference.attribution import Credit, Stated, credit
from tests.reference.purchases import Bought, fold

NOBODY = ("nobody",)
OFFERS = ("vip", "oto", "high_ticket")


@dataclass
class Part:
    """What belongs to one campaign, ad set or ad."""

    spend: Decimal | None = None
    leads: int = 0
    sales: int = 0
    revenue: dict[str, Decimal] = field(default_factory=lambda: dict.fromkeys(OFFERS, Decimal(0)))
    refunded: Decimal = Decimal(0)

    def figures(self) -> tuple[Decimal | int | None, ...]:
        """Return spend, leads, high-ticket sales, revenue by offer, and the whole funnel's revenue gross and net."""
        whole = sum(self.revenue.values(), Decimal(0))
        return self.spend, self.leads, self.sales, *self.revenue.values(), whole, whole - self.refunded


@dataclass
class Parts:
    """Puts each thing where it belongs, asking every row of spend in turn whether it is meant."""

    spend: list[AdSpend]
    aliases: Mapping[str, str]
    depth: int
    found: dict[Any, Part] = field(default_factory=lambda: defaultdict(Part))

    def place_of_spend(self, row: AdSpend) -> tuple[Any, ...]:
        """Return the place of a row of spend: the sets of rows that are the same campaign, ad set, ad as it."""
        return tuple(self._like(_of_row(row)[: level + 1]) for level in range(self.depth))

    def place_of_link(self, names: tuple[str, ...]) -> tuple[Any, ...]:
        """Return the place of what a link says."""
        place: tuple[Any, ...] = ()
        inside = self.spend
        for level, name in enumerate(names[: self.depth]):
            meant = self._meant(inside, level, name)
            if meant is None:
                alias = self.aliases.get(fold(name), "") if level == 0 else ""
                place = (*place, ("unknown", alias or fold(name)))
                inside = []
            else:
                place = (*place, meant)
                inside = [row for row in self.spend if id(row) in meant]
        return place

    def _meant(self, inside: list[AdSpend], level: int, name: str) -> frozenset[int] | None:
        """Return the rows a link means: by id, by name, by a name that a platform's name stands for; then by its alias."""
        if not fold(name):
            return frozenset(id(row) for row in inside if not any(_of_row(row)[level])) or None
        words = [name, self.aliases.get(fold(name), "") if level == 0 else ""]
        for word in filter(fold, words):
            stand_ins = (
                [alias for alias in sorted(self.aliases) if self.aliases[alias] == fold(word)] if level == 0 else []
            )
            for one in (word, *stand_ins):
                by_id = [row for row in inside if _of_row(row)[level][0] == fold(one)]
                by_name = [row for row in inside if fold(_of_row(row)[level][1]) == fold(one)]
                if by_id or by_name:
                    return self._like(_of_row((by_id or by_name)[0])[: level + 1])
        return None

    def _like(self, path: tuple[tuple[str, str], ...]) -> frozenset[int]:
        """Return every row that is the same thing as the path, by walking from row to row."""
        inside = self.spend if len(path) == 1 else [row for row in self.spend if id(row) in self._like(path[:-1])]
        level = len(path) - 1
        alike = [row for row in inside if _is_same(_of_row(row)[level], path[level])]
        grown = True
        while grown:
            more = [
                row
                for row in inside
                if row not in alike and any(_is_same(_of_row(row)[level], _of_row(one)[level]) for one in alike)
            ]
            alike += more
            grown = bool(more)
        return frozenset(id(row) for row in alike)


def _of_row(row: AdSpend) -> tuple[tuple[str, str], ...]:
    return ((row.campaign_id, row.campaign), (row.ad_set_id, row.ad_set), (row.ad_id, row.ad))


def _is_same(one: tuple[str, str], other: tuple[str, str]) -> bool:
    if not any(one) and not any(other):
        return True
    return bool(one[0] and one[0] == other[0]) or bool(fold(one[1]) and fold(one[1]) == fold(other[1]))


def breakdown(
    bought: Iterable[Bought],
    leads: Iterable[Lead],
    spend: Iterable[AdSpend],
    days: tuple[date, date],
    zone: ZoneInfo,
    *,
    stated: Sequence[Stated],
    aliases: Mapping[str, str],
    depth: int,
) -> Counter[Any]:
    """Return how often each row's figures stand in the breakdown, whatever it is called, and if it is the unattributed one."""
    leads = list({(lead.source, lead.external_id): lead for lead in leads}.values())
    parts = Parts([row for row in spend if days[0] <= row.date <= days[1]], aliases, depth)
    for row in parts.spend:
        part = parts.found[parts.place_of_spend(row)]
        if row.currency == "USD":
            part.spend = (part.spend or Decimal(0)) + row.spend
    for lead in leads:
        if days[0] <= lead.opted_in_at.astimezone(zone).date() <= days[1]:
            parts.found[parts.place_of_link(_utm(lead))].leads += 1
    parts.found[NOBODY] = Part()
    for one in bought:
        if days[0] <= one.at.astimezone(zone).date() <= days[1]:
            _sell(parts, one, credit(one, leads, zone, stated))
    return Counter((*part.figures(), place == NOBODY) for place, part in parts.found.items())


def _sell(parts: Parts, one: Bought, given: Credit) -> None:
    names = tuple(given.utm[column] or "" for column in (2, 3, 4))
    place = parts.place_of_link(names) if given.outcome == "matched" else NOBODY
    parts.found[place].sales += one.offer == "high_ticket"
    if one.currency == "USD":
        parts.found[place].revenue[one.offer] += one.price
        parts.found[place].refunded += one.refunded


def _utm(lead: Lead) -> tuple[str, str, str]:
    return lead.utm.campaign, lead.utm.term, lead.utm.content
