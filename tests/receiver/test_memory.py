"""The receiver's memory under hostile bodies: what a stranger sends is given back."""

import http.client
import random
import threading
from pathlib import Path

from tests.receiver import stage
from tests.receiver.stage import Door

MOST = 11.0  # MiB; about 6 is usual, and 15 to 21 with the limits that the C library sets itself
SIZES = (1000, 30_000, 200_000, 900_000, 1_040_000)


def resident(process_id: int) -> float:
    lines = Path(f"/proc/{process_id}/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("VmRSS")).split()[1]) / 1024


def attack(port: int, seed: int) -> None:
    dice, connection = random.Random(seed), http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    stamp = int(stage.NOW.timestamp())
    for number in range(25):
        body = b'["' + b"x" * dice.choice(SIZES)
        forged = {"Stripe-Signature": f"t={stamp},v1={'0' * 64}"}
        connection.request("POST", stage.PATH, body, forged if number % 10 else stage.signed(body))
        assert connection.getresponse().read()
    connection.close()


def test_memory_is_flat_under_large_hostile_bodies(tmp_path: Path) -> None:
    with Door(f"sqlite:///{tmp_path}/view3.db", tmp_path) as door:
        before = resident(door.process.pid)
        threads = [threading.Thread(target=attack, args=(door.port, seed)) for seed in range(12)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(120)
        assert resident(door.process.pid) - before < MOST
