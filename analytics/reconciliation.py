"""What providers state of money, day by day, against where it is counted: what a bookkeeper holds at the month's end."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal

from analytics.conservation import DISPUTE, NO_PURCHASE, PAYMENT, REFUND, WON, Account, Key

ZERO = Decimal(0)
PROVIDERS: Mapping[str, str] = {
    "stripe": "Stripe",
    "clickfunnels": "ClickFunnels",
    "clickfunnels-classic": "ClickFunnels",
}
OTHER = "Other"
WHAT = {PAYMENT: "payments", REFUND: "refunds", DISPUTE: "disputes"}
FEES = "fees"
PLACES: Mapping[str, str] = {
    "high_ticket": "High-ticket",
    "vip": "VIP",
    "oto": "OTO",
    "tax": "Tax",
    "unclassified": "Unclassified",
    "test_mode": "Test mode",
    "staff": "Staff",
    "other_currency": "Other currency",
    "counted": "Beyond collected",
    "none": "Without a purchase",
}
Group = tuple[str, str, str]  # provider, currency, what


@dataclass(slots=True)
class Line:
    """One kind of money of one provider and currency, of a day or of several."""

    day: date | None
    group: Group
    stated: Decimal = ZERO
    places: dict[str, Decimal] = field(default_factory=lambda: dict.fromkeys(PLACES, ZERO))
    balance: Decimal | None = None  # what Stripe's own balance moved by; None: not held against it
    month: str = ""  # of a total: its month, or "period"

    @property
    def difference(self) -> Decimal:
        """Return what was stated less what is counted."""
        return ZERO if self.group[2] == FEES else self.stated - sum(self.places.values(), ZERO)

    @property
    def to_balance(self) -> Decimal | None:
        """Return what was stated less what Stripe's balance says."""
        return None if self.balance is None or self.group[2] == FEES else self.stated - self.balance

    def add(self, other: "Line") -> None:
        """Add another line."""
        self.stated += other.stated
        for place, amount in other.places.items():
            self.places[place] = self.places.get(place, ZERO) + amount
        if other.balance is not None:
            self.balance = (self.balance or ZERO) + other.balance


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """The lines of each day, and what differs one by one; `notes` say what was not held."""

    lines: tuple[Line, ...]
    unbalanced: tuple[Account, ...]
    by: str
    timezone: str
    notes: tuple[str, ...] = ()

    @property
    def is_even(self) -> bool:
        """Tell whether every difference is zero."""
        return not self.unbalanced and not any(line.difference or line.to_balance for line in self.lines)

    def with_totals(self) -> Iterator[Line]:
        """Yield the lines with the totals of each month after its days, then those of all."""
        yield from _with_totals(self.lines)


def _with_totals(lines: Sequence[Line]) -> Iterator[Line]:
    whole, month = dict[Group, Line](), dict[Group, Line]()
    for line, following in zip(lines, [*lines[1:], None], strict=True):
        yield line
        name = f"{line.day:%Y-%m}"
        for totals, label in ((month, name), (whole, "period")):
            totals.setdefault(line.group, Line(None, line.group, month=label)).add(line)
        if following is None or f"{following.day:%Y-%m}" != name:
            yield from (month[group] for group in sorted(month))
            month = {}
    if len({f"{line.day:%Y-%m}" for line in lines}) > 1:
        yield from (whole[group] for group in sorted(whole))


@dataclass(frozen=True, slots=True)
class Dating:
    """On which business date money stands: its own (`sold_at` is None), or that of the purchase it belongs to."""

    local_date: Callable[[datetime], date]
    days: tuple[date, date]
    until: datetime
    sold_at: Mapping[Key, datetime] | None = None

    def legs(self, one: Account) -> Iterator[tuple[date, int]]:
        """Yield each date with the sign of the money: a dispute that was won takes it away and brings it back."""
        moments = [(one.at, 1), *([(one.ended_at, -1)] if one.kind == DISPUTE and one.state == WON else [])]
        home = _home(one)
        for at, sign in moments:
            sold_at = self.sold_at.get(home) if self.sold_at is not None else None
            on = sold_at or at
            if at is not None and on is not None and max(at, on) <= self.until:
                yield self.local_date(on), sign

    def holds(self, on: date) -> bool:
        """Tell whether a date is looked at."""
        return self.days[0] <= on <= self.days[1]


def inside(accounts: Iterable[Account], dating: Dating) -> list[Account]:
    """Return the accounts with money on a date that is looked at, and those without any date."""
    found = [(one, [on for on, _ in dating.legs(one)]) for one in accounts]
    return [one for one, days in found if one.at is None or any(dating.holds(on) for on in days)]


def _home(one: Account) -> Key:
    return next((part.purchase for part in one.parts if part.purchase != NO_PURCHASE), one.purchase)


def reconcile(accounts: Iterable[Account], dating: Dating) -> list[Line]:
    """Return the lines of each date that is looked at, oldest first."""
    found: dict[tuple[date, Group], Line] = {}
    for one in _dated(list(accounts)):
        group = (provider_of(one.source), one.currency, WHAT[one.kind])
        for on, sign in dating.legs(one):
            if dating.holds(on):
                line = found.setdefault((on, group), Line(on, group))
                line.stated += sign * one.stated
                for part in one.parts:
                    line.places[part.place] = line.places.get(part.place, ZERO) + sign * part.amount
    return [found[key] for key in sorted(found, key=_order)]


def _order(key: tuple[date, Group]) -> tuple[date, str, str, int]:
    on, (provider, currency, what) = key
    return on, provider, currency, [*WHAT.values(), FEES].index(what)


def _dated(accounts: Sequence[Account]) -> Iterator[Account]:
    """Yield every account with a moment: a refund that nobody dates stands where its payment does."""
    paid: defaultdict[Key, list[datetime]] = defaultdict(list)
    for one in accounts:
        if one.kind == PAYMENT and one.at is not None:
            paid[_home(one)].append(one.at)
    for one in accounts:
        yield one if one.at is not None else _moved(one, min(paid[_home(one)], default=None))


def _moved(one: Account, at: datetime | None) -> Account:
    return Account(
        *(one.kind, one.source, one.external_id, one.stated, one.currency, at),
        *(one.state, one.ended_at, one.purchase, one.parts),
    )


def provider_of(source: str) -> str:
    """Return who states it, in words for people."""
    return PROVIDERS.get(source, OTHER)


def with_balance(lines: Sequence[Line], balance: Mapping[tuple[date, str, str], Decimal]) -> list[Line]:
    """Return the lines held against Stripe's balance by date, currency and what; fees come as lines of their own."""
    found = {(line.day, line.group): line for line in lines if line.day is not None}
    for line in found.values():
        if line.group[0] == PROVIDERS["stripe"]:
            line.balance = ZERO
    for (on, currency, what), amount in balance.items():
        group = (PROVIDERS["stripe"], currency, what)
        line = found.setdefault((on, group), Line(on, group))
        line.balance = amount
        line.stated = amount if what == FEES else line.stated
    return [found[key] for key in sorted(found, key=_order)]
