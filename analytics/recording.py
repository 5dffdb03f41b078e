"""Records what a reading asked the database: the statements as executed, what was bound, and what came back."""

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from enum import Enum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection
from sqlalchemy.engine.cursor import FullyBufferedCursorFetchStrategy

from analytics.view3 import Asked

_QUESTION = "view3_question"


@contextmanager
def recording(connection: Connection) -> Iterator[list[Asked]]:
    """Give a list that fills with every statement that the connection executes under a question's name."""
    told: list[Asked] = []

    def _record(_c: Any, cursor: Any, sql: str, values: Any, context: Any, _many: Any) -> None:
        question = context.execution_options.get(_QUESTION)
        if question:
            rows = cursor.fetchall()
            # The very rows that the figures are made of: they are handed on, not asked for a second time.
            context.cursor_fetch_strategy = FullyBufferedCursorFetchStrategy(cursor, initial_buffer=rows)
            told.append(Asked(question, sql, _bound(values), len(rows), digest(rows)))

    sa.event.listen(connection, "after_cursor_execute", _record)
    try:
        yield told
    finally:
        sa.event.remove(connection, "after_cursor_execute", _record)


def asking(connection: Connection, question: str) -> Connection:
    """Return the connection, whose statements from here on answer a question of that name."""
    return connection.execution_options(**{_QUESTION: question})


def digest(rows: Sequence[Sequence[Any]]) -> str:
    """Return a short hash of rows as the driver gives them, in whatever order they came."""
    lines = sorted("\x1f".join(repr(value) for value in row) for row in rows)
    return hashlib.blake2b("\x1e".join(lines).encode(), digest_size=8).hexdigest()


def _bound(values: Any) -> tuple[tuple[str, Any], ...]:
    """Return bound values with their names; SQLite's have none, they count from 1."""
    pairs = values.items() if isinstance(values, dict) else enumerate(values, 1)
    return tuple((str(name), value.value if isinstance(value, Enum) else value) for name, value in pairs)
