"""What a source of answers is made of; one whose settings are missing is off, and says which."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime

from connectors.settings import ConnectorSettings
from connectors.web import Patience

PAST_ONLY = "asked for the past alone, its webhooks tell the present: --since DATE"


@dataclass(frozen=True, slots=True)
class Off:
    """A source that cannot be asked; the sentence says what is missing."""

    sentence: str


@dataclass(frozen=True, slots=True)
class Wanted:
    """What sources are made of: the settings, the clock, since when a back-fill asks, and how patient to be."""

    settings: ConnectorSettings
    clock: Callable[[], datetime]
    since: date | None = None
    patience: Patience = field(default_factory=Patience)

    def missing(self, *names: str) -> str:
        """Return which of the named settings are not set, in words; empty where none is missing."""
        absent = [f"VIEW3_{name.upper()}" for name in names if not getattr(self.settings, name)]
        listed = " and ".join(filter(None, [", ".join(absent[:-1]), *absent[-1:]]))
        return f"{listed} {'is' if len(absent) == 1 else 'are'} not set" if absent else ""

    def clear(self, name: str) -> str:
        """Return a secret setting in clear; empty where it is not set."""
        return self.settings.clear(name)
