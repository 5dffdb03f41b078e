"""Takes in ad spend in bulk: rows are staged, summed per ad and day, and then replace what was there."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import mysql, sqlite
from sqlalchemy.engine import Connection

from analytics.intake.rows import Row
from analytics.intake.statements import CampaignDay, Day, Owner, Scope, is_number, merged, owners, require_corrections
from analytics.records import Statement
from analytics.schema import ad_spend, ad_spend_versions
from analytics.store import chunks, delete, upsert

KEY = [column.name for column in ad_spend.primary_key]
COLUMNS = [column.name for column in ad_spend.columns]
TOLD = ("spend", "currency", "campaign", "ad_set", "ad", "detail")

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


def publish(connection: Connection, statement: str) -> dict[str, int]:
    """Replace the stored spend by what is staged; return how many source rows were `new`, `changed` and `same`.

    Raise UndecidedError where a report that states its days whole may be of another account, or of renamed campaigns.
    """
    gave_way = _drop_told_by_platform(connection)
    counts = Counter(_reconcile(connection, statement))
    counts.update(_compare(connection))
    if counts:
        _replace(connection)
    counts["same"] += gave_way
    return counts


def _drop_told_by_platform(connection: Connection) -> int:
    """Take rows off the stage about days that the platform itself has told; return how many.

    A file that does not tell its account's number gives way where the platform tells the same campaign's day.
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
    accounts = connection.execute(sa.select(staged.c.account_id).distinct()).scalars()
    unnumbered = [account_id for account_id in accounts if not is_number(account_id)]
    told_with_account = sa.exists().where(
        same_day,
        ad_spend.c.date == versions.date,
        ad_spend.c.platform == versions.platform,
        ad_spend.c.account_id == versions.account_id,
        same_campaign,
    )
    dropped = sa.or_(told, sa.and_(staged.c.account_id.in_(unnumbered), told_with_account))
    return connection.execute(sa.delete(staged).where(dropped)).rowcount


def _state() -> sa.ColumnElement[str]:
    alike = sa.and_(*(ad_spend.c[name] == staged.c[name] for name in TOLD))
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


def _reconcile(connection: Connection, statement: str) -> dict[str, int]:
    """Merge the days of which other rows are stored than are staged, and take them off the stage; return the counts."""
    first, last = connection.execute(sa.select(sa.func.min(staged.c.date), sa.func.max(staged.c.date))).one()
    in_range = sa.select(sa.literal(1)).where(ad_spend.c.date.between(first, last)).limit(1)
    if first is None or connection.execute(in_range).first() is None:
        return {}
    counts: Counter[str] = Counter()
    days = _differing_days(connection, first, last)
    if statement != Statement.ROW:
        _require_corrections(connection, first, last)
    if not days:
        return counts
    whose = owners(
        _campaign_days(connection, staged, days),
        _campaign_days(connection, ad_spend, days),
        is_whole=statement != Statement.ROW,
        is_named=statement == Statement.ACCOUNT,
    )
    for day in days:
        counts.update(_merge_day(connection, day, whose, is_whole=statement != Statement.ROW))
    _rename_accounts(connection, whose)
    return counts


def _rename_accounts(connection: Connection, whose: Mapping[Scope, Owner]) -> None:
    """Put what is left on the stage under the accounts that were found for it."""
    named = {scope.account_id for scope in whose}
    for scope, owner in whose.items():
        if owner.account_id not in named:
            here = [staged.c[name] == value for name, value in scope._asdict().items()]
            connection.execute(sa.update(staged).where(*here).values(account_id=owner.account_id))


def _differing_days(connection: Connection, first: date, last: date) -> list[Day]:
    """Return the days with rows on both sides of which one side has a row that the other has not."""
    is_same = sa.and_(*(ad_spend.c[name] == staged.c[name] for name in KEY))
    new = sa.select(*_day(staged)).join_from(staged, ad_spend, is_same, isouter=True).where(ad_spend.c.date.is_(None))
    near = ad_spend.c.date.between(first, last)
    gone = (
        sa.select(*_day(ad_spend))
        .join_from(ad_spend, staged, is_same, isouter=True)
        .where(staged.c.date.is_(None), near)
    )
    differing = {tuple(row) for query in (new, gone) for row in connection.execute(query.distinct())}
    for table in (staged, ad_spend):
        differing &= {
            tuple(row)
            for row in connection.execute(sa.select(*_day(table)).where(table.c.date.between(first, last)).distinct())
        }
    return sorted((on, platform) for on, platform in differing)


def _day(table: sa.Table) -> tuple[sa.Column[Any], sa.Column[Any]]:
    return table.c.date, table.c.platform


def _require_corrections(connection: Connection, first: date, last: date) -> None:
    """Hold days told by names alone, without an account, against what is stored under the very same names."""
    is_same = sa.and_(*(ad_spend.c[name] == staged.c[name] for name in KEY))
    query = (
        sa.select(*_day(staged), sa.func.sum(ad_spend.c.spend), sa.func.sum(staged.c.spend))
        .join_from(staged, ad_spend, is_same)
        .where(staged.c.account_id == "", staged.c.campaign_id == "", staged.c.date.between(first, last))
        .group_by(*_day(staged))
    )
    told = connection.execute(query).all()
    require_corrections({(row[0], row[1]): row[2] for row in told}, {(row[0], row[1]): row[3] for row in told})


def _campaign_days(connection: Connection, table: sa.Table, days: Sequence[Day]) -> Iterator[CampaignDay]:
    """Yield what a table holds of each campaign on the given days, but for what the platform told itself."""
    names = [table.c[name] for name in CampaignDay._fields]
    about = "date", "platform", "account_id"
    by_platform = sa.exists().where(*(ad_spend_versions.c[name] == table.c[name] for name in about))
    for chunk in chunks(days):
        query = sa.select(*names).where(sa.tuple_(*_day(table)).in_(chunk), ~by_platform).distinct()
        for row in connection.execute(query):
            yield CampaignDay(*row)


def _merge_day(connection: Connection, day: Day, whose: Mapping[Scope, Owner], *, is_whole: bool) -> Counter[str]:
    """Write what stands of a day after its staged rows are merged with the stored ones; return what became of them."""
    on, platform = day
    stored = _rows(connection, ad_spend, day)
    arriving = _rows(connection, staged, day)
    connection.execute(sa.delete(staged).where(staged.c.date == on, staged.c.platform == platform))
    told_accounts = _told_accounts(connection, day)
    counts: Counter[str] = Counter()
    standing: dict[tuple[Any, ...], Row] = {}
    touched: dict[tuple[Any, ...], Row] = {}
    for scope in {Scope(platform, row["account_id"], row["currency"]) for row in arriving}:
        owner = whose[scope]
        before = [row for row in stored if row["account_id"] in owner.stored_as and row["currency"] == scope.currency]
        told = [{**row, "account_id": owner.account_id} for row in arriving if _is_of(row, scope)]
        if owner.stored_as & told_accounts:
            counts["same"] += sum(row["row_count"] for row in told)
            continue
        touched.update((_key(row), row) for row in before)
        for row in merged(before, told, is_whole=is_whole):
            standing[_key(row)] = {name: row[name] for name in COLUMNS}
        counts.update(_became(told, {_key(row): row for row in before}))
    upsert(connection, ad_spend, [row for key, row in standing.items() if not _alike(touched.get(key), row)])
    delete(connection, ad_spend, [key for key in touched if key not in standing])
    return counts


def _told_accounts(connection: Connection, day: Day) -> set[str]:
    """Return the accounts of which the platform itself has told this day."""
    versions = ad_spend_versions.c
    query = sa.select(versions.account_id).where(versions.date == day[0], versions.platform == day[1]).distinct()
    return set(connection.execute(query).scalars())


def _rows(connection: Connection, table: sa.Table, day: Day) -> list[Row]:
    query = sa.select(table).where(table.c.date == day[0], table.c.platform == day[1])
    return [dict(row) for row in connection.execute(query).mappings()]


def _is_of(row: Row, scope: Scope) -> bool:
    return bool(row["account_id"] == scope.account_id and row["currency"] == scope.currency)


def _key(row: Mapping[str, Any]) -> tuple[Any, ...]:
    return tuple(row[name] for name in KEY)


def _alike(stored: Row | None, row: Row) -> bool:
    return stored is not None and all(stored[name] == row[name] for name in TOLD)


def _became(told: Sequence[Row], stored: Mapping[tuple[Any, ...], Row]) -> Counter[str]:
    """Return how many rows of the source were new, changed and the same."""
    counts: Counter[str] = Counter()
    for row in told:
        before = stored.get(_key(row))
        state = "new" if before is None else "same" if _alike(before, row) else "changed"
        counts[state] += row["row_count"]
    return counts
