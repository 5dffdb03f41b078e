"""The webhook receiver: crashed on purpose, as fast as the database lets it be, and with a full inbox."""

import asyncio
import random
import subprocess
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from datetime import UTC, date, datetime
from decimal import Decimal
from itertools import chain
from multiprocessing import get_context
from pathlib import Path
from statistics import median, quantiles
from tempfile import TemporaryDirectory

import pymysql
from pydantic import SecretStr

from analytics.migrate import upgrade
from analytics.settings import Settings
from analytics.workbench import Workbench
from bench.report import Clock, Line, step, tell
from tests.receiver import stage
from tests.receiver.stage import Database, Door, Sale, Sender

MILLION = 1_000_000
CONNECTIONS, RATE, RATE_SECONDS = 64, 100, 20
AIM_RATIO, AIM_DELAY = 0.5, 0.5
SEED = 31
FILL = """
    INSERT INTO inbox (source, event_id, kind, state, received_at, read_at, body)
    SELECT 'stripe', CONCAT('evt_old_', MD5(seq)), 'charge.succeeded', 'read',
           UTC_TIMESTAMP() - INTERVAL seq SECOND, UTC_TIMESTAMP(), %s
    FROM seq_1_to_{rows}
"""
BARE = """
    CREATE OR REPLACE TABLE bare (
        source VARCHAR(32), event_id VARCHAR(191), kind VARCHAR(64), state VARCHAR(16), received_at DATETIME, body LONGBLOB,
        PRIMARY KEY (source, event_id), INDEX (state, received_at)
    ) DEFAULT CHARACTER SET utf8mb4
"""
INSERT = "INSERT INTO bare VALUES ('stripe', %s, 'charge.succeeded', 'unread', UTC_TIMESTAMP(), %s)"


def receive(rows: int) -> None:
    """Measure all of it; `rows` is the size of the full inbox, and a fiftieth of it is sent while everything crashes."""
    with TemporaryDirectory() as folder, Database(Path(folder) / "mariadb", "--innodb-buffer-pool-size=2G") as server:
        crash(server, Path(folder), max(1000, rows // 50), 20)
        accept(server, Path(folder), min(20_000, max(4000, rows // 50)))
        delay(server, Path(folder))
        full(server, Path(folder), rows)


def crash(server: Database, folder: Path, count: int, kills: int) -> None:
    """Kill the receiver and the server in turns while sales arrive, and hold the tables against the sender's books."""
    dice = random.Random(SEED)
    url, told = server.new_database("crashed"), stage.sales(count, dice)
    with Clock() as clock, Door(url, folder) as door, step(f"killing receiver and database {kills} times"):
        sender = Sender(door.port, stage.with_replays(told, dice), seconds=1200)
        stage.crash(sender, [door, server], kills, dice)
        stage.wait_for(lambda: not stage.unread(url), 600, door.log.read_text)
    found = stage.outcome(url, told, sender.acknowledged)
    print(f"  {found}\n  answers: {dict(sender.answers)}")
    assert found.is_exact, found
    lines = [
        Line("events acknowledged", len(sender.acknowledged), ""),
        Line("answers that were repeated deliveries", sender.answers["200"] - count, ""),
        Line("attempts that failed and were made again", sender.answers.total() - sender.answers["200"], ""),
        Line("acknowledged and lost", found.lost, "", aim="aim 0"),
        Line("sales too many", found.sales - count, "", aim="aim 0"),
        Line("difference of the sums", float(found.taken - found.total), "USD", aim="aim 0"),
        Line("everything, with the kills", clock.seconds),
    ]
    tell("receive-crash", f"{count:,} sales, {kills} kills, seed {SEED}", lines, _version(server))


def accept(server: Database, folder: Path, count: int) -> None:
    """Measure how many events a second are taken durably, beside bare inserts of the same rows that commit one by one."""
    bare, slap, ours, answers = [], [], [], []
    for turn in range(3):  # they take turns, so that a busy machine is unfair to none
        told = _sales(count // 3, turn)
        url = server.new_database("accepted")
        bare.append(_bare(server, told))
        slap.append(_slap(server, told))
        with Door(url, folder, "--no-drain", now=None) as door, step("sending"):
            rate, seconds = _load(door.port, told)
        ours.append(rate)
        answers += seconds
        assert stage.unread(url) == len(told)
    floor = median(bare)
    lines = [
        Line("INSERT; COMMIT from 64 connections, PyMySQL", floor, "/s", 1.0),
        Line("the same from mariadb-slap, written in C", median(slap), "/s", median(slap) / floor),
        Line("events accepted by the receiver", median(ours), "/s", median(ours) / floor, f"aim ≥ {AIM_RATIO} ×"),
        *_latencies(answers),
    ]
    tell("receive-accept", f"3 × {count // 3:,} events, {CONNECTIONS} connections", lines, _version(server))


def delay(server: Database, folder: Path) -> None:
    """Measure how long after its acknowledgement a sale stands in the table."""
    url, told = server.new_database("paced"), _sales(RATE * RATE_SECONDS, 9)
    with Door(url, folder, now=None) as door, _watching(server) as seen, step(f"sending {RATE} events a second"):
        with _process() as pool:
            acknowledged = pool.submit(paced, door.port, [_request(one) for one in told], RATE).result()
        stage.wait_for(lambda: len(seen) == len(told), 60, door.log.read_text)
    waits = [max(0.0, seen[f"Buyer {9 * MILLION + number}"] - at) for number, at in enumerate(acknowledged)]
    hundredths = quantiles(waits, n=100)
    lines = [
        Line("from the 2xx to the row, median", hundredths[49]),
        Line("from the 2xx to the row, p99", hundredths[98], aim=f"aim ≤ {AIM_DELAY} s"),
        Line("from the 2xx to the row, longest", max(waits)),
    ]
    tell("receive-delay", f"{len(told):,} sales at {RATE}/s", lines, _version(server))


def full(server: Database, folder: Path, rows: int) -> None:
    """Measure accepting and reading with an empty inbox and with a full one."""
    count, figures = 3000, {}
    for is_full in (False, True):
        url = server.new_database("filled")
        workbench = _workbench(url)
        upgrade(workbench.engine)
        if is_full:
            with step(f"filling the inbox with {rows:,} events"):
                _fill(server, rows)
        told = _sales(count, 7)
        with Door(url, folder, "--no-drain", now=None) as door, step("sending"):
            accepted, _ = _load(door.port, told)
        with step("reading"):
            figures[is_full] = accepted, _drained(url)
    (accepted, read), (accepted_full, read_full) = figures[False], figures[True]
    lines = [
        Line("accepted, empty inbox", accepted, "/s", 1.0),
        Line(f"accepted, {rows:,} events in the inbox", accepted_full, "/s", accepted_full / accepted),
        Line("read into the tables, empty inbox", read, "/s", 1.0),
        Line(f"read into the tables, {rows:,} events in the inbox", read_full, "/s", read_full / read),
    ]
    tell(f"receive-full-{rows}", f"{count:,} events beside {rows:,}", lines, _version(server))


def hammered(port: int, requests: Sequence[bytes], connections: int) -> list[float]:
    """Send requests over so many connections, one after the other on each, and return the seconds of each."""
    return asyncio.run(_hammer(port, requests, connections))


def paced(port: int, requests: Sequence[bytes], rate: int) -> list[float]:
    """Send so many requests a second and return when each was acknowledged, by the clock that all processes share."""
    return asyncio.run(_pace(port, requests, rate))


def inserted(port: int, rows: Sequence[tuple[str, bytes]], connections: int) -> None:
    """Insert rows over so many connections, each row its own transaction."""
    waiting = iter(rows)
    lock = threading.Lock()

    def work() -> None:
        with _client(port, "bare_inserts") as client, client.cursor() as cursor:
            while True:
                with lock:
                    row = next(waiting, None)
                if row is None:
                    return
                cursor.execute(INSERT, row)
                client.commit()

    workers = [threading.Thread(target=work) for _ in range(connections)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()


class _Caller(asyncio.Protocol):
    """One connection kept open: sends a request, and the next one when it is answered."""

    def __init__(self, requests: Iterator[bytes], done: "asyncio.Future[None]", seconds: list[float]) -> None:
        self.requests, self.done, self.seconds = requests, done, seconds
        self.answer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self.send()

    def send(self) -> None:
        request = next(self.requests, None)
        if request is None:
            self.transport.close()
            self.done.set_result(None)
            return
        self.began = time.perf_counter()
        self.transport.write(request)

    def data_received(self, data: bytes) -> None:
        self.answer += data
        head, blank, body = self.answer.partition(b"\r\n\r\n")
        if not blank or not body.endswith(b"}"):
            return
        assert head.startswith(b"HTTP/1.1 200"), self.answer
        self.seconds.append(time.perf_counter() - self.began)
        self.answer = b""
        self.send()


async def _hammer(port: int, requests: Sequence[bytes], connections: int) -> list[float]:
    loop = asyncio.get_running_loop()
    waiting, seconds = iter(requests), list[float]()
    endings: list[asyncio.Future[None]] = [loop.create_future() for _ in range(connections)]
    for done in endings:
        await loop.create_connection(lambda done=done: _Caller(waiting, done, seconds), "127.0.0.1", port)  # type: ignore[misc]
    await asyncio.gather(*endings)
    return seconds


async def _pace(port: int, requests: Sequence[bytes], rate: int) -> list[float]:
    acknowledged = [0.0] * len(requests)
    idle: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []

    async def send(number: int) -> None:
        reader, writer = idle.pop() if idle else await asyncio.open_connection("127.0.0.1", port)
        try:
            writer.write(requests[number])
            head = await reader.readuntil(b"\r\n\r\n")
        except (OSError, EOFError):  # one that was idle for too long, and closed
            return await send(number)
        assert head.startswith(b"HTTP/1.1 200"), head
        await reader.readuntil(b"}")
        acknowledged[number] = time.monotonic()
        idle.append((reader, writer))
        return None

    began, tasks = time.monotonic(), []
    for number in range(len(requests)):
        await asyncio.sleep(max(0.0, began + number / rate - time.monotonic()))
        tasks.append(asyncio.create_task(send(number)))
    await asyncio.gather(*tasks)
    return acknowledged


def _load(port: int, told: Sequence[Sale]) -> tuple[float, list[float]]:
    """Send events as fast as they are taken; return how many a second were, and the seconds of each."""
    requests = [_request(one) for one in told]
    with _process() as pool:
        pool.submit(time.sleep, 0).result()
        with Clock() as clock:
            seconds = pool.submit(hammered, port, requests, CONNECTIONS).result()
    return len(told) / clock.seconds, seconds


def _bare(server: Database, told: Sequence[Sale]) -> float:
    """Return how many bare inserts a second the server commits for clients in two processes."""
    server.new_database("bare_inserts")
    with _client(server.port, "bare_inserts") as client, client.cursor() as cursor:
        cursor.execute(BARE)
    rows = [(one.event_id, one.body) for one in told]
    with step("inserting"), _process(2) as pool:
        list(pool.map(time.sleep, [0.2, 0.2]))
        with Clock() as clock:
            halves = [pool.submit(inserted, server.port, rows[half::2], CONNECTIONS // 2) for half in (0, 1)]
            for half in halves:
                half.result()
    return len(rows) / clock.seconds


def _slap(server: Database, told: Sequence[Sale]) -> float:
    """Return how many bare inserts a second the server commits for MariaDB's own load generator."""
    body = told[0].body.decode().replace("\n", " ").replace("'", "").replace(";", "")
    query = f"INSERT INTO bare VALUES ('stripe', UUID(), 'charge.succeeded', 'unread', UTC_TIMESTAMP(), '{body}')"
    command = ["mariadb-slap", "--no-defaults", "--host=127.0.0.1", f"--port={server.port}", "--user=root", "--no-drop"]
    command += ["--create-schema=bare_inserts", f"--concurrency={CONNECTIONS}", f"--number-of-queries={len(told)}"]
    with step("inserting from C"), Clock() as clock:
        subprocess.run([*command, "--delimiter=;", f"--query={query}"], check=True, capture_output=True)
    with _client(server.port, "bare_inserts") as client, client.cursor() as cursor:
        cursor.execute("SELECT COUNT(*) FROM bare")
        (stored,) = cursor.fetchone()
        assert stored >= 2 * len(told) - CONNECTIONS, f"mariadb-slap stored {stored - len(told)} of {len(told)} rows"
    return len(told) / clock.seconds


def _drained(url: str) -> float:
    """Return how many events a second are read."""
    from view3 import _drain

    drain = _drain(_workbench(url))
    with Clock() as clock:
        done = drain.all()
    return done / clock.seconds


def _workbench(url: str) -> Workbench:
    settings = Settings(database_url=SecretStr(url), challenge_start=date(2026, 1, 1), high_ticket_from=Decimal(500))
    return Workbench.open(settings)


def _fill(server: Database, rows: int) -> None:
    with _client(server.port, "filled") as client, client.cursor() as cursor:
        cursor.execute(FILL.format(rows=rows), [stage.sale(0, 100_000).body])
        client.commit()


@contextmanager
def _watching(server: Database) -> Iterator[dict[str, float]]:
    """Note when each sale is first seen, by its customer, looking every few milliseconds."""
    seen: dict[str, float] = {}
    over = threading.Event()

    def watch() -> None:
        newest = 0
        with _client(server.port, "paced") as client, client.cursor() as cursor:
            while not over.is_set():
                cursor.execute("SELECT id, customer_name FROM high_ticket_sales WHERE id > %s", [newest])
                now = time.monotonic()
                for number, name in cursor.fetchall():
                    newest = max(newest, number)
                    seen[name] = now
                client.commit()
                time.sleep(0.01)

    watcher = threading.Thread(target=watch)
    watcher.start()
    yield seen
    over.set()
    watcher.join()


def _latencies(seconds: Sequence[float]) -> Iterator[Line]:
    hundredths = quantiles(seconds, n=100)
    yield Line(f"answer at {CONNECTIONS} connections, median", hundredths[49])
    yield Line(f"answer at {CONNECTIONS} connections, p99", hundredths[98])


def _sales(count: int, turn: int) -> list[Sale]:
    return stage.sales(count, random.Random(SEED), turn * MILLION, datetime.now(UTC))


def _request(one: Sale) -> bytes:
    headers = {"Host": "127.0.0.1", "Content-Type": "application/json", "Content-Length": str(len(one.body))}
    lines = (f"{name}: {value}" for name, value in (headers | stage.signed(one.body, datetime.now(UTC))).items())
    return "\r\n".join(chain([f"POST {stage.PATH} HTTP/1.1"], lines)).encode() + b"\r\n\r\n" + one.body


def _client(port: int, database: str | None = None) -> pymysql.Connection:
    return pymysql.connect(host="127.0.0.1", port=port, user="root", database=database)


def _process(count: int = 1) -> ProcessPoolExecutor:
    """Return processes of their own for a client, so that it is not slowed by what it measures with."""
    return ProcessPoolExecutor(count, mp_context=get_context("spawn"))


def _version(server: Database) -> str:
    with _client(server.port) as client, client.cursor() as cursor:
        cursor.execute("SELECT VERSION()")
        return str(cursor.fetchone()[0])
