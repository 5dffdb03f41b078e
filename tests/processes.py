"""What tests of processes wait for."""

import time
from collections.abc import Callable
from pathlib import Path


def until(holds: Callable[[], object], within: float = 60.0) -> None:
    """Wait until something holds; it failing to come about fails the test."""
    deadline = time.monotonic() + within
    while not holds():
        assert time.monotonic() < deadline, "it did not come about"
        time.sleep(0.02)


def runs(pid: int) -> bool:
    """Tell whether a process still does anything; one that is over and waits for its parent to ask how does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
