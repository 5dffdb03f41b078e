"""What arrived and is not settled: events unread, events set aside, look-ups without an answer; and what of it is overdue."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

UNNOTICED = timedelta(minutes=1)  # an event is usually read within a second; a page that said so would flicker


@dataclass(frozen=True, slots=True)
class Pending:
    """How many wait, and since when the oldest does; None where none waits."""

    count: int = 0
    oldest: datetime | None = None


@dataclass(frozen=True, slots=True)
class Limits:
    """How long each kind may wait before it is overdue."""

    unread: timedelta = timedelta(minutes=15)
    unsettled: timedelta = timedelta(minutes=60)


@dataclass(frozen=True, slots=True)
class Backlog:
    """What waits, by kind."""

    unread: Pending = field(default_factory=Pending)
    set_aside: Pending = field(default_factory=Pending)
    look_ups: Pending = field(default_factory=Pending)

    def sentences(self, now: datetime) -> dict[str, str]:
        """Return a sentence for each kind of which something waits, its moment in the zone of `now`."""
        return {
            name: f"{pending.count:,} {_noun(name, pending.count)} {what}, the oldest since {_local(pending.oldest, now)}"
            for name, pending, what in self._kinds()
            if pending.oldest is not None and (name != "unread" or now - pending.oldest > UNNOTICED)
        }

    def overdue(self, limits: Limits, now: datetime) -> dict[str, str]:
        """Return the sentences of the kinds whose oldest has waited longer than its limit."""
        late = {name for name, pending, _ in self._kinds() if _is_late(name, pending, limits, now)}
        return {name: sentence for name, sentence in self.sentences(now).items() if name in late}

    def pending(self) -> dict[str, Pending]:
        """Return what waits under the name of its kind."""
        return {name: pending for name, pending, _ in self._kinds()}

    def _kinds(self) -> tuple[tuple[str, Pending, str], ...]:
        return (
            ("unread", self.unread, "not read yet"),
            ("set_aside", self.set_aside, "set aside, because they cannot be read"),
            ("look_ups", self.look_ups, "whose product is not known yet"),
        )


def _is_late(name: str, pending: Pending, limits: Limits, now: datetime) -> bool:
    limit = limits.unread if name == "unread" else limits.unsettled
    return pending.oldest is not None and now - pending.oldest > limit


def _noun(kind: str, count: int) -> str:
    noun = "purchase" if kind == "look_ups" else "event"
    return noun if count == 1 else f"{noun}s"


def _local(moment: datetime, now: datetime) -> str:
    return f"{moment.astimezone(now.tzinfo):%Y-%m-%d %H:%M}"
