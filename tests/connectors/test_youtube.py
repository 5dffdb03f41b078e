"""What YouTube is asked, in words that its own descriptions allow, and what its answers mean."""

import importlib.util
import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from pydantic import SecretStr

from analytics.records import AttendanceSample, Platform, Session
from connectors import google_sign_in
from connectors.contract import Answer, NoLookUp, Page, UnreadablePayloadError, VendorError
from connectors.object_failures import ObjectsFailedError
from connectors.poller import Ended
from connectors.settings import ConnectorSettings
from connectors.wanted import Off, Wanted
from connectors.youtube import api as youtube_api
from connectors.youtube import told as youtube
from connectors.youtube.api import YouTube
from connectors.youtube.quota import Quota, next_day
from tests.connectors.fake_youtube import CHANNEL, KEY, Broadcast, FakeYouTube, refused
from tests.connectors.polled import stage
from tests.connectors.vendor_server import HASTY, Asked, Fault, Reply, VendorServer

START = datetime(2026, 1, 17, 21, tzinfo=UTC)
DAY5 = Broadcast("bloomDay005", START, [100, 120, None, 90])
SIGN_IN = {"youtube_client_id": "c", "youtube_client_secret": SecretStr("s"), "youtube_refresh_token": SecretStr("r")}
UNHURRIED = replace(HASTY, read=10)  # where every question counts, a slow machine asks none again
BY_KEY = {"youtube_api_key": SecretStr(KEY)}


class Clock:
    def __init__(self, now: datetime = START) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now


def settings(**told: Any) -> ConnectorSettings:
    return ConnectorSettings(_env_file=None, **told)


def source(
    server: VendorServer, clock: Callable[[], datetime], monkeypatch: pytest.MonkeyPatch, **told: Any
) -> YouTube:
    """YouTube as the settings make it, at the simulated address."""
    for name in ("DATA", "ANALYTICS"):
        monkeypatch.setattr(youtube_api, name, server.url)
    monkeypatch.setattr(google_sign_in, "TOKENS", f"{server.url}/token")
    patience = told.pop("patience", HASTY)
    found = youtube_api.source(Wanted(settings(**told), clock, patience=patience))
    assert isinstance(found, YouTube), found
    return found


def run(one: YouTube, clock: Clock, state: Any = None) -> tuple[Any, list[Answer]]:
    """The state after a run, and what was answered."""
    pages: list[Page] = []
    for page in one.fetch(state or {}, clock):
        json.dumps(page.state)
        pages.append(page)
    return pages[-1].state, [part for page in pages for part in page.parts if isinstance(part, Answer)]


def records(answer: Answer, asked_at: datetime = START) -> list[Any]:
    payload = {"asked_at": asked_at.isoformat(), "kind": answer.kind, "told": json.loads(json.dumps(answer.told))}
    return list(youtube.normalise(payload, NoLookUp()))


WAYS = {
    "the id is set": ({**BY_KEY, "youtube_video_id": ("bloomDay005",)}, ["videos"]),
    "the owner has signed in": (SIGN_IN, ["liveBroadcasts", "videos"]),
    "a key and a channel": (
        {**BY_KEY, "youtube_channel_id": CHANNEL},
        ["channels", "playlistItems", "search", "videos"],
    ),
    "a key and a channel, and the uploads lag behind": (
        {**BY_KEY, "youtube_channel_id": CHANNEL},
        ["channels", "playlistItems", "search", "videos"],
    ),
}


@pytest.mark.parametrize("way", WAYS)
def test_a_broadcast_is_found_in_the_cheapest_way(way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    told, asked = WAYS[way]
    clock = Clock()
    fake = FakeYouTube(clock, [DAY5])
    if "lag" in way:
        fake.routes = {**fake.routes, "/youtube/v3/playlistItems": lambda _: Reply({"items": []})}
    with VendorServer(fake) as server:
        state, answers = run(source(server, clock, monkeypatch, **told), clock)
    assert [one.path.rpartition("/")[2] for one in server.asked if "token" not in one.path] == asked
    assert state["live"] == ["bloomDay005"]
    assert records(answers[0]) == [
        Session(
            Platform.YOUTUBE,
            "bloomDay005",
            "youtube",
            started_at=START,
            topic="Bloom live",
            planned_start=START - timedelta(minutes=1),
        ),
        AttendanceSample(Platform.YOUTUBE, "bloomDay005", START, 100, "youtube"),
    ]
    assert all(KEY not in str(one.params) for one in server.asked)


def test_a_hidden_count_and_an_end_are_no_zero(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock(START + timedelta(minutes=2))
    with VendorServer(FakeYouTube(clock, [DAY5])) as server:
        one = source(server, clock, monkeypatch, **SIGN_IN)
        state, hidden = run(one, clock)
        assert [type(record) for record in records(hidden[0])] == [Session]
        assert one.pause(state, clock.now) == timedelta(seconds=60)
        clock.now = DAY5.ends_at
        state, ended = run(one, clock, state)
    (session,) = records(ended[0])
    assert session.ended_at == DAY5.ends_at
    assert (state["live"], list(state["ended"])) == ([], ["bloomDay005"])
    assert one.pause(state, clock.now) > timedelta(seconds=60)


def test_two_days_later_the_final_numbers_come_once(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock()
    truth = replace(DAY5, truth=[100, 131, 80, 90])
    with VendorServer(FakeYouTube(clock, [truth], settles_after=timedelta(hours=60))) as server:
        one = source(server, clock, monkeypatch, **SIGN_IN)
        state, _ = run(one, clock)
        final = []
        for hours in (1, 47, 49, 59, 61, 62, 90):
            clock.now = DAY5.ends_at + timedelta(hours=hours)
            state, answers = run(one, clock, state)
            final += [(hours, answer) for answer in answers if answer.kind == youtube.FINAL]
    reports = [asked.params for asked in server.asked if asked.path == "/v2/reports"]
    assert [hours for hours, _ in final] == [61]
    assert len(reports) == 3
    assert reports[0]["startDate"] == reports[0]["endDate"] == "2026-01-17"
    (session,) = records(final[0][1])
    assert (session.peak, session.average, session.started_at) == (131, 100, START)


def test_a_broadcast_over_midnight_is_reported_in_pacific_days(monkeypatch: pytest.MonkeyPatch) -> None:
    late = replace(DAY5, starts_at=datetime(2026, 1, 18, 7, 58, tzinfo=UTC))
    clock = Clock(late.starts_at)
    with VendorServer(FakeYouTube(clock, [late])) as server:
        one = source(server, clock, monkeypatch, **SIGN_IN)
        state, _ = run(one, clock)
        for later in (timedelta(minutes=5), timedelta(days=3)):
            clock.now = late.starts_at + later
            state, _ = run(one, clock, state)
    params = next(asked.params for asked in server.asked if asked.path == "/v2/reports")
    assert (params["startDate"], params["endDate"]) == ("2026-01-17", "2026-01-18")


def test_a_second_broadcast_beside_the_first_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock()
    second = Broadcast("bloomDay05b", START + timedelta(minutes=1), [7] * 20)
    with VendorServer(FakeYouTube(clock, [replace(DAY5, viewers=[1] * 20), second])) as server:
        one = source(server, clock, monkeypatch, **SIGN_IN)
        state, _ = run(one, clock)
        clock.now += timedelta(minutes=6)
        state, _ = run(one, clock, state)
    assert state["live"] == ["bloomDay005", "bloomDay05b"]


def test_the_quota_is_kept_and_the_search_spared(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock(START - timedelta(hours=5))
    state: Any = {}
    with VendorServer(FakeYouTube(clock, [])) as server:
        one = source(server, clock, monkeypatch, patience=UNHURRIED, **BY_KEY, youtube_channel_id=CHANNEL)
        for _ in range(60):
            state, _ = run(one, clock, state)
            clock.now += one.pause(state, clock.now)
    searches = sum(asked.path.endswith("/search") for asked in server.asked)
    assert searches == 6  # in two hours
    assert (
        one.note(state, clock.now - timedelta(minutes=2))
        == f"live: nothing; quota today: {len(server.asked) - 6} of 10,000 units, 6 of 100 searches"
    )
    assert "0 of 10,000 units" in one.note(state, clock.now + timedelta(days=1))


def test_a_question_asked_again_is_spent_again(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock(START - timedelta(hours=5))
    faults = (Fault.BROKEN, Fault.NONE, Fault.BROKEN, Fault.BROKEN, Fault.NONE, Fault.BROKEN)
    with VendorServer(FakeYouTube(clock, []), faults) as server:
        one = source(server, clock, monkeypatch, patience=UNHURRIED, **BY_KEY, youtube_channel_id=CHANNEL)
        state, _ = run(one, clock)
    paths = [asked.path.rsplit("/", 1)[-1] for asked in server.asked]
    assert paths == [*["channels"] * 2, *["playlistItems"] * 3, *["search"] * 2]
    assert (state["quota"]["units"], state["quota"]["searches"]) == (5, 2)


def test_a_spent_bucket_of_searches_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock()
    spent = {"quota": {"day": "2026-01-17", "units": 5, "searches": 100}}
    with VendorServer(FakeYouTube(clock, [])) as server:
        run(source(server, clock, monkeypatch, **BY_KEY, youtube_channel_id=CHANNEL), clock, spent)
    assert not any(asked.path.endswith("/search") for asked in server.asked)


@pytest.mark.parametrize(
    ("moment", "day", "next_"),
    [
        (datetime(2026, 1, 18, 7, 59, tzinfo=UTC), date(2026, 1, 17), datetime(2026, 1, 18, 8, tzinfo=UTC)),
        (datetime(2026, 3, 8, 12, tzinfo=UTC), date(2026, 3, 8), datetime(2026, 3, 9, 7, tzinfo=UTC)),
    ],
)
def test_youtubes_day_is_pacific(moment: datetime, day: date, next_: datetime) -> None:
    assert (Quota.of({}, moment).day, next_day(moment)) == (day, next_)


REFUSALS = [
    (refused(403, "quotaExceeded"), "daily quota is spent"),
    (refused(403, "accessNotConfigured"), "has not enabled"),
    (refused(400, "keyInvalid"), "VIEW3_YOUTUBE_API_KEY"),
    (refused(403, "insufficientPermissions"), "lacks a scope"),
    (refused(404, "playlistNotFound"), "VIEW3_YOUTUBE_CHANNEL_ID"),
    (refused(401, "authError"), "VIEW3_YOUTUBE_REFRESH_TOKEN"),
    (refused(403, "<script>"), "refuses to answer (403)"),
    (Reply({"items": {}}), None),
    (Reply({"items": []}), "VIEW3_YOUTUBE_CHANNEL_ID names no channel"),
]


@pytest.mark.parametrize(("reply", "words"), REFUSALS)
def test_a_refusal_is_told_in_a_sentence(reply: Reply, words: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock()
    with VendorServer(lambda _: reply) as server:
        one = source(server, clock, monkeypatch, **BY_KEY, youtube_channel_id=CHANNEL)
        for ask in (lambda: run(one, clock), lambda: one.check(clock)):
            with pytest.raises((VendorError, UnreadablePayloadError)) as told:
                ask()
            assert words is None or words in str(told.value)
            assert words != "daily quota is spent" or getattr(told.value, "again_at", None) == datetime(
                2026, 1, 18, 8, tzinfo=UTC
            )
            assert KEY not in str(told.value)


def test_too_fast_is_not_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    clock, fake = Clock(), FakeYouTube(Clock(), [DAY5])
    replies: Iterator[Any] = iter([refused(403, "rateLimitExceeded"), refused(429, "userRateLimitExceeded")])
    with VendorServer(lambda asked: next(replies, None) or fake(asked)) as server:
        state, _ = run(source(server, clock, monkeypatch, **BY_KEY, youtube_video_id=("bloomDay005",)), clock)
    assert state["live"] == ["bloomDay005"]


@pytest.mark.parametrize("told", [{}, {"youtube_client_id": "c"}, BY_KEY, {"youtube_channel_id": CHANNEL}])
def test_what_is_missing_is_named(told: dict[str, Any]) -> None:
    off = youtube_api.source(Wanted(settings(**told), Clock()))
    assert isinstance(off, Off)
    assert "VIEW3_YOUTUBE_" in off.sentence


@pytest.mark.parametrize(
    "told", [SIGN_IN, {**BY_KEY, "youtube_channel_id": CHANNEL}, {**BY_KEY, "youtube_video_id": ("bloomDay005",)}]
)
def test_the_doctors_call_is_cheap(told: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock()
    with VendorServer(FakeYouTube(clock, [DAY5])) as server:
        assert source(server, clock, monkeypatch, **told).check(clock).startswith("answers")
    assert len([asked for asked in server.asked if asked.path != "/token"]) <= 2


# One video that fails, and all the others; answers that are not data yet ---------------------------------

OURS, PARTNERS = Broadcast("bloomOurs01", START - timedelta(days=3), [100, 120, 90], truth=[140, 90]), "partner0001"
LIVE = Broadcast("bloomLive01", START, [min(900, 45 * minute) for minute in range(21)])
FAILING_VIDEO = {
    "of another channel": (refused(403, "forbidden"), "VIEW3_YOUTUBE_REFRESH_TOKEN may not read it (403, forbidden)"),
    "broken": (Reply({"error": "inside"}, 500), "answered 500"),
    "nonsense": (Reply({"rows": [7]}), "cannot be read"),
    "no JSON": (Reply("<html>"), "cannot be read"),
}


@pytest.mark.parametrize("case", FAILING_VIDEO)
def test_a_video_that_analytics_refuses_changes_nothing_of_the_others(
    case: str, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    reply, words = FAILING_VIDEO[case]
    partner = Broadcast(PARTNERS, START - timedelta(days=3), [30, 50, 40])
    with stage(database_url, START - timedelta(days=3)) as room:
        fake = FakeYouTube(room.clock, [partner, OURS, LIVE])

        def answer(asked: Asked) -> Reply | None:
            return reply if asked.params.get("filters", "").endswith(PARTNERS) else fake(asked)

        with VendorServer(answer) as server:
            told = {**SIGN_IN, "youtube_video_id": (PARTNERS, OURS.id, LIVE.id)}
            one = source(server, room.clock, monkeypatch, **told)
            room.watch(one, START - timedelta(days=3) + timedelta(minutes=4))
            room.clock.now = START
            outcome = room.poll(one)
            while room.clock.now < LIVE.ends_at:  # at its own pace
                outcome = room.poll(one)
                assert outcome.ended is Ended.WELL
                room.clock.now += outcome.pause or timedelta()
            room.poll(one)
            room.drain.all()
        rows = room.sessions()
    assert {name: (row["participants"], row["samples_received"]) for name, row in rows.items()} == {
        PARTNERS: (50, 3),
        OURS.id: (140, 3),
        LIVE.id: (900, 21),
    }
    (sentence,) = outcome.failing
    assert sentence.startswith(f"final numbers of video {PARTNERS}: ")
    assert words in sentence


@pytest.mark.parametrize("case", ["broken", "no times"])
def test_a_video_that_the_data_api_spoils_changes_nothing_of_the_others(
    case: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    live = replace(LIVE, viewers=[7, 8, 9, 8, 7])
    with stage(f"sqlite:///{tmp_path}/view3.db", START) as room:
        fake = FakeYouTube(room.clock, [live])
        spoiled = {"id": "spoiled0001", "liveStreamingDetails": {"actualStartTime": "then"}}

        def answer(asked: Asked) -> Reply | None:
            told = fake(asked)
            if "spoiled0001" not in asked.params.get("id", "") or told is None:
                return told
            if case == "broken":
                return refused(400, "invalidVideo")
            return Reply({"items": [*told.told["items"], spoiled]})

        with VendorServer(answer) as server:
            told = {**BY_KEY, "youtube_video_id": ("spoiled0001", live.id)}
            one = source(server, room.clock, monkeypatch, **told)
            outcome = room.poll(one)
            room.watch(one, live.ends_at)
        (row,) = room.sessions().values()
    assert (row["session_id"], row["peak"], row["samples_received"]) == (live.id, 9, 5)
    assert (outcome.ended, [one.startswith("video spoiled0001: ") for one in outcome.failing]) == (Ended.WELL, [True])


def test_a_search_that_fails_does_not_stop_the_sampling(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock()
    fake = FakeYouTube(clock, [DAY5])
    with VendorServer(fake) as server:
        one = source(server, clock, monkeypatch, **BY_KEY, youtube_channel_id=CHANNEL)
        state, _ = run(one, clock)
        fake.routes = {**fake.routes, "/youtube/v3/playlistItems": lambda _: Reply({"items": 7})}
        clock.now += timedelta(minutes=1)
        state, answers = run(one, clock, state | {"looked_at": None})
    assert [records(answer, clock.now)[-1].participants for answer in answers] == [120]
    assert list(state["failing"]) == ["search for broadcasts"]


NOT_YET: list[Any] = [[[0, 0]], [[None, None]], [["0", "0.0"]], [[]], [], None]


@pytest.mark.parametrize("rows", NOT_YET, ids=repr)
def test_zeros_before_youtube_has_counted_replace_nothing(
    rows: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with stage(f"sqlite:///{tmp_path}/view3.db", START) as room:
        fake = FakeYouTube(room.clock, [DAY5])
        headers = [{"name": youtube.AVERAGE}, {"name": youtube.PEAK}]
        fake.routes = {**fake.routes, "/v2/reports": lambda _: Reply({"columnHeaders": headers, "rows": rows})}
        with VendorServer(fake) as server:
            one = source(server, room.clock, monkeypatch, **SIGN_IN)
            room.watch(one, DAY5.ends_at + timedelta(minutes=1))
            room.clock.now += timedelta(hours=49)
            assert room.poll(one).failing == ()
            room.drain.all()
            assert (room.sessions()[DAY5.id]["peak"], room.aside()) == (120, [])
            rows = [[101.5, "140.0"]]
            room.clock.now += timedelta(hours=1)
            room.poll(one)
            room.drain.all()
        row = room.sessions()[DAY5.id]
        assert (row["peak"], row["average"], row["participants"]) == (140, 102, 140)


def test_it_is_asked_again_until_the_window_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock()
    with VendorServer(FakeYouTube(clock, [DAY5], settles_after=timedelta(days=60))) as server:
        one = source(server, clock, monkeypatch, **SIGN_IN)
        state, _ = run(one, clock)
        for days in (1, 3, 13, 15, 16):
            clock.now = START + timedelta(days=days)
            state, _ = run(one, clock, state)
    assert len([asked for asked in server.asked if asked.path == "/v2/reports"]) == 2
    assert state["ended"] == {}


def video(video_id: str, **times: Any) -> dict[str, Any]:
    return {
        "id": video_id,
        "snippet": {"title": "t", "liveBroadcastContent": "upcoming"},
        "liveStreamingDetails": times,
    }


def test_a_live_that_never_starts_leaves_no_row_and_nothing_waits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    planned = video("planned0001", scheduledStartTime=START.isoformat(), concurrentViewers="55")
    with stage(f"sqlite:///{tmp_path}/view3.db", START) as room:
        with VendorServer(lambda _: Reply({"items": [planned]})) as server:
            one = source(server, room.clock, monkeypatch, **BY_KEY, youtube_video_id=("planned0001",))
            for _ in range(30):
                room.poll(one)
                room.clock.now += timedelta(hours=1)
            outcome = room.poll(one)
            room.drain.all()
        tables = room.tables()
    assert (tables["attendance"], tables["attendance_samples"]) == ([], [])
    assert (outcome.pause, outcome.sentence.startswith("0 new; live: nothing")) == (timedelta(minutes=2), True)


def test_the_peak_is_of_the_time_between_whatever_the_state_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    start = (START + timedelta(minutes=1)).isoformat()
    end = (START + timedelta(minutes=3)).isoformat()
    stories = [
        {"concurrentViewers": "500"},
        {"actualStartTime": start, "concurrentViewers": "100"},
        {"actualStartTime": start, "concurrentViewers": "110"},
        {"actualStartTime": start, "actualEndTime": end, "concurrentViewers": "9000"},
    ]
    with stage(f"sqlite:///{tmp_path}/view3.db", START) as room:
        now = iter(stories)
        with VendorServer(lambda _: Reply({"items": [video("lagging0001", **next(now))]})) as server:
            room.watch(
                source(server, room.clock, monkeypatch, **BY_KEY, youtube_video_id=("lagging0001",)),
                START + timedelta(minutes=4),
            )
        (row,) = room.sessions().values()
    assert (row["peak"], row["participants"]) == (110, 110)


def test_one_show_on_two_broadcasts_is_two_sessions_and_the_larger_is_the_day(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    both = [Broadcast("bloomBoth01", START, [150, 140]), Broadcast("bloomBoth02", START, [60, 50])]
    with stage(f"sqlite:///{tmp_path}/view3.db", START) as room, VendorServer(FakeYouTube(room.clock, both)) as server:
        room.watch(source(server, room.clock, monkeypatch, **SIGN_IN), START + timedelta(minutes=3))
        assert [row["participants"] for row in room.sessions().values()] == [150, 60]
        assert [row[2:] for row in room.tables()["attendance"]] == [("youtube", 150)]


def test_the_doctor_names_a_video_that_does_not_exist(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock()
    told = {**SIGN_IN, "youtube_video_id": ("nowhere0001", DAY5.id)}
    with VendorServer(FakeYouTube(clock, [DAY5])) as server, pytest.raises(ObjectsFailedError) as failed:
        source(server, clock, monkeypatch, **told).check(clock)
    assert failed.value.good.startswith("answers, with the channel's sign-in")
    assert failed.value.sentences == (
        "video nowhere0001: YouTube shows no such video (mistyped, deleted or private): VIEW3_YOUTUBE_VIDEO_ID.",
    )


# Held against YouTube's own descriptions ---------------------------------------------------------------


@pytest.fixture(scope="module")
def described() -> Any:
    """Builds requests by the descriptions that Google's client bundles; it refuses what they do not allow."""
    found = importlib.util.find_spec("googleapiclient")
    assert found is not None
    assert found.submodule_search_locations
    folder = Path(found.submodule_search_locations[0]) / "discovery_cache" / "documents"
    from googleapiclient.discovery import build_from_document
    from googleapiclient.http import HttpMock

    data = build_from_document((folder / "youtube.v3.json").read_text(), http=HttpMock())
    reports = build_from_document((folder / "youtubeAnalytics.v2.json").read_text(), http=HttpMock())
    return {
        "/youtube/v3/videos": data.videos().list,
        "/youtube/v3/liveBroadcasts": data.liveBroadcasts().list,
        "/youtube/v3/channels": data.channels().list,
        "/youtube/v3/playlistItems": data.playlistItems().list,
        "/youtube/v3/search": data.search().list,
        "/v2/reports": reports.reports().query,
    }


def hold(described: Any, asked: Sequence[Asked]) -> None:
    """Every request is one that Google's client would send, too."""
    for one in asked:
        told = {name: int(value) if name == "maxResults" else value for name, value in one.params.items()}
        built = urlsplit(described[one.path](**told).uri)
        assert built.path == one.path
        assert dict(parse_qsl(built.query)) | {"alt": ""} == dict(one.params) | {"alt": ""}


def test_every_request_is_one_that_youtube_describes(described: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Asked] = []
    for told in (SIGN_IN, {**BY_KEY, "youtube_channel_id": CHANNEL}, {**BY_KEY, "youtube_video_id": ("bloomDay005",)}):
        clock = Clock()
        with VendorServer(FakeYouTube(clock, [DAY5])) as server:
            one = source(server, clock, monkeypatch, **told)
            one.check(clock)
            state: Any = {}
            for later in (0, 1, 5, 60 * 24 * 3):
                clock.now = START + timedelta(minutes=later)
                state, _ = run(one, clock, state)
        asked += [one for one in server.asked if one.path != "/token"]
    assert {one.path for one in asked} == set(described)
    hold(described, asked)


def test_the_descriptions_do_refuse(described: Any) -> None:
    with pytest.raises(TypeError):
        hold(described, [Asked("GET", "/youtube/v3/videos", {"id": "a"}, {}, "")])
    with pytest.raises(TypeError):
        hold(described, [Asked("GET", "/youtube/v3/search", {"part": "id", "eventType": "now"}, {}, "")])


FAULTS = [one for one in Fault if one is not Fault.NONE]


@pytest.mark.parametrize("fault", FAULTS)
def test_a_misbehaving_youtube_ends_like_a_calm_one(fault: Fault, monkeypatch: pytest.MonkeyPatch) -> None:
    ends = []
    for faults in ([], [Fault.NONE, fault, Fault.NONE, fault, fault]):
        clock = Clock()
        with VendorServer(FakeYouTube(clock, [DAY5]), faults) as server:
            one = source(server, clock, monkeypatch, **SIGN_IN)
            state: Any = {}
            answers = []
            for later in (0, 1, 2, 3, 4, 60 * 24 * 3):
                clock.now = START + timedelta(minutes=later)
                if fault is Fault.UNAUTHORISED:  # a new token may be refused as well; then the next run has a newer one
                    with suppress(VendorError):
                        list(one.fetch(state, clock))
                state, told = run(one, clock, state)
                answers += told
        ends.append((answers, {name: state[name] for name in ("live", "ended", "done")}))
    assert ends[0] == ends[1]
