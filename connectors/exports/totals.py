"""Rows of totals as a check sum: what the rows of an ad report add up to, against what the report says."""

from decimal import Decimal

NOTHING = Decimal(0)
ALL = "all rows"


class CheckSum:
    """Adds up rows per day, and compares them with the totals that the report prints for days or for all rows."""

    def __init__(self) -> None:
        self.sums: dict[object, Decimal] = {}
        self.stated: dict[object, Decimal] = {}

    def add(self, scope: object, spend: Decimal) -> None:
        """Count a row."""
        self.sums[scope] = self.sums.get(scope, NOTHING) + spend

    def state(self, scope: object, total: Decimal) -> None:
        """Keep the first total that the report prints for a scope; the next ones are of parts of it."""
        self.stated.setdefault(scope, total)

    def note(self) -> str:
        """Return a sentence on the totals, empty where the report prints none."""
        sums = self.sums | {ALL: sum(self.sums.values(), NOTHING)}
        for scope, total in self.stated.items():
            if (added := sums.get(scope, NOTHING)) != total:
                return f"The report's total of {scope} is {total}, but its rows add up to {added}."
        return f"The rows add up to the report's own totals ({len(self.stated)} checked)." if self.stated else ""
