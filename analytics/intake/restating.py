"""Takes in what an ad platform itself says of a day: the day is replaced, and what was told before is remembered."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from analytics.dialect import exact_sum
from analytics.intake.rows import spend_day_rows, spend_version_row, whole_second
from analytics.intake.statements import is_number
from analytics.records import AdSpendDay
from analytics.schema import ad_spend, ad_spend_versions
from analytics.store import Row, delete, upsert, write_changed

SPEND_SCALE = 6
# What can differ under one key; ids and folded names are part of the key.
TOLD = ("spend", "currency", "campaign", "ad_set", "ad", "detail", "source", "account_zone", "provisional")
_told = [ad_spend.c[name] for name in TOLD]

Day = tuple[Any, ...]  # date, platform, account


def take_days(connection: Connection, days: Sequence[AdSpendDay]) -> list[str]:
    """Replace each day by the newest that was told of it; return per ad whether it was `new`, `changed` or `same`.

    Days may come in any order and more than once: what was told earlier than what stands is only remembered. A day for
    which nothing is named replaces nothing, whenever it was told.
    """
    newest = _last_told(connection, days)
    days = [day for day in days if not _names_nothing(day)]
    write_changed(connection, ad_spend_versions, [spend_version_row(day) for day in days], merge=_told_again)
    states: list[str] = []
    for day in days:
        about, told_at = (day.date, day.platform, day.account_id), whole_second(day.told_at)
        if about in newest and told_at < newest[about]:
            states += ["same"] * len(day.ads)
            continue
        newest[about] = told_at
        states += _replace(connection, day)
    return states


def unexplained(connection: Connection, day: AdSpendDay) -> str:
    """Return why a day cannot be believed: it had spend, and the platform names none any longer; empty where it can."""
    if not _names_nothing(day):
        return ""
    here = _is_day(day)
    stood = connection.scalar(sa.select(exact_sum(ad_spend.c.spend, SPEND_SCALE)).where(here))
    if not stood:
        return ""
    return (
        f"{day.platform} names no spend of account {day.account_id} on {day.date} any longer, which was "
        f"{stood:,.2f} {day.currency}: the day stays as it was"
    )


def _names_nothing(day: AdSpendDay) -> bool:
    return day.total == 0 and not day.ads


def _is_day(day: AdSpendDay) -> sa.ColumnElement[bool]:
    spend = ad_spend.c
    return sa.and_(spend.date == day.date, spend.platform == day.platform, spend.account_id == day.account_id)


def _last_told(connection: Connection, days: Sequence[AdSpendDay]) -> dict[Day, datetime]:
    """Return when each of the days was last told, as far as it was."""
    versions = ad_spend_versions.c
    about = versions.date, versions.platform, versions.account_id
    told = {(day.date, day.platform, day.account_id) for day in days}
    query = sa.select(*about, sa.func.max(versions.last_told_at)).where(sa.tuple_(*about).in_(sorted(told)))
    return {tuple(key): told_at for *key, told_at in connection.execute(query.group_by(*about))}


def _told_again(stored: Row, arriving: Row) -> Row:
    """Return a version with the span in which it was told."""
    return {
        **arriving,
        "first_told_at": min(stored["first_told_at"], arriving["first_told_at"]),
        "last_told_at": max(stored["last_told_at"], arriving["last_told_at"]),
    }


def _replace(connection: Connection, day: AdSpendDay) -> list[str]:
    """Make the account's day what the platform says: what it does not name vanishes, whoever had told it."""
    rows = spend_day_rows(day)
    here = _is_day(day)
    stored = {key: told for key, *told in connection.execute(sa.select(ad_spend.c.entity_key, *_told).where(here))}
    states = {key: _state(stored.get(key), [row[name] for name in TOLD]) for key, row in rows.items()}
    upsert(connection, ad_spend, [rows[key] for key, state in states.items() if state != "same"])
    vanished = [(day.date, day.platform, day.account_id, key) for key in stored if key not in rows]
    delete(connection, ad_spend, [*vanished, *_told_without_account(connection, day, rows)])
    return list(states.values())


def _state(stored: list[Any] | None, told: list[Any]) -> str:
    return "new" if stored is None else "same" if stored == told else "changed"


def _told_without_account(connection: Connection, day: AdSpendDay, rows: Mapping[str, Row]) -> list[Day]:
    """Return the stored rows of files that told no account's number, about campaigns of this one on this day."""
    spend = ad_spend.c
    here = sa.and_(spend.date == day.date, spend.platform == day.platform, spend.account_id != day.account_id)
    query = sa.select(*ad_spend.primary_key, spend.campaign_id, spend.campaign_key).where(here)
    ids = {row["campaign_id"] for row in rows.values()} - {""}
    names = {row["campaign_key"] for row in rows.values()}
    return [
        tuple(key)
        for *key, id_, name in connection.execute(query)
        if not is_number(key[2]) and (id_ in ids or name in names)
    ]
