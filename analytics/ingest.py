"""The one door: everything that comes in passes `accept`, is judged, stored and credited in one transaction."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from analytics.challenge import Challenge
from analytics.crediting.single import credit_sales, sales_of
from analytics.folding import email_keys
from analytics.intake import restating, spending
from analytics.intake.attending import take_presence, take_samples, take_sessions
from analytics.intake.guards import fault
from analytics.intake.rows import lead_row, purchase_row, spend_row, whole_second
from analytics.money.ledger import mentioning, related_ids, take_payments, take_returns
from analytics.money.settlement import settle
from analytics.money.summing import days_of, sum_days
from analytics.offers import Patterns
from analytics.records import (
    AdSpend,
    AdSpendDay,
    Attendance,
    AttendanceSample,
    Dispute,
    Lead,
    Payment,
    Purchase,
    Record,
    Refund,
    Session,
    Stay,
)
from analytics.schema import (
    challenges,
    external_ids,
    freshness,
    leads,
    purchases,
)
from analytics.store import batches, existing, temporary, upsert, work_alone, write_changed
from analytics.versions import newer, newer_lead

MONEY = (Purchase, Payment, Refund, Dispute)
Kinds = Mapping[type, Sequence[Any]]


@dataclass(frozen=True, slots=True)
class Rules:
    """What the owner decided about reading: calendar, currency, offer patterns, staff, duplicates, sessions of a day."""

    challenge: Challenge
    currency: str = "USD"
    patterns: Patterns = field(default_factory=Patterns)
    staff: tuple[str, ...] = ()
    duplicate_window: timedelta = timedelta(minutes=30)
    sessions_per_day: str = "max"

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
    """What became of a stream of records. Payments accompany purchases and are not counted apart."""

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
        ((Lead, *MONEY), partial(_take_people_and_money, touched=touched)),
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
    states = []
    if kinds[Lead]:
        states += _take_leads(connection, rules, kinds[Lead], touched)
    if any(kinds[kind] for kind in MONEY):
        states += _take_purchases(connection, rules, kinds, touched)
    return states


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


def _take_leads(connection: Connection, rules: Rules, arriving: Sequence[Lead], touched: set[date]) -> list[str]:
    """Store leads and credit the sales of their people anew: a lead that opted in earlier takes a sale over."""
    rows = [lead_row(lead, rules.challenge) for lead in arriving]
    before = existing(connection, leads, {(row["source"], row["external_id"]) for row in rows})
    states = write_changed(connection, leads, rows, stored=before, merge=newer_lead)
    moved = [row for row, state in zip(rows, states, strict=True) if state != "same"]
    # Who a changed lead was before has lost it, and who it is now has won it.
    were = [before[key] for row in moved if (key := (row["source"], row["external_id"])) in before]
    sale_ids = sales_of(connection, [*moved, *were])
    credit_sales(connection, sale_ids)
    touched |= days_of(connection, sale_ids)
    return states


def _take_purchases(connection: Connection, rules: Rules, kinds: Kinds, touched: set[date]) -> list[str]:
    """Store purchase messages and what is told of their money, settle what they speak of, and credit the sales."""
    arriving: Sequence[Purchase] = kinds[Purchase]
    staff = rules.staff_keys
    rows = [purchase_row(purchase, rules.patterns, staff) for purchase in arriving]
    states = write_changed(connection, purchases, rows, merge=newer)
    ids = [
        {"shared_id": shared.strip(), "source": row["source"], "external_id": row["external_id"]}
        for purchase, row in zip(arriving, rows, strict=True)
        for shared in (f"{row['source']}:{row['external_id']}", *purchase.payment_ids)
    ]
    id_states = write_changed(connection, external_ids, ids)
    keys = {(row["source"], row["external_id"]) for row, state in zip(rows, states, strict=True) if state != "same"}
    keys |= {(row["source"], row["external_id"]) for row, state in zip(ids, id_states, strict=True) if state == "new"}
    moved = take_payments(connection, kinds[Payment])
    moved |= take_returns(connection, kinds[Refund], kinds[Dispute])
    keys |= mentioning(connection, related_ids(connection, moved))
    touched |= settle_and_credit(connection, rules, keys)
    now = existing(connection, purchases, {(row["source"], row["external_id"]) for row in rows}).values()
    excluded = ["excluded" for row in now if row["excluded"]]
    unclassified = ["unclassified" for row in now if not row["excluded"] and not row["counted_as"]]
    return states + excluded + unclassified


def settle_and_credit(connection: Connection, rules: Rules, keys: set[tuple[str, str]]) -> set[date]:
    """Bring the sales around the given purchase messages up to date, and credit them; return the dates they touch."""
    if not keys:
        return set()
    settled = settle(connection, rules.challenge, rules.duplicate_window, keys)
    credit_sales(connection, settled.sale_ids)
    return settled.days_before | days_of(connection, settled.sale_ids)


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
        "purchased_at",
        "paid_at",
        "seen_at",
        "ended_at",
        "started_at",
        "left_at",
        "joined_at",
        "as_of",
        "told_at",
    )
    return next((moment for name in names if (moment := getattr(record, name, None)) is not None), None)
