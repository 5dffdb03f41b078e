"""Any one object of a source (room, session, video, account, page of a list) fails in any way: the others bring the same."""

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import count
from typing import Any
from urllib.parse import unquote

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from pydantic import SecretStr

from connectors import google_sign_in
from connectors.contract import Answer, Source
from connectors.google_ads import api as google_ads_api
from connectors.meta import api as meta_api
from connectors.meta.api import MetaSource
from connectors.object_failures import failing_sentences
from connectors.settings import ConnectorSettings
from connectors.wanted import Off, Wanted
from connectors.youtube import api as youtube_api
from connectors.zoom import api as zoom_api
from tests.connectors.fake_google_ads import DEVELOPER, REFRESH, FakeGoogleAds
from tests.connectors.fake_meta import TOKEN, FakeMeta
from tests.connectors.fake_youtube import Broadcast, FakeYouTube
from tests.connectors.fake_zoom import ROOM, FakeZoom, Meeting, Visit
from tests.connectors.polled import Clock
from tests.connectors.vendor_server import HASTY, Asked, Fault, Reply, VendorServer

START = datetime(2026, 1, 17, 21, tzinfo=UTC)
QUICK = replace(HASTY, attempts=2, longest_pause=0.02)
EXAMPLES = 4
Spoil = Reply | Fault | None
Vendor = Callable[[Asked], Reply | Fault | None]


def minutes(*passed: float) -> list[datetime]:
    return [START + timedelta(minutes=one) for one in passed]


@dataclass(frozen=True)
class World:
    """A source with a good object and one that fails; `bad` stands in every request about the failing one, and `name` in its sentence."""

    make: Callable[[Clock], Vendor]
    source: Callable[[Callable[[], datetime]], Source | Off]
    bad: str
    name: str
    moments: Sequence[datetime]
    exists: bool = True  # the failing object is one that the vendor knows, when all is calm


def configured(make: Callable[[Wanted], Source | Off], **told: Any) -> Callable[[Callable[[], datetime]], Source | Off]:
    settings = ConnectorSettings(_env_file=None, **told)
    return lambda clock: make(Wanted(settings, clock, patience=QUICK))


# The worlds --------------------------------------------------------------------------------------------


def _visit(name: str, joined: float, left: float) -> Visit:
    came, went = minutes(joined, left)
    return Visit(name, came, went, email=f"{name}@example.com")


NOW_ON = Meeting(
    "NknQtFSgSUSEYt2a9gc13A==", START, START + timedelta(minutes=6), [_visit("ana", 0, 5), _visit("bo", 1, 6)]
)
BEFORE = Meeting(
    "aaaaaaaaaaaaaaaaaaaaaa==", START - timedelta(hours=3), START - timedelta(hours=2), [_visit("cy", -180, -130)]
)
ZOOM = {"zoom_account_id": "a", "zoom_client_id": "c", "zoom_client_secret": SecretStr("s")}
WHILE_LIVE = (*range(7), 17, 18, 30, 68)


def zoom(rooms: tuple[str, ...], bad: str, name: str, *, exists: bool = True) -> World:
    return World(
        lambda clock: FakeZoom(clock, [BEFORE, NOW_ON], page=1),
        configured(zoom_api.source, **ZOOM, zoom_rooms=rooms),
        bad,
        name,
        minutes(*WHILE_LIVE),
        exists,
    )


LIVE = Broadcast("bloomLive01", START, [10, 20, 30, 20, 10])
OVER = Broadcast("bloomOver01", START - timedelta(days=1), [70, 90], truth=[95, 80])
SIGN_IN = {"youtube_client_id": "c", "youtube_client_secret": SecretStr("s"), "youtube_refresh_token": SecretStr("r")}


def youtube(bad: str, name: str, *, exists: bool = True) -> World:
    videos = (LIVE.id, OVER.id, bad)
    return World(
        lambda clock: FakeYouTube(clock, [LIVE, OVER]),
        configured(youtube_api.source, **SIGN_IN, youtube_video_id=tuple(dict.fromkeys(videos))),
        bad,
        name,
        minutes(*range(6), 60 * 25, 60 * 50, 60 * 75),
        exists,
    )


DAYS = [date(2026, 1, 17) - timedelta(days=number) for number in range(4)]
META_COSTS = {(account, on): {"1": "10.25", "2": "7.00", "3": "1.00"} for account in ("1001", "1002") for on in DAYS}
META = {"meta_access_token": SecretStr(TOKEN), "meta_ad_accounts": ("1002", "1001")}
GOOGLE_COSTS = {
    (account, on): ({"1111": 10_250_000}, {"11": 10_250_000, "22": 5}) for account in ("1001", "1002") for on in DAYS
}
GOOGLE = {
    "google_ads_customer_ids": ("1002", "1001"),
    "google_ads_developer_token": SecretStr(DEVELOPER),
    "google_ads_client_id": "c",
    "google_ads_client_secret": SecretStr("s"),
    "google_ads_refresh_token": SecretStr(REFRESH),
}
ACCOUNTS = {"1001": {"currency": "USD"}, "1002": {"currency": "EUR"}}


def _meta(wanted: Wanted) -> Source | Off:
    found = meta_api.source(wanted)
    return MetaSource(found.web, found.accounts, sleep=lambda _: None) if isinstance(found, MetaSource) else found


WORLDS = {
    "a room of Zoom": zoom((ROOM, "111222"), "/111222", "room 111222", exists=False),
    "a room of Zoom, set first": zoom(("111222", ROOM), "/111222", "room 111222", exists=False),
    "a meeting of Zoom": zoom((ROOM, "meeting:111222"), "/111222", "room 111222", exists=False),
    "a session of Zoom": zoom((ROOM,), BEFORE.uuid, "session aaaaaaaaaaaaaaaaaaaaaa== of room"),
    "a video of YouTube": youtube("spoiled0001", "video spoiled0001", exists=False),
    "the report of a video": youtube(OVER.id, f"video {OVER.id}"),
    "an ad account of Meta": World(
        lambda _: FakeMeta(META_COSTS, accounts=ACCOUNTS),
        configured(_meta, **META),
        "/act_1002",
        "1002",
        minutes(0, 31, 240),
    ),
    "an ad account of Google": World(
        lambda _: FakeGoogleAds(GOOGLE_COSTS),
        configured(google_ads_api.source, **GOOGLE),
        "/customers/1002/",
        "1002",
        minutes(0, 31, 240),
    ),
}


# What goes wrong ---------------------------------------------------------------------------------------


def _refusal(status: int, code: int, **headers: str) -> Reply:
    return Reply({"code": code, "error": {"code": code, "message": "said in words"}}, status, headers)


SPOILS: list[Spoil] = [
    *(Reply(body) for body in ({}, [], None, 7, "<html>", "", {"error": None})),
    *(
        Reply({name: body})
        for name in ("items", "rows", "data", "results", "participants")
        for body in (None, 7, [7], [{}])
    ),
    Reply({"uuid": [], "start_time": 7, "webinars": [{"uuid": 1, "start_time": "then"}], "async_status": "?"}),
    *(_refusal(400, code) for code in (0, 100, 190, 200, 300, 1010, 3001, 4711)),
    *(_refusal(status, 0) for status in (401, 403, 404, 410, 500)),
    _refusal(429, 0, **{"Retry-After": "0"}),
    _refusal(429, 17, **{"Retry-After": "3600"}),
    Fault.DROPPED,
    Fault.CUT,
    Fault.NOT_JSON,
]
OF_ALL = (200, 401, 429)  # said to a question about several objects, it is said of all of them
CALM: Spoil = None
STORIES = st.tuples(st.lists(st.sampled_from([*SPOILS, CALM]), max_size=5), st.sampled_from(SPOILS))


def spoiled(vendor: Vendor, bad: str, story: Iterable[Spoil]) -> Vendor:
    """The vendor, whose answers to requests about the failing object are the story's, one after the other."""
    replies = iter(story)

    def answer(asked: Asked) -> Reply | Fault | None:
        about = unquote(unquote(asked.path)) + "?" + ",".join(asked.params.values())
        if asked.path == "/token" or bad not in about:
            return vendor(asked)
        reply = next(replies)
        is_of_all = isinstance(reply, Reply) and reply.status in OF_ALL and "," in asked.params.get("id", "")
        return vendor(asked) if reply is None or is_of_all else reply

    return answer


def for_ever(told: tuple[list[Spoil], Spoil]) -> Iterator[Spoil]:
    first, last = told
    yield from first
    for _ in count():
        yield last


def brought(world: World, story: Iterable[Spoil] | None, monkeypatch: pytest.MonkeyPatch) -> tuple[list[str], set[str]]:
    """What the other objects bring over all runs, and the sentences about the failing one; a run that raises is a failure."""
    clock = Clock(world.moments[0])
    vendor = world.make(clock)
    answer = vendor if story is None else spoiled(vendor, world.bad, story)
    found, sentences, state = list[str](), set[str](), dict[str, Any]()
    with VendorServer(answer) as server:
        for module, names in ADDRESSES.items():
            for name, path in names.items():
                monkeypatch.setattr(module, name, f"{server.url}{path}")
        source = world.source(clock)
        assert not isinstance(source, Off), source
        for clock.now in world.moments:
            for page in source.fetch(state, clock):
                state = json.loads(json.dumps(page.state))
                found += [_written(part) for part in page.parts if isinstance(part, Answer)]
            sentences.update(failing_sentences(state))
    marks = {world.bad, world.bad.strip("/").removeprefix("act_").removeprefix("customers/")}
    return sorted(one for one in found if not any(mark in one for mark in marks)), sentences


ADDRESSES: dict[Any, dict[str, str]] = {
    zoom_api: {"ADDRESS": "", "TOKENS": "/token"},
    youtube_api: {"DATA": "", "ANALYTICS": ""},
    google_sign_in: {"TOKENS": "/token"},
    meta_api: {"ADDRESS": ""},
    google_ads_api: {"ADDRESS": ""},
}


def _written(answer: Answer) -> str:
    return json.dumps([answer.name, answer.kind, answer.told], default=_plain, sort_keys=True)


def _plain(value: Any) -> str:
    assert isinstance(value, Decimal | date | datetime)
    return str(value)


@pytest.mark.parametrize("name", WORLDS)
def test_an_object_that_fails_changes_nothing_of_the_others(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    world = WORLDS[name]
    calm = for_ever(([], Reply({}, 404))) if not world.exists else None
    expected, _ = brought(world, calm, monkeypatch)
    assert expected

    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.explicit, Phase.generate],  # a failure is told as found
        suppress_health_check=list(HealthCheck),
    )
    @given(STORIES)
    def hold(story: tuple[list[Spoil], Spoil]) -> None:
        found, sentences = brought(world, for_ever(story), monkeypatch)
        assert found == expected
        assert all(world.name in sentence for sentence in sentences)

    hold()


@pytest.mark.parametrize("name", WORLDS)
@pytest.mark.parametrize("spoil", [_refusal(403, 0), _refusal(500, 0), Fault.DROPPED], ids=["403", "500", "dropped"])
def test_an_object_that_fails_is_named(name: str, spoil: Spoil, monkeypatch: pytest.MonkeyPatch) -> None:
    world = WORLDS[name]
    _, sentences = brought(world, for_ever(([], spoil)), monkeypatch)
    assert any(world.name in sentence for sentence in sentences)
