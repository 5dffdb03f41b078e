"""Receipts: how a figure of View 3 came about, from its definition down to the statements and a hash of their rows."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from html import escape
from typing import Any

from analytics.challenge import Period
from analytics.definitions import DEFINITIONS, MONEY, RATIO, SALES, Definition
from analytics.kpis import cents
from analytics.view3 import Asked, View3

UNDEFINED = "—"


class NoSuchFigureError(LookupError):
    """View 3 has no figure of that name; the message lists those it has."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """A figure with its definition, its value at `as_of`, and every statement that it was made from."""

    definition: Definition
    value: Any
    currency: str
    period: Period
    as_of: datetime
    asked: tuple[Asked, ...]

    @property
    def printed(self) -> str:
        """Return the value as every surface prints it, with its unit."""
        if isinstance(self.value, tuple | Mapping):
            return f"{len(self.value)} lines"
        if isinstance(self.value, bool):
            return "holds" if self.value else "FAILED"
        unit = {MONEY: f" {self.currency}", RATIO: "×"}.get(self.definition.unit, f" {self.definition.unit}")
        return UNDEFINED if self.value is None else f"{digits(self.value)}{unit}"

    def __str__(self) -> str:
        return "\n".join(self.lines())

    def lines(self) -> Iterator[str]:
        """Yield the receipt as text."""
        yield f"{self.definition.title}: {self.printed}   ({self.definition.name})"
        yield f"  {self.definition.sentence}"
        yield f"  {self._when()}"
        for one in self.asked:
            yield from (f"  {line}" for line in asked_lines(one))

    def html(self) -> str:
        """Return definition and statements as HTML without the figure itself; every text in it is escaped."""
        return f"<p>{escape(self.definition.sentence)}</p>{''.join(map(_asked_html, self.asked))}"

    def _repr_html_(self) -> str:
        name, when = escape(self.definition.name), escape(self._when())
        headline = f"<h4>{escape(self.definition.title)}: {escape(self.printed)} <small>{name}</small></h4>"
        return f'<div class="view3-receipt">{headline}<p>{when}</p>{self.html()}</div>'

    def _when(self) -> str:
        return f"Period {self.period.first} to {self.period.last}, as of {self.as_of:%Y-%m-%d %H:%M:%S %Z}"


def receipt(view: View3, name: str) -> Receipt:
    """Return how a figure came about, e.g. `receipt(view, "roas")`; raises NoSuchFigureError."""
    definition = DEFINITIONS.get(name)
    if definition is None:
        raise NoSuchFigureError(f"View 3 has no figure {name!r}; it has {', '.join(DEFINITIONS)}.")
    asked = tuple(one for question in definition.questions for one in _asked(view, question))
    return Receipt(definition, value_of(view, name), view.currency, view.period, view.as_of, asked)


def receipts(view: View3) -> Iterator[Receipt]:
    """Yield the receipt of every figure."""
    return (receipt(view, name) for name in DEFINITIONS)


def value_of(view: View3, name: str) -> Any:
    """Return a figure by its name: a number, None where it is undefined; days, moments by source, or whether a check holds."""
    for part in (view.cards, view.totals, view.attribution):
        if hasattr(part, name):
            return getattr(part, name)
    for group in (view.excluded, view.checks):
        if name in group:
            return group[name]
    if name in view.review:
        return view.review[name].count
    return getattr(view, name)


def reason_of(view: View3, name: str) -> str:
    """Return why a figure is undefined; empty where it is not."""
    if value_of(view, name) is not None:
        return ""
    reasons = {
        "cost_per_acquisition": view.cards.cost_per_acquisition_reason,
        "attendance_today": view.cards.attendance_reason,
    }
    return reasons.get(name, view.cards.roas_reason)


def digits(value: int | Decimal) -> str:
    """Return a number as every surface prints it: money and ratios to two decimals."""
    return str(cents(value)) if isinstance(value, Decimal) else str(value)


def as_json(one: Receipt) -> dict[str, Any]:
    """Return a receipt for programs; the value itself stands among the figures."""
    return {
        "title": one.definition.title,
        "definition": one.definition.sentence,
        "value": one.printed,
        "asked": [
            {
                "question": told.question,
                "sql": told.sql,
                "values": {name: _shown(value) for name, value in told.values},
                "rows": told.rows,
                "hash": told.hash,
            }
            for told in one.asked
        ],
    }


def asked_lines(one: Asked) -> Iterator[str]:
    """Yield a statement as text: how many rows and their hash, the statement, what was bound."""
    yield asked_title(one)
    yield from (f"  {line}" for line in one.sql.splitlines())
    if one.values:
        yield f"  {_bound(one)}"


def asked_title(one: Asked) -> str:
    """Return what a statement was asked for, how many rows came, and their hash."""
    return f"{one.question.replace('_', ' ')}: {one.rows:,} {'row' if one.rows == 1 else 'rows'}, hash {one.hash}"


def _asked(view: View3, question: str) -> Iterator[Asked]:
    """Yield what was asked; of the sales the last answer stands, for one that did not make the whole was put away."""
    told = [one for one in view.asked if one.question == question]
    yield from told[-1:] if question == SALES else told


def _asked_html(one: Asked) -> str:
    bound = f"<p>{escape(_bound(one))}</p>" if one.values else ""
    return f"<h5>{escape(asked_title(one))}</h5><pre>{escape(one.sql)}</pre>{bound}"


def _bound(one: Asked) -> str:
    return "with " + ", ".join(f"{name} = {_shown(value)!r}" for name, value in one.values)


def _shown(value: Any) -> Any:
    """Return a value as JSON and people read it."""
    return value if isinstance(value, int | float | None) else str(value)
