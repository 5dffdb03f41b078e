"""The questions that Zoom is asked, one by one, and its refusals in words."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote

from connectors.contract import VendorError
from connectors.payload import Fields
from connectors.web import Asking, RefusedError
from connectors.zoom.told import WAITING
from connectors.zoom.webhooks import people, short

NEARBY = timedelta(hours=3)  # an actual start belongs to the planned one nearest to it
MOST_PAGES = 1000
BAD_REQUEST, NOT_FOUND, FORBIDDEN = 400, 404, 403
NO_PLAN, BAD_TOKEN, OTHER_ACCOUNT = 200, 300, 1010  # 300 is also said of a number that Zoom does not know
CHECK_ROOMS = "check the number in VIEW3_ZOOM_ROOMS (a meeting is written meeting:NUMBER)"
ROOM_REFUSALS = {
    BAD_TOKEN: f": it knows no such webinar or meeting, or this account may not see it; {CHECK_ROOMS}",
    OTHER_ACCOUNT: f": it belongs to a user of another Zoom account; {CHECK_ROOMS}, and VIEW3_ZOOM_ACCOUNT_ID",
}
PRESENTERS = frozenset({"host", "co-host", "panelist", "alternative host"})
SCOPES = {
    "metrics": "dashboard:read:webinar:admin and dashboard:read:list_webinar_participants:admin",
    "report": "report:read:webinar:admin and report:read:list_webinar_participants:admin",
    "past": "webinar:read:list_past_instances:admin",
}


class NotAllowedError(VendorError):
    """A plan or a scope that is missing."""


class GoneError(VendorError):
    """Something that Zoom does not have, or no longer."""


@dataclass(frozen=True, slots=True)
class Room:
    """A webinar or a meeting by its number, which it keeps from session to session."""

    number: str
    kind: str = "webinars"

    @classmethod
    def read(cls, text: str) -> "Room":
        """Return the room that a setting names: a webinar's number, or `meeting:` and a meeting's."""
        kind, colon, number = text.rpartition(":")
        return cls("".join(number.split()), "meetings" if colon and kind.startswith("meeting") else "webinars")

    @property
    def label(self) -> str:
        """Return how sentences name the room."""
        return f"room {self.number}"

    def session_label(self, uuid: str) -> str:
        """Return how sentences name one of the room's sessions."""
        return f"session {short(uuid)} of room {self.number}"


@contextmanager
def where_allowed() -> Iterator[None]:
    """Do without what plan or scopes do not allow."""
    try:
        yield
    except NotAllowedError:
        return


def encoded(uuid: str) -> str:
    """Return a session's id for an address: twice encoded where Zoom would else take its slashes for the path's."""
    once = quote(uuid, safe="")
    return quote(once, safe="") if uuid.startswith("/") or "//" in uuid else once


def live_session(ask: Asking, room: Room) -> dict[str, Any] | None:
    """Return the session that is on in a room, with those `present` who do not present; None where nothing is on."""
    about = _get(ask, f"/metrics/{room.kind}/{room.number}", {"type": "live"})
    if about is None or about.has("end_time"):
        return None
    told = {name: about.text(name) for name in ("uuid", "id", "topic", "start_time")}
    try:
        rows = [row for page in _roles(ask, room.kind, room.number, "live") for row in page]
    except NotAllowedError:  # a scope less: the count then includes those who present
        return {**told, "present": about.integer("participants")}
    except GoneError:  # it ended between the two questions: unknown, not zero
        return told
    return {**told, "present": _present(rows)}


def _present(rows: Sequence[Fields]) -> int:
    """Return how many people are in the room: those who left stay in the list, who rejoined is there twice."""
    here = [row for row in rows if not row.text("leave_time") and row.text("status") != WAITING]
    audience = [row for row in here if row.text("role").casefold() not in PRESENTERS]
    return len({next(iter(people(row)), row.text("user_id")) for row in audience})


def instances(ask: Asking, room: Room) -> list[Fields]:
    """Return the sessions of a room that are over, as Zoom lists them; raise VendorError for a room that does not exist."""
    told = _get(ask, f"/past_{room.kind}/{room.number}/instances", {})
    if told is None:
        _require(ask, room)
    return list((told or Fields()).each(room.kind))


def _require(ask: Asking, room: Room) -> None:
    """Raise unless the room exists: one that was never opened may have no list of sessions."""
    with where_allowed():
        if _get(ask, f"/{room.kind}/{room.number}", {}) is not None:
            return
    raise VendorError(f"Zoom knows no such {room.kind.removesuffix('s')} in this account; {CHECK_ROOMS}.")


def ended_session(ask: Asking, room: Room, uuid: str) -> dict[str, Any] | None:
    """Return the times of a session that is over; None where Zoom has no report of it yet, or one with empty times."""
    about = _get(ask, f"/report/{room.kind}/{encoded(uuid)}", {})
    if about is None or about.moment("start_time") is None or about.moment("end_time") is None:
        return None
    times = {name: moment.isoformat() for name in ("start_time", "end_time") if (moment := about.moment(name))}
    told = {"uuid": uuid, "id": room.number, "topic": about.text("topic"), "host": about.text("user_email"), **times}
    return (
        told | _planned(ask, room, about.moment("start_time")) | {"expected": about.integer("participants_count") or 0}
    )


def _planned(ask: Asking, room: Room, started_at: datetime | None) -> dict[str, str]:
    """Return when a session was to begin and end; nothing where Zoom does not say."""
    if room.kind != "webinars" or started_at is None:
        return {}
    with where_allowed():
        about = _get(ask, f"/webinars/{room.number}", {}) or Fields()
        plans = [(one.moment("start_time"), one.integer("duration")) for one in (about, *about.each("occurrences"))]
        near = [(start, minutes) for start, minutes in plans if start and abs(start - started_at) <= NEARBY]
        if near:
            start, minutes = min(near, key=lambda plan: abs(plan[0] - started_at))
            return {
                "planned_start": start.isoformat(),
                "planned_end": (start + timedelta(minutes=minutes or 0)).isoformat(),
            }
    return {}


def presenters_of(ask: Asking, room: Room, uuid: str, told: Mapping[str, Any]) -> set[str]:
    """Return by what those are known who presented: the host always, the others where the dashboard may be asked."""
    found = set(people(Fields({"email": told["host"]})))
    with where_allowed(), suppress(GoneError):
        for page in _roles(ask, room.kind, encoded(uuid), "past"):
            for row in page:
                if row.text("role").casefold() in PRESENTERS:
                    known = people(row)
                    found.update([one for one in known if not one.startswith("name:")] or known)
    return found


def _roles(ask: Asking, kind: str, which: str, when: str) -> Iterator[list[Fields]]:
    return pages(ask, f"/metrics/{kind}/{which}/participants", {"type": when, "page_size": "300"})


def pages(ask: Asking, path: str, params: Mapping[str, str]) -> Iterator[list[Fields]]:
    """Yield a list of participants page by page; a token that has died or comes again is no end of the world."""
    token, used, count = "", {""}, 0
    for _ in range(MOST_PAGES):
        told = _get(ask, path, {**params, **({"next_page_token": token} if token else {})})
        if told is None:
            raise GoneError("Zoom has no list of participants of this session (404); what is known of it stays.")
        rows = list(told.each("participants"))
        count += len(rows)
        yield rows
        token = told.text("next_page_token")
        if not token:
            return
        if token in used:
            if count < (told.integer("total_records") or 0):
                raise VendorError(f"Zoom gives the same page again and again; {count:,} participants were read.")
            return
        used.add(token)
    raise VendorError(f"Zoom's list of participants does not end after {MOST_PAGES:,} pages.")


def _get(ask: Asking, path: str, params: Mapping[str, str]) -> Fields | None:
    """Return an answer; None where Zoom knows nothing of what is asked; raises VendorError in words for other refusals."""
    try:
        return Fields(ask.get(path, params).payload)
    except RefusedError as error:
        code = Fields(error.payload).values.get("code")
        if error.status == NOT_FOUND:
            return None
        if code == BAD_TOKEN and "next_page_token" in params:
            raise VendorError("Zoom's page token has died in the middle of a list; it is read anew.") from None
        if error.status == FORBIDDEN or (error.status == BAD_REQUEST and code in {NO_PLAN, 4700, 4711, 104}):
            area = next(
                (scopes for name, scopes in SCOPES.items() if path.startswith(f"/{name}")), "webinar:read:webinar:admin"
            )
            raise NotAllowedError(f"Zoom's plan or the app's scopes do not allow it; wanted: {area}.") from None
        hint = ROOM_REFUSALS.get(code, "") if isinstance(code, int) else ""
        raise VendorError(f"Zoom refuses to answer ({error.status}, code {code}){hint}.") from None
