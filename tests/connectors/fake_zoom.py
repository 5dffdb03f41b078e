"""A simulated Zoom: one webinar's sessions and who was in them, as dashboard and reports tell of them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import unquote

from tests.connectors.vendor_server import Asked, Reply

ROOM = "84300011045"
NO_PLAN, NOT_FOUND = Reply({"code": 200, "message": "No permission."}, 400), Reply({"code": 3001}, 404)
DEAD_TOKEN = Reply({"code": 300, "message": "The next page token is invalid or expired."}, 400)


def iso(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"


@dataclass(frozen=True)
class Visit:
    """One stay on one device; who presents has a role, and a guest has a name alone."""

    name: str
    joined_at: datetime
    left_at: datetime
    email: str = ""
    registrant: str = ""
    role: str = "attendee"
    status: str = "in_meeting"

    def told(self, number: int, now: datetime) -> dict[str, Any]:
        about = {
            "id": "",
            "user_id": f"167{number:05}",
            "registrant_id": self.registrant,
            "join_time": iso(self.joined_at),
            "status": self.status,
        }
        return about | ({"leave_time": iso(self.left_at)} if self.left_at <= now else {})


@dataclass(frozen=True)
class Meeting:
    """A session of the webinar."""

    uuid: str
    starts_at: datetime
    ends_at: datetime
    visits: Sequence[Visit]
    host: str = "host@example.com"


@dataclass
class FakeZoom:
    """Answers as Zoom would at the moment that the clock shows; the plan has a dashboard or not."""

    clock: Callable[[], datetime]
    meetings: Sequence[Meeting]
    has_dashboard: bool = True
    page: int = 3
    repeats: bool = False  # the same page token for ever
    tokens: int = 0
    dying: int = 0  # so many page tokens die
    routes: Mapping[str, Callable[[Asked, str], Reply]] = field(init=False)

    def __post_init__(self) -> None:
        self.routes = {
            "/metrics/webinars/{}": self._live,
            "/metrics/webinars/{}/participants": self._roles,
            "/past_webinars/{}/instances": self._instances,
            "/report/webinars/{}": self._report,
            "/report/webinars/{}/participants": self._participants,
            "/webinars/{}": self._planned,
        }

    def __call__(self, asked: Asked) -> Reply | None:
        if asked.path == "/token":
            self.tokens += 1
            return Reply({"access_token": f"token-{self.tokens}", "expires_in": 3599})
        if asked.headers.get("authorization") != f"Bearer token-{self.tokens}":
            return Reply({"code": 124, "message": "Invalid access token."}, 401)
        parts = asked.path.split("/")
        at = 3 if parts[1] in ("metrics", "report") else 2
        which = unquote(unquote(parts[at]))
        return self.routes["/".join([*parts[:at], "{}", *parts[at + 1 :]])](asked, which)

    def _live(self, asked: Asked, which: str) -> Reply:
        assert asked.params == {"type": "live"}
        if not self.has_dashboard:
            return NO_PLAN
        now = self.clock()
        live = next((one for one in self.meetings if which == ROOM and one.starts_at <= now < one.ends_at), None)
        if live is None:
            return NOT_FOUND
        here = sum(one.joined_at <= now < one.left_at for one in live.visits)
        return Reply({**self._about(live), "participants": here, "duration": "20:15"})

    def _roles(self, asked: Asked, which: str) -> Reply:
        if not self.has_dashboard:
            return NO_PLAN
        now = self.clock()
        is_live = asked.params["type"] == "live"
        wanted = [
            one
            for one in self.meetings
            if (which == ROOM and is_live and one.starts_at <= now < one.ends_at) or (which == one.uuid and not is_live)
        ]
        rows = [
            {**visit.told(number, now), "user_name": visit.name, "email": visit.email, "role": visit.role}
            for one in wanted
            for number, visit in enumerate(one.visits)
            if visit.joined_at <= now
        ]
        return self._paged(asked, rows)

    def _instances(self, _asked: Asked, which: str) -> Reply:
        over = [one for one in self.meetings if which == ROOM and one.ends_at <= self.clock()]
        return Reply({"webinars": [{"uuid": one.uuid, "start_time": iso(one.starts_at)} for one in over]})

    def _report(self, _asked: Asked, which: str) -> Reply:
        one = self._over(which)
        count = 0 if one is None else len(one.visits)
        times = (
            {} if one is None else {"end_time": iso(one.ends_at), "user_email": one.host, "participants_count": count}
        )
        return Reply({**self._about(one), **times}) if one else NOT_FOUND

    def _participants(self, asked: Asked, which: str) -> Reply:
        one = self._over(which)
        if one is None:
            return NOT_FOUND
        rows = [
            {**visit.told(number, self.clock()), "name": visit.name, "user_email": visit.email}
            for number, visit in enumerate(one.visits)
        ]
        return self._paged(asked, rows)

    def _planned(self, _asked: Asked, which: str) -> Reply:
        starts = [{"start_time": iso(one.starts_at - timedelta(minutes=2)), "duration": 90} for one in self.meetings]
        return Reply({"id": which, "occurrences": starts})

    def _paged(self, asked: Asked, rows: Sequence[Mapping[str, Any]]) -> Reply:
        token = asked.params.get("next_page_token", "")
        if token and self.dying:
            self.dying -= 1
            return DEAD_TOKEN
        start = int(token.removeprefix("page-") or 0)
        following = f"page-{start + self.page}" if start + self.page < len(rows) else ""
        if self.repeats:
            following = "page-0"
        told = {"next_page_token": following, "total_records": len(rows), "page_size": 300}
        return Reply({**told, "participants": rows[start : start + self.page]})

    def _over(self, which: str) -> Meeting | None:
        return next((one for one in self.meetings if which == one.uuid and one.ends_at <= self.clock()), None)

    def _about(self, one: Meeting) -> dict[str, Any]:
        return {"uuid": one.uuid, "id": int(ROOM), "topic": "VIP session", "start_time": iso(one.starts_at)}
