"""Reads drawn tables: cells between bars under one line of names; a cell in double quotes keeps its blanks."""

from collections.abc import Callable
from datetime import date, datetime
from typing import Any

import pytest

Row = dict[str, str]

RULE = set("-|+ ")


def drawn(text: str) -> list[Row]:
    """Return the rows of one drawn table by column name; the line of dashes under the names is decoration."""
    lines = [line for line in text.splitlines() if line.strip() and set(line.strip()) - RULE]
    if not lines:
        return []
    names, *rows = [[_cell(cell) for cell in line.split("|")] for line in lines]
    for row in rows:
        if len(row) != len(names):
            raise ValueError(f"{len(names)} columns are named, {len(row)} drawn: {row}")
    return [dict(zip(names, row, strict=True)) for row in rows]


def drawn_apart(text: str) -> dict[str, list[Row]]:
    """Return several tables, drawn with an empty line between them, by the name of their first column."""
    blocks: list[list[str]] = [[]]
    for line in text.splitlines():
        if line.strip():
            blocks[-1].append(line)
        elif blocks[-1]:
            blocks.append([])
    tables = [drawn("\n".join(block)) for block in blocks if block]
    return {next(iter(table[0])): table for table in tables if table}


def moment_in(text: str, moment: Callable[[datetime], datetime]) -> tuple[datetime, bool]:
    """Return a drawn time as a moment, and whether only a date was drawn; `moment` knows the business zone."""
    date_only = len(text) == len("2026-01-01")
    naive = (
        datetime.combine(date.fromisoformat(text), datetime.min.time()) if date_only else datetime.fromisoformat(text)
    )
    return moment(naive), date_only


def each(stories: dict[str, str]) -> pytest.MarkDecorator:
    """Run a test once per story, under the story's title."""
    params: list[Any] = [pytest.param(text, id=title) for title, text in stories.items()]
    return pytest.mark.parametrize("story", params)


def _cell(text: str) -> str:
    text = text.strip()
    return text[1:-1] if len(text) > 1 and text[0] == text[-1] == '"' else text
