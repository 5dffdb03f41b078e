"""Every write to the tables. `upsert` is the only function that knows which engine it speaks to."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import islice
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.dialects import mysql, sqlite
from sqlalchemy.engine import Connection

from analytics.schema import Money, locks

BATCH = 1000

Row = Mapping[Any, Any]
T = TypeVar("T")


def upsert(connection: Connection, table: sa.Table, rows: Sequence[Row], *, add: Collection[str] = ()) -> None:
    """Write rows under the table's key; a row that exists takes the new values, and sums those of the columns in `add`."""
    if not rows:
        return
    key = [column.name for column in table.primary_key]
    changing = [name for name in rows[0] if name not in key] or key[:1]
    # A list handed to execute is the driver's executemany, batched; one statement with all values takes six times as long.
    if connection.dialect.name == "sqlite":
        insert = sqlite.insert(table)
        values = {
            name: _summed(table.c[name], insert.excluded[name]) if name in add else insert.excluded[name]
            for name in changing
        }
        connection.execute(insert.on_conflict_do_update(index_elements=key, set_=values), list(rows))
    else:
        replace = mysql.insert(table)
        values = {
            name: table.c[name] + replace.inserted[name] if name in add else replace.inserted[name] for name in changing
        }
        connection.execute(replace.on_duplicate_key_update(values), list(rows))


def _summed(stored: sa.Column[Any], arriving: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
    """Return a sum that SQLite's floating point does not blur: rounded to the column's scale it is the exact decimal again."""
    return sa.func.round(stored + arriving, stored.type.scale) if isinstance(stored.type, Money) else stored + arriving


def insert_missing(connection: Connection, table: sa.Table, rows: Sequence[Row]) -> None:
    """Insert the rows whose keys are not there yet; a row that is there stays as it is."""
    if not rows:
        return
    key = [column.name for column in table.primary_key]
    if connection.dialect.name == "sqlite":
        connection.execute(sqlite.insert(table).on_conflict_do_nothing(index_elements=key), list(rows))
    else:
        # INSERT IGNORE would also swallow a text that is cut.
        connection.execute(mysql.insert(table).on_duplicate_key_update({key[0]: table.c[key[0]]}), list(rows))


def existing(connection: Connection, table: sa.Table, keys: Collection[tuple[Any, ...]]) -> dict[tuple[Any, ...], Row]:
    """Return the stored rows under the given keys, by key."""
    columns = list(table.primary_key)
    found: dict[tuple[Any, ...], Row] = {}
    for chunk in chunks(sorted(keys)):
        query = sa.select(table).where(sa.tuple_(*columns).in_(chunk))
        for row in connection.execute(query).mappings():
            found[tuple(row[column.name] for column in columns)] = row
    return found


def write_changed(
    connection: Connection,
    table: sa.Table,
    rows: Sequence[Row],
    *,
    stored: Mapping[tuple[Any, ...], Row] | None = None,
    merge: Callable[[Row, Row], Row] | None = None,
) -> list[str]:
    """Write the rows that differ from what is stored (looked up unless given); return per row `new`, `changed` or `same`.

    `merge` is given the stored row and the arriving one and returns what is to be stored; without it the arriving one is.
    """
    key = [column.name for column in table.primary_key]
    if stored is None:
        stored = existing(connection, table, {tuple(row[name] for name in key) for row in rows})
    states: list[str] = []
    latest: dict[tuple[Any, ...], Row] = {}
    for row in rows:
        identity = tuple(row[name] for name in key)
        old = latest.get(identity) or stored.get(identity)
        wanted = merge(old, row) if merge and old is not None else row
        if old is not None and all(old[name] == value for name, value in wanted.items()):
            states.append("same")
            continue
        states.append("new" if old is None else "changed")
        latest[identity] = wanted
    upsert(connection, table, list(latest.values()))
    return states


def update_changed(connection: Connection, table: sa.Table, rows: Sequence[Row]) -> list[bool]:
    """Update stored rows, found by the table's single key column, where they differ; return per row whether it did."""
    (key,) = table.primary_key
    stored = existing(connection, table, {(row[key.name],) for row in rows})
    differs = [any(stored[row[key.name],][name] != value for name, value in row.items()) for row in rows]
    for row, is_different in zip(rows, differs, strict=True):
        if is_different:
            values = {name: value for name, value in row.items() if name != key.name}
            connection.execute(sa.update(table).where(key == row[key.name]).values(values))
    return differs


def update_by_key(connection: Connection, table: sa.Table, values: Mapping[tuple[Any, ...], Row]) -> None:
    """Set the given columns of the rows under the given primary keys."""
    for key, row in values.items():
        is_row = sa.and_(*(column == part for column, part in zip(table.primary_key, key, strict=True)))
        connection.execute(sa.update(table).where(is_row).values(row))


def delete(connection: Connection, table: sa.Table, keys: Collection[tuple[Any, ...]]) -> None:
    """Delete the rows under the given primary keys."""
    for chunk in chunks(sorted(keys)):
        connection.execute(sa.delete(table).where(sa.tuple_(*table.primary_key).in_(chunk)))


def work_alone(connection: Connection) -> None:
    """Wait until nobody else resolves or credits sales, and keep others waiting until the transaction ends.

    Two messages about one payment, taken in side by side, would not see each other and become two sales.
    """
    upsert(connection, locks, [{"name": "sales"}])


@contextmanager
def temporary(connection: Connection, table: sa.Table) -> Iterator[None]:
    """Keep a temporary table for a while; without the word TEMPORARY MariaDB would commit at its creation and end."""
    drop = f"DROP {'' if connection.dialect.name == 'sqlite' else 'TEMPORARY '}TABLE IF EXISTS {table.name}"
    connection.exec_driver_sql(drop)
    table.create(connection, checkfirst=False)
    yield
    connection.exec_driver_sql(drop)


def batches(items: Iterable[T], size: int = BATCH) -> Iterator[list[T]]:
    """Yield the items of a stream in lists of at most `size`."""
    stream = iter(items)
    while batch := list(islice(stream, size)):
        yield batch


def chunks(items: Sequence[T], size: int = BATCH) -> list[Sequence[T]]:
    """Return the items in slices that one statement can carry."""
    return [items[start : start + size] for start in range(0, len(items), size)]
