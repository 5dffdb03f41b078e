"""How a benchmark tells its result: a small table with the machine under it, and the same as JSON in bench/out."""

import json
import os
import platform
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

import psutil

OUT = Path(__file__).parent / "out"


@dataclass(frozen=True, slots=True)
class Line:
    """One measured thing: its amount in a unit, its ratio to the line it is held against, and what was aimed at."""

    what: str
    amount: float
    unit: str = "s"
    ratio: float | None = None
    aim: str = ""


class Clock:
    """Measures what happens in its `with` block."""

    seconds = 0.0

    def __enter__(self) -> "Clock":
        self._start = time.perf_counter()
        return self

    def __exit__(self, *_: object) -> None:
        self.seconds = time.perf_counter() - self._start


def side_by_side(times: int, *doings: Callable[[], object]) -> list[float]:
    """Return the median seconds of each doing; they take turns, so that a busy machine is unfair to none."""
    taken: list[list[float]] = [[] for _ in doings]
    for _ in range(times):
        for doing, seconds in zip(doings, taken, strict=True):
            with Clock() as clock:
                doing()
            seconds.append(clock.seconds)
    return [median(seconds) for seconds in taken]


@contextmanager
def step(what: str) -> Iterator[None]:
    """Tell that something slow is being prepared."""
    print(f"  {what} …", flush=True)
    yield


def tell(name: str, size: str, lines: list[Line], server: str) -> None:
    """Print a result and keep it in bench/out."""
    machine = f"{_processor()}, {os.cpu_count()} cores, {_gigabytes():.0f} GiB; MariaDB {server}; Python {platform.python_version()}"
    print(f"\n{name}: {size}")
    for line in lines:
        ratio = f"{line.ratio:.2f} ×" if line.ratio is not None else ""
        print(f"  {line.what:<58} {line.amount:>10.3f} {line.unit:<3} {ratio:>9}  {line.aim}")
    load = " ".join(f"{one:.1f}" for one in os.getloadavg())
    print(f"  on {machine}; load {load}\n", flush=True)
    OUT.mkdir(exist_ok=True)
    result = {
        "benchmark": name,
        "size": size,
        "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": machine,
        "load": load,
        "lines": [asdict(line) for line in lines],
    }
    (OUT / f"{name}.json").write_text(json.dumps(result, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def _processor() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []
    named = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(named, platform.processor() or platform.machine())


def _gigabytes() -> float:
    return psutil.virtual_memory().total / 2**30
