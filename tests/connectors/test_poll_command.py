"""`view3 poll`, `view3 sessions` and `view3 doctor` against simulated vendors, as people call them."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

import view3
from connectors import checkup, google_sign_in
from connectors.youtube import api as youtube_api
from connectors.zoom import api as zoom_api
from tests.connectors.fake_youtube import Broadcast, FakeYouTube
from tests.connectors.fake_zoom import ROOM, FakeZoom, Meeting, Visit
from tests.connectors.vendor_server import HASTY, Asked, Reply, VendorServer

NOW = datetime(2026, 1, 17, 21, 30, tzinfo=UTC)
START = NOW - timedelta(minutes=30)
SECRETS = ("zoom-s3cret", "youtube-s3cret", "refresh-s3cret")


class World:
    """Both vendors on one server; whoever is `away` refuses everything."""

    def __init__(self) -> None:
        visit = Visit("Ana", START, NOW + timedelta(hours=1), email="ana@x.com")
        self.zoom = FakeZoom(lambda: NOW, [Meeting("uuid==", START, NOW + timedelta(hours=1), [visit])])
        self.youtube = FakeYouTube(lambda: NOW, [Broadcast("bloomDay017", START, [70] * 60)])
        self.away: set[str] = set()
        self.refuses = ""

    def __call__(self, asked: Asked) -> Reply | None:
        name = "youtube" if asked.path.startswith(("/youtube", "/v2", "/google")) else "zoom"
        if asked.path == "/google/token":
            self.youtube.tokens += 1
            return Reply({"access_token": f"token-{self.youtube.tokens}", "expires_in": 3599})
        if self.refuses and self.refuses in asked.path:
            return Reply({"code": 3001}, 404)
        if name in self.away:
            return Reply({"error": {"code": 403, "errors": [{"reason": "accessNotConfigured"}]}}, 403)
        return self.youtube(asked) if name == "youtube" else self.zoom(asked)


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[World]:
    found = World()
    told = {
        "DATABASE_URL": f"sqlite:///{tmp_path}/view3.db",
        "NOW": NOW.isoformat(),
        "CHALLENGE_START": "2026-01-01",
        "ZOOM_ACCOUNT_ID": "a",
        "ZOOM_CLIENT_ID": "c",
        "ZOOM_CLIENT_SECRET": SECRETS[0],
        "ZOOM_ROOMS": ROOM,
        "YOUTUBE_CLIENT_ID": "c",
        "YOUTUBE_CLIENT_SECRET": SECRETS[1],
        "YOUTUBE_REFRESH_TOKEN": SECRETS[2],
    }
    for name, value in told.items():
        monkeypatch.setenv(f"VIEW3_{name}", value)
    monkeypatch.setattr(checkup, "HURRIED", HASTY)
    with VendorServer(found) as server:
        for name in ("DATA", "ANALYTICS"):
            monkeypatch.setattr(youtube_api, name, server.url)
        monkeypatch.setattr(google_sign_in, "TOKENS", f"{server.url}/google/token")
        monkeypatch.setattr(zoom_api, "ADDRESS", server.url)
        monkeypatch.setattr(zoom_api, "TOKENS", f"{server.url}/token")
        yield found


def call(*words: str) -> Result:
    result = CliRunner().invoke(view3.main, words)
    assert not any(secret in result.output for secret in SECRETS)
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


def test_asking_once_fills_the_tables(world: World) -> None:
    asked = call("poll", "youtube", "zoom", "--once")
    assert asked.exit_code == 0, asked.output
    assert asked.output.splitlines() == [
        "youtube: ok: 1 new; live: bloomDay017; quota today: 2 of 10,000 units, 0 of 100 searches",
        f"zoom: ok: 1 new; live: {ROOM}",
    ]
    listed = call("sessions").output.splitlines()
    assert "youtube" in listed[1]
    assert "70" in listed[1]
    assert len(listed) == 3
    shown = call("show").output
    assert "Attendance today          71   LIVE" in shown
    assert "not due before" in call("poll", "youtube", "--once").output


def test_one_that_fails_fails_the_call_and_not_the_others(world: World) -> None:
    world.away = {"youtube"}
    asked = call("poll", "youtube", "zoom", "--once")
    assert asked.exit_code == 1
    assert asked.output.splitlines()[0].startswith("youtube: failed: The Google Cloud project")
    assert asked.output.splitlines()[1].startswith("zoom: ok: 1 new")


def test_a_room_that_does_not_exist_has_a_line_of_its_own(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VIEW3_ZOOM_ROOMS", f"111,{ROOM}")
    sentence = "Zoom knows no such webinar in this account; check the number in VIEW3_ZOOM_ROOMS"
    world.refuses = "/111"
    asked = call("poll", "zoom", "--once")
    assert asked.exit_code == 1
    first, second = asked.output.splitlines()
    assert first == f"zoom: ok: 1 new; live: {ROOM}"
    assert second.startswith(f"zoom: failed: room 111: {sentence}")
    told = call("doctor")
    assert told.exit_code == 1
    assert "ok    zoom        answers, with live count and reports" in told.output
    assert told.output.count(f"FAIL  zoom        room 111: {sentence}") == 1
    monkeypatch.setenv("VIEW3_ZOOM_ROOMS", ROOM)
    assert "FAIL  zoom        when last asked, room 111: " in call("doctor").output
    call("poll", "zoom", "--since", "2026-01-01")  # at once, whether due or not: the room is no longer set
    assert "111" not in call("doctor").output


def test_the_doctor_tries_each_credential(world: World) -> None:
    call("init")
    told = call("doctor").output
    assert "ok    youtube     answers, with the channel's sign-in" in told
    assert "ok    zoom        answers, with live count and reports" in told
    assert "note  meta        off: VIEW3_META_" in told
    world.zoom.has_dashboard = False
    world.away = {"youtube"}
    call("poll", "youtube", "zoom", "--once")
    sick = call("doctor")
    assert sick.exit_code == 1
    assert "FAIL  youtube     The Google Cloud project" in sick.output
    assert "there is no live count: Zoom's plan" in sick.output
    assert "webhooks tell who comes and goes" in sick.output


def test_a_source_that_nobody_knows_is_refused(world: World) -> None:
    result = call("poll", "bloom")
    assert result.exit_code == 2
    assert "'bloom' is no source; choose from youtube, zoom" in result.output
