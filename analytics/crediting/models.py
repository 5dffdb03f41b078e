"""How a sale's revenue is shared among its buyer's opt-ins: six models, pure. What they credit adds up to the revenue, to the cent."""

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from decimal import ROUND_FLOOR, Decimal
from enum import StrEnum
from itertools import pairwise

import numpy as np

CENT = Decimal("0.01")
HALF_LIFE = 7  # days after which an opt-in counts half, where it counts the less the older it is
ENDS = Decimal("0.4")  # what the first and the last opt-in get each, where positions count


class Model(StrEnum):
    """A way to share revenue among opt-ins."""

    FIRST_TOUCH = "First touch"
    LAST_TOUCH = "Last touch"
    LINEAR = "Linear"
    POSITION_BASED = "Position-based"
    TIME_DECAY = "Time decay"
    MARKOV = "Markov removal effect"


ASSUMES = {
    Model.FIRST_TOUCH: "The first opt-in made the sale. This is the rule of every other figure of View 3.",
    Model.LAST_TOUCH: "The last opt-in before the purchase made the sale.",
    Model.LINEAR: "Every opt-in before the purchase helped alike.",
    Model.POSITION_BASED: "The first and the last opt-in helped most: 40 % each, the ones between share 20 %.",
    Model.TIME_DECAY: f"The closer to the purchase the better: an opt-in counts half as much as one {HALF_LIFE} days after it.",
    Model.MARKOV: "A campaign is worth the sales that would be gone without it, if people went from opt-in to opt-in by chance.",
}


@dataclass(frozen=True, slots=True)
class Journey:
    """The way to some sales: their buyers' opt-ins by campaign, earliest first, and how many days before the sale each was."""

    campaigns: tuple[str, ...]
    days: tuple[int, ...]
    sales: int
    revenue: Decimal


Lost = Mapping[tuple[str, ...], int]  # how many people went which way and bought nothing


def credited(model: Model, journeys: Collection[Journey], lost: Lost) -> dict[str, Decimal]:
    """Return the revenue of each campaign under a model; `lost` matters to Markov alone."""
    raw = _by_removal(journeys, lost) if model is Model.MARKOV else _by_weight(journeys, WEIGHTS[model])
    return apportioned(sum((journey.revenue for journey in journeys), Decimal(0)), raw)


def apportioned(total: Decimal, raw: Mapping[str, Decimal]) -> dict[str, Decimal]:
    """Return amounts in whole cents that add up to the total: cut down, and the cents left go to the largest remainders."""
    cut = {name: amount.quantize(CENT, ROUND_FLOOR) for name, amount in raw.items()}
    left = int((total - sum(cut.values(), Decimal(0))) / CENT)
    for name in sorted(raw, key=lambda name: (cut[name] - raw[name], name))[:left]:
        cut[name] += CENT
    return cut


def removal_effects(journeys: Collection[Journey], lost: Lost) -> dict[str, float]:
    """Return which part of the sales would be gone without each campaign; empty where nothing was sold.

    People are taken to go from opt-in to opt-in by chance (a Markov chain of the first order), and to stop at a campaign
    that is taken away.
    """
    names = sorted({name for one in journeys for name in one.campaigns} | {name for way in lost for name in way})
    place = {name: number for number, name in enumerate(names)}
    start, steps, sold, left = (np.zeros(shape) for shape in (len(names), (len(names),) * 2, len(names), len(names)))
    ways = [(one.campaigns, one.sales, sold) for one in journeys] + [(way, n, left) for way, n in lost.items()]
    for way, count, end in ways:
        walk = [place[name] for name in way]
        start[walk[0]] += count
        end[walk[-1]] += count
        for here, there in pairwise(walk):
            steps[here, there] += count
    if not sold.any():
        return {}
    out = steps.sum(axis=1) + sold + left
    visits = np.linalg.inv(np.eye(len(names)) - steps / out[:, None])
    chance = visits @ (sold / out)  # of a sale, from each campaign on
    begin = start / start.sum()
    reached = begin @ visits / visits.diagonal()
    effects = reached * chance / (begin @ chance)
    return {name: float(effects[place[name]]) for name in names}


def _by_weight(journeys: Collection[Journey], weigh: Callable[[Journey], list[Decimal]]) -> dict[str, Decimal]:
    raw: defaultdict[str, Decimal] = defaultdict(Decimal)
    for journey in journeys:
        weights = weigh(journey)
        whole = sum(weights, Decimal(0))
        for name, weight in zip(journey.campaigns, weights, strict=True):
            raw[name] += journey.revenue * weight / whole
    return dict(raw)


def _by_removal(journeys: Collection[Journey], lost: Lost) -> dict[str, Decimal]:
    effects = {name: Decimal(effect) for name, effect in removal_effects(journeys, lost).items() if effect > 0}
    revenue, whole = sum((journey.revenue for journey in journeys), Decimal(0)), sum(effects.values(), Decimal(0))
    return {name: revenue * effect / whole for name, effect in effects.items()}


def _first(journey: Journey) -> list[Decimal]:
    return [Decimal(place == 0) for place in range(len(journey.campaigns))]


def _last(journey: Journey) -> list[Decimal]:
    return _first(journey)[::-1]


def _alike(journey: Journey) -> list[Decimal]:
    return [Decimal(1)] * len(journey.campaigns)


def _ends_more(journey: Journey) -> list[Decimal]:
    between = len(journey.campaigns) - 2
    if between < 1:
        return _alike(journey)
    return [ENDS, *[(1 - 2 * ENDS) / between] * between, ENDS]


def _newer_more(journey: Journey) -> list[Decimal]:
    newest = min(journey.days)
    return [Decimal(2) ** (Decimal(newest - days) / HALF_LIFE) for days in journey.days]


WEIGHTS = {
    Model.FIRST_TOUCH: _first,
    Model.LAST_TOUCH: _last,
    Model.LINEAR: _alike,
    Model.POSITION_BASED: _ends_more,
    Model.TIME_DECAY: _newer_more,
}
