"""Credits by model, one sale and one step at a time; the removal effect by walking the chain with and without a campaign."""

from collections import Counter
from collections.abc import Mapping, Sequence
from fractions import Fraction

Way = tuple[str, ...]
STEPS = 4000


def shares(model: str, days: Sequence[int]) -> list[Fraction]:
    """Return what each opt-in of one sale gets, earliest first, as parts of one."""
    count = len(days)
    if model == "First touch":
        return [Fraction(1)] + [Fraction(0)] * (count - 1)
    if model == "Last touch":
        return [Fraction(0)] * (count - 1) + [Fraction(1)]
    if model == "Position-based" and count > 2:
        return [Fraction(2, 5)] + [Fraction(1, 5) / (count - 2)] * (count - 2) + [Fraction(2, 5)]
    if model == "Time decay":
        strengths = [Fraction(0.5 ** (day / 7)) for day in days]
        return [strength / sum(strengths) for strength in strengths]
    return [Fraction(1, count)] * count


def chance_of_sale(ways: Sequence[tuple[Way, int, bool]], without: str | None = None) -> float:
    """Return the chance that somebody buys who starts as people do and goes on as people do; `without` leads nowhere."""
    begins, goes = Counter[str](), dict[str, Counter[str]]()
    for way, count, is_sale in ways:
        begins[way[0]] += count
        for here, there in zip(way, (*way[1:], "SOLD" if is_sale else "LOST"), strict=True):
            goes.setdefault(here, Counter())[there] += count
    where = {name: count / begins.total() for name, count in begins.items()}
    sold = 0.0
    for _ in range(STEPS):
        where, arrived = _step(where, goes, without)
        sold += arrived
        if sum(where.values()) < 1e-14:
            break
    return sold


def _step(
    where: Mapping[str, float], goes: Mapping[str, Counter[str]], without: str | None
) -> tuple[dict[str, float], float]:
    after, sold = dict[str, float](), 0.0
    for here, chance in where.items():
        if here == without:
            continue
        for there, count in goes[here].items():
            part = chance * count / goes[here].total()
            if there == "SOLD":
                sold += part
            elif there != "LOST":
                after[there] = after.get(there, 0.0) + part
    return after, sold
