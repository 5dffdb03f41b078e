"""Which of two versions of one fact stands, whatever arrives last: the newer one, and of equally new ones always the same."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

Row = Mapping[Any, Any]
NEVER = datetime.min.replace(tzinfo=UTC)


def newer(stored: Row, arriving: Row) -> Row:
    """Return the version with the later `as_of`; without any (files) the arriving one, so that a file can be corrected."""
    old, new = stored["as_of"], arriving["as_of"]
    if old is None and new is None:
        return arriving
    if old == new:
        return arriving if _text(arriving, arriving) > _text(stored, arriving) else stored_part(stored, arriving)
    return arriving if (new or NEVER) > (old or NEVER) else stored_part(stored, arriving)


def newer_refund(stored: Row, arriving: Row) -> Row:
    """Return a payment with its money returned as the newest report says; of untimed reports the larger one."""
    old, new = stored["as_of"], arriving["as_of"]
    if (old is None) == (new is None) and old == new:
        refunded = max(stored["refunded"], arriving["refunded"])
    else:
        refunded = (arriving if (new or NEVER) > (old or NEVER) else stored)["refunded"]
    return {
        **arriving,
        "refunded": refunded,
        "as_of": max(old or NEVER, new or NEVER) if old or new else None,
        "paid_at": min(stored["paid_at"], arriving["paid_at"]),
        "amount": max(stored["amount"], arriving["amount"]),
        "shared_id": min(stored["shared_id"], arriving["shared_id"]),
    }


def both_parts(stored: Row, arriving: Row) -> Row:
    """Return a row whose moments are known as soon as either version tells them, the earlier one if both do."""
    moments = {
        name: min(filter(None, (stored[name], value)), default=None)
        for name, value in arriving.items()
        if name.endswith("_at")
    }
    return {**arriving, **moments, "person": min(stored["person"], arriving["person"])}


def stored_part(stored: Row, arriving: Row) -> Row:
    """Return the stored values of the columns that an arriving row has."""
    return {name: stored[name] for name in arriving}


def _text(row: Row, columns: Row) -> str:
    return repr([(name, str(row[name])) for name in sorted(columns)])
