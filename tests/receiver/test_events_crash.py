"""Events of other tools that were acknowledged are never lost or doubled, whatever is killed in between."""

import http.client
import json
import random
import threading
from collections.abc import Iterator
from decimal import Decimal
from functools import partial
from pathlib import Path

import pytest
import sqlalchemy as sa

from analytics.database import open_engine, reading
from analytics.schema import high_ticket_sales, inbox, orders
from tests.conftest import LEFT_OUT
from tests.receiver import stage
from tests.receiver.stage import Database, Door, Mortal

SEED, BATCHES, EACH = 16, 25, 10
ADDRESS = "/webhooks/events/a-long-word"


@pytest.fixture(params=["sqlite", "mariadb"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[str, list[Mortal]]]:
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/view3.db", []
        return
    if "mariadb" in LEFT_OUT:
        pytest.skip("left out by VIEW3_TEST_WITHOUT=mariadb")
    with Database(tmp_path / "mariadb") as server:
        yield server.new_database("events"), [server]


def order(number: int) -> dict[str, object]:
    line = {"product": "Mastermind", "amount": f"{1000 + number}.00", "offer": "high_ticket"}
    told = {
        "type": "order",
        "source": "own-shop",
        "id": number,
        "occurred_at": "2026-01-17T20:15:00Z",
        "currency": "USD",
    }
    return {**told, "customer": {"email": f"buyer{number}@example.com"}, "lines": [line]}


class Teller:
    """Sends each batch until it is answered with 200, and keeps what was acknowledged."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.batches = [[order(at + place) for place in range(EACH)] for at in range(0, BATCHES * EACH, EACH)]
        self.acknowledged: set[str] = set()
        self.failures = 0
        self.thread = threading.Thread(target=self._send, daemon=True)

    def has(self, count: int) -> bool:
        """Tell whether so many events are acknowledged."""
        return len(self.acknowledged) >= count

    def _send(self) -> None:
        for batch in self.batches:
            while not self._is_taken(batch):
                self.failures += 1

    def _is_taken(self, batch: list[dict[str, object]]) -> bool:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            connection.request("POST", ADDRESS, json.dumps({"events": [*batch, {"type": "order"}]}))
            answer = connection.getresponse()
            told = json.loads(answer.read())
        except (OSError, http.client.HTTPException, ValueError):
            return False
        finally:
            connection.close()
        if answer.status != 200:
            return False
        taken = [one["id"] for one in told["results"] if one["result"] in {"accepted", "already known"}]
        self.acknowledged.update(taken)
        return len(taken) == len(batch)


def test_every_acknowledged_event_is_kept_once_whatever_is_killed(
    place: tuple[str, list[Mortal]], tmp_path: Path
) -> None:
    url, servers = place
    dice = random.Random(SEED)
    door = Door(url, tmp_path)
    door.settings["VIEW3_EVENTS_TOKEN"] = "a-long-word"
    with door:
        teller = Teller(door.port)
        teller.thread.start()
        for number, moment in enumerate(sorted(dice.sample(range(20, BATCHES * EACH - 40), 4))):
            stage.wait_for(partial(teller.has, moment), 120, door.log.read_text, pause=0.001)
            [door, *servers][number % (1 + len(servers))].kill()
        teller.thread.join(120)
        stage.wait_for(lambda: not stage.unread(url), 60, door.log.read_text)
    engine = open_engine(url)
    with reading(engine) as connection:
        kept = connection.execute(sa.select(inbox.c.state)).scalars().all()
        known = set(connection.scalars(sa.select(orders.c.external_id)))
        prices = connection.scalars(sa.select(high_ticket_sales.c.price)).all()
    engine.dispose()
    everything = {str(number) for number in range(BATCHES * EACH)}
    assert teller.acknowledged == everything == known
    assert set(kept) == {"read"}
    assert len(kept) == len(prices) == len(everything)
    assert sum(prices, Decimal(0)) == sum(1000 + number for number in range(BATCHES * EACH))
    assert teller.failures, "no kill hit a request: the test proves nothing"
