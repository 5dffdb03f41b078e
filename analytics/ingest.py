"""The one door: everything that comes in passes `accept`, is judged, stored and credited in one transaction."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import partial
from hashlib import blake2b
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from analytics.challenge import Challenge
from analytics.crediting.single import bought_by, credit_orders, credit_sales
from analytics.folding import email_keys
from analytics.intake import restating, spending
from analytics.intake.addresses import identities_of, note_customers, note_identities
from analytics.intake.attending import take_presence, take_samples, take_sessions
from analytics.intake.guards import fault
from analytics.intake.rows import lead_row, recorded_order, recorded_row, spend_row, whole_second
from analytics.money.daily_totals import days_of, sum_days
from analytics.money.fact_store import Touched, take_orders, take_payments, take_returns
from analytics.money.facts import Terms
from analytics.money.results import resolve_around
from analytics.money.settled import note_terms
from analytics.offers import Patterns
from analytics.queries import left_out
from analytics.queries.money import foreign_sales
from analytics.records import (
    RECORDED,
    AdSpend,
    AdSpendDay,
    Attendance,
    AttendanceSample,
    CustomerAddress,
    Dispute,
    Lead,
    Order,
    Payment,
    Plan,
    Record,
    Refund,
    Session,
    Stay,
)
from analytics.schema import (
    challenges,
    freshness,
    leads,
    sale_facts,
)
from analytics.store import batches, existing, temporary, upsert, work_alone, write_changed
from analytics.versions import newer_lead

FEW = 250  # records
STATING = (CustomerAddress, Lead, Order, Payment)  # what states an address with a customer id
MONEY = (Order, Payment, Plan, Refund, Dispute)
Kinds = Mapping[type, Sequence[Any]]
Row = Mapping[Any, Any]


@dataclass(frozen=True, slots=True)
class Rules:
    """What the owner decided about reading: calendar, currency, offer patterns, staff, duplicates, sessions of a day."""

    challenge: Challenge
    currency: str = "USD"
    patterns: Patterns = field(default_factory=Patterns)
    staff: tuple[str, ...] = ()
    duplicate_window: timedelta = timedelta(minutes=30)
    sessions_per_day: str = "max"
    tax_included: bool = False

    @property
    def terms(self) -> Terms:
        """Return how facts about money are read."""
        return Terms(
            window=self.duplicate_window,
            day_of=self._day_of,
            patterns=self.patterns,
            currency=self.currency,
            staff=self.staff_keys,
            tax_included=self.tax_included,
        )

    @property
    def fingerprint(self) -> str:
        """Return a short text that differs for settings by which facts about money are read differently."""
        terms = self.terms
        told = (terms.window, terms.patterns, terms.currency, sorted(terms.staff), terms.tax_included)
        return blake2b(repr(told).encode(), digest_size=16).hexdigest()

    def _day_of(self, moment: datetime) -> tuple[datetime, datetime]:
        on = self.challenge.local_date(moment)
        return self.challenge.start_of(on), self.challenge.start_of(on + timedelta(days=1))

    @property
    def staff_keys(self) -> frozenset[str]:
        """Return the matching keys of the staff's addresses."""
        return frozenset(email_keys(address).key for address in self.staff)


@dataclass(frozen=True, slots=True)
class Refusal:
    """A record that was not stored: its place in the stream, from 0, and why."""

    position: int
    reason: str


@dataclass(frozen=True, slots=True)
class Accepted:
    """What became of a stream of records. Refunds, disputes and ends of plans are not counted."""

    new: int = 0
    changed: int = 0
    same: int = 0
    unclassified: int = 0
    excluded: int = 0
    refused: tuple[Refusal, ...] = ()


def accept(connection: Connection, rules: Rules, records: Iterable[Record]) -> Accepted:
    """Store a stream of records inside the caller's transaction and bring everything that follows from them up to date."""
    refused: list[Refusal] = []
    tally: Counter[str] = Counter()
    touched: set[date] = set()  # the dates whose sums are to be made anew, once for the whole stream
    with ExitStack() as stage:
        statement: str | None = None  # of the one report that a stream is
        for batch in batches(enumerate(records)):
            welcome = []
            for position, record in batch:
                reason = fault(record, rules.challenge) or _unexplained(connection, record)
                if reason:
                    refused.append(Refusal(position, reason))
                else:
                    welcome.append(record)
            spend = next((record for record in welcome if isinstance(record, AdSpend)), None)
            if statement is None and spend is not None:
                stage.enter_context(temporary(connection, spending.staged))
                statement = spend.statement
            tally.update(_take(connection, rules, welcome, touched))
        if statement is not None:
            tally.update(spending.publish(connection, statement))
    sum_days(connection, touched)
    # From now on the database is more than the sample challenge, which `view3 demo` may replace.
    connection.execute(sa.update(challenges).values(is_sample=False))
    counts = {name: tally[name] for name in ("new", "changed", "same", "unclassified", "excluded")}
    return Accepted(**counts, refused=tuple(refused))


def _take(connection: Connection, rules: Rules, records: Sequence[Record], touched: set[date]) -> Counter[str]:
    """Store one batch, kind by kind, and add the dates of the sales it touches."""
    kinds: defaultdict[type, list[Any]] = defaultdict(list)
    for record in records:
        kinds[type(record)].append(record)
    tally: Counter[str] = Counter()
    for wanted, take in (
        ((Lead, CustomerAddress, *MONEY), partial(_take_people_and_money, touched=touched)),
        ((Attendance, AttendanceSample, Session, Stay), _take_rooms),
        ((AdSpend,), _take_spend),
        ((AdSpendDay,), _take_spend_days),
    ):
        if any(kinds[kind] for kind in wanted):
            tally.update(take(connection, rules, kinds))
    _note_freshness(connection, records)
    return tally


def _take_people_and_money(connection: Connection, rules: Rules, kinds: Kinds, touched: set[date]) -> list[str]:
    work_alone(connection)
    new = note_customers(connection, [one for kind in STATING for one in kinds[kind]])
    people, moved = list[Row](), Touched()
    states = _take_leads(connection, rules, kinds[Lead], people) if kinds[Lead] else []
    states += take_orders(connection, kinds[Order], moved)
    states += take_payments(connection, kinds[Payment], moved)
    take_returns(connection, kinds, moved)
    moments = [*(one.ordered_at for one in kinds[Order]), *(one.paid_at for one in kinds[Payment])]
    _take_foreign_near(connection, rules, moments)
    customers = {(row["source"], row["customer_id"]) for row in new}
    touched |= resolve_and_credit(connection, rules, moved, customers, people)
    orders, payments = ({(one.source, one.external_id.strip()) for one in kinds[kind]} for kind in (Order, Payment))
    return states + left_out.states(connection, orders, payments)


def _take_rooms(connection: Connection, rules: Rules, kinds: Kinds) -> list[str]:
    rule, states = rules.sessions_per_day, []
    if kinds[Attendance]:
        states += take_sessions(connection, rules.challenge, kinds[Attendance], rule)
    if kinds[AttendanceSample]:
        states += take_samples(connection, rules.challenge, kinds[AttendanceSample], rule)
    if kinds[Session] or kinds[Stay]:
        states += take_presence(connection, rules.challenge, kinds[Session], kinds[Stay], rule)
    return states


def _take_spend(connection: Connection, _rules: Rules, kinds: Kinds) -> list[str]:
    spending.stage(connection, [spend_row(spend) for spend in kinds[AdSpend]])
    return []


def _unexplained(connection: Connection, record: Record) -> str:
    return restating.unexplained(connection, record) if isinstance(record, AdSpendDay) else ""


def _take_spend_days(connection: Connection, _rules: Rules, kinds: Kinds) -> list[str]:
    return restating.take_days(connection, kinds[AdSpendDay])


def _take_leads(connection: Connection, rules: Rules, arriving: Sequence[Lead], people: list[Row]) -> list[str]:
    """Store leads and add the people whose purchases have to be credited again."""
    rows = [lead_row(lead, rules.challenge) for lead in arriving]
    before = existing(connection, leads, {(row["source"], row["external_id"]) for row in rows})
    states = write_changed(connection, leads, rows, stored=before, merge=newer_lead)
    grown = note_identities(connection, before, rows)
    keys = [(row["source"], row["external_id"]) for row in rows]
    moved = {key: row for key, row, state in zip(keys, rows, states, strict=True) if state != "same" or key in grown}
    people += [*moved.values(), *identities_of(connection, moved)]
    return states


def take_recorded(connection: Connection, rules: Rules, rows: Sequence[Any]) -> set[int]:
    """Take sales that another program wrote as what a file tells: one that a webhook tells too is one sale.

    Returns the sales around them, which the caller credits.
    """
    note_terms(connection, rules.fingerprint)
    upsert(connection, sale_facts, [recorded_row(row, rules.challenge, rules.currency) for row in rows])
    moved = Touched(orders={(RECORDED, str(row["id"])) for row in rows})
    take_orders(connection, [recorded_order(row, rules.currency) for row in rows], moved)
    written = resolve_around(connection, rules.challenge, rules.terms, moved)
    sum_days(connection, written.days_before | days_of(connection, written.sale_ids))
    return written.sale_ids


def _take_foreign_near(connection: Connection, rules: Rules, moments: Sequence[datetime]) -> None:
    """Take sales that another program wrote about when something was told to have been bought, and not yet noticed."""
    if not moments or len(moments) > FEW:
        return  # an import looks for all of them once it is done
    near = timedelta(days=1) + rules.duplicate_window
    rows = foreign_sales(connection, (min(moments) - near, max(moments) + near))
    if rows:
        sale_ids = take_recorded(connection, rules, rows)
        credit_sales(connection, sale_ids)
        sum_days(connection, days_of(connection, sale_ids))


def resolve_and_credit(
    connection: Connection,
    rules: Rules,
    moved: Touched,
    customers: Collection[tuple[str, str]] = (),
    people: Sequence[Row] = (),
) -> set[date]:
    """Bring the purchases around what was stated up to date, credit them and those of some people; return their dates.

    What is new about people credits what they bought before: a lead that opted in earlier takes over at once.
    """
    (sale_ids, orders), days = bought_by(connection, people, customers), set[date]()
    if moved.orders or moved.payments or moved.ids or customers:
        note_terms(connection, rules.fingerprint)
        written = resolve_around(connection, rules.challenge, rules.terms, moved, customers)
        days = written.days_before
        sale_ids, orders = sale_ids | written.sale_ids, orders | written.orders
    credit_sales(connection, sale_ids)
    credit_orders(connection, orders)
    return days | days_of(connection, sale_ids, {key[:2] for key in orders})


def _note_freshness(connection: Connection, records: Iterable[Record]) -> None:
    """Keep, per source, the moment of the newest thing it told."""
    newest: dict[str, datetime] = {}
    for record in records:
        moment = _moment_of(record)
        if moment is not None and (record.source not in newest or moment > newest[record.source]):
            newest[record.source] = whole_second(moment)
    known = existing(connection, freshness, {(source,) for source in newest})
    rows = [
        {"source": source, "newest_at": moment}
        for source, moment in newest.items()
        if (source,) not in known or known[source,]["newest_at"] < moment
    ]
    upsert(connection, freshness, rows)


def _moment_of(record: Record) -> datetime | None:
    """Return when what a record tells happened; ad spend is about days."""
    names = (
        "opted_in_at",
        "ordered_at",
        "paid_at",
        "seen_at",
        "ended_at",
        "started_at",
        "left_at",
        "joined_at",
        "as_of",
        "told_at",
        "stated_at",
    )
    return next((moment for name in names if (moment := getattr(record, name, None)) is not None), None)
