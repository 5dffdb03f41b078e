"""A simulated YouTube: broadcasts with an audience by the minute, as both interfaces tell of them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from tests.connectors.vendor_server import Asked, Reply

CHANNEL, UPLOADS, KEY = "UCbloomchannel", "UUbloomchannel", "bloom-key"


def iso(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"


@dataclass(frozen=True)
class Broadcast:
    """A broadcast: how many watch in each of its minutes, None while the owner hides it."""

    id: str
    starts_at: datetime
    viewers: Sequence[int | None]
    truth: Sequence[int] = ()
    is_public: bool = True

    @property
    def ends_at(self) -> datetime:
        return self.starts_at + timedelta(minutes=len(self.viewers))

    def told(self, now: datetime) -> dict[str, Any]:
        times: dict[str, Any] = {"scheduledStartTime": iso(self.starts_at - timedelta(minutes=1))}
        if now >= self.starts_at:
            times["actualStartTime"] = iso(self.starts_at)
        if now >= self.ends_at:
            times["actualEndTime"] = iso(self.ends_at)
        elif now >= self.starts_at:
            viewers = self.viewers[(now - self.starts_at) // timedelta(minutes=1)]
            times |= {} if viewers is None else {"concurrentViewers": str(viewers)}
        return {
            "kind": "youtube#video",
            "id": self.id,
            "snippet": {"title": "Bloom live"},
            "liveStreamingDetails": times,
        }

    def is_live(self, now: datetime) -> bool:
        return self.starts_at <= now < self.ends_at


@dataclass
class FakeYouTube:
    """Answers as YouTube would at the moment that the clock shows."""

    clock: Callable[[], datetime]
    broadcasts: Sequence[Broadcast]
    settles_after: timedelta = timedelta(hours=48)
    tokens: int = 0
    routes: Mapping[str, Callable[[Asked], Reply]] = field(init=False)

    def __post_init__(self) -> None:
        self.routes = {
            "/token": self._token,
            "/youtube/v3/videos": self._videos,
            "/youtube/v3/liveBroadcasts": self._live,
            "/youtube/v3/channels": self._channels,
            "/youtube/v3/playlistItems": self._uploads,
            "/youtube/v3/search": self._search,
            "/v2/reports": self._report,
        }

    def __call__(self, asked: Asked) -> Reply | None:
        route = self.routes.get(asked.path)
        if route is None or asked.path == "/token":
            return route and route(asked)
        is_owner = asked.headers.get("authorization") == f"Bearer token-{self.tokens}"
        has_key = asked.headers.get("x-goog-api-key") == KEY and not asked.path.startswith("/v2")
        return route(asked) if is_owner or has_key else refused(401, "authError")

    def _token(self, _asked: Asked) -> Reply:
        self.tokens += 1
        return Reply({"access_token": f"token-{self.tokens}", "expires_in": 3599})

    def _videos(self, asked: Asked) -> Reply:
        now, wanted = self.clock(), asked.params["id"].split(",")
        return items([one.told(now) for one in self.broadcasts if one.id in wanted])

    def _live(self, _asked: Asked) -> Reply:
        return items([{"id": one.id} for one in self.broadcasts if one.is_live(self.clock())])

    def _channels(self, asked: Asked) -> Reply:
        about = {"contentDetails": {"relatedPlaylists": {"uploads": UPLOADS}}}
        return items([about] if asked.params["id"] == CHANNEL else [])

    def _uploads(self, asked: Asked) -> Reply:
        if asked.params["playlistId"] != UPLOADS:
            return refused(404, "playlistNotFound")
        public = [one for one in self.broadcasts if one.is_public and self.clock() >= one.starts_at]
        return items([{"contentDetails": {"videoId": one.id}} for one in public])

    def _search(self, _asked: Asked) -> Reply:
        live = [one for one in self.broadcasts if one.is_public and one.is_live(self.clock())]
        return items([{"id": {"kind": "youtube#video", "videoId": one.id}} for one in live])

    def _report(self, asked: Asked) -> Reply:
        video_id = asked.params.get("filters", "").removeprefix("video==")
        names = asked.params["metrics"].split(",")
        told: dict[str, Any] = {"columnHeaders": [{"name": name} for name in names]}
        for one in self.broadcasts:
            if one.id == video_id and self.clock() >= one.ends_at + self.settles_after:
                truth = one.truth or [count or 0 for count in one.viewers]
                numbers = {
                    "peakConcurrentViewers": max(truth),
                    "averageConcurrentViewers": round(sum(truth) / len(truth)),
                }
                told["rows"] = [[numbers[name] for name in names]]
        return Reply(told)


def items(found: Sequence[Mapping[str, Any]]) -> Reply:
    return Reply({"items": list(found), "pageInfo": {"totalResults": len(found)}})


def refused(status: int, reason: str) -> Reply:
    return Reply({"error": {"code": status, "errors": [{"reason": reason, "domain": "youtube"}]}}, status)
