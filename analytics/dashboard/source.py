"""What the page needs to know about the world: a few reads, and no engine."""

from collections.abc import Iterator
from datetime import datetime
from typing import Protocol

from analytics.breakdown import Breakdown
from analytics.challenge import Challenge, Period
from analytics.explanation import Explanation
from analytics.view3 import Choices, SalesFilter, SalesPage, Sort, View3


class Source(Protocol):
    """Where the page reads from; a Workbench is one, and a test's fake another."""

    @property
    def challenge(self) -> Challenge:
        """The challenge calendar."""
        ...

    @property
    def currency(self) -> str:
        """The reporting currency."""
        ...

    def now(self) -> datetime:
        """Return the present moment, aware."""
        ...

    def view(self, period: Period | None = None) -> View3:
        """Return View 3 for a period, or for the whole funnel until now."""
        ...

    def campaigns_of(self, view: View3) -> Breakdown:
        """Return the campaigns of a view, which add up to its totals."""
        ...

    def sales(self, wanted: SalesFilter, sort: Sort, limit: int, offset: int) -> SalesPage:
        """Return one page of the attribution table, sorted over all matching rows."""
        ...

    def choices(self, period: Period) -> Choices:
        """Return the campaigns and products to filter by."""
        ...

    def export(self, wanted: SalesFilter, sort: Sort) -> tuple[int, Iterator[str]]:
        """Return how many rows match, and the CSV text of exactly these."""
        ...

    def explain(self, sale_id: int) -> Explanation:
        """Return why a sale is credited as it is; raises NoSuchSaleError."""
        ...

    def fingerprint(self) -> str:
        """Return a cheap mark that changes when anything in the database changed."""
        ...

    def pause(self, seconds: float) -> None:
        """Return when the mark is worth another look: after so many seconds, or when somebody tells that it changed."""
        ...
