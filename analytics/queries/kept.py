"""What the sums kept per date tell of a campaign's sales: how many there are, and how many of all have to be passed to find some."""

from collections.abc import Iterable
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from analytics.attribution import Outcome
from analytics.challenge import Period
from analytics.dialect import exact_sum, sum_where
from analytics.queries.money import ZERO, Bounds, Whole, whole_sales
from analytics.schema import sale_days


@dataclass(frozen=True, slots=True)
class Kept:
    """How many of each date's sales are a campaign's: pairs of (all sales, theirs), from the first date on."""

    days: tuple[tuple[int, int], ...]

    @property
    def theirs(self) -> int:
        """Return how many sales the campaign has."""
        return sum(theirs for _, theirs in self.days)

    def passed(self, wanted: int, *, newest_first: bool) -> int:
        """Return how many sales are looked at, date by date, until so many of the campaign's are found."""
        looked_at = 0
        days: Iterable[tuple[int, int]] = reversed(self.days) if newest_first else self.days
        for everybody, theirs in days:
            looked_at, wanted = looked_at + everybody, wanted - theirs
            if wanted <= 0:
                break
        return looked_at


def kept(connection: Connection, period: Period, bounds: Bounds, campaign: str | None) -> Kept | None:
    """Return the sales of a period that are credited to a campaign's folded key, or to nothing (None).

    None where the sums do not make the whole, because another program wrote a sale or changed one.
    """
    day = sale_days.c
    is_credited = day.outcome == Outcome.MATCHED
    theirs = ~is_credited if campaign is None else sa.and_(is_credited, day.campaign_key == campaign)
    query = (
        sa.select(sa.func.sum(day.sales), sum_where(theirs, day.sales, 0), exact_sum(day.amount), sa.func.sum(day.seal))
        .where(day.date.between(period.first, period.last))
        .group_by(day.date)
        .order_by(day.date)
    )
    rows = connection.execute(query).all()
    told = Whole(
        sum(int(row[0]) for row in rows), sum((row[2] for row in rows), ZERO), sum(int(row[3]) for row in rows)
    )
    if told != whole_sales(connection, bounds):
        return None
    return Kept(tuple((int(everybody), int(theirs)) for everybody, theirs, *_ in rows))
