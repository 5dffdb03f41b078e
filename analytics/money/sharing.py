"""Shares an amount over the lines of an order, to the cent."""

from collections.abc import Sequence
from decimal import Decimal

CENT = Decimal("0.01")
ZERO = Decimal(0)


def shares(total: Decimal, weights: Sequence[Decimal]) -> list[Decimal]:
    """Return a total shared in proportion to the weights, by the largest remainder, so that the shares add up.

    A cent that is left goes to the largest remainder, then to the larger weight, then to the earlier one.
    """
    if len(weights) == 1:
        return [total]
    whole = sum(weights, ZERO)
    if not whole:
        return [total, *(ZERO for _ in weights[1:])]
    exact = [total * weight / whole for weight in weights]
    parts = [(one // CENT) * CENT for one in exact]
    left = int((total - sum(parts, ZERO)) / CENT)
    ranked = sorted(range(len(weights)), key=lambda at: (parts[at] - exact[at], -weights[at], at))
    for at in ranked[:left]:
        parts[at] += CENT
    return parts


def next_shares(before: Decimal, amount: Decimal, weights: Sequence[Decimal]) -> list[Decimal]:
    """Return the shares of an amount that follows a running total, so that the shares of all amounts add up."""
    earlier, later = shares(before, weights), shares(before + amount, weights)
    return [new - old for old, new in zip(earlier, later, strict=True)]


def before_tax(amount: Decimal, total: Decimal, tax: Decimal) -> Decimal:
    """Return the part of an amount that is not tax, in the proportion of a total and the tax in it."""
    if not tax or not total:
        return amount
    return shares(amount, [total - tax, tax])[0]
