"""Loads the sample challenge, and refuses to where real rows are."""

from datetime import timedelta

import sqlalchemy as sa

from analytics import ingest, sample
from analytics.database import writing
from analytics.queries import health
from analytics.schema import challenges, metadata
from analytics.store import upsert
from analytics.workbench import Workbench

TODAY_IS_DAY = 17


class RealRowsError(RuntimeError):
    """The database holds rows that are not the sample's."""


def load(workbench: Workbench, leads: int = 3000, seed: int = 31) -> int:
    """Fill the database with the sample challenge around today and return the number of records."""
    now = workbench.now()
    if workbench.settings.challenge_start is None:
        workbench.start = workbench.challenge.local_date(now) - timedelta(days=TODAY_IS_DAY - 1)
    with writing(workbench.engine) as connection:
        if health.holds_real_rows(connection):
            raise RealRowsError("This database holds real rows; the sample challenge goes only into an empty one.")
        for table in metadata.tables.values():
            connection.execute(sa.delete(table))
        accepted = ingest.accept(
            connection,
            workbench.rules,
            sample.records(workbench.challenge, now, seed, leads, workbench.settings.currency),
        )
        upsert(connection, challenges, [{"starts_on": workbench.challenge.starts_on, "is_sample": True}])
    return accepted.new
