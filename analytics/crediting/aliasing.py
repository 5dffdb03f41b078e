"""Says by hand that a campaign of the links is another name of one, and takes it back: each with time and author."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from analytics.crediting.linking import Author
from analytics.folding import fold
from analytics.queries.campaigns import aliases
from analytics.schema import campaign_alias_history, campaign_aliases
from analytics.store import upsert, work_alone

CONFIRMED, UNDONE = "confirmed", "undone"
LONGEST = 255


class AliasError(ValueError):
    """An alias that cannot be made or undone; the message is a sentence for people."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of the history: which name was said to stand for which campaign, as they were typed, or no longer does."""

    alias: str
    campaign: str
    action: str
    author: str
    done_at: datetime


def confirm(connection: Connection, alias: str, campaign: str, by: Author) -> None:
    """Let a name stand for a campaign in every breakdown, and note who said so."""
    work_alone(connection)
    _refuse_nonsense(aliases(connection), alias, campaign, by)
    upsert(connection, campaign_aliases, [{"alias_key": fold(alias), "campaign_key": fold(campaign)}])
    _note(connection, CONFIRMED, (alias, campaign), by)


def undo(connection: Connection, alias: str, by: Author) -> None:
    """Let a name stand for itself again, and note who said so."""
    work_alone(connection)
    _require_author(by)
    campaign = aliases(connection).get(fold(alias))
    if campaign is None:
        raise AliasError(f"“{alias}” stands for no other campaign.")
    connection.execute(sa.delete(campaign_aliases).where(campaign_aliases.c.alias_key == fold(alias)))
    _note(connection, UNDONE, (alias, campaign), by)


def history(connection: Connection) -> list[Entry]:
    """Return what was confirmed and undone, oldest first."""
    told = campaign_alias_history.c
    query = sa.select(told.alias, told.campaign, told.action, told.author, told.done_at)
    return [Entry(*row) for row in connection.execute(query.order_by(told.done_at, told.alias_key, told.number))]


def _refuse_nonsense(known: dict[str, str], alias: str, campaign: str, by: Author) -> None:
    _require_author(by)
    key, other = fold(alias), fold(campaign)
    if not key or not other or key == other:
        raise AliasError("Name two different campaigns: the one in the links, and the one that it stands for.")
    if max(len(key), len(other), len(alias), len(campaign)) > LONGEST:
        raise AliasError(f"A campaign's name has at most {LONGEST} characters.")
    if key in known:
        raise AliasError(f"“{alias}” stands for “{known[key]}” already; undo that first (view3 unalias).")
    # One step and no further: whoever reads a breakdown need not follow a chain.
    if other in known:
        raise AliasError(f"“{campaign}” itself stands for “{known[other]}”; name that.")
    if key in known.values():
        raise AliasError(f"Other names stand for “{alias}”; undo them first (view3 aliases lists them).")


def _require_author(by: Author) -> None:
    if not by.name.strip():
        raise AliasError("Say who decides: --by NAME.")


def _note(connection: Connection, action: str, names: tuple[str, str], by: Author) -> None:
    told, (alias, campaign) = campaign_alias_history, names
    row: dict[str, Any] = {"alias_key": fold(alias), "alias": alias, "campaign": campaign}
    query = sa.select(sa.func.count()).select_from(told).where(told.c.alias_key == row["alias_key"])
    number = (connection.scalar(query) or 0) + 1
    upsert(connection, told, [{**row, "number": number, "action": action, "author": by.name, "done_at": by.at}])
