"""What a notebook, the page and the command line open: settings, database and clock put together once."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy.engine import Connection, Engine

from analytics import breaking_down, explanation, migrate, reading, receipts, repairs
from analytics.breakdown import Breakdown, Level
from analytics.challenge import Challenge, Period
from analytics.dashboard.warm.sharing import prepared, shared, told_start
from analytics.database import DatabaseError, connect, in_words, open_engine, open_reader, writing
from analytics.database import reading as reading_from
from analytics.explanation import Explanation
from analytics.ingest import Rules
from analytics.queries import health, left_out
from analytics.queries.left_out import LeftOut
from analytics.read_reconciliation import read_reconciliation
from analytics.reading import Lens
from analytics.receipts import Receipt
from analytics.reconciliation import Reconciliation
from analytics.records import UtmMapping
from analytics.sales_csv import sales_csv
from analytics.settings import Settings
from analytics.view3 import Choices, SaleRow, SalesFilter, SalesPage, Sort, View3

if TYPE_CHECKING:
    from analytics.frames import Frames

NEWEST_FIRST = Sort()


@dataclass(slots=True)
class Workbench:
    """An open workbench: its own sessions cannot write; `engine` is for the command line, which goes through the door."""

    settings: Settings
    engine: Engine
    reader: Engine
    start: date | None = None
    _watch: Connection | None = None
    _counted: tuple[str, SalesFilter, int] | None = None  # who turns the pages of one table counts it once

    @classmethod
    def open(cls, settings: Settings | None = None) -> Workbench:
        """Return a workbench on the database that the settings name; it may still be empty of tables."""
        known = prepared()
        # Settings, like code, are the server's until it is restarted.
        if settings is None and isinstance(known, Workbench):
            return replace(known, start=known.settings.challenge_start or told_start() or known.start)
        settings = settings or Settings.load()
        url = settings.database_url.get_secret_value()
        bench = cls(settings, open_engine(url), open_reader(url))
        bench.start = settings.challenge_start or told_start() or bench._remembered_start()
        return bench

    @property
    def challenge(self) -> Challenge:
        """Return the challenge calendar."""
        return self.settings.challenge(self.start, self._clock())

    @property
    def currency(self) -> str:
        """Return the reporting currency."""
        return self.settings.currency

    @property
    def lens(self) -> Lens:
        """Return how figures are looked at: live, unless VIEW3_NOW froze the clock."""
        mapping = UtmMapping(self.settings.utm_ad_set, self.settings.utm_ad)
        is_live = self.settings.now is None
        return Lens(self.challenge, self.settings.currency, mapping, self.settings.limits, is_live)

    @property
    def rules(self) -> Rules:
        """Return how arriving records are judged."""
        return Rules(
            self.challenge,
            self.settings.currency,
            self.settings.patterns(),
            self.settings.staff,
            timedelta(minutes=self.settings.duplicate_minutes),
            self.settings.sessions_per_day,
            self.settings.tax == "included",
        )

    def now(self) -> datetime:
        """Return the present moment in UTC, or the one that VIEW3_NOW froze (in the business zone where it names none)."""
        return self.aware(self._clock())

    def aware(self, moment: datetime) -> datetime:
        """Return a moment in UTC; one without a zone is the business zone's clock."""
        return moment.astimezone(UTC) if moment.tzinfo else self.challenge.moment(moment)

    def view(self, period: Period | None = None, now: datetime | None = None) -> View3:
        """Return View 3 of a period (default: funnel start to today), e.g. `workbench.view(challenge.days(3, 7))`.

        Live, or as it was at `now`.
        """
        with self._read() as connection:
            return reading.read(connection, self._lens(now), now or self.now(), period)

    def sales(self, wanted: SalesFilter, sort: Sort = NEWEST_FIRST, limit: int = 1000, offset: int = 0) -> SalesPage:
        """Return one page of the attribution table."""
        mark = self.fingerprint()
        counted = self._counted
        total = counted[2] if counted and counted[:2] == (mark, wanted) else None
        with self._read() as connection:
            page = reading.read_sales(connection, self.lens, wanted, sort, (limit, offset), now=self.now(), total=total)
        self._counted = (mark, wanted, page.total)
        return page

    def all_sales(
        self, wanted: SalesFilter, sort: Sort = NEWEST_FIRST, now: datetime | None = None
    ) -> Iterator[SaleRow]:
        """Yield every wanted row of the attribution table, live or as it was at `now`, from one moment of the database."""
        with self._read() as connection:
            yield from reading.stream_sales(connection, self._lens(now), wanted, sort, now=now or self.now())

    def export(
        self, wanted: SalesFilter, sort: Sort = NEWEST_FIRST, now: datetime | None = None
    ) -> tuple[int, Iterator[str]]:
        """Return how many rows are wanted and the CSV text of exactly these, from one moment of the database."""
        lens, moment = self._lens(now), now or self.now()
        with ExitStack() as stack:
            connection = stack.enter_context(self._read())
            total = reading.read_sales(connection, lens, wanted, sort, (1, 0), now=moment).total
            rows = reading.stream_sales(connection, lens, wanted, sort, now=moment)
            return total, _closing(stack.pop_all(), sales_csv(rows))

    def campaigns(self, period: Period | None = None, level: Level = Level.CAMPAIGN) -> Breakdown:
        """Return spend, leads and sales by campaign, ad set or ad, e.g. `workbench.campaigns(challenge.days(3, 7), Level.AD)`."""
        now = self.now()
        with self._read() as connection:
            return breaking_down.read_breakdown(connection, self.lens, period or self.challenge.whole(now), level, now)

    def campaigns_of(self, view: View3) -> Breakdown:
        """Return the campaigns of a view, which add up to its totals; without opt-ins, so that a page has them at once."""
        with self._read() as connection:
            return breaking_down.read_campaigns(connection, self.lens, view)

    @property
    def frames(self) -> Frames:
        """Return the tables that an analyst works with, e.g. `workbench.frames.sales()`; all are read, none can be written."""
        # pandas costs a second at import, and the command line has no use for it.
        from analytics.frames import Frames

        return Frames(self.lens, self.now(), self._read)

    def receipt(self, figure: str, period: Period | None = None, now: datetime | None = None) -> Receipt:
        """Return how a figure of View 3 came about, ready to be a cell's last line, e.g. `workbench.receipt("roas")`."""
        return receipts.receipt(self.view(period, now), figure)

    def choices(self, period: Period) -> Choices:
        """Return the campaigns and products that the table can be filtered by."""
        with self._read() as connection:
            return reading.read_choices(connection, self.lens, period)

    def explain(self, sale_id: int) -> Explanation:
        """Return why a sale is credited as it is, and what makes up its money."""
        with self._read() as connection:
            return explanation.explain(connection, self.lens, self.rules.terms, sale_id)

    def left_out(self) -> list[LeftOut]:
        """Return what is not counted and what wants a look, with why."""
        with self._read() as connection:
            return left_out.listed(connection)

    def reconcile(self, period: Period | None = None, now: datetime | None = None, by: str = "money") -> Reconciliation:
        """Return what providers state of money day by day against where it is counted, by the day of money or sale."""
        moment = now or self.now()
        with self._read() as connection:
            return read_reconciliation(connection, self._lens(now), period or self.challenge.whole(moment), moment, by)

    def fingerprint(self) -> str:
        """Return a text that changes whenever the database did, whoever wrote."""
        if self._watch is None or self._watch.closed or self._watch.invalidated:
            self._watch = connect(self.reader)
        # SQLite counts the changes that one connection sees others make, so it must be the same connection each time.
        with in_words(self.reader):
            return health.fingerprint(self._watch)

    def pause(self, seconds: float) -> None:
        """Return when another look at the fingerprint is worth it; nobody tells of changes here, so after so many seconds."""
        time.sleep(seconds)

    def dashboard(self) -> object:
        """Return the page over this workbench, ready to be a cell's last line."""
        # The widgets cost a second at import, and only the page needs them.
        from analytics.dashboard.page import Dashboard
        from analytics.dashboard.settings import visited_query

        return Dashboard(shared(self), visited_query())

    def upgrade(self) -> bool:
        """Bring the tables up to date and return whether anything was done.

        What an older version concluded is concluded again, also after a run that was killed between the two steps.
        """
        is_new = migrate.upgrade(self.engine)
        with reading_from(self.engine) as connection:
            is_pending = is_new or repairs.is_pending(connection)
        if is_pending:
            with writing(self.engine) as connection:
                repairs.attribute(connection, self.rules)
        return is_new

    @contextmanager
    def _read(self) -> Iterator[Connection]:
        try:
            with reading_from(self.reader) as connection:
                if self.start is None:  # the database was away, or the sample challenge came later
                    self.start = health.remembered_start(connection)
                yield connection
        except DatabaseError:
            if self._is_current() is False:
                raise DatabaseError("The tables are missing or old; run: view3 init") from None
            raise

    def _is_current(self) -> bool | None:
        """Tell whether the tables are there and new; None where the database is away."""
        try:
            with reading_from(self.reader) as connection:
                return migrate.is_current(connection)
        except DatabaseError:
            return None

    def _lens(self, now: datetime | None) -> Lens:
        return self.lens if now is None else replace(self.lens, is_live=False)

    def _clock(self) -> datetime:
        return self.settings.now or datetime.now(UTC)

    def _remembered_start(self) -> date | None:
        if not self._is_current():
            return None
        with reading_from(self.reader) as connection:
            return health.remembered_start(connection)


def _closing(stack: ExitStack, text: Iterator[str]) -> Iterator[str]:
    """Yield a text and let go of what it was read from."""
    with stack:
        yield from text
