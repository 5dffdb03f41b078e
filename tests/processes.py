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


def descendants(pid: int) -> dict[int, str]:
    """Return the children and grandchildren of a process that have not ended, each with its name and its command."""
    told = [one for path in Path("/proc").iterdir() if path.name.isdigit() and (one := _told(path))]
    family = {pid}
    for _ in range(2):
        family |= {number for number, parent, _ in told if parent in family}
    return {number: words for number, _, words in told if number in family and number != pid}


def _told(folder: Path) -> tuple[int, int, str] | None:
    """Return a process's number, its parent's, and its name and command; nothing where it has ended meanwhile."""
    try:
        name, _, rest = (folder / "stat").read_text().partition("(")[2].rpartition(")")
        command = (folder / "cmdline").read_text().replace("\0", " ")
    except OSError:
        return None
    return int(folder.name), int(rest.split()[1]), f"{name} {command}"
