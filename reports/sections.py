"""The parts of the snapshot as HTML: the same ones in the notebook, on its printed page and in the mail."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from markupsafe import Markup

from analytics.dashboard.wording import UNDEFINED, long_day, many, number, short_day, span
from analytics.kpis import cents
from analytics.review import wants_a_look
from reports import changes
from reports.pictures import attendance_png
from reports.snapshot import Snapshot

TEMPLATES = Path(__file__).parent / "templates"
MOST_SALES = 40  # more stand in the CSV alone


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of HTML that a notebook shows."""

    html: str

    def _repr_html_(self) -> str:
        return self.html


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture that a notebook shows."""

    png: bytes
    alt: str

    def _repr_png_(self) -> tuple[bytes, dict[str, str]]:
        return self.png, {"alt": self.alt}


@dataclass(slots=True)
class Sections:
    """The parts of one snapshot, in the order of the notebook."""

    snapshot: Snapshot
    _macros: Any = field(init=False)

    def __post_init__(self) -> None:
        """Read the templates once."""
        self._macros = environment().get_template("sections.html.j2").module

    def opening(self) -> Part:
        """Return the warning if there is one, the date, and what stands out."""
        return self._part("opening")

    def cards(self) -> Part:
        """Return the cards with their changes."""
        return self._part("cards")

    def attendance(self) -> Picture:
        """Return the attendance chart up to the date."""
        return Picture(attendance_png(self.snapshot.view), alt_text(self.snapshot))

    def sales(self) -> Part:
        """Return the date's high-ticket sales with what they are credited to."""
        return self._part("sales")

    def campaigns(self) -> Part:
        """Return spend, cost per acquisition, revenue and ROAS by campaign, with the unattributed row."""
        return self._part("campaigns")

    def trust(self) -> Part:
        """Return the match rate, how fresh each source is, and the checks."""
        return self._part("trust")

    def identity(self) -> Part:
        """Return the snapshot's identity, which the mail is held against before it goes."""
        return Part(f'<p class="identity">Figures {self.snapshot.identity}</p>')

    def _part(self, name: str) -> Part:
        return Part(str(getattr(self._macros, name)(context(self.snapshot))))


def alt_text(snapshot: Snapshot) -> str:
    """Return what the chart shows for who cannot see it."""
    known = [day for day in snapshot.view.attendance if day.youtube is not None or day.zoom is not None]
    return f"Bars of the attendance in both rooms, {many(len(known), 'day', 'days')} known."


def context(snapshot: Snapshot) -> dict[str, Any]:
    """Return what the templates tell."""
    view = snapshot.view
    rows = snapshot.campaigns.rows
    loud = [row for row in rows if row.ad_spend or row.revenue or row.high_ticket_sales or row.is_unattributed]
    return {
        "snapshot": snapshot,
        "view": view,
        "review": list(wants_a_look(view).values()),
        "day": f"Day {view.challenge_day} of {view.challenge_length}" if view.challenge_day else "",
        "cards": list(changes.cards(snapshot)),
        "standing_out": changes.standing_out(snapshot),
        "sales": snapshot.sales[:MOST_SALES],
        "more_sales": max(0, len(snapshot.sales) - MOST_SALES),
        "checks": {**view.checks, **snapshot.campaigns.checks},
        "campaigns": loud,
        "silent_campaigns": sum(bool(row.campaign and row.leads) for row in rows if row not in loud),
        "unattributed": _listed(view.attribution.reasons),
        "left_out": _listed(view.excluded),
    }


def environment() -> Environment:
    """Return the templates' environment: HTML escapes everything, and a missing name is an error."""
    made = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=select_autoescape(("html.j2",)),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= FILTERS
    return made


def digits(value: int | Decimal | None) -> str:
    """Return a number as every surface prints it: money and ratios with two decimals, what is unknown as a dash."""
    if value is None:
        return UNDEFINED
    return str(cents(value)) if isinstance(value, Decimal) else str(value)


def signed(value: int | Decimal) -> str:
    """Return a difference with its sign."""
    return f"+{digits(value)}" if value > 0 else digits(value).replace("-", "−")


def one_line(text: str, width: int = 0) -> str:
    """Return a stranger's text as one line without control characters, cut to a width."""
    clean = " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())
    return f"{clean[: width - 1]}…" if 0 < width < len(clean) else clean


def _listed(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{count} {name.replace('_', ' ')}" for name, count in counts.items() if count)


def _number(value: int | Decimal | None) -> Markup:
    return Markup(number(None if value is None else digits(value)))  # noqa: S704 (digits and spans of ours)


FILTERS: Mapping[str, Any] = {
    "digits": digits,
    "number": _number,
    "signed": signed,
    "one_line": one_line,
    "long_day": long_day,
    "short_day": short_day,
    "span": span,
    "many": many,
}
