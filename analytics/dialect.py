"""What the two engines spell differently: exact sums, lengths and day differences, as SQL functions."""

from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Dialect
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.types import TypeDecorator, TypeEngine


class _Total(TypeDecorator[Decimal]):
    """What `exact_sum` returns: a decimal on MariaDB, whole smallest units on SQLite."""

    impl = sa.Numeric
    cache_ok = True

    def __init__(self, scale: int) -> None:
        super().__init__()
        self.scale = scale

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Return integers from SQLite."""
        return dialect.type_descriptor(sa.BigInteger() if dialect.name == "sqlite" else sa.Numeric())

    def process_result_value(self, value: Any, dialect: Dialect) -> Decimal | None:
        """Return the exact decimal; the sum of no rows is None."""
        if value is None:
            return None
        return Decimal(value).scaleb(-self.scale) if dialect.name == "sqlite" else Decimal(value)


class exact_sum(sa.sql.functions.GenericFunction[Decimal]):  # noqa: N801 (a SQL function)
    """The sum of a money expression to the last digit on both engines; `scale` is the column's."""

    inherit_cache = True

    def __init__(self, expression: sa.ColumnElement[Any], scale: int = 2) -> None:
        super().__init__(expression, type_=_Total(scale))


@compiles(exact_sum)
def _sum(element: exact_sum, compiler: SQLCompiler, **kw: Any) -> str:
    return f"SUM({compiler.process(element.clauses, **kw)})"


@compiles(exact_sum, "sqlite")
def _sum_of_integers(element: exact_sum, compiler: SQLCompiler, **kw: Any) -> str:
    # Summing SQLite's REALs drifts; whole smallest units do not.
    factor = 10**element.type.scale  # type: ignore[attr-defined]
    return f"SUM(CAST(ROUND(({compiler.process(element.clauses, **kw)}) * {factor}) AS INTEGER))"


def count_where(condition: sa.ColumnElement[bool]) -> sa.ColumnElement[int]:
    """Return how many rows of a group fulfil a condition."""
    return sa.func.sum(sa.case((condition, 1), else_=0))


def sum_where(condition: sa.ColumnElement[bool], amount: Any, scale: int = 2) -> exact_sum:
    """Return the exact sum of an amount over the rows of a group that fulfil a condition."""
    return exact_sum(sa.case((condition, amount), else_=0), scale)


class characters(sa.sql.functions.GenericFunction[int]):  # noqa: N801 (a SQL function)
    """The number of characters of a text, as Python's len counts them."""

    type = sa.Integer()
    inherit_cache = True


@compiles(characters)
def _char_length(element: characters, compiler: SQLCompiler, **kw: Any) -> str:
    return f"CHAR_LENGTH({compiler.process(element.clauses, **kw)})"


@compiles(characters, "sqlite")
def _length(element: characters, compiler: SQLCompiler, **kw: Any) -> str:
    return f"LENGTH({compiler.process(element.clauses, **kw)})"


class days_between(sa.sql.functions.GenericFunction[int]):  # noqa: N801 (a SQL function)
    """The number of days from the second date to the first."""

    type = sa.Integer()
    inherit_cache = True


@compiles(days_between)
def _datediff(element: days_between, compiler: SQLCompiler, **kw: Any) -> str:
    return f"DATEDIFF({compiler.process(element.clauses, **kw)})"


@compiles(days_between, "sqlite")
def _julian(element: days_between, compiler: SQLCompiler, **kw: Any) -> str:
    later, earlier = (compiler.process(clause, **kw) for clause in element.clauses)
    return f"CAST(JULIANDAY({later}) - JULIANDAY({earlier}) AS INTEGER)"


class lower_case(sa.sql.functions.GenericFunction[str]):  # noqa: N801 (a SQL function)
    """A text in lower case that compares letter by letter, whatever collation its column has."""

    type = sa.String()
    inherit_cache = True


@compiles(lower_case)
def _lower_binary(element: lower_case, compiler: SQLCompiler, **kw: Any) -> str:
    return f"CONVERT(LOWER({compiler.process(element.clauses, **kw)}) USING utf8mb4) COLLATE utf8mb4_bin"


@compiles(lower_case, "sqlite")
def _lower(element: lower_case, compiler: SQLCompiler, **kw: Any) -> str:
    return f"LOWER({compiler.process(element.clauses, **kw)})"


class lower_bytes(sa.sql.functions.GenericFunction[str]):  # noqa: N801 (a SQL function)
    """A text in lower case as bytes: to sort and to search by, in the same order on both engines, and quicker than letters."""

    type = sa.String()
    inherit_cache = True


@compiles(lower_bytes)
def _lower_as_bytes(element: lower_bytes, compiler: SQLCompiler, **kw: Any) -> str:
    return f"CAST(CONVERT(LOWER({compiler.process(element.clauses, **kw)}) USING utf8mb4) AS BINARY)"


@compiles(lower_bytes, "sqlite")
def _lower_text(element: lower_bytes, compiler: SQLCompiler, **kw: Any) -> str:
    return f"LOWER({compiler.process(element.clauses, **kw)})"


class last_spelling(sa.sql.functions.GenericFunction[str]):  # noqa: N801 (a SQL function)
    """The last of a group's spellings of a text, letter by letter; which of two that differ in blanks at the end, is open.

    The largest text, not the largest bytes: of those MariaDB sums up groups on disk.
    """

    type = sa.String()
    inherit_cache = True


@compiles(last_spelling)
def _max_of_letters(element: last_spelling, compiler: SQLCompiler, **kw: Any) -> str:
    return f"MAX(CONVERT({compiler.process(element.clauses, **kw)} USING utf8mb4) COLLATE utf8mb4_bin)"


@compiles(last_spelling, "sqlite")
def _max(element: last_spelling, compiler: SQLCompiler, **kw: Any) -> str:
    return f"MAX({compiler.process(element.clauses, **kw)})"


class as_typed(sa.sql.functions.GenericFunction[str]):  # noqa: N801 (a SQL function)
    """A text that is grouped as it was typed: by case and accent; blanks at its end are told by its length alone."""

    type = sa.String()
    inherit_cache = True


@compiles(as_typed)
def _binary(element: as_typed, compiler: SQLCompiler, **kw: Any) -> str:
    return f"{compiler.process(element.clauses, **kw)} COLLATE utf8mb4_bin"


@compiles(as_typed, "sqlite")
def _plain(element: as_typed, compiler: SQLCompiler, **kw: Any) -> str:
    return compiler.process(element.clauses, **kw)


def bytes_of(text: sa.ColumnElement[Any]) -> sa.Cast[bytes]:
    """Return a text as bytes, so that comparing it sees case and trailing blanks on every collation."""
    return sa.cast(text, sa.LargeBinary)
