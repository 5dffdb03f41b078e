"""Who was in a Zoom room: one person who rejoins counts once, the hosts not at all."""

import re
from collections.abc import Iterable
from datetime import datetime

from connectors.contract import Reading, RowError
from connectors.exports.amounts import whole_number
from connectors.exports.dates import Order
from connectors.exports.languages import vocabulary
from connectors.exports.moments import DateEvidence, Moments
from connectors.exports.sheet import Sheet

COLUMNS, TITLES = vocabulary("zoom", "columns"), vocabulary("zoom", "titles")
ENGLISH = "; if it is in a language that is not read, switch Zoom to English (at the foot of its page) and export again"
CLOCK_HALF = re.compile(r"[AaPp]\.?[Mm]")
ZONE_NOTE = (
    "Zoom writes times in the account's time zone without naming it; they were read in the business zone ({zone})."
)
MONTH_FIRST_NOTE = "Dates such as {date} were read month first, as Zoom writes them with AM and PM."


class Crowd:
    """Distinct people by identity, and those among them who were there to present."""

    def __init__(self) -> None:
        self._people: set[str] = set()
        self._staff: set[str] = set()

    def see(self, *identities: str) -> None:
        """Count a person by the first identity that is known: registrant id, e-mail, name."""
        self._people.add(_identity(identities))

    def present(self, *identities: str) -> None:
        """Leave a presenter out, by every identity that is known."""
        self._staff.update(identity.casefold() for identity in identities if identity)

    def __len__(self) -> int:
        return len(self._people - self._staff)

    @property
    def presenters(self) -> int:
        """Return how many of those seen were presenters."""
        return len(self._people & self._staff)


def _identity(identities: Iterable[str]) -> str:
    known = next((identity for identity in identities if identity.strip("-—")), "")
    if not known:
        raise RowError("the row has neither an e-mail address nor a name")
    return known.casefold()


def moments_of(sheet: Sheet, reading: Reading) -> tuple[Moments, list[str]]:
    """Return the reader for a report's dates, proven by all its cells, and the notes on how they were read."""
    evidence = DateEvidence()
    for row in sheet.rows():
        for cell in row.cells:
            evidence.see(cell)
    notes = [ZONE_NOTE.format(zone=reading.challenge.zone.key)]
    habit = None
    if not evidence.proofs and CLOCK_HALF.search(evidence.unclear):
        habit = Order.MONTH_FIRST
        notes.append(MONTH_FIRST_NOTE.format(date=evidence.unclear))
    return evidence.conclude(reading.challenge, habit, order=reading.date_order), notes


def count(text: str) -> int | None:
    """Return a number of the summary, None where it has none that can be read."""
    try:
        return whole_number(text) if text else None
    except RowError:
        return None


def room(number: str) -> str:
    """Return the room's number as Zoom's messages and answers have it."""
    return "".join(number.split())


def session_id(number: str, started_at: datetime) -> str:
    """Return the id of one session: the room's number without blanks, and its start."""
    return f"{room(number) or 'room'}@{started_at:%Y-%m-%dT%H:%MZ}"
