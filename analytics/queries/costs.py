"""What the ads of a period cost."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from analytics.challenge import Period
from analytics.dialect import count_where, exact_sum, sum_where
from analytics.schema import ad_spend

ZERO = Decimal(0)
SPEND_SCALE = 6


@dataclass(frozen=True, slots=True)
class Spend:
    """Ad spend in the reporting currency (None: no such rows), how many rows are in another, and from when on it is provisional."""

    spend: Decimal | None
    other_currency: int
    by_account: Mapping[tuple[str, str], Decimal]
    provisional_from: date | None = None


def spend_by_account(connection: Connection, period: Period, currency: str) -> Spend:
    """Return the ad spend of a period, also by (platform, account)."""
    here = ad_spend.c.currency == currency
    query = (
        sa.select(
            ad_spend.c.platform,
            ad_spend.c.account_id,
            count_where(here).label("rows_here"),
            count_where(~here).label("other_currency"),
            _sum_of(here).label("spend"),
            sa.func.min(sa.case((here & ad_spend.c.provisional, ad_spend.c.date))).label("provisional_from"),
        )
        .where(ad_spend.c.date.between(period.first, period.last))
        .group_by(ad_spend.c.platform, ad_spend.c.account_id)
    )
    rows = list(connection.execute(_along(query, "ix_ad_spend_accounts")))
    by_account = {(platform, account): spend for platform, account, counted, _, spend, _ in rows if counted}
    total = sum(by_account.values(), ZERO) if by_account else None
    provisional = [since for *_, since in rows if since is not None]
    return Spend(total, sum(int(others) for *_, others, _, _ in rows), by_account, min(provisional, default=None))


def spend_by_ad(connection: Connection, period: Period, currency: str) -> Decimal:
    """Return the ad spend of a period summed over ads, for the check that it equals the sum over accounts.

    It walks ads and no accounts, along an index of its own: a row that one side lacks or has twice is missed by the other.
    """
    by_ad = (
        sa.select(_sum_of(ad_spend.c.currency == currency).label("spend"))
        .where(ad_spend.c.date.between(period.first, period.last))
        .group_by(ad_spend.c.entity_key)
    )
    return sum((spend for (spend,) in connection.execute(_along(by_ad, "ix_ad_spend_ads"))), ZERO)


def _along(query: sa.Select[Any], index: str) -> sa.Select[Any]:
    """Return the query, to be answered from an index in the order of its groups; left to itself MariaDB sorts all rows."""
    return query.with_hint(ad_spend, f"FORCE INDEX ({index})", "mysql")


def _sum_of(condition: sa.ColumnElement[bool]) -> exact_sum:
    return sum_where(condition, ad_spend.c.spend, SPEND_SCALE)
