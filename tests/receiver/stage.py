"""A receiver and a database that can be killed at any moment, and a sender that never gives up, as a vendor does not."""

import http.client
import json
import os
import random
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Protocol

import sqlalchemy as sa

from analytics.database import open_engine, reading
from analytics.schema import high_ticket_sales, inbox, payments
from connectors import signatures

ROOT = Path(__file__).parents[2]
NOW = datetime(2026, 1, 20, 18, 0, tzinfo=UTC)
SECRET = "whsec_between_two"
PATH = "/webhooks/stripe"
RECEIVE = "import view3; view3.main()"
# Below the range from which the kernel takes the ports of outgoing connections: it is still free after a kill.
PORTS = range(9200, 9300)


def free_port() -> int:
    """Return a port that nobody listens on."""
    for port in random.sample(PORTS, len(PORTS)):
        with socket.socket() as listener:
            try:
                listener.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise RuntimeError(f"no port is free from {PORTS.start} to {PORTS.stop - 1}")


class Mortal(Protocol):
    """What can be killed and comes back."""

    def kill(self) -> None:
        """End it with SIGKILL and start it again."""


class Database:
    """A private MariaDB with the server's own durability: a commit is on the disk when it is answered."""

    def __init__(self, folder: Path, *options: str) -> None:
        self.folder, self.port, self.options = folder, free_port(), options
        self.tmpdir = folder / "tmp"
        self.tmpdir.mkdir(parents=True)
        command = ["mariadb-install-db", "--no-defaults", f"--datadir={folder}/data", "--skip-test-db"]
        command += [f"--tmpdir={self.tmpdir}"]  # a server that starts deletes the temporary tables in a shared one
        command += ["--auth-root-authentication-method=normal", *(["--user=root"] * (os.geteuid() == 0))]
        subprocess.run(command, check=True, capture_output=True)

    def __enter__(self) -> "Database":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.process.terminate()
        self.process.wait(60)

    def start(self) -> None:
        """Start the server and wait until it answers."""
        options = [f"--datadir={self.folder}/data", f"--socket={self.folder}/socket", f"--tmpdir={self.tmpdir}"]
        options += [f"--pid-file={self.folder}/pid", f"--port={self.port}", "--bind-address=127.0.0.1"]
        options += ["--innodb-flush-log-at-trx-commit=1", *self.options, *(["--user=root"] * (os.geteuid() == 0))]
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [shutil.which("mariadbd") or "/usr/sbin/mariadbd", "--no-defaults", *options],
                stdout=subprocess.DEVNULL,
                stderr=log,
            )
        wait_for(self._answers, 60, (self.folder / "log").read_text)

    def kill(self) -> None:
        """End the server as a power cut would, and start it again."""
        self.process.kill()
        self.process.wait(30)
        self.start()

    def new_database(self, name: str) -> str:
        """Return the address of an empty database."""
        self._run(f"CREATE OR REPLACE DATABASE {name} CHARACTER SET utf8mb4")
        return f"mysql://root@127.0.0.1:{self.port}/{name}"

    def _answers(self) -> bool:
        try:
            self._run("SELECT 1")
        except sa.exc.OperationalError:
            return False
        return True

    def _run(self, statement: str) -> None:
        address = f"mysql+pymysql://root@127.0.0.1:{self.port}/"
        engine = sa.create_engine(address, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
        with engine.connect() as connection:
            connection.exec_driver_sql(statement)


class Line:
    """The network between a receiver and its database; while it is cut, what is on its way is lost without a word."""

    def __init__(self, port: int) -> None:
        self.far_port, self.is_cut = port, False
        self._sockets = [socket.create_server(("127.0.0.1", 0))]
        self._threads = [threading.Thread(target=self._accept)]
        self.port: int = self._sockets[0].getsockname()[1]

    def __enter__(self) -> "Line":
        self._threads[0].start()
        return self

    def __exit__(self, *_: object) -> None:
        for one in self._sockets:
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(10)
        for one in self._sockets:
            one.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                near, far = self._sockets[0].accept()[0], socket.create_connection(("127.0.0.1", self.far_port))
                self._sockets += [near, far]
                both = [threading.Thread(target=self._carry, args=ends) for ends in ((near, far), (far, near))]
                self._threads += both
                for thread in both:
                    thread.start()

    def _carry(self, source: socket.socket, sink: socket.socket) -> None:
        is_lost = False
        with suppress(OSError):
            while piece := source.recv(65536):
                is_lost = is_lost or self.is_cut  # a connection that has lost a piece is never whole again
                if not is_lost:
                    sink.sendall(piece)
            if not is_lost:
                sink.shutdown(socket.SHUT_WR)


class Door:
    """`view3 receive` in a process of its own; like any service it is started again until it runs."""

    def __init__(
        self, url: str, folder: Path, *options: str, program: str = RECEIVE, now: datetime | None = NOW
    ) -> None:
        self.port, self.program, self.options = free_port(), program, options
        self.log = folder / "receiver.log"
        kept = {name: value for name, value in os.environ.items() if not name.startswith("VIEW3_")}
        self.settings = kept | {
            "VIEW3_DATABASE_URL": url,
            "VIEW3_STRIPE_WEBHOOK_SECRET": SECRET,
            "VIEW3_CHALLENGE_START": "2026-01-01",
            "VIEW3_HIGH_TICKET_FROM": "500",
            "VIEW3_NOW": now.isoformat() if now else "",
        }

    def __enter__(self) -> "Door":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.wait(10)

    def start(self) -> None:
        """Start the receiver and wait until it answers; where the database is not back yet, once more."""
        self._launch()
        wait_for(self._answers, 60, self.log.read_text)

    def kill(self) -> None:
        """End the receiver in the middle of whatever it does, and start it again."""
        self.process.kill()
        self.process.wait(10)
        self.start()

    def stop(self, seconds: float = 20) -> float:
        """Ask the receiver to end and return after how many seconds it did."""
        began = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(seconds)
        return time.monotonic() - began

    def _launch(self) -> None:
        command = [sys.executable, "-c", self.program, "receive", "--port", str(self.port), *self.options]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(command, cwd=ROOT, env=self.settings, stdout=log, stderr=log)

    def _answers(self) -> bool:
        if self.process.poll() is not None:
            self._launch()
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        try:
            connection.request("GET", "/healthz")
            return connection.getresponse().status == 200
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()


@dataclass(frozen=True, slots=True)
class Sale:
    """A high-ticket sale as Stripe tells it."""

    event_id: str
    cents: int
    body: bytes


def sale(number: int, cents: int, at: datetime = NOW) -> Sale:
    """Return the event of a charge that differs from every other in all that identifies it."""
    about = {
        "id": f"ch_{number:07}",
        "object": "charge",
        "amount": cents,
        "amount_captured": cents,
        "amount_refunded": 0,
        "billing_details": {"email": f"buyer{number}@example.com", "name": f"Buyer {number}"},
        "captured": True,
        "created": int(at.timestamp()) - 600,
        "currency": "usd",
        "description": "Bloom Mastermind",
        "livemode": True,
        "metadata": {},
        "paid": True,
        "payment_intent": f"pi_{number:07}",
        "refunded": False,
        "status": "succeeded",
    }
    event_id = f"evt_{number:07}"
    event = {
        "id": event_id,
        "object": "event",
        "api_version": "2026-10-28.endive",
        "created": int(at.timestamp()) - 599,
        "livemode": True,
        "type": "charge.succeeded",
        "data": {"object": about},
    }
    return Sale(event_id, cents, json.dumps(event, indent=2).encode())


def sales(count: int, dice: random.Random, start: int = 0, at: datetime = NOW) -> list[Sale]:
    """Return so many sales of 500 to 9,999.99 each."""
    return [sale(number, dice.randrange(50_000, 1_000_000), at) for number in range(start, start + count)]


def signed(body: bytes, at: datetime = NOW, secret: str = SECRET) -> dict[str, str]:
    """Return the headers with which Stripe would send a body."""
    stamp = str(int(at.timestamp()))
    return {"Stripe-Signature": f"t={stamp},v1={signatures.digest(secret, stamp.encode() + b'.' + body)}"}


@dataclass(slots=True)
class Sender:
    """Sends every event again until it is answered with 2xx, from several threads."""

    port: int
    told: Sequence[Sale]
    threads: int = 16
    seconds: float = 120
    encrypted: ssl.SSLContext | None = None  # through a proxy with TLS
    acknowledged: set[str] = field(default_factory=set)
    answers: Counter[str] = field(default_factory=Counter)
    longest: float = 0  # seconds until an answer
    _queue: list[Sale] = field(default_factory=list)
    _workers: list[threading.Thread] = field(default_factory=list)
    _deadline: float = 0

    def start(self) -> None:
        """Begin to send."""
        self._queue, self._deadline = list(reversed(self.told)), time.monotonic() + self.seconds
        self._workers = [threading.Thread(target=self._work, daemon=True) for _ in range(self.threads)]
        for worker in self._workers:
            worker.start()

    def wait(self) -> None:
        """Wait until everything is acknowledged; raises where time runs out."""
        for worker in self._workers:
            worker.join(max(0.1, self._deadline + 10 - time.monotonic()))
        missing = {one.event_id for one in self.told} - self.acknowledged
        assert not missing, f"{len(missing)} events were never acknowledged; answers: {dict(self.answers)}"

    def _work(self) -> None:
        connection = self._connection()
        while self._queue:
            try:
                one = self._queue.pop()
            except IndexError:
                return
            while not self._sent(connection, one):
                if time.monotonic() > self._deadline:
                    return
                connection.close()
                time.sleep(0.02)
        connection.close()

    def _connection(self) -> http.client.HTTPConnection:
        if self.encrypted:
            return http.client.HTTPSConnection("127.0.0.1", self.port, timeout=10, context=self.encrypted)
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)

    def _sent(self, connection: http.client.HTTPConnection, one: Sale) -> bool:
        began = time.monotonic()
        try:
            connection.request("POST", PATH, one.body, signed(one.body))
            response = connection.getresponse()
            response.read()
        except (OSError, http.client.HTTPException) as error:
            self.answers[type(error).__name__] += 1
            return False
        self.longest = max(self.longest, time.monotonic() - began)
        self.answers[str(response.status)] += 1
        if not 200 <= response.status < 300:
            return False
        self.acknowledged.add(one.event_id)
        return True


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a database holds after a run, beside what was sent."""

    told: int
    total: Decimal
    lost: int  # acknowledged, and not in the inbox
    unread: int
    rows: int  # of the inbox
    sales: int
    purchases: int
    payments: int
    taken: Decimal

    @property
    def is_exact(self) -> bool:
        """Tell whether everything arrived, once."""
        counts = {self.rows, self.sales, self.purchases, self.payments}
        return not self.lost and not self.unread and counts == {self.told} and self.taken == self.total


def outcome(url: str, told: Sequence[Sale], acknowledged: set[str]) -> Outcome:
    """Hold the database against the sender's books."""
    engine = open_engine(url)
    purchases = sa.select(payments.c.purchase_source, payments.c.purchase_id).distinct().subquery()
    with reading(engine) as connection:
        query = sa.select(inbox.c.event_id, inbox.c.state)
        kept = {row.event_id: row.state for row in connection.execute(query)}
        counts = [
            connection.scalar(sa.select(sa.func.count()).select_from(counted)) or 0
            for counted in (high_ticket_sales, purchases, payments)
        ]
        prices = connection.scalars(sa.select(high_ticket_sales.c.price)).all()
    engine.dispose()
    different = {one.event_id: one for one in told}
    return Outcome(
        told=len(different),
        total=Decimal(sum(one.cents for one in different.values())) / 100,
        lost=len(acknowledged - kept.keys()),
        unread=sum(state != "read" for state in kept.values()),
        rows=len(kept),
        sales=counts[0],
        purchases=counts[1],
        payments=counts[2],
        taken=sum(prices, Decimal(0)),
    )


def unread(url: str) -> int:
    """Return how many events wait in the inbox."""
    engine = open_engine(url)
    try:
        with reading(engine) as connection:
            query = sa.select(sa.func.count()).select_from(inbox).where(inbox.c.state == "unread")
            return connection.scalar(query) or 0
    finally:
        engine.dispose()


def with_replays(told: Sequence[Sale], dice: random.Random, share: float = 0.05) -> list[Sale]:
    """Return the events with some repeated later and some sent twice at once."""
    arriving = list(told)
    for again in dice.sample(told, int(len(told) * share)):
        arriving.insert(dice.randrange(len(arriving)), again)
    for twin in dice.sample(told, int(len(told) * share / 2)):
        arriving.insert(arriving.index(twin), twin)
    return arriving


def crash(sender: Sender, mortals: Sequence[Mortal], kills: int, dice: random.Random) -> None:
    """Send everything while each mortal is killed, in turns, at random moments of the sending."""
    moments = sorted(dice.sample(range(1, len({one.event_id for one in sender.told}) * 9 // 10), kills))
    sender.start()
    for number, moment in enumerate(moments):
        wait_for(lambda: len(sender.acknowledged) >= moment, sender.seconds, lambda: str(sender.answers), pause=0.001)  # noqa: B023
        time.sleep(dice.uniform(0, 0.03))
        mortals[number % len(mortals)].kill()
    sender.wait()


def wait_for(is_so: Callable[[], bool], seconds: float, tell: Callable[[], str], pause: float = 0.05) -> None:
    """Wait until something is so; raises with what `tell` says where it takes too long."""
    deadline = time.monotonic() + seconds
    while not is_so():
        if time.monotonic() > deadline:
            raise TimeoutError(f"waited {seconds:.0f} s in vain: {tell()[-2000:]}")
        time.sleep(pause)
