"""Every request to Zoom is one that Zoom's own descriptions allow, served by Prism; and its own examples can be read.

The descriptions are Zoom's and are not kept here: VIEW3_TEST_ZOOM_DESCRIPTION names the folder that has them.
"""

import json
import os
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest

from analytics.records import Session, Stay
from connectors.contract import Answer, NoLookUp
from connectors.zoom import told as zoom_told
from connectors.zoom.questions import Room
from tests.connectors.fake_zoom import FakeZoom
from tests.connectors.polled import Clock
from tests.connectors.test_zoom_api import SESSION, START, at, source
from tests.connectors.vendor_server import Asked, Reply, VendorServer

FOLDER = Path(os.environ.get("VIEW3_TEST_ZOOM_DESCRIPTION") or Path(__file__).parents[2].parent / "shared" / "peers")
REPORTS, METRICS = FOLDER / "zoom.attendance.openapi.json", FOLDER / "zoom.metrics.swagger2.json"


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


@contextmanager
def prism(npm: Path, description: Path) -> Iterator[str]:
    """Serve a description and give the address."""
    port = _free_port()
    command = [
        str(npm / "node_modules" / ".bin" / "prism"),
        "mock",
        str(description),
        "-p",
        str(port),
        "-h",
        "127.0.0.1",
    ]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            for _ in range(300):
                with socket.socket() as caller:
                    if caller.connect_ex(("127.0.0.1", port)) == 0:
                        break
                time.sleep(0.1)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()


@pytest.fixture(scope="module")
def zoom_itself(npm: Path) -> Iterator[Any]:
    """Answers a request as Zoom's descriptions do."""
    for description in (REPORTS, METRICS):
        if not description.exists():
            pytest.skip(f"{description} is absent; VIEW3_TEST_ZOOM_DESCRIPTION names a folder that has it")
    with ExitStack() as stack:
        reports, metrics = (stack.enter_context(prism(npm, one)) for one in (REPORTS, METRICS))
        client = stack.enter_context(httpx2.Client(timeout=30))

        def answer(asked: Asked) -> httpx2.Response:
            address = metrics if asked.path.startswith("/metrics") else reports
            return client.get(
                f"{address}{asked.path}", params=dict(asked.params), headers={"Authorization": "Bearer t"}
            )

        yield answer


def test_every_request_is_one_that_zoom_describes(zoom_itself: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock(START)
    with VendorServer(FakeZoom(clock, [SESSION])) as server:
        zoom = source(server, clock, monkeypatch)
        zoom.check(clock)
        state: Any = {}
        for minutes in (0, 1, 60, 61, 75, 130):
            clock.now = at(minutes)
            for page in zoom.fetch(state, clock):
                state = page.state
    asked = {(one.path, tuple(one.params.items())): one for one in server.asked if one.path != "/token"}
    assert len({path for path, _ in asked}) == 7
    answers = {key: zoom_itself(one).status_code for key, one in asked.items()}
    assert set(answers.values()) == {200}, answers


def test_the_descriptions_do_refuse(zoom_itself: Any) -> None:
    assert zoom_itself(Asked("GET", "/metrics/webinars", {"type": "live"}, {}, "")).status_code == 422
    assert zoom_itself(Asked("GET", "/report/webinars/a/participants", {"page_size": "999"}, {}, "")).status_code == 400
    assert zoom_itself(Asked("GET", "/report/webinars/a/people", {}, {}, "")).status_code == 404


@pytest.mark.parametrize("room", [Room("84300011045"), Room("812", "meetings")])
def test_zooms_own_examples_are_read(zoom_itself: Any, room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock(datetime(2022, 3, 26, 12, tzinfo=UTC))

    def answer(asked: Asked) -> Reply:
        if asked.path == "/token":
            return Reply({"access_token": "t", "expires_in": 3600})
        told = zoom_itself(asked)
        return Reply(told.json(), told.status_code)

    with VendorServer(answer) as server:
        zoom = source(server, clock, monkeypatch, zoom_rooms=(f"{room.kind.rstrip('s')}:{room.number}",))
        pages = list(zoom.fetch({}, clock))
    answers = [part for page in pages for part in page.parts if isinstance(part, Answer)]
    records = []
    for one in answers:
        payload = {"asked_at": clock.now.isoformat(), "kind": one.kind, "told": json.loads(json.dumps(one.told))}
        records += list(zoom_told.normalise(payload, NoLookUp()))
    assert {type(record) for record in records} == {Session, Stay}
    assert all(record.is_complete for record in records if isinstance(record, Session))
    (stay,) = {record.person: record for record in records if isinstance(record, Stay)}.values()
    assert stay.person.startswith("presenter:registrant:")  # in the examples the host is alone
    assert stay.joined_at is not None
    assert stay.left_at is not None
    assert timedelta() < stay.left_at - stay.joined_at < timedelta(hours=1)
