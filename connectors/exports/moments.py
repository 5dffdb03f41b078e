"""Dates and times of a whole file, read with one order of day and month, in the zone they are meant in."""

from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

from analytics.challenge import CalendarError, Challenge
from connectors.contract import RowError, UnusableFileError
from connectors.exports.dates import Order, needs_no_order, readings, written

# A file in which fewer dates than this contradict its order has a few bad rows, not two orders.
STRAY = 0.05
VICINITY = timedelta(days=31)
BY_HAND = {"dmy": Order.DAY_FIRST, "mdy": Order.MONTH_FIRST}


@dataclass(frozen=True, slots=True)
class Moments:
    """A reader of dates in one order; naive times are in the business zone unless `naive_is_utc`."""

    challenge: Challenge
    order: Order | None = None
    sure: bool = True
    naive_is_utc: bool = False

    def day(self, text: str) -> date:
        """Return the date a cell holds, whatever its clock time."""
        return written(text, self.order, self.sure).on

    def moment(self, text: str) -> tuple[datetime, bool]:
        """Return the UTC moment a cell holds, and whether it is a date alone, meant from the start of its business day."""
        on, at, zone = written(text, self.order, self.sure)
        if at is None:
            return self.challenge.start_of(on), True
        if zone or self.naive_is_utc:
            return datetime.combine(on, at, tzinfo=zone or UTC).astimezone(UTC), False
        try:
            return self.challenge.moment(datetime.combine(on, at)), False
        except CalendarError as error:
            raise RowError(str(error).rstrip(".")) from None


def _once() -> Callable[[str], bool]:
    """Return a function that tells whether a text is new; it forgets when many were seen, to stay small."""
    seen: set[str] = set()

    def is_new(text: str) -> bool:
        if text in seen:
            return False
        if len(seen) > 1 << 14:
            seen.clear()
        seen.add(text)
        return True

    return is_new


@dataclass(slots=True)
class DateEvidence:
    """What the dates seen so far prove about the order of day and month in a file."""

    proofs: Counter[Order] = field(default_factory=Counter)
    unclear: str = ""
    has_clear: bool = False  # some date needs no order, so the unclear ones are rows' faults and not the file's
    clear: date | None = None
    spans: dict[Order, tuple[date, date]] = field(default_factory=dict)  # of the unclear dates, in either order
    seen: Callable[[str], bool] = field(default_factory=_once)

    def see(self, text: str) -> None:
        """Count a cell that is a date in one order only, and remember one that is a date in both."""
        if not text or (self.has_clear and text[:4].isdigit()) or not self.seen(text):
            return
        orders = readings(text)
        if orders is None:
            self._see_clear(text)
            return
        if len(orders) == 1:
            self.proofs.update(list(orders))
        elif len(set(orders.values())) > 1:
            self.unclear = self.unclear or text
            for order, on in orders.items():
                first, last = self.spans.get(order, (on, on))
                self.spans[order] = min(first, on), max(last, on)

    def _see_clear(self, text: str) -> None:
        if not self.has_clear and needs_no_order(text):
            self.has_clear = True
            with suppress(RowError):
                self.clear = written(text, None, True).on  # noqa: FBT003

    def _only_plausible(self, challenge: Challenge) -> Order | None:
        """Return the one order in which the dates lie inside the challenge, else near the file's other dates."""
        by_challenge = [
            order for order, span in self.spans.items() if all(challenge.day_of(on) is not None for on in span)
        ]
        if len(by_challenge) == 1:
            return by_challenge[0]
        clear = self.clear
        near = [
            order for order, span in self.spans.items() if clear and all(abs(on - clear) <= VICINITY for on in span)
        ]
        return near[0] if len(near) == 1 else None

    def conclude(
        self, challenge: Challenge, habit: Order | None = None, *, naive_is_utc: bool = False, order: str = ""
    ) -> Moments:
        """Return the reader for the file; raises UnusableFileError where no row, habit or day of the challenge tells.

        `order` is `dmy` or `mdy`, as said by hand; it settles what no row proves.
        """
        if self.proofs:
            (proven, most), *others = self.proofs.most_common()
            return Moments(challenge, proven, not others or others[0][1] <= STRAY * most, naive_is_utc)
        habit = BY_HAND.get(order) or habit or self._only_plausible(challenge)
        if self.unclear and habit is None and not self.has_clear:
            raise UnusableFileError(
                f"Dates such as {self.unclear} can be day/month or month/day, and no row of the file proves which: "
                "import it again with --date-order dmy or --date-order mdy, or write them as 2026-01-31."
            )
        return Moments(challenge, habit, sure=True, naive_is_utc=naive_is_utc)
