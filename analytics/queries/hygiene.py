"""How clean the data is: UTM values as typed, where days are missing, and whether spend adds up."""

import json
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from analytics.challenge import Period
from analytics.dialect import as_typed, characters, exact_sum, last_spelling
from analytics.queries.costs import SPEND_SCALE
from analytics.queries.money import Bounds, inside
from analytics.schema import ad_spend, ad_spend_versions, attendance_sessions, freshness, leads, polls


@dataclass(frozen=True, slots=True)
class Typed:
    """A UTM value as it arrived, the key it is grouped by, and how many opt-ins carry it."""

    key: str
    value: str
    leads: int


@dataclass(frozen=True, slots=True)
class AccountDay:
    """An ad account's spend on a date: as our rows add up, and as the platform last told the whole of it."""

    platform: str
    account_id: str
    date: date
    currency: str
    by_ads: Decimal
    told: Decimal


@dataclass(frozen=True, slots=True)
class Failing:
    """Something that the poller could not read: a source, or one object of it by name, and why."""

    source: str
    name: str
    reason: str
    failures: int
    since: datetime | None
    again_at: datetime | None


def typed_values(connection: Connection, bounds: Bounds, column: str) -> list[Typed]:
    """Return the values of a UTM column in the opt-ins of a period, each as it was typed; the empty ones are one."""
    value, key = sa.func.coalesce(leads.c[column], ""), leads.c[f"{column}_key"]
    query = (
        sa.select(key, last_spelling(value), sa.func.count())
        .where(inside(leads.c.opted_in_at, bounds))
        .group_by(key, as_typed(leads.c[column]), characters(leads.c[column]))
    )
    return [Typed(key, text, count) for key, text, count in connection.execute(query)]


def newest_by_source(connection: Connection) -> dict[str, datetime]:
    """Return the moment of the newest thing each source told."""
    return dict(connection.execute(sa.select(freshness.c.source, freshness.c.newest_at)).all())


def failing_objects(connection: Connection) -> list[Failing]:
    """Return what the poller could not read when it last asked: whole sources, then rooms, videos and accounts of others."""
    rows = connection.execute(sa.select(polls).order_by(polls.c.source)).mappings().all()
    found = [
        Failing(row["source"], "", row["last_error"], row["failures"], row["last_success"], row["next_due"])
        for row in rows
        if row["last_error"]
    ]
    for row in rows:
        for name, about in sorted(json.loads(row["state"]).get("failing", {}).items()):
            since, again_at = (datetime.fromisoformat(about[moment]) for moment in ("since", "again_at"))
            found.append(Failing(row["source"], name, about["sentence"], about["failures"], since, again_at))
    return found


def days_with_spend(connection: Connection, period: Period) -> dict[str, set[date]]:
    """Return the dates of a period on which each ad platform has spend."""
    query = (
        sa.select(ad_spend.c.platform, ad_spend.c.date)
        .where(ad_spend.c.date.between(period.first, period.last))
        .distinct()
    )
    found: dict[str, set[date]] = {}
    for platform, on in connection.execute(query):
        found.setdefault(platform, set()).add(on)
    return found


def days_with_opt_ins(connection: Connection, period: Period) -> dict[str, set[date]]:
    """Return the dates of a period on which each source told of opt-ins."""
    on = leads.c.opted_in_on
    query = sa.select(leads.c.source, on).where(on.between(period.first, period.last)).group_by(leads.c.source, on)
    found: dict[str, set[date]] = {}
    for source, day in connection.execute(query):
        found.setdefault(source, set()).add(day)
    return found


def samples(connection: Connection, period: Period) -> dict[str, tuple[int, int]]:
    """Return, per platform, how many samples of the sessions of a period came, and how many were expected."""
    session = attendance_sessions.c
    query = (
        sa.select(session.platform, sa.func.sum(session.samples_received), sa.func.sum(session.samples_expected))
        .where(session.date.between(period.first, period.last), session.samples_expected > 0)
        .where(
            sa.or_(session.samples_received > 0, session.told_peak.is_(None))
        )  # else the platform told its peak by itself
        .group_by(session.platform)
    )
    return {platform: (int(received or 0), int(expected)) for platform, received, expected in connection.execute(query)}


def account_days(connection: Connection, period: Period) -> list[AccountDay]:
    """Return the days of a period whose whole an ad platform told by itself, with what our rows of its ads add up to."""
    version, spend = ad_spend_versions.c, ad_spend.c
    key = (version.platform, version.account_id, version.date, version.currency)
    newest = sa.func.row_number().over(partition_by=key, order_by=(version.last_told_at.desc(), version.spend))
    ranked = sa.select(*key, version.spend, newest.label("place"))
    told = ranked.where(version.date.between(period.first, period.last)).subquery("told")
    by_ads = (
        sa.select(
            spend.platform,
            spend.account_id,
            spend.date,
            spend.currency,
            exact_sum(spend.spend, SPEND_SCALE).label("spend"),
        )
        .where(spend.date.between(period.first, period.last))
        .group_by(spend.platform, spend.account_id, spend.date, spend.currency)
        .subquery("by_ads")
    )
    same = sa.and_(*(told.c[column.name] == by_ads.c[column.name] for column in key))
    query = (
        sa.select(*(told.c[column.name] for column in key), by_ads.c.spend.label("by_ads"), told.c.spend.label("told"))
        .join_from(told, by_ads, same, isouter=True)
        .where(told.c.place == 1)
        .order_by(told.c.platform, told.c.account_id, told.c.date)
    )
    return [AccountDay(*row[:4], row[4] or Decimal(0), row[5]) for row in connection.execute(query)]
