"""Which of two versions of one fact stands, whatever arrives last: the newer one, and of equally new ones always the same."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

Row = Mapping[Any, Any]
# A refund or dispute that is over has not opened again in the same second, nor is a paid order pending again.
SETTLED = {"succeeded": 1, "won": 1, "paid": 1, "lost": 2, "failed": 2, "voided": 2}
PRESENTER = "presenter"  # whoever presents is kept, and counts nowhere
KNOWN_BY = (PRESENTER, "registrant", "email", "account", "name")
NEVER = datetime.min.replace(tzinfo=UTC)


def newer(stored: Row, arriving: Row) -> Row:
    """Return the version with the later `as_of`; without any (files) the arriving one, so that a file can be corrected."""
    old, new = stored["as_of"], arriving["as_of"]
    if old is None and new is None:
        return arriving
    if old == new:
        return arriving if _rank(arriving, arriving) > _rank(stored, arriving) else stored_part(stored, arriving)
    return arriving if (new or NEVER) > (old or NEVER) else stored_part(stored, arriving)


def newer_lead(stored: Row, arriving: Row) -> Row:
    """Return the newer version of a lead; its UTMs are those of the newest version that has any."""
    chosen = newer(stored, arriving)
    told = [row for row in (stored, arriving) if row["utm_as_of"] is not None]
    if not told:
        return chosen
    latest = max(told, key=lambda row: (row["utm_as_of"], _text(row, _utm_of(arriving))))
    return {**chosen, **stored_part(latest, _utm_of(arriving))}


def newer_order(stored: Row, arriving: Row) -> Row:
    """Return the newer version of an order; when its first payment came stays known, whatever it is called now."""
    chosen = newer(stored, arriving)
    if stored["as_of"] is None or arriving["as_of"] is None:
        return chosen
    return {**chosen, "paid_at": min(filter(None, (stored["paid_at"], arriving["paid_at"])), default=None)}


def newer_payment(stored: Row, arriving: Row) -> Row:
    """Return the newer version of a payment: its first success, its largest amount, and of one second the larger refund."""
    chosen, old, new = newer(stored, arriving), stored["as_of"], arriving["as_of"]
    if old is None or new is None:
        return chosen
    both = (stored, arriving)
    first = min(both, key=lambda row: (row["is_estimate"], row["paid_at"]))
    refunded = [row["refunded"] for row in both if row["as_of"] == max(old, new) and row["refunded"] is not None]
    return {
        **chosen,
        "amount": max(row["amount"] for row in both),
        "paid_at": first["paid_at"],
        "is_estimate": first["is_estimate"],
        "refunded": max(refunded, default=None),
    }


UNTOLD_SESSION: Row = {
    **dict.fromkeys(("date", "planned_start", "planned_end", "started_at", "ended_at")),
    **dict.fromkeys(("told_people", "told_peak", "told_average")),
    **dict.fromkeys(("statistic", "topic", "room"), ""),
    "is_complete": False,
}


def told_so_far(stored: Row | None, arriving: Row) -> dict[str, Any]:
    """Return what is known of a session: the newest of what was told, from the first start to the last end."""
    known = {**UNTOLD_SESSION, **(stored or {})}
    told = {name: value for name, value in arriving.items() if value is not None and value != "" and value is not False}
    if told.pop("is_part", False):
        told |= _whole(known, told)
    starts = [row["started_at"] for row in (known, told) if row.get("started_at")]
    ends = [row["ended_at"] for row in (known, told) if row.get("ended_at")]
    return {
        **known,
        **told,
        "started_at": min(starts, default=None),
        "ended_at": max(ends, default=None),
        "source": known.get("source") or arriving["source"],
    }


def _whole(known: Row, part: Row) -> Row:
    """Return a part of a session as the whole: the first of its days, and the most people of any part."""
    counts = {name: max(part[name], known[name] or 0) for name in ("told_people", "told_peak") if name in part}
    is_next_day = known["date"] is not None and abs(part["date"] - known["date"]) <= timedelta(days=1)
    return {**counts, "date": min(known["date"], part["date"]) if is_next_day else part["date"]}


def both_parts(stored: Row, arriving: Row) -> Row:
    """Return a row whose moments are known as soon as either version tells them, the earlier one if both do."""
    moments = {
        name: min(filter(None, (stored[name], value)), default=None)
        for name, value in arriving.items()
        if name.endswith("_at")
    }
    return {**arriving, **moments, "person": min(stored["person"], arriving["person"], key=_certainty)}


def _certainty(person: str) -> tuple[int, str]:
    """Return what decides between two names of one person: who registered is known best, then who has an address."""
    kind = person.partition(":")[0]
    return KNOWN_BY.index(kind) if kind in KNOWN_BY else len(KNOWN_BY), person


def stored_part(stored: Row, arriving: Row) -> Row:
    """Return the stored values of the columns that an arriving row has."""
    return {name: stored[name] for name in arriving}


def _rank(row: Row, columns: Row) -> tuple[int, int, str]:
    """Return what decides between two equally new versions: how settled, how much is known of the product, the text.

    An order that was read before its lines were looked up says less of them than the same one read after.
    """
    known = len(str(row.get("line_items", row.get("labels", ""))))
    return SETTLED.get(str(row.get("state", "")), 0), known, _text(row, columns)


def _utm_of(row: Row) -> Row:
    return {name: value for name, value in row.items() if name.startswith("utm_")}


def _text(row: Row, columns: Row) -> str:
    return repr([(name, _plain(row[name])) for name in sorted(columns)])


def _plain(value: Any) -> str:
    """Return a value as text, the same before and after the database has given it its number of decimals."""
    return f"{value.normalize():f}" if isinstance(value, Decimal) else str(value)
