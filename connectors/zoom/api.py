"""Asks Zoom: how many are in the room now, and, after each session, who was there.

The live count needs the dashboard of a Business or Education plan; without it the webhooks tell who comes and goes. The
report after the session needs Pro with the webinar add-on, and is what the numbers finally rest on.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from connectors.contract import Answer, Page, Payload, Source
from connectors.tokens import Bearer
from connectors.wanted import Off, Wanted
from connectors.web import Asking, Web
from connectors.zoom.questions import (
    NotAllowedError,
    Room,
    encoded,
    ended_session,
    instances,
    live_session,
    pages,
    presenters_of,
)
from connectors.zoom.told import LIVE, PARTICIPANTS, REPORT, SOURCE

ADDRESS, TOKENS = "https://api.zoom.us/v2", "https://zoom.us/oauth/token"
LIVE_EVERY, IDLE_EVERY = timedelta(seconds=60), timedelta(minutes=2)
INSTANCES_EVERY, REFUSED_FOR = timedelta(minutes=10), timedelta(days=1)
REREAD_AFTER = tuple(timedelta(minutes=minutes) for minutes in (10, 60, 24 * 60))  # a report grows for a while
OLDEST = timedelta(days=14)
KEPT = (
    *("id", "user_id", "participant_uuid", "participant_user_id", "registrant_id", "customer_key"),
    *("name", "user_name", "email", "user_email", "join_time", "leave_time", "status"),
)


@dataclass(frozen=True, slots=True)
class Zoom:
    """The rooms of one account."""

    web: Web
    rooms: Sequence[Room]
    name: str = SOURCE

    def fetch(self, state: Payload, clock: Callable[[], datetime]) -> Iterator[Page]:
        """Yield who is in each room now, then the reports of sessions that have ended."""
        run = _Run(dict(state), clock)
        with self.web.asking() as ask:
            for room in self.rooms:
                yield from run.live(ask, room)
                yield from run.past(ask, room)

    def pause(self, state: Payload, now: datetime) -> timedelta:  # noqa: ARG002 (one face for every vendor)
        """Return a minute while somebody may be in a room."""
        return LIVE_EVERY if state.get("live") else IDLE_EVERY

    def note(self, state: Payload, now: datetime) -> str:  # noqa: ARG002
        """Return what is on, and what the plan leaves out."""
        live = ", ".join(sorted(state.get("live", {}))) or "nothing"
        lacks = "; no live count by this plan, webhooks tell who comes and goes" if state.get("refused_at") else ""
        return f"live: {live}{lacks}"

    def check(self, clock: Callable[[], datetime]) -> str:  # noqa: ARG002
        """Return what plan and scopes allow; costs a token and at most two calls."""
        room = self.rooms[0]
        with self.web.asking() as ask:
            instances(ask, room)
            try:
                live_session(ask, room)
            except NotAllowedError as error:
                return f"answers, but there is no live count: {error}"
        return "answers, with live count and reports"


def source(wanted: Wanted) -> Source | Off:
    """Return Zoom with its server-to-server sign-in."""
    settings = wanted.settings
    if missing := wanted.missing("zoom_account_id", "zoom_client_id", "zoom_client_secret", "zoom_rooms"):
        return Off(missing)
    auth = Bearer(
        vendor="Zoom",
        address=TOKENS,
        form={"grant_type": "account_credentials", "account_id": settings.zoom_account_id},
        account=(settings.zoom_client_id, wanted.clear("zoom_client_secret")),
        hint="check VIEW3_ZOOM_ACCOUNT_ID, _CLIENT_ID and _CLIENT_SECRET, and that the app is activated.",
        clock=wanted.clock,
    )
    web = Web("Zoom", ADDRESS, wanted.clock, auth, patience=wanted.patience)
    return Zoom(web, [Room.read(room) for room in settings.zoom_rooms])


@dataclass(slots=True)
class _Run:
    """One run: what is known so far becomes the state of the next page."""

    state: dict[str, Any]
    clock: Callable[[], datetime]

    def live(self, ask: Asking, room: Room) -> Iterator[Page]:
        """Yield how many are in a room now."""
        refused_at = self.state.get("refused_at")
        if refused_at and self.clock() - datetime.fromisoformat(refused_at) < REFUSED_FOR:
            return
        live = dict(self.state.get("live", {}))
        was_live = live.pop(room.number, None)
        self.state.pop("refused_at", None)
        parts = []
        try:
            told = live_session(ask, room)
        except NotAllowedError:
            told = None
            self.state["refused_at"] = self.clock().isoformat()
        if told is not None:
            live[room.number] = told["uuid"]
            parts = [Answer(f"{room.number}/live/{self.clock():%Y-%m-%dT%H:%M:%SZ}", LIVE, told)]
        elif was_live:
            self.state.pop("looked_at", None)  # it has just ended: ask for its report soon
        self.state["live"] = live
        yield Page(dict(self.state), parts)

    def past(self, ask: Asking, room: Room) -> Iterator[Page]:
        """Yield the reports that are due: one session after the other, each page by page."""
        yield from self._look(ask, room)
        for uuid, session in sorted(self.state.get("sessions", {}).items()):
            if session["room"] == room.number and self._is_due(session):
                yield from self._report(ask, room, uuid)

    def _look(self, ask: Asking, room: Room) -> Iterator[Page]:
        """Yield a page without parts after looking for sessions that are over, every ten minutes."""
        looked, now = dict(self.state.get("looked_at", {})), self.clock()
        last = looked.get(room.number)
        if last and now - datetime.fromisoformat(last) < INSTANCES_EVERY:
            return
        sessions = dict(self.state.get("sessions", {}))
        for uuid, started_at in instances(ask, room):
            if now - started_at < OLDEST:
                sessions.setdefault(uuid, {"room": room.number, "started_at": started_at.isoformat(), "reads": 0})
        looked[room.number] = now.isoformat()
        recent = {
            one: told for one, told in sessions.items() if now - datetime.fromisoformat(told["started_at"]) < OLDEST
        }
        self.state |= {"looked_at": looked, "sessions": recent}
        yield Page(dict(self.state))

    def _is_due(self, session: Mapping[str, Any]) -> bool:
        if session["reads"] >= len(REREAD_AFTER):
            return False
        ended_at = session.get("ended_at")
        return not ended_at or self.clock() - datetime.fromisoformat(ended_at) >= REREAD_AFTER[session["reads"]]

    def _report(self, ask: Asking, room: Room, uuid: str) -> Iterator[Page]:
        """Yield everybody who was in a session, and last that this is all; nothing while it is not over."""
        told = ended_session(ask, room, uuid)
        if told is None:
            return
        session = {**self.state["sessions"][uuid], "ended_at": told["end_time"]}
        self.state["sessions"] = {**self.state["sessions"], uuid: session}
        if not self._is_due(session):
            yield Page(dict(self.state))
            return
        presenters = sorted(presenters_of(ask, room, uuid, told))
        path = f"/report/{room.kind}/{encoded(uuid)}/participants"
        asked = {"page_size": "300", "include_fields": "registrant_id"}
        for number, rows in enumerate(pages(ask, path, asked), 1):
            kept = [{name: row.values[name] for name in KEPT if row.has(name)} for row in rows]
            page = {"uuid": uuid, "presenters": presenters, "participants": kept}
            yield Page(
                dict(self.state), [Answer(f"{uuid}/participants/{number}", PARTICIPANTS, page)], f"page {number}"
            )
        self.state["sessions"] = {**self.state["sessions"], uuid: session | {"reads": session["reads"] + 1}}
        yield Page(dict(self.state), [Answer(f"{uuid}/report", REPORT, told)])
