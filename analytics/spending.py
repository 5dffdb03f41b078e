"""Takes in ad spend in bulk: rows are staged, summed per ad and day, and then replace what was there."""

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.dialects import mysql, sqlite
from sqlalchemy.engine import Connection

from analytics.rows import Row
from analytics.schema import ad_spend
from analytics.store import delete, upsert

KEY = [column.name for column in ad_spend.primary_key]
GROUP = ("date", "platform", "account_id", "campaign_key")

staged = sa.Table(
    "staged_ad_spend",
    sa.MetaData(),
    *(
        sa.Column(column.name, column.type, primary_key=column.primary_key, nullable=False)
        for column in ad_spend.columns
    ),
    # How many rows of the source were summed here.
    sa.Column("row_count", sa.Integer, nullable=False),
    prefixes=["TEMPORARY"],
    mysql_charset="utf8mb4",
)


def stage(connection: Connection, rows: Sequence[Row]) -> None:
    """Add rows to the stage; the same ad on the same day is summed (breakdowns by age or placement repeat it)."""
    upsert(connection, staged, [{**row, "row_count": 1} for row in rows], add=("spend", "row_count"))


def publish(connection: Connection) -> dict[str, int]:
    """Replace the stored spend by what is staged; return how many source rows were `new`, `changed` and `same`."""
    counts = _compare(connection)
    if counts:
        _replace(connection)
        _keep_the_finest(connection)
    return counts


def _state() -> sa.ColumnElement[str]:
    alike = sa.and_(
        *(ad_spend.c[name] == staged.c[name] for name in ("spend", "currency", "campaign", "ad_set", "ad", "detail"))
    )
    return sa.case((ad_spend.c.date.is_(None), "new"), (alike, "same"), else_="changed")


def _compare(connection: Connection) -> dict[str, int]:
    is_here = sa.and_(*(ad_spend.c[name] == staged.c[name] for name in KEY))
    query = (
        sa.select(_state().label("state"), sa.func.sum(staged.c.row_count))
        .join_from(staged, ad_spend, is_here, isouter=True)
        .group_by(sa.literal_column("state"))
    )
    return {state: int(count) for state, count in connection.execute(query)}


def _replace(connection: Connection) -> None:
    names = [column.name for column in ad_spend.columns]
    values = [name for name in names if name not in KEY]
    # Rows that are the same go along: asking which differ would cost a copy of the stage, and writing them changes nothing.
    rows = sa.select(*(staged.c[name] for name in names)).where(sa.true())  # SQLite wants a WHERE before ON CONFLICT
    if connection.dialect.name == "sqlite":
        insert = sqlite.insert(ad_spend).from_select(names, rows)
        connection.execute(
            insert.on_conflict_do_update(index_elements=KEY, set_={name: insert.excluded[name] for name in values})
        )
    else:
        replace = mysql.insert(ad_spend).from_select(names, rows)
        connection.execute(replace.on_duplicate_key_update({name: replace.inserted[name] for name in values}))


def _keep_the_finest(connection: Connection) -> None:
    """Delete rows about a campaign's day that a more detailed report has replaced, so that nothing is counted twice."""
    dates = connection.execute(sa.select(sa.func.min(staged.c.date), sa.func.max(staged.c.date))).one()
    if dates[0] is None:
        return
    finest = (
        sa.select(*(ad_spend.c[name] for name in GROUP), sa.func.max(ad_spend.c.detail).label("finest"))
        .where(ad_spend.c.date.between(*dates))
        .group_by(*(ad_spend.c[name] for name in GROUP))
        .having(sa.func.min(ad_spend.c.detail) < sa.func.max(ad_spend.c.detail))
        .subquery()
    )
    same_group = sa.and_(*(ad_spend.c[name] == finest.c[name] for name in GROUP))
    coarser = (
        sa.select(*(ad_spend.c[name] for name in KEY))
        .join(finest, same_group)
        .where(ad_spend.c.detail < finest.c.finest)
    )
    delete(connection, ad_spend, [tuple(row) for row in connection.execute(coarser)])
