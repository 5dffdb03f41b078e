"""The snapshot: View 3 as it was at the end of a business date, with what it is compared to, read at one moment."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal

from sqlalchemy.engine import Connection

from analytics import kpis, reading
from analytics.breakdown import Breakdown, Level
from analytics.breaking_down import read_breakdown
from analytics.challenge import Challenge, Period
from analytics.database import reading as reading_from
from analytics.figures import figures
from analytics.queries.campaigns import newest_spend_by_source
from analytics.reading import Lens
from analytics.view3 import SaleRow, SalesFilter, Sort, View3
from analytics.workbench import Workbench
from reports.settings import ReportSettings

ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Source:
    """A source, the newest thing it told, and whether that is older than its limit."""

    name: str
    newest_at: datetime
    is_stale: bool


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What is mailed: the view of a date, of the day before, and of the same challenge day of the previous challenge.

    `campaigns` covers the view's period, `sales` the date alone.
    """

    date: date
    view: View3
    before: View3
    previous: View3 | None
    campaigns: Breakdown
    sales: tuple[SaleRow, ...]
    sources: tuple[Source, ...]

    @property
    def warning(self) -> str:
        """Return the sentences that go before everything else, or an empty text."""
        return " ".join(filter(None, [self._stale, *(f"Overdue: {one}." for one in self.view.overdue.values())]))

    @property
    def waiting(self) -> tuple[str, ...]:
        """Return what had arrived and was not settled."""
        return tuple(self.view.backlog.sentences(self.view.as_of).values())

    @property
    def _stale(self) -> str:
        if not self.sources:
            return "Incomplete: no source has told anything yet."
        stale = [f"{one.name} (newest: {one.newest_at:%Y-%m-%d %H:%M})" for one in self.sources if one.is_stale]
        return f"Incomplete: nothing recent from {', '.join(stale)}." if stale else ""

    @property
    def failed_checks(self) -> tuple[str, ...]:
        """Return the checks that do not hold, in words."""
        checks = {**self.view.checks, **self.campaigns.checks}
        return tuple(name.replace("_", " ") for name, holds in checks.items() if not holds)

    @property
    def match_rate(self) -> Decimal | None:
        """Return the share of the period's sales that are credited to a campaign, in percent; None without a sale."""
        told = self.view.attribution
        total = told.matched + told.unattributed
        return kpis.cents(Decimal(100 * told.matched) / total) if total else None

    @property
    def identity(self) -> str:
        """Return a short text that differs whenever a figure does; sources may tell more without changing it."""
        views = [figures(view) for view in (self.view, self.before, self.previous) if view is not None]
        for one in views:
            del one["freshness"], one["backlog"]
        told = [views, asdict(self.campaigns), [asdict(sale) for sale in self.sales], self._stale]
        return hashlib.blake2b(json.dumps(told, default=str, sort_keys=True).encode(), digest_size=6).hexdigest()


def open_snapshot(on: str = "", as_of: str = "") -> Snapshot:
    """Return the snapshot of a date (default: yesterday) as of a moment (default: now), both as ISO texts."""
    workbench = Workbench.open()
    now = workbench.aware(datetime.fromisoformat(as_of)) if as_of else workbench.now()
    wanted = date.fromisoformat(on) if on else yesterday(workbench, now)
    return read_snapshot(workbench, ReportSettings.load(), wanted, now)


def yesterday(workbench: Workbench, now: datetime) -> date:
    """Return the business date before the one of `now`."""
    return workbench.challenge.local_date(now) - ONE_DAY


def read_snapshot(workbench: Workbench, settings: ReportSettings, on: date, now: datetime) -> Snapshot:
    """Return the snapshot of a date as it was at its last second, or at `now` while it lasts."""
    lens = replace(workbench.lens, is_live=False)
    moment = min(lens.challenge.last_second_of(on), now)
    with reading_from(workbench.reader) as connection:  # one transaction, so that no part is newer than another
        view = reading.read(connection, lens, moment)
        told = {**_spend_told(connection, lens, on), **view.freshness}
        return Snapshot(
            date=on,
            view=view,
            before=reading.read(connection, lens, lens.challenge.last_second_of(on - ONE_DAY)),
            previous=_previous(connection, lens, workbench.settings.previous_start, on),
            campaigns=read_breakdown(connection, lens, view.period, Level.CAMPAIGN, moment),
            sales=tuple(_sales(connection, lens, on, settings, moment)),
            sources=tuple(_sources(told, settings, view.as_of)),
        )


def masked(name: str) -> str:
    """Return the initials of a name."""
    return " ".join(f"{word[0]}." for word in name.split()[:3])


def _previous(connection: Connection, lens: Lens, starts_on: date | None, on: date) -> View3 | None:
    """Return the view at the end of the same challenge day of the previous challenge, where anything is known of it."""
    challenge = lens.challenge
    day = challenge.day_of(on)
    if starts_on is None or day is None:
        return None
    funnel = starts_on - (challenge.starts_on - challenge.funnel_starts_on)
    earlier = Challenge.starting(starts_on, challenge.zone.key, challenge.length, funnel)
    view = reading.read(connection, replace(lens, challenge=earlier), earlier.last_second_of(earlier.date_of(day)))
    seen = any(one.youtube is not None or one.zoom is not None for one in view.attendance)
    is_known = view.totals.ad_spend is not None or view.totals.revenue or view.totals.high_ticket_sales or seen
    return view if is_known else None


def _sales(connection: Connection, lens: Lens, on: date, settings: ReportSettings, now: datetime) -> Iterator[SaleRow]:
    for sale in list(reading.stream_sales(connection, lens, SalesFilter(Period(on, on)), Sort(), now=now)):
        yield replace(sale, customer_name=masked(sale.customer_name)) if settings.report_mask_names else sale


def _spend_told(connection: Connection, lens: Lens, on: date) -> Mapping[str, datetime]:
    """Return the end of the newest day of spend of each source that tells no moments."""
    challenge = lens.challenge
    newest = newest_spend_by_source(connection, on)
    return {source: challenge.local_time(challenge.last_second_of(day)) for source, day in sorted(newest.items())}


def _sources(told: Mapping[str, datetime], settings: ReportSettings, as_of: datetime) -> Iterator[Source]:
    for name, newest_at in told.items():
        hours = settings.hours(name)
        yield Source(name, newest_at, bool(hours) and as_of - newest_at > timedelta(hours=hours))
