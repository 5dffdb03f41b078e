"""By which settings the stored orders and payments were resolved: other ones have them all resolved again."""

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from analytics.schema import orders, payments, resolved_terms
from analytics.store import insert_missing


def note_terms(connection: Connection, fingerprint: str) -> None:
    """Keep that something is resolved by these settings."""
    if fingerprint not in _noted(connection):
        insert_missing(connection, resolved_terms, [{"fingerprint": fingerprint}])


def is_settled(connection: Connection, fingerprint: str) -> bool:
    """Tell whether everything that is stored was resolved by these settings."""
    return _noted(connection) <= {fingerprint}


def settle(connection: Connection, fingerprint: str) -> None:
    """Keep that everything that is stored, if there is anything, was resolved by these settings alone."""
    connection.execute(sa.delete(resolved_terms))
    if any(connection.execute(sa.select(table.c.source).limit(1)).first() for table in (orders, payments)):
        note_terms(connection, fingerprint)


def _noted(connection: Connection) -> set[str]:
    return set(connection.scalars(sa.select(resolved_terms.c.fingerprint)))
