"""What Zoom is asked and what becomes of its answers: live counts, reports, and whatever can go wrong with them."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from pydantic import SecretStr

from analytics.database import writing
from analytics.ingest import Rules, accept
from analytics.records import Attendance, Platform, Session, Statistic, Stay
from connectors.contract import VendorError
from connectors.object_failures import ObjectsFailedError
from connectors.poller import Ended, Outcome
from connectors.settings import ConnectorSettings
from connectors.wanted import Off, Wanted
from connectors.zoom import api as zoom_api
from connectors.zoom.api import Zoom
from connectors.zoom.questions import Room, encoded
from tests.connectors.fake_zoom import ROOM, FakeZoom, Meeting, Visit
from tests.connectors.polled import CHALLENGE, Clock, stage
from tests.connectors.vendor_server import HASTY, Asked, Fault, Reply, VendorServer

START = datetime(2026, 1, 17, 21, tzinfo=UTC)
SET = {
    "zoom_account_id": "a",
    "zoom_client_id": "c",
    "zoom_client_secret": SecretStr("s3cr3t"),
    "zoom_rooms": (f"{ROOM[:3]} {ROOM[3:]}",),
}


def at(minutes: float) -> datetime:
    return START + timedelta(minutes=minutes)


def visit(name: str, joined: float, left: float, **about: Any) -> Visit:
    return Visit(name, at(joined), at(left), **about)


VISITS = [
    visit("Host", -5, 60, email="host@example.com", role="host"),
    visit("Pan Elist", -3, 60, email="Panel@example.com", role="panelist"),
    visit("Ana", 0, 50, email="ana@x.com", registrant="r1"),
    visit("Ana's phone", 10, 30, email="ANA@x.com", registrant="r1"),  # a second device at the same time
    visit("Bo", 5, 20, email="bo@x.com"),
    visit("Bo", 25, 60, email="Bo@x.com"),  # comes back
    visit("Guest", 0, 10),
    visit("Waiting", 3, 8, status="in_waiting_room"),
]
SESSION = Meeting("NknQtFSgSUSEYt2a9gc13A==", START, at(60), VISITS)
TRUTH = {"participants": 3, "peak": 3, "average": 2}  # (50 + 15 + 35 + 10) / 60 = 1.83


def settings(**told: Any) -> ConnectorSettings:
    return ConnectorSettings(_env_file=None, **{**SET, **told})


def source(server: VendorServer, clock: Clock, monkeypatch: pytest.MonkeyPatch, **told: Any) -> Zoom:
    """Zoom as the settings make it, at the simulated address."""
    monkeypatch.setattr(zoom_api, "ADDRESS", server.url)
    monkeypatch.setattr(zoom_api, "TOKENS", f"{server.url}/token")
    found = zoom_api.source(Wanted(settings(**told), clock, patience=HASTY))
    assert isinstance(found, Zoom), found
    return found


def shown(row: dict[str, Any]) -> dict[str, Any]:
    return {name: row[name] for name in TRUTH}


def test_a_session_is_watched_and_then_counted(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with stage(database_url, START) as room, VendorServer(FakeZoom(room.clock, [SESSION])) as server:
        zoom = source(server, room.clock, monkeypatch)
        room.watch(zoom, at(30))
        (live,) = room.sessions().values()
        assert (live["samples_received"], live["participants"], live["room"]) == (30, 3, ROOM)
        room.watch(zoom, at(75))
        (row,) = room.sessions().values()
        assert (row["session_id"], row["is_complete"], room.aside()) == (SESSION.uuid, True, [])
        assert shown(row) == TRUTH
        assert (row["started_at"], row["ended_at"]) == (START, at(60))
        assert (row["planned_start"], row["planned_end"]) == (at(-2), at(88))
        assert (row["samples_received"], row["samples_expected"]) == (60, 60)
        assert room.tables()["attendance"] == [(START.date(), 17, "zoom", 3)]
        before = room.tables()
        room.watch(zoom, at(75 + 70))  # the report is read again: nothing of it has changed
        assert room.tables() == before


def test_without_a_dashboard_the_report_still_counts(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with stage(database_url, at(55)) as room:
        fake = FakeZoom(room.clock, [SESSION], has_dashboard=False)
        with VendorServer(fake) as server:
            zoom = source(server, room.clock, monkeypatch)
            outcome = room.poll(zoom)
            assert "no live count by this plan, webhooks tell" in outcome.sentence
            room.watch(zoom, at(90))
        (row,) = room.sessions().values()
        # The panelist cannot be told from the audience by the report alone.
        assert (row["participants"], row["samples_expected"]) == (4, None)
        assert len([one for one in server.asked if one.path == f"/metrics/webinars/{ROOM}"]) == 1


def test_webhooks_and_report_of_one_session_are_one(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def webhook(number: int, one: Visit) -> Stay:
        stay = f"167{number:05}"
        return Stay(Platform.ZOOM, SESSION.uuid, stay, f"name:{one.name}", "zoom", one.joined_at, one.left_at)

    told = [webhook(number, one) for number, one in enumerate(VISITS)]
    mark = Session(Platform.ZOOM, SESSION.uuid, "zoom", START, at(60), room=ROOM)
    file = Attendance(
        Platform.ZOOM, f"{ROOM}@2026", START.date(), 3, Statistic.UNIQUE_PEOPLE, "zoom", at(0.5), at(60), room=ROOM
    )
    with stage(database_url, at(61)) as room, VendorServer(FakeZoom(room.clock, [SESSION])) as server:
        rules = Rules(CHALLENGE, sessions_per_day="sum")
        with writing(room.engine) as connection:
            assert not accept(connection, rules, [*told[:7], mark, file]).refused
        room.watch(source(server, room.clock, monkeypatch), at(90))
        assert shown(room.sessions()[SESSION.uuid]) == TRUTH
        with writing(room.engine) as connection:
            accept(connection, rules, [*told[:7], mark, file])
        assert room.tables()["attendance"] == [
            (START.date(), 17, "zoom", 3)
        ]  # by file and by report: one session under two names
        assert shown(room.sessions()[SESSION.uuid]) == TRUTH


FAULTS = [one for one in Fault if one is not Fault.NONE]


@pytest.mark.parametrize("fault", FAULTS)
def test_a_misbehaving_zoom_ends_in_the_same_tables(
    fault: Fault, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ends = []
    for name, faults in (("calm", []), ("wild", [Fault.NONE, fault, Fault.NONE, *[Fault.NONE, fault] * 5])):
        with stage(f"sqlite:///{tmp_path}/{name}.db", at(58)) as room:
            with VendorServer(FakeZoom(room.clock, [SESSION]), faults) as server:
                room.watch(source(server, room.clock, monkeypatch), at(74))
            ends.append(room.tables())
    if fault is Fault.UNAUTHORISED:  # a whole run may be refused: its samples are missing, everything else is there
        for tables in ends:
            del tables["attendance_samples"], tables["attendance_sessions"]
    assert ends[0] == ends[1]


def test_a_token_that_dies_in_the_middle_starts_the_list_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with stage(f"sqlite:///{tmp_path}/view3.db", at(70)) as room:
        fake = FakeZoom(room.clock, [SESSION], dying=1)
        with VendorServer(fake) as server:
            zoom = source(server, room.clock, monkeypatch)
            outcome = room.poll(zoom)
            assert (outcome.ended, outcome.failing) == (
                Ended.WELL,
                (
                    f"session {SESSION.uuid} of room {ROOM}: "
                    "Zoom's page token has died in the middle of a list; it is read anew.",
                ),
            )
            room.watch(zoom, at(72))
        assert shown(next(iter(room.sessions().values()))) == TRUTH


def test_a_token_that_comes_again_is_not_followed_for_ever(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with stage(f"sqlite:///{tmp_path}/view3.db", at(70)) as room:
        fake = FakeZoom(room.clock, [SESSION], repeats=True, has_dashboard=False)
        with VendorServer(fake) as server:
            zoom = source(server, room.clock, monkeypatch)
            assert "the same page again and again; 6 participants" in room.poll(zoom).sentence
            fake.page = 300  # everything on one page, and still a token
            room.watch(zoom, at(72))
        assert next(iter(room.sessions().values()))["participants"] == 4


def test_a_changed_past_replaces_what_was_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with stage(f"sqlite:///{tmp_path}/view3.db", at(71)) as room:
        fake = FakeZoom(room.clock, [replace(SESSION, visits=VISITS[:5])])
        with VendorServer(fake) as server:
            zoom = source(server, room.clock, monkeypatch)
            room.watch(zoom, at(72))
            assert next(iter(room.sessions().values()))["participants"] == 2
            fake.meetings = [SESSION]  # the report was not complete yet
            room.clock.now = at(60 + 61)
            room.watch(zoom, at(60 + 62))
        assert shown(next(iter(room.sessions().values()))) == TRUTH


@pytest.mark.parametrize(
    ("uuid", "path"),
    [
        ("abc==", "abc%3D%3D"),
        ("a/b+c==", "a%2Fb%2Bc%3D%3D"),
        ("/abc==", "%252Fabc%253D%253D"),
        ("a//b==", "a%252F%252Fb%253D%253D"),
    ],
)
def test_an_id_with_slashes_is_encoded_twice(
    uuid: str, path: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert encoded(uuid) == path
    with stage(f"sqlite:///{tmp_path}/view3.db", at(75)) as room:
        with VendorServer(FakeZoom(room.clock, [replace(SESSION, uuid=uuid)])) as server:
            assert room.poll(source(server, room.clock, monkeypatch)).ended is Ended.WELL
        room.drain.all()
        assert list(room.sessions()) == [uuid]
    assert f"/report/webinars/{path}/participants" in {one.path for one in server.asked}


# One object that fails, and all the others ------------------------------------------------------------

OTHER = "111"
REFUSED_ROOM = {
    "an invalid id": Reply({"code": 300, "message": "Invalid webinar ID."}, 400),
    "another account": Reply({"code": 1010, "message": "User not in this account."}, 400),
    "not there": Reply({"code": 3001}, 404),
    "broken": Reply({"error": "inside"}, 500),
    "nonsense": Reply({"webinars": 7, "uuid": [], "participants": "?"}),
    "no JSON": Reply("<html>"),
    "no scope": Reply({"code": 4711}, 400),
    "forbidden": Reply({"code": 200}, 403),
}


def but(fake: FakeZoom, path: str, reply: Reply) -> Callable[[Asked], Reply | None]:
    """The fake, except for what has this in its path."""
    return lambda asked: reply if path in unquote(unquote(asked.path)) else fake(asked)


@pytest.mark.parametrize("rooms", [(OTHER, ROOM), (ROOM, OTHER)], ids=["first", "last"])
@pytest.mark.parametrize("case", REFUSED_ROOM)
def test_a_room_that_fails_changes_nothing_of_the_others(
    case: str, rooms: tuple[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ends: list[Any] = []
    outcomes: list[Outcome] = []
    for name, its_rooms in (("alone", (ROOM,)), ("both", rooms)):
        with stage(f"sqlite:///{tmp_path}/{name}.db", at(56)) as room:
            fake = FakeZoom(room.clock, [SESSION])
            with VendorServer(but(fake, f"/{OTHER}", REFUSED_ROOM[case])) as server:
                zoom = source(server, room.clock, monkeypatch, zoom_rooms=its_rooms)
                outcomes.append(room.poll(zoom))
                room.watch(zoom, at(75))
            ends.append(room.tables())
            assert (outcomes[-1].ended, outcomes[-1].pause) == (Ended.WELL, timedelta(minutes=1))
    assert ends[0] == ends[1]
    (sentence,) = outcomes[-1].failing
    assert sentence.startswith(f"room {OTHER}: ")
    assert "page token" not in sentence


@pytest.mark.parametrize("case", ["an invalid id", "another account", "not there"])
def test_a_room_that_does_not_exist_is_told_with_what_to_do(case: str, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock(at(30))
    vendor = VendorServer(but(FakeZoom(clock, [SESSION]), f"/{OTHER}", REFUSED_ROOM[case]))
    with vendor as server, pytest.raises(ObjectsFailedError) as failed:
        source(server, clock, monkeypatch, zoom_rooms=(ROOM, OTHER)).check(clock)
    (sentence,) = failed.value.sentences
    assert sentence.startswith(f"room {OTHER}: ")
    assert "VIEW3_ZOOM_ROOMS" in sentence
    assert failed.value.good == "answers, with live count and reports"


def test_a_room_that_was_never_opened_is_no_mistake(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock(at(30))
    with VendorServer(but(FakeZoom(clock, []), "/past_webinars/", Reply({"code": 3001}, 404))) as server:
        assert source(server, clock, monkeypatch).check(clock) == "answers, with live count and reports"


EARLIER = Meeting("Earlier0000000000000==", at(-1500), at(-1440), [replace(one, registrant="") for one in VISITS[2:3]])
FAILING_SESSION = {
    "gone": ("/participants", Reply({"code": 3001}, 404), "has no list of participants"),
    "refused": ("/participants", Reply({"code": 300}, 400), "code 300"),
    "broken": ("", Reply({"error": "inside"}, 500), "answered 500"),
    "nonsense": ("", Reply({"end_time": "soon", "start_time": "then"}), "cannot be read"),
}


@pytest.mark.parametrize("case", FAILING_SESSION)
def test_a_session_that_fails_changes_nothing_of_the_others(
    case: str, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, reply, words = FAILING_SESSION[case]
    with stage(database_url, at(70)) as room:
        fake = FakeZoom(room.clock, [EARLIER, SESSION])
        with VendorServer(but(fake, f"/report/webinars/{EARLIER.uuid}{path}", reply)) as server:
            zoom = source(server, room.clock, monkeypatch)
            outcome = room.poll(zoom)
            (sentence,) = outcome.failing
            assert sentence.startswith(f"session {EARLIER.uuid} of room {ROOM}: ")
            assert words in sentence
            room.watch(zoom, at(72))
            assert shown(room.sessions()[SESSION.uuid]) == TRUTH
            asked_before = len([one for one in server.asked if EARLIER.uuid in unquote(unquote(one.path))])
            room.clock.now = at(71.5)
            room.poll(zoom)  # its back-off is not over
            assert len([one for one in server.asked if EARLIER.uuid in unquote(unquote(one.path))]) == asked_before
        with VendorServer(fake) as server:
            room.watch(source(server, room.clock, monkeypatch), at(90))
        assert room.sessions()[EARLIER.uuid]["participants"] == 1


def test_a_report_with_empty_times_is_nothing_yet(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with stage(database_url, at(61)) as room:
        fake = FakeZoom(room.clock, [EARLIER, SESSION])
        empty = Reply({"uuid": SESSION.uuid, "start_time": "", "end_time": "", "participants_count": 0})
        with VendorServer(but(fake, f"/report/webinars/{SESSION.uuid}", empty)) as server:
            zoom = source(server, room.clock, monkeypatch)
            outcome = room.poll(zoom)
            room.watch(zoom, at(75))
            assert (outcome.ended, outcome.failing, list(room.sessions())) == (Ended.WELL, (), [EARLIER.uuid])
            assert [row[2:] for row in room.tables()["attendance"]] == [("zoom", 1)]
        with VendorServer(fake) as server:
            room.clock.now = at(135)
            room.watch(source(server, room.clock, monkeypatch), at(137))
        assert shown(room.sessions()[SESSION.uuid]) == TRUTH


def test_a_list_that_is_late_is_unknown_and_not_zero(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with stage(database_url, at(71)) as room:
        fake = FakeZoom(room.clock, [SESSION], has_dashboard=False)
        late = Reply({"participants": [], "next_page_token": "", "total_records": 0})
        with VendorServer(but(fake, "/participants", late)) as server:
            room.watch(source(server, room.clock, monkeypatch), at(80))
            assert (room.sessions(), room.tables()["attendance"]) == ({}, [])
        with VendorServer(fake) as server:
            room.watch(source(server, room.clock, monkeypatch), at(92))
        assert room.sessions()[SESSION.uuid]["participants"] == 4


@pytest.mark.parametrize("has_ids", [True, False])
def test_rows_without_identity_are_each_a_person_and_a_stay_without_an_end_counts(
    has_ids: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    visits = [visit("", 3, 9), visit("", 3, 9), visit("Ana", 0, 50), visit("Bo", 5, 900)]
    told = Visit.told
    if not has_ids:
        monkeypatch.setattr(Visit, "told", lambda one, number, now: told(one, number, now) | {"user_id": ""})
    with stage(f"sqlite:///{tmp_path}/view3.db", at(71)) as room:
        fake = FakeZoom(room.clock, [replace(SESSION, visits=visits)], has_dashboard=False, page=1)
        with VendorServer(fake) as server:
            zoom = source(server, room.clock, monkeypatch)
            room.watch(zoom, at(72))
            room.watch(zoom, at(130))  # the list is read again: nobody is counted twice
        assert room.sessions()[SESSION.uuid]["participants"] == 4


REFUSALS: Sequence[tuple[Reply, str]] = [
    (
        Reply({"code": 200}, 400),
        "plan or the app's scopes do not allow it; wanted: webinar:read:list_past_instances:admin",
    ),
    (Reply({"code": 4711}, 400), "scopes do not allow"),
    (Reply({"code": 1010}, 400), "refuses to answer (400, code 1010)"),
    (Reply({"code": 12702}, 400), "code 12702"),
]


@pytest.mark.parametrize(("reply", "words"), REFUSALS)
def test_a_refusal_is_told_in_a_sentence(reply: Reply, words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock(START)
    fake = FakeZoom(clock, [])
    with VendorServer(lambda asked: fake(asked) if asked.path == "/token" else reply) as server:
        zoom = source(server, clock, monkeypatch)
        with pytest.raises(VendorError) as told:
            zoom.check(clock)
        assert words in str(told.value)


def test_a_day_that_is_spent_is_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spent = Reply({"code": 429}, 429, {"Retry-After": "2026-01-18T00:00:00Z", "X-RateLimit-Type": "Daily-limit"})
    with stage(f"sqlite:///{tmp_path}/view3.db", START) as room:
        fake = FakeZoom(room.clock, [])
        with VendorServer(lambda asked: fake(asked) if asked.path == "/token" else spent) as server:
            assert room.poll(source(server, room.clock, monkeypatch)).pause == timedelta(hours=3)
    assert len(server.asked) == 2


def test_the_doctor_tells_what_the_plan_leaves_out(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock(START)
    for has_dashboard, words in ((True, "with live count and reports"), (False, "no live count: Zoom's plan")):
        with VendorServer(FakeZoom(clock, [], has_dashboard=has_dashboard)) as server:
            assert words in source(server, clock, monkeypatch).check(clock)
    refused = pytest.raises(VendorError, match="VIEW3_ZOOM_ACCOUNT_ID")
    with VendorServer(lambda _: Reply({"reason": "Invalid client_id"}, 400)) as server, refused as told:
        source(server, clock, monkeypatch).check(clock)
    assert "s3cr3t" not in str(told.value)


@pytest.mark.parametrize("name", SET)
def test_what_is_missing_is_named(name: str) -> None:
    off = zoom_api.source(Wanted(settings(**{name: None if name == "zoom_client_secret" else ""}), Clock(START)))
    assert off == Off(f"VIEW3_{name.upper()} is not set")


@pytest.mark.parametrize(
    ("text", "room"),
    [("843 0001", Room("8430001")), ("meeting: 812", Room("812", "meetings")), ("webinar:1", Room("1"))],
)
def test_a_room_is_a_number_and_a_kind(text: str, room: Room) -> None:
    assert Room.read(text) == room
