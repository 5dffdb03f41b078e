"""Asks Zoom: how many are in the room now, and, after each session, who was there.

The live count needs the dashboard of a Business or Education plan; without it the webhooks tell who comes and goes. The
report after the session needs Pro with the webinar add-on, and is what the numbers finally rest on.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from connectors.contract import Answer, Page, Payload, Source, UnreadablePayloadError
from connectors.object_failures import KEY as FAILING
from connectors.object_failures import ObjectFailures, check_each
from connectors.payload import Fields
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
from connectors.zoom.webhooks import people

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
        """Yield who is in each room now, then the reports of sessions that have ended; failing objects come last."""
        run = _Run(dict(state), clock, ObjectFailures.of(state, clock))
        with self.web.asking() as ask:
            rooms = sorted(self.rooms, key=lambda room: run.failures.is_failing(room.label))
            for read in (run.live, run.look):
                for room in rooms:
                    yield from run.guard(ask, room, room.label, read)
            for room in rooms:
                yield from run.reports(ask, room)
            run.failures.raise_if_all([room.label for room in rooms])
            yield run.page()

    def pause(self, state: Payload, now: datetime) -> timedelta:  # noqa: ARG002 (one face for every vendor)
        """Return a minute while somebody may be in a room."""
        return LIVE_EVERY if state.get("live") else IDLE_EVERY

    def note(self, state: Payload, now: datetime) -> str:  # noqa: ARG002
        """Return what is on, and what the plan leaves out."""
        live = ", ".join(sorted(state.get("live", {}))) or "nothing"
        without = sorted(state.get("refused", {}))
        which = "" if len(without) == len(self.rooms) else f" of room {', '.join(without)}"
        lacks = f"; no live count{which} by this plan, webhooks tell who comes and goes" if without else ""
        return f"live: {live}{lacks}"

    def check(self, clock: Callable[[], datetime]) -> str:  # noqa: ARG002
        """Return what plan and scopes allow; costs a token and at most three calls per room."""
        with self.web.asking() as ask:
            return check_each({room.label: partial(_check, ask, room) for room in self.rooms})


def _check(ask: Asking, room: Room) -> str:
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
    failures: ObjectFailures

    def page(self, parts: Sequence[Answer] = (), progress: str = "") -> Page:
        """Return a page with the state as it is now."""
        return Page({**self.state, FAILING: self.failures.told()}, parts, progress)

    def guard(
        self, ask: Asking, room: Room, name: str, read: Callable[[Asking, Room], Iterator[Page]]
    ) -> Iterator[Page]:
        """Yield what is read of one object; one that failed before gets a single attempt."""
        if name not in self.failures.errors:  # a room whose live count has just failed is not asked for its past
            asking = ask.once() if self.failures.is_failing(name) else ask
            yield from self.failures.guard(name, lambda: read(asking, room))

    def live(self, ask: Asking, room: Room) -> Iterator[Page]:
        """Yield how many are in a room now."""
        refused = dict(self.state.get("refused", {}))
        refused_at = refused.pop(room.number, None)
        if refused_at and self.clock() - datetime.fromisoformat(refused_at) < REFUSED_FOR:
            return
        live = dict(self.state.get("live", {}))
        was_live = live.pop(room.number, None)
        parts = []
        try:
            told = live_session(ask, room)
        except NotAllowedError:
            told = None
            refused[room.number] = self.clock().isoformat()
        if told is not None:
            live[room.number] = told["uuid"]
            parts = [Answer(f"{room.number}/live/{self.clock():%Y-%m-%dT%H:%M:%SZ}", LIVE, told)]
        elif was_live:
            self.state.pop("looked_at", None)  # it has just ended: ask for its report soon
        self.state |= {"live": live, "refused": refused}
        yield self.page(parts)

    def look(self, ask: Asking, room: Room) -> Iterator[Page]:
        """Yield a page without parts after looking for sessions that are over, every ten minutes."""
        looked, now = dict(self.state.get("looked_at", {})), self.clock()
        last = looked.get(room.number)
        if last and now - datetime.fromisoformat(last) < INSTANCES_EVERY:
            return
        sessions = dict(self.state.get("sessions", {}))
        for one in instances(ask, room):
            uuid, started_at = one.text("uuid"), now
            with suppress(UnreadablePayloadError):  # the session's report tells its times
                started_at = one.moment("start_time") or now
            if uuid and now - started_at < OLDEST:
                sessions.setdefault(uuid, {"room": room.number, "started_at": started_at.isoformat(), "reads": 0})
        looked[room.number] = now.isoformat()
        recent = {
            one: told for one, told in sessions.items() if now - datetime.fromisoformat(told["started_at"]) < OLDEST
        }
        self.state |= {"looked_at": looked, "sessions": recent}
        yield self.page()

    def reports(self, ask: Asking, room: Room) -> Iterator[Page]:
        """Yield the reports that are due: one session after the other, each page by page; failing ones come last."""
        due = [
            uuid
            for uuid, session in self.state.get("sessions", {}).items()
            if session["room"] == room.number and self._is_due(session)
        ]
        for uuid in sorted(due, key=lambda uuid: (self.failures.is_failing(room.session_label(uuid)), uuid)):
            yield from self.guard(ask, room, room.session_label(uuid), partial(self._report, uuid))

    def _is_due(self, session: Mapping[str, Any]) -> bool:
        again_at = session.get("again_at")
        if session["reads"] >= len(REREAD_AFTER) or (again_at and self.clock() < datetime.fromisoformat(again_at)):
            return False
        ended_at = session.get("ended_at")
        return not ended_at or self.clock() - datetime.fromisoformat(ended_at) >= REREAD_AFTER[session["reads"]]

    def _report(self, uuid: str, ask: Asking, room: Room) -> Iterator[Page]:
        """Yield everybody who was in a session, and last that this is all; nothing while it is not over."""
        told = ended_session(ask, room, uuid)
        if told is None:
            yield self._later(uuid)
            return
        expected = told.pop("expected")
        session = {**self.state["sessions"][uuid], "ended_at": told["end_time"]}
        self.state["sessions"] = {**self.state["sessions"], uuid: session}
        if not self._is_due(session):
            yield self.page()
            return
        presenters, found = sorted(presenters_of(ask, room, uuid, told)), 0
        path = f"/report/{room.kind}/{encoded(uuid)}/participants"
        anonymous: Counter[str] = Counter()
        for number, rows in enumerate(pages(ask, path, {"page_size": "300", "include_fields": "registrant_id"}), 1):
            found += len(rows)
            kept = [_kept(row, anonymous) for row in rows]
            page = {"uuid": uuid, "start_time": told["start_time"], "presenters": presenters, "participants": kept}
            if rows:
                yield self.page([Answer(f"{uuid}/participants/{number}", PARTICIPANTS, page)], f"page {number}")
        if expected and not found:  # the list comes later than the report
            yield self._later(uuid)
            return
        session = {name: value for name, value in session.items() if name not in {"again_at", "waits"}}
        self.state["sessions"] = {**self.state["sessions"], uuid: session | {"reads": session["reads"] + 1}}
        yield self.page([Answer(f"{uuid}/report", REPORT, told)])

    def _later(self, uuid: str) -> Page:
        """Return a page after which a session that Zoom has not counted yet is asked for again, ever less often."""
        session = self.state["sessions"][uuid]
        waits = int(session.get("waits", 0)) + 1
        again_at = self.clock() + min(IDLE_EVERY * waits, INSTANCES_EVERY)
        session = session | {"waits": waits, "again_at": again_at.isoformat()}
        self.state["sessions"] = {**self.state["sessions"], uuid: session}
        return self.page()


def _kept(row: Fields, anonymous: Counter[str]) -> Payload:
    """Return what is kept of a participant; one without any identity gets a number, to be a person apart."""
    kept = {name: row.values[name] for name in KEPT if row.has(name)}
    if people(row) or row.first("user_id", "participant_uuid"):
        return kept
    came = row.text("join_time")
    anonymous[came] += 1
    return {**kept, "number": anonymous[came]}
