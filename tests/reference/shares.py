"""Money shared over lines in proportion, to the cent."""

from collections.abc import Sequence
from decimal import ROUND_FLOOR, Decimal

CENT = Decimal("0.01")


def shared(amount: Decimal, weights: Sequence[Decimal]) -> list[Decimal]:
    """Return the parts of an amount: what is left goes to the largest remainders, then the larger line, then the earlier."""
    whole = sum(weights, Decimal(0))
    if not whole:
        return [amount if place == 0 else Decimal(0) for place in range(len(weights))]
    exact = [amount * weight / whole for weight in weights]
    parts = [part.quantize(CENT, ROUND_FLOOR) for part in exact]
    left = int((amount - sum(parts)) / CENT)
    order = sorted(range(len(weights)), key=lambda at: (parts[at] - exact[at], -weights[at], at))
    for at in order[:left]:
        parts[at] += CENT
    return parts
