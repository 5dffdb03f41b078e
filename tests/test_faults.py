"""Every case of the fault table has its line and its test; and the cases that no other test file is about."""

import os
import re
import signal
import socket
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from random import Random

import pytest

from analytics.database import open_engine, writing
from analytics.migrate import upgrade
from connectors import inbox
from connectors.contract import UnreadablePayloadError
from connectors.inbox import Event, Kept
from connectors.payload import Fields
from tests.browser.conftest import serving
from tests.browser.test_exposure import fetch
from tests.processes import until
from tests.receiver import stage
from tests.receiver.stage import Door, Sale

ROOT = Path(__file__).parent.parent
TABLE = ROOT / "docs" / "faults.md"
GROUPS = {"W": 60, "C": 22, "P": 22, "T": 13, "B": 21, "D": 22, "R": 16, "O": 10}
CASES = [f"{group}{number:02}" for group, last in GROUPS.items() for number in range(1, last + 1)]
OUTCOMES = {"holds", "holds otherwise", "in part", "not yet", "not tried"}
NAMED = re.compile(r"`((?:[\w/]+/)?test_\w+\.py)::(\w+)`")
LINES = [
    [cell.strip() for cell in line.strip("|\n ").split(" | ")]
    for line in TABLE.read_text(encoding="utf-8").splitlines()
    if re.match(r"\| [A-Z]\d\d ", line)
]


class TestTable:
    def test_every_case_has_one_line(self) -> None:
        assert [line[0] for line in LINES] == CASES
        assert len(CASES) == 186

    @pytest.mark.parametrize("line", LINES, ids=lambda line: line[0])
    def test_a_line_names_a_test_that_exists_or_a_reason(self, line: list[str]) -> None:
        _, case, outcome, held = line
        assert case
        assert outcome in OUTCOMES
        named = NAMED.findall(held)
        assert named or outcome in {"not yet", "not tried"}
        for path, test in named:
            assert re.search(rf"^ *(async )?def {test}\(", (ROOT / "tests" / path).read_text(encoding="utf-8"), re.M)
        assert outcome == "holds" or NAMED.sub("", held).strip(" ,;."), "what is otherwise, or missing?"


@pytest.fixture
def sale() -> Sale:
    return stage.sales(1, Random(1))[0]


def test_one_event_sent_fifty_times_at_once_is_kept_once(database_url: str, tmp_path: Path, sale: Sale) -> None:
    answers: Counter[str] = Counter()
    start = threading.Barrier(50)

    def send(port: int) -> None:
        start.wait()
        status, text = posted(port, sale.body, stage.signed(sale.body))
        answers[f"{status} {text}"] += 1

    with Door(database_url, tmp_path, "--no-drain") as door:
        threads = [threading.Thread(target=send, args=(door.port,)) for _ in range(50)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        assert answers == {'200 {"kept":"new"}': 1, '200 {"kept":"duplicate"}': 49}
        assert stage.unread(database_url) == 1


def posted(port: int, body: bytes, headers: dict[str, str]) -> tuple[int, str]:
    lines = [f"POST {stage.PATH} HTTP/1.1", "Host: x", f"Content-Length: {len(body)}", "Connection: close"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    told = spoken(port, "\r\n".join([*lines, "", ""]).encode() + body)
    return int(told.split()[1]), told.rpartition("\r\n\r\n")[2]


def spoken(port: int, request: bytes) -> str:
    """Return all that a server says to raw bytes until it closes the connection."""
    told = b""
    with socket.create_connection(("127.0.0.1", port), 30) as connection:
        connection.sendall(request)
        with suppress(ConnectionResetError):
            while piece := connection.recv(65536):
                told += piece
    return told.decode()


def test_two_vendors_may_use_one_id(database_url: str) -> None:
    engine = open_engine(database_url)
    upgrade(engine)
    with writing(engine) as connection:
        events = [Event(source, "evt_1", "x", b"{}", stage.NOW) for source in ("stripe", "clickfunnels")]
        assert inbox.keep(connection, events) == [Kept.NEW, Kept.NEW]
    engine.dispose()


@pytest.mark.parametrize(
    "lengths",
    [
        ["Content-Length: 2", "Content-Length: 3"],
        ["Content-Length: 2", "Transfer-Encoding: chunked"],
        ["Content-Length: -2"],
        ["Content-Length: 2, 2"],
    ],
    ids=" + ".join,
)
def test_a_request_of_two_lengths_is_refused_and_its_connection_closed(tmp_path: Path, lengths: list[str]) -> None:
    with Door(f"sqlite:///{tmp_path}/view3.db", tmp_path, "--no-drain") as door:
        head = "\r\n".join([f"POST {stage.PATH} HTTP/1.1", "Host: x", *lengths, "", ""])
        told = spoken(door.port, head.encode() + b"{}GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
    assert told.startswith("HTTP/1.1 400 ")
    assert told.count("HTTP/1.1 ") == 1


def test_milliseconds_are_not_taken_for_seconds() -> None:
    now = int(stage.NOW.timestamp())
    assert Fields({"created": now}).seconds("created") == stage.NOW
    with pytest.raises(UnreadablePayloadError, match="'created'"):
        Fields({"created": now * 1000}).seconds("created")


# Both streams stand on a full disk.
MUTE = "import os; full = os.open('/dev/full', os.O_WRONLY); os.dup2(full, 1); os.dup2(full, 2); import view3; view3.main()"


class TestALogWithoutRoom:
    def test_the_receiver_lives_on(self, tmp_path: Path, sale: Sale) -> None:
        url = f"sqlite:///{tmp_path}/view3.db"
        with Door(url, tmp_path, program=MUTE) as door:
            process = door.process
            assert posted(door.port, sale.body, {"Stripe-Signature": "t=1,v1=00"})[0] == 400
            assert posted(door.port, sale.body, stage.signed(sale.body))[0] == 200
            stage.wait_for(lambda: not stage.unread(url), 30, str)
            assert process.poll() is None
        assert stage.outcome(url, [sale], {sale.event_id}).is_exact

    def test_the_reader_lives_on(self, tmp_path: Path, sale: Sale) -> None:
        url = f"sqlite:///{tmp_path}/view3.db"
        with Door(url, tmp_path, "--no-drain") as door, running(door.settings, "drain") as reader:
            assert posted(door.port, sale.body, stage.signed(sale.body))[0] == 200
            stage.wait_for(lambda: not stage.unread(url), 30, door.log.read_text)
            assert reader.poll() is None
        assert stage.outcome(url, [sale], {sale.event_id}).is_exact

    def test_the_dashboard_lives_on_and_runs_no_file_of_its_folder(self, tmp_path: Path) -> None:
        (tmp_path / "voila.py").write_text("open('ran', 'w').close()")
        with serving(tmp_path) as served:
            served.view3("demo", "--leads", "200")
            with running(served.environment, "serve", "--port", str(served.port), folder=tmp_path) as server:
                until(lambda: _answers(served.address))
                assert fetch(f"{served.address}nothing")[0] == 404
                assert 'data-kpi="roas"' in fetch(served.address)[2]
                assert server.poll() is None
        assert not (tmp_path / "ran").exists()


def test_a_log_that_is_rotated_is_written_on_and_nobody_stops(tmp_path: Path, sale: Sale) -> None:
    url = f"sqlite:///{tmp_path}/view3.db"
    with Door(url, tmp_path) as door:
        door.log.rename(tmp_path / "receiver.log.1")
        assert posted(door.port, sale.body, {"Stripe-Signature": "t=1,v1=00"})[0] == 400
        os.truncate(tmp_path / "receiver.log.1", 0)
        assert posted(door.port, sale.body, stage.signed(sale.body))[0] == 200
        stage.wait_for(lambda: not stage.unread(url), 30, str)
        assert door.process.poll() is None


@contextmanager
def running(environment: dict[str, str], *words: str, folder: Path = ROOT) -> Iterator["subprocess.Popen[bytes]"]:
    """Run a service whose log has no room; ended by SIGTERM, it ends in time."""
    paths = {"PYTHONPATH": str(ROOT)}
    # -P: as with the installed command, nothing is imported from the current folder.
    process = subprocess.Popen([sys.executable, "-P", "-c", MUTE, *words], cwd=folder, env=environment | paths)
    try:
        yield process
        process.send_signal(signal.SIGTERM)
        process.wait(20)
    finally:
        process.kill()
        process.wait(10)


def _answers(address: str) -> bool:
    try:
        return fetch(address)[0] == 200
    except OSError:
        return False
