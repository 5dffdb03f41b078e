"""Takes in ad spend in bulk: rows are staged, summed per ad and day, and then replace what was there."""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import mysql, sqlite
from sqlalchemy.engine import Connection

from analytics.intake.rows import Row
from analytics.schema import ad_spend, ad_spend_versions
from analytics.store import delete, temporary, upsert

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

groups = sa.Table(
    "staged_campaign_days",
    sa.MetaData(),
    *(sa.Column(name, ad_spend.c[name].type, primary_key=True) for name in GROUP),
    sa.Column("coarsest", sa.SmallInteger, nullable=False),
    sa.Column("finest", sa.SmallInteger, nullable=False),
    prefixes=["TEMPORARY"],
    mysql_charset="utf8mb4",
)


def stage(connection: Connection, rows: Sequence[Row]) -> None:
    """Add rows to the stage; the same ad on the same day is summed (breakdowns by age or placement repeat it)."""
    upsert(connection, staged, [{**row, "row_count": 1} for row in rows], add=("spend", "row_count"))


def publish(connection: Connection) -> dict[str, int]:
    """Replace the stored spend by what is staged; return how many source rows were `new`, `changed` and `same`."""
    gave_way = _drop_told_by_platform(connection) + _reconcile(connection)
    counts = _compare(connection)
    if counts:
        _replace(connection)
    counts["same"] = counts.get("same", 0) + gave_way
    return counts


def _drop_told_by_platform(connection: Connection) -> int:
    """Take rows off the stage about days that the platform itself has told; return how many.

    A file that names no account gives way where the platform tells the same campaign's day.
    """
    versions = ad_spend_versions.c
    if connection.execute(sa.select(sa.literal(1)).select_from(ad_spend_versions).limit(1)).first() is None:
        return 0
    same_day = sa.and_(versions.date == staged.c.date, versions.platform == staged.c.platform)
    told = sa.exists().where(same_day, versions.account_id == staged.c.account_id)
    same_campaign = sa.or_(
        ad_spend.c.campaign_key == staged.c.campaign_key,
        sa.and_(ad_spend.c.campaign_id == staged.c.campaign_id, staged.c.campaign_id != ""),
    )
    told_with_account = sa.exists().where(
        same_day,
        ad_spend.c.date == versions.date,
        ad_spend.c.platform == versions.platform,
        ad_spend.c.account_id == versions.account_id,
        same_campaign,
    )
    dropped = sa.or_(told, sa.and_(staged.c.account_id == "", told_with_account))
    return connection.execute(sa.delete(staged).where(dropped)).rowcount


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


def _reconcile(connection: Connection) -> int:
    """Let the more detailed of two reports about a campaign's day stand; return how many arriving rows gave way.

    Within one report rows of different detail add up (Performance Max beside ads); only against another report's rows,
    which would count the same money again, does the finer detail win.
    """
    first, last = connection.execute(sa.select(sa.func.min(staged.c.date), sa.func.max(staged.c.date))).one()
    in_range = sa.select(sa.literal(1)).where(ad_spend.c.date.between(first, last)).limit(1)
    if first is None or connection.execute(in_range).first() is None:
        return 0
    with temporary(connection, groups):
        details = sa.func.min(staged.c.detail), sa.func.max(staged.c.detail)
        grouped = sa.select(*(staged.c[name] for name in GROUP), *details).group_by(*(staged.c[name] for name in GROUP))
        connection.execute(sa.insert(groups).from_select([column.name for column in groups.columns], grouped))
        gave_way = _drop_arriving(connection)
        coarser = _of_other_reports(*(ad_spend.c[name] for name in KEY)).where(ad_spend.c.detail < groups.c.finest)
        delete(connection, ad_spend, [tuple(row) for row in connection.execute(coarser)])
    return gave_way


def _drop_arriving(connection: Connection) -> int:
    """Take rows off the stage where another report tells the same campaign's day in more detail."""
    names = [groups.c[name] for name in GROUP]
    finer = (
        _of_other_reports(*names, sa.func.max(ad_spend.c.detail))
        .group_by(*names, groups.c.coarsest)
        .having(sa.func.max(ad_spend.c.detail) > groups.c.coarsest)
    )
    gave_way = 0
    for *group, finest in connection.execute(finer).all():
        here = sa.and_(*(staged.c[name] == value for name, value in zip(GROUP, group, strict=True)))
        gave_way += connection.execute(sa.delete(staged).where(here, staged.c.detail < finest)).rowcount
    return gave_way


def _of_other_reports(*columns: sa.ColumnElement[Any]) -> sa.Select[Any]:
    """Return a query over the stored rows about the staged campaigns' days that are not staged themselves."""
    same_group = sa.and_(*(ad_spend.c[name] == groups.c[name] for name in GROUP))
    same_row = sa.and_(*(ad_spend.c[name] == staged.c[name] for name in KEY))
    return (
        sa.select(*columns)
        .join_from(ad_spend, groups, same_group)
        .join(staged, same_row, isouter=True)
        .where(staged.c.date.is_(None))
    )
