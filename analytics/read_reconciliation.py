"""Reads the reconciliation of a period: facts and places as stored, by the date of the money or of the sale."""

from datetime import datetime

from sqlalchemy.engine import Connection

from analytics.challenge import Period
from analytics.conservation import accounts, unbalanced
from analytics.queries.stored_money import purchase_moments, stored_money
from analytics.reading import Lens
from analytics.reconciliation import Dating, Reconciliation, inside, reconcile

BY = ("money", "sale")


def read_reconciliation(
    connection: Connection, lens: Lens, period: Period, now: datetime, by: str = BY[0]
) -> Reconciliation:
    """Return what providers state of money on each date of a period against where it is counted, as far as `now`."""
    found = accounts(stored_money(connection))
    sold_at = purchase_moments(connection) if by == "sale" else None
    challenge = lens.challenge
    dating = Dating(challenge.local_date, (period.first, period.last), lens.horizon(now), sold_at)
    return Reconciliation(
        tuple(reconcile(found, dating)), tuple(inside(unbalanced(found), dating)), by, challenge.zone.key
    )
