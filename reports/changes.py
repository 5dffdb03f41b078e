"""The cards of a snapshot with their changes, and the one that stands out, by numbers alone."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal

from analytics.view3 import View3
from reports.snapshot import Snapshot

Number = int | Decimal | None


@dataclass(frozen=True, slots=True)
class Change:
    """What a figure was at another time, and by how much it differs now; None where one of them is unknown."""

    than: str
    was: Number
    difference: Number
    is_good: bool | None


@dataclass(frozen=True, slots=True)
class Card:
    """A figure with its unit and what to know about it."""

    label: str
    value: Number
    unit: str
    note: str
    changes: tuple[Change, ...]


@dataclass(frozen=True, slots=True)
class _Figure:
    label: str
    of: Callable[[View3], Number]
    note: Callable[[View3], str]
    unit: str = ""
    less_is_good: bool = False


FIGURES = (
    _Figure("High-ticket sales", lambda view: view.cards.high_ticket_sales_today, lambda _: ""),
    _Figure(
        "Cost per acquisition",
        lambda view: view.cards.cost_per_acquisition,
        lambda view: view.cards.cost_per_acquisition_reason or "since the funnel opened",
        "currency",
        less_is_good=True,
    ),
    _Figure(
        "ROAS (full funnel)",
        lambda view: view.cards.roas,
        lambda view: view.cards.roas_reason or "since the funnel opened",
        "×",
    ),
    _Figure(
        "Attendance",
        lambda view: view.cards.attendance_today,
        lambda view: view.cards.attendance_reason.replace(" today", "") or _rooms(view),
    ),
)


def cards(snapshot: Snapshot) -> Iterator[Card]:
    """Yield the cards of the date, each against the day before and the previous challenge."""
    others = [("the day before", snapshot.before)]
    if snapshot.previous is not None:
        others.append((f"Day {snapshot.previous.challenge_day} of the previous challenge", snapshot.previous))
    for figure in FIGURES:
        now = figure.of(snapshot.view)
        changes = tuple(_change(figure, than, now, figure.of(other)) for than, other in others)
        unit = snapshot.view.currency if figure.unit == "currency" else figure.unit
        yield Card(figure.label, now, unit, figure.note(snapshot.view), changes)


def standing_out(snapshot: Snapshot) -> str:
    """Return a sentence about the largest relative change against the day before."""
    best: tuple[Decimal, Card, Change] | None = None
    for card in cards(snapshot):
        change = card.changes[0]
        if change.difference and change.was:
            share = abs(Decimal(change.difference) / Decimal(change.was))
            if best is None or share > best[0]:
                best = share, card, change
    if best is None:
        return "Nothing that can be compared changed against the day before."
    share, card, change = best
    moved = "rose" if change.difference and change.difference > 0 else "fell"
    return f"What stands out: {card.label} {moved} by {share * 100:.0f} % against the day before, from {change.was} to {card.value}."


def _change(figure: _Figure, than: str, now: Number, was: Number) -> Change:
    if now is None or was is None:
        return Change(than, was, None, None)
    difference = now - was
    return Change(than, was, difference, None if not difference else (difference < 0) == figure.less_is_good)


def _rooms(view: View3) -> str:
    return "YouTube + Zoom, watching at that moment" if view.cards.live else "YouTube + Zoom, views of both rooms"
