"""Confirms by hand that a sale's buyer is the person of a lead, and takes it back: each with time and author, each undone to the byte."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from analytics.crediting.single import credit_sales
from analytics.money.daily_totals import days_of, sum_days
from analytics.schema import UTM_COLUMNS, high_ticket_sales, identity_link_history, identity_links, leads, sale_facts
from analytics.store import upsert, work_alone

CONFIRMED, UNDONE = "confirmed", "undone"
SALE = ("lead_id", *UTM_COLUMNS, "days_from_lead_to_sale", "updated_at")
FACT = ("outcome", "reason", *(f"{name}_key" for name in UTM_COLUMNS))


class LinkError(ValueError):
    """A link that cannot be made or undone; the message is a sentence for people."""


@dataclass(frozen=True, slots=True)
class Author:
    """Who decides, and when."""

    name: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of the history: what somebody did about a sale's buyer, and when."""

    sale_id: int
    number: int
    action: str
    lead_source: str
    lead_external_id: str
    author: str
    done_at: datetime


def parted(lead: str) -> tuple[str, str]:
    """Return a lead's source and its id there from `source:id`."""
    source, _, external_id = lead.partition(":")
    return source, external_id


def confirm(connection: Connection, sale_id: int, lead: tuple[str, str], by: Author) -> None:
    """Link a sale to a lead, given as (source, id there), credit the sale anew, and note who did so."""
    work_alone(connection)
    _refuse_nonsense(connection, sale_id, lead, by)
    before = _credit(connection, sale_id)
    link = {"sale_id": sale_id, "lead_source": lead[0], "lead_external_id": lead[1]}
    upsert(connection, identity_links, [{**link, "confirmed_by": by.name, "confirmed_at": by.at}])
    _follow(connection, sale_id)
    _note(connection, CONFIRMED, link, by, before)


def undo(connection: Connection, sale_id: int, by: Author) -> None:
    """Take a sale's link back, put its credit back as it was, and note who did so; what has arrived since counts."""
    work_alone(connection)
    _require_author(by)
    query = sa.select(identity_links).where(identity_links.c.sale_id == sale_id)
    link = connection.execute(query).mappings().first()
    if link is None:
        raise LinkError(f"Sale {sale_id} is not linked to any lead.")
    connection.execute(sa.delete(identity_links).where(identity_links.c.sale_id == sale_id))
    newest = next((entry for entry in reversed(_told(connection, sale_id)) if entry["action"] == CONFIRMED), None)
    if newest is not None:
        _restore(connection, sale_id, newest["before"])
    _follow(connection, sale_id)
    _note(connection, UNDONE, {name: link[name] for name in ("sale_id", "lead_source", "lead_external_id")}, by, "")


def history(connection: Connection, sale_id: int | None = None) -> list[Entry]:
    """Return what was confirmed and undone, oldest first: of one sale, or of all."""
    rows = _told(connection, sale_id)
    names = ("sale_id", "number", "action", "lead_source", "lead_external_id", "author", "done_at")
    return [Entry(**{name: row[name] for name in names}) for row in rows]


def tried(
    connection: Connection, act: Callable[[Connection], None], look: Callable[[Connection], Any]
) -> tuple[Any, Any]:
    """Return what is seen before and after an act that is not kept; the caller's transaction is as it was."""
    before = look(connection)
    attempt = connection.begin_nested()
    try:
        act(connection)
        return before, look(connection)
    finally:
        attempt.rollback()


def _refuse_nonsense(connection: Connection, sale_id: int, lead: tuple[str, str], by: Author) -> None:
    _require_author(by)
    told = {
        f"There is no high-ticket sale {sale_id}, or it has not been read yet (view3 attribute).": sa.select(
            sale_facts.c.sale_id
        ).where(sale_facts.c.sale_id == sale_id),
        f"There is no lead {lead[0]}:{lead[1]}.": sa.select(leads.c.id).where(
            leads.c.source == lead[0], leads.c.external_id == lead[1]
        ),
    }
    for sentence, query in told.items():
        if connection.execute(query).first() is None:
            raise LinkError(sentence)
    linked = sa.select(identity_links.c.sale_id).where(identity_links.c.sale_id == sale_id)
    if connection.execute(linked).first() is not None:
        raise LinkError(f"Sale {sale_id} is linked already; undo that first: view3 unlink {sale_id} --by NAME.")


def _require_author(by: Author) -> None:
    if not by.name.strip():
        raise LinkError("Say who decides: --by NAME.")


def _follow(connection: Connection, sale_id: int) -> None:
    """Credit the sale anew, and keep its day's sums."""
    credit_sales(connection, [sale_id])
    sum_days(connection, days_of(connection, [sale_id]))


def _credit(connection: Connection, sale_id: int) -> str:
    """Return a sale's credit as it is stored, as JSON."""
    sale, fact = high_ticket_sales, sale_facts
    columns = [*(sale.c[name] for name in SALE), *(fact.c[name] for name in FACT)]
    query = sa.select(*columns).join_from(sale, fact, fact.c.sale_id == sale.c.id).where(sale.c.id == sale_id)
    row = dict(connection.execute(query).mappings().one())
    if row["updated_at"] is not None:
        row["updated_at"] = row["updated_at"].isoformat()
    return json.dumps(row, ensure_ascii=False)


def _restore(connection: Connection, sale_id: int, kept: str) -> None:
    """Write a sale's credit back, its time stamp too: what credits it anew will then find nothing to change."""
    row = json.loads(kept)
    if row["updated_at"] is not None:
        row["updated_at"] = datetime.fromisoformat(row["updated_at"]).astimezone(UTC)
    sale = sa.update(high_ticket_sales).where(high_ticket_sales.c.id == sale_id)
    # First emptied: a stamp that is set to what it is already would be renewed by SQLite's trigger.
    connection.execute(sale.values({name: row[name] for name in SALE} | {"updated_at": None}))
    connection.execute(sale.values(updated_at=row["updated_at"]))
    facts = {name: row[name] for name in FACT}
    connection.execute(sa.update(sale_facts).where(sale_facts.c.sale_id == sale_id).values(facts))


def _told(connection: Connection, sale_id: int | None) -> list[Any]:
    told = identity_link_history
    query = sa.select(told).order_by(told.c.done_at, told.c.sale_id, told.c.number)
    if sale_id is not None:
        query = query.where(told.c.sale_id == sale_id).order_by(None).order_by(told.c.number)
    return list(connection.execute(query).mappings())


def _note(connection: Connection, action: str, link: dict[str, Any], by: Author, before: str) -> None:
    number = len(_told(connection, link["sale_id"])) + 1
    row = {**link, "number": number, "action": action, "author": by.name, "done_at": by.at, "before": before}
    upsert(connection, identity_link_history, [row])
