"""Asks YouTube: is a broadcast on, how many watch, and, two days later, what the numbers really were.

Two interfaces, because neither tells both: the Data API knows how many watch now and forgets it, the Analytics API knows
the peak and the average, but only days later and only for the channel's owner.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from connectors.contract import Answer, Page, Payload, Source, UnreadablePayloadError, VendorError
from connectors.google_sign_in import sign_in
from connectors.object_failures import KEY as FAILING
from connectors.object_failures import ObjectFailures, ObjectsFailedError
from connectors.payload import Fields
from connectors.tokens import UNAUTHORISED
from connectors.wanted import Off, Wanted
from connectors.web import Asking, RefusedError, Told, Web
from connectors.youtube.quota import Quota, next_day, pacific_day
from connectors.youtube.told import AVERAGE, FINAL, PEAK, VIDEO, has_numbers, is_live

DATA, ANALYTICS = "https://youtube.googleapis.com", "https://youtubeanalytics.googleapis.com"
LIVE_EVERY, IDLE_EVERY = timedelta(seconds=60), timedelta(minutes=2)
LOOK_EVERY = timedelta(minutes=5)  # for a second broadcast beside one that is on
SEARCH_EVERY, EARLY = timedelta(minutes=20), timedelta(minutes=15)
SETTLED_AFTER, GIVEN_UP_AFTER = timedelta(hours=48), timedelta(days=14)
AT_ONCE = 50
KEPT = ("actualStartTime", "actualEndTime", "scheduledStartTime", "scheduledEndTime", "concurrentViewers")
REASONS = {
    "quotaExceeded": "YouTube's daily quota is spent; it begins anew at midnight Pacific time.",
    "dailyLimitExceeded": "YouTube's daily quota is spent; it begins anew at midnight Pacific time.",
    "accessNotConfigured": "The Google Cloud project of these credentials has not enabled the YouTube interface asked.",
    "SERVICE_DISABLED": "The Google Cloud project of these credentials has not enabled the YouTube interface asked.",
    "keyInvalid": "YouTube does not know the key in VIEW3_YOUTUBE_API_KEY.",
    "badRequest": "YouTube cannot make sense of the question; is VIEW3_YOUTUBE_API_KEY complete?",
    "insufficientPermissions": "VIEW3_YOUTUBE_REFRESH_TOKEN lacks a scope: youtube.readonly and yt-analytics.readonly are needed.",
    "liveStreamingNotEnabled": "The account of VIEW3_YOUTUBE_REFRESH_TOKEN may not stream live; sign in as the channel.",
    "playlistNotFound": "VIEW3_YOUTUBE_CHANNEL_ID names no channel with public videos.",
    "channelNotFound": "VIEW3_YOUTUBE_CHANNEL_ID names no channel.",
}
SPENT = frozenset({"quotaExceeded", "dailyLimitExceeded"})


NO_VIDEO = "YouTube shows no such video (mistyped, deleted or private): VIEW3_YOUTUBE_VIDEO_ID."
FORBIDDEN = "forbidden"
SEARCH = "search for broadcasts"
MOMENTS = tuple(name for name in KEPT if name.endswith("Time"))


class EverythingRefusedError(VendorError):
    """A refusal that does not depend on the video that was asked about."""


def is_busy(told: Told) -> bool:
    """Tell whether a refusal only means "not so fast"."""
    return told.status == 403 and b"ateLimitExceeded" in told.body  # noqa: PLR2004 (HTTP's own)


@dataclass(frozen=True, slots=True)
class YouTube:
    """A channel's broadcasts. `analytics` is None without the owner's sign-in; `data` may then have an API key alone."""

    data: Web
    analytics: Web | None
    channel_id: str = ""
    video_ids: Sequence[str] = ()
    name: str = "youtube"

    def fetch(self, state: Payload, clock: Callable[[], datetime]) -> Iterator[Page]:
        """Yield how it stands with each broadcast that is on, was on or is planned, then final numbers that are due."""
        run = _Run(self, dict(state), clock)
        with self.data.asking() as ask:
            yield from run.broadcasts(ask)
        if self.analytics is not None:
            with self.analytics.asking() as ask:
                yield from run.finals(ask)
        yield Page(run.told())

    def pause(self, state: Payload, now: datetime) -> timedelta:
        """Return a minute while something is on or about to begin, else some minutes."""
        soon = [datetime.fromisoformat(text) for text in state.get("planned", {}).values()]
        is_near = any(moment - EARLY <= now <= moment + 4 * EARLY for moment in soon)
        return LIVE_EVERY if state.get("live") or is_near else IDLE_EVERY

    def note(self, state: Payload, now: datetime) -> str:
        """Return what is on and the quota spent."""
        live = ", ".join(state.get("live", ())) or "nothing"
        return f"live: {live}; {Quota.of(state.get('quota', {}), now)}"

    def check(self, clock: Callable[[], datetime]) -> str:
        """Return what the credentials can do; costs two units, and one per 50 videos that the settings name."""
        with _in_words(clock), self.data.asking() as ask:
            if self.analytics is not None:
                ask.get("/youtube/v3/liveBroadcasts", ACTIVE)
            elif self.channel_id:
                _uploads(ask, self.channel_id)
            shown = {
                one.text("id")
                for ids in _portions(self.video_ids)
                for one in Fields(ask.get("/youtube/v3/videos", {"part": "id", "id": ",".join(ids)}).payload).each(
                    "items"
                )
            }
        answer = self._analytics_answer(clock)
        missing = [video_id for video_id in self.video_ids if video_id not in shown]
        if missing:
            raise ObjectsFailedError([f"{_label(video_id)}: {NO_VIDEO}" for video_id in missing], answer)
        return answer

    def _analytics_answer(self, clock: Callable[[], datetime]) -> str:
        if self.analytics is None:
            return "answers; without the channel's sign-in peak and average stay as sampled, and unlisted broadcasts need their id"
        today = pacific_day(clock()).isoformat()
        with _in_words(clock), self.analytics.asking() as ask:
            ask.get("/v2/reports", {"ids": "channel==MINE", "startDate": today, "endDate": today, "metrics": "views"})
        return "answers, with the channel's sign-in; the Analytics API will correct peak and average after two days"


ACTIVE = {"part": "id,status", "broadcastStatus": "active", "broadcastType": "all", "maxResults": "50"}


def source(wanted: Wanted) -> Source | Off:
    """Return YouTube with the owner's sign-in, or with an API key, which cannot ask the Analytics API."""
    settings = wanted.settings
    owner = "youtube_client_id", "youtube_client_secret", "youtube_refresh_token"
    has_no_sign_in = wanted.missing(*owner)
    if has_no_sign_in and any(getattr(settings, name) for name in owner):
        return Off(has_no_sign_in)
    if has_no_sign_in and not settings.youtube_api_key:
        return Off("neither VIEW3_YOUTUBE_API_KEY nor a sign-in (VIEW3_YOUTUBE_REFRESH_TOKEN) is set")
    if has_no_sign_in and not (settings.youtube_channel_id or settings.youtube_video_id):
        return Off("neither VIEW3_YOUTUBE_CHANNEL_ID nor VIEW3_YOUTUBE_VIDEO_ID is set")
    auth = None if has_no_sign_in else sign_in(wanted, "YouTube", "youtube")
    # As a header, not in the address: addresses end up in other people's logs.
    headers = {"X-Goog-Api-Key": wanted.clear("youtube_api_key")} if has_no_sign_in else {}
    data = Web("YouTube", DATA, wanted.clock, auth, headers, wanted.patience, is_busy)
    analytics = Web("YouTube", ANALYTICS, wanted.clock, auth, {}, wanted.patience, is_busy) if auth else None
    return YouTube(data, analytics, settings.youtube_channel_id, settings.youtube_video_id)


@dataclass(slots=True)
class _Run:
    """One run: what is known so far becomes the state of the next page."""

    source: YouTube
    state: dict[str, Any]
    clock: Callable[[], datetime]
    quota: Quota = field(init=False)
    failures: ObjectFailures = field(init=False)

    def __post_init__(self) -> None:
        self.quota = Quota.of(self.state.get("quota", {}), self.clock())
        self.failures = ObjectFailures.of(self.state, self.clock)

    def broadcasts(self, ask: Asking) -> Iterator[Page]:
        """Yield a page with every broadcast that is to be looked at."""
        wanted = list(
            dict.fromkeys([*self.source.video_ids, *self.state.get("live", ()), *self.state.get("planned", {})])
        )
        last, now = self.state.get("looked_at"), self.clock()
        if not self.state.get("live") or not last or now - datetime.fromisoformat(last) >= LOOK_EVERY:
            self.state["looked_at"] = now.isoformat()
            wanted = list(dict.fromkeys([*wanted, *self._found_or_not(ask)]))
        videos = [video for ids in _portions(wanted) for video in self._videos(ask, ids)]
        self.failures.raise_if_all([SEARCH, *map(_label, wanted)])
        now = self.clock()
        answers = [answer for video in videos if (answer := self._remembered(video, now)) is not None]
        self._remember([video for video in videos if _label(video.text("id")) not in self.failures.errors], now)
        self._note_missing({video.text("id") for video in videos})
        yield Page(self.told(), answers)

    def finals(self, ask: Asking) -> Iterator[Page]:
        """Yield the final numbers of broadcasts that ended two days ago or earlier, each once it has any."""
        for video_id, times in sorted(self.state.get("ended", {}).items()):
            if self.clock() - datetime.fromisoformat(times["ended_at"]) >= SETTLED_AFTER:
                name = f"final numbers of {_label(video_id)}"
                asking = ask.once() if self.failures.is_failing(name) else ask
                yield from self.failures.guard(name, partial(self._final, asking, video_id, times))

    def _final(self, ask: Asking, video_id: str, times: Mapping[str, str]) -> Iterator[Page]:
        """Yield the final numbers of one broadcast; nothing while YouTube has not counted it."""
        with _in_words(self.clock):
            report = ask.get("/v2/reports", _question(video_id, times)).payload
        if not has_numbers(Fields(report)):
            return
        self.state["ended"] = {one: told for one, told in self.state["ended"].items() if one != video_id}
        self.state["done"] = [*self.state.get("done", ()), video_id][-AT_ONCE:]
        yield Page(self.told(), [Answer(f"{video_id}/analytics", FINAL, {"id": video_id, **times, "report": report})])

    def _found_or_not(self, ask: Asking) -> list[str]:
        """Return the broadcasts that may be on; a search that fails does not stop the sampling of those that are known."""
        try:
            with _in_words(self.clock):
                found = self._found(ask)
        except (VendorError, UnreadablePayloadError) as error:
            self.failures.note(SEARCH, error)
            return []
        if not self.source.video_ids:  # else nothing was asked
            self.failures.read.add(SEARCH)
        return found

    def _remembered(self, video: Fields, now: datetime) -> Answer | None:
        """Return what is kept of a video; None for one that is no broadcast, or whose answer cannot be read."""
        try:
            if not video.has("liveStreamingDetails"):
                return None
            for name in MOMENTS:
                video.within("liveStreamingDetails").moment(name)
            return _answer(video, now)
        except UnreadablePayloadError as error:
            self.failures.note(_label(video.text("id")), error)
            return None

    def _note_missing(self, shown: set[str]) -> None:
        for video_id in self.source.video_ids:
            if video_id not in shown and _label(video_id) not in self.failures.errors:
                self.failures.note(_label(video_id), VendorError(NO_VIDEO))

    def _found(self, ask: Asking) -> list[str]:
        """Return the broadcasts that may be on, found in the cheapest way that the settings allow."""
        if self.source.video_ids:
            return []
        if self.source.analytics is not None:
            return _ids(self._spent(ask, "liveBroadcasts", ACTIVE), "id")
        if "uploads" not in self.state:
            with self._spending(ask, units=1):
                self.state["uploads"] = _uploads(ask, self.source.channel_id)
        recent = {"part": "contentDetails", "playlistId": self.state["uploads"], "maxResults": "10"}
        found = _ids(self._spent(ask, "playlistItems", recent), "contentDetails", "videoId")
        return [*found, *self._searched(ask)]

    def _searched(self, ask: Asking) -> list[str]:
        """Return what the search finds, which is asked seldom: it has a hundred calls a day."""
        now, last = self.clock(), self.state.get("searched_at")
        if not self.quota.may_search or (last and now - datetime.fromisoformat(last) < SEARCH_EVERY):
            return []
        self.state["searched_at"] = now.isoformat()
        live = {
            "part": "id",
            "channelId": self.source.channel_id,
            "eventType": "live",
            "type": "video",
            "maxResults": "10",
        }
        with self._spending(ask, searches=1):
            return _ids(ask.get("/youtube/v3/search", live).payload, "id", "videoId")

    def _videos(self, ask: Asking, ids: Sequence[str]) -> list[Fields]:
        """Return some videos at once; one by one where YouTube refuses them together, because one alone may be why."""
        asked = {"part": "liveStreamingDetails,snippet,status", "id": ",".join(ids), "maxResults": "50"}
        try:
            with _in_words(self.clock):
                videos = list(Fields(self._spent(ask, "videos", asked)).each("items"))
        except (VendorError, UnreadablePayloadError) as error:
            if len(ids) == 1 or isinstance(error, EverythingRefusedError):
                for video_id in ids:
                    self.failures.note(_label(video_id), error)
                return []
            return [video for one in ids for video in self._videos(ask.once(), [one])]
        self.failures.read.update(map(_label, ids))
        return videos

    def _spent(self, ask: Asking, what: str, params: Mapping[str, str]) -> dict[str, Any]:
        with self._spending(ask, units=1):
            return ask.get(f"/youtube/v3/{what}", params).payload

    @contextmanager
    def _spending(self, ask: Asking, *, units: int = 0, searches: int = 0) -> Iterator[None]:
        """Count what is asked inside against the quota, each try anew: YouTube counts them too."""
        before = ask.attempts.made
        try:
            yield
        finally:
            tries = ask.attempts.made - before
            self.quota = self.quota.spend(units=units * tries, searches=searches * tries)

    def _remember(self, videos: Sequence[Fields], now: datetime) -> None:
        """Keep what is on, what is planned, and what has ended and waits for its final numbers."""
        failing = self.failures.errors  # what could not be read stays as it was known
        live, was_planned = self.state.get("live", ()), self.state.get("planned", {})
        self.state["live"] = [
            *(video.text("id") for video in videos if is_live(video)),
            *(video_id for video_id in live if _label(video_id) in failing),
        ]
        planned = {video.text("id"): video.within("liveStreamingDetails") for video in videos}
        self.state["planned"] = {
            **{video_id: moment for video_id, moment in was_planned.items() if _label(video_id) in failing},
            **{
                video_id: start.isoformat()
                for video_id, times in planned.items()
                if not times.has("actualStartTime")
                and (start := times.moment("scheduledStartTime")) is not None
                and start > now - timedelta(days=1)
            },
        }
        known = self.state.get("ended", {})
        ended = {one: t for one, t in known.items() if now - datetime.fromisoformat(t["ended_at"]) < GIVEN_UP_AFTER}
        for video in videos:
            times = video.within("liveStreamingDetails")
            start, end = times.moment("actualStartTime"), times.moment("actualEndTime")
            is_settled = video.text("id") in self.state.get("done", ())
            if start and end and now - end < GIVEN_UP_AFTER and not is_settled:
                ended[video.text("id")] = {"started_at": start.isoformat(), "ended_at": end.isoformat()}
        self.state["ended"] = ended

    def told(self) -> dict[str, Any]:
        """Return the state as it is now."""
        return {**self.state, "quota": self.quota.told(), FAILING: self.failures.told()}


def _answer(video: Fields, now: datetime) -> Answer:
    """Return what is kept of a video: while it is on, each look is an answer of its own."""
    video_id, times = video.text("id"), video.within("liveStreamingDetails")
    told = {
        "id": video_id,
        "snippet": {"title": video.within("snippet").text("title")},
        "liveStreamingDetails": {name: times.text(name) for name in KEPT if times.has(name)},
    }
    moment = f"/{now:%Y-%m-%dT%H:%M:%SZ}" if is_live(video) else ""
    return Answer(f"{video_id}{moment}", VIDEO, told)


def _question(video_id: str, times: Mapping[str, str]) -> dict[str, str]:
    """Return the report of one broadcast, over the days on which it was on as YouTube counts them."""
    first, last = (pacific_day(datetime.fromisoformat(times[name])) for name in ("started_at", "ended_at"))
    return {
        "ids": "channel==MINE",
        "startDate": first.isoformat(),
        "endDate": last.isoformat(),
        "metrics": f"{AVERAGE},{PEAK}",
        "filters": f"video=={video_id}",
    }


@contextmanager
def _in_words(clock: Callable[[], datetime]) -> Iterator[None]:
    """Say in a sentence what YouTube refuses, and when a spent quota is filled again."""
    try:
        yield
    except RefusedError as error:
        reason = _reason(Fields(error.payload).within("error"))
        if reason in SPENT:
            raise EverythingRefusedError(REASONS[reason], again_at=next_day(clock())) from None
        if reason in REASONS:
            raise EverythingRefusedError(REASONS[reason]) from None
        if error.status == UNAUTHORISED:
            raise EverythingRefusedError(
                "YouTube does not accept the sign-in: make a new VIEW3_YOUTUBE_REFRESH_TOKEN."
            ) from None
        if reason == FORBIDDEN:
            raise VendorError(
                f"The sign-in of VIEW3_YOUTUBE_REFRESH_TOKEN may not read it ({error.status}, {reason}), as for a video of "
                "another channel; its numbers stay as sampled."
            ) from None
        raise VendorError(f"YouTube refuses to answer ({error.status}{', ' + reason if reason else ''}).") from None


def _reason(error: Fields) -> str:
    """Return the reason that Google gives, in the older or the newer place, if it is a plain word."""
    told = [*error.each("errors"), *error.each("details")]
    return next((word for one in told if (word := one.text("reason")).isidentifier()), "")


def _label(video_id: str) -> str:
    """Return how sentences name a video."""
    return f"video {video_id}"


def _portions(ids: Sequence[str]) -> list[Sequence[str]]:
    """Return ids in portions of as many as YouTube answers at once."""
    return [ids[start : start + AT_ONCE] for start in range(0, len(ids), AT_ONCE)]


def _uploads(ask: Asking, channel_id: str) -> str:
    """Return the playlist of a channel's uploads."""
    told = ask.get("/youtube/v3/channels", {"part": "contentDetails", "id": channel_id}).payload
    for channel in Fields(told).each("items"):
        return channel.within("contentDetails", "relatedPlaylists").text("uploads")
    raise VendorError(REASONS["channelNotFound"])


def _ids(told: Payload, *path: str) -> list[str]:
    found = [item.within(*path[:-1]).text(path[-1]) for item in Fields(told).each("items")]
    return [video_id for video_id in found if video_id]
