"""How much of the processor each test file takes, programs that it starts included: the summary names the dearest."""

import os
from collections import defaultdict
from collections.abc import Iterator
from heapq import nlargest
from operator import itemgetter
from pathlib import Path
from typing import Any

import pytest

MOST = 10
DEAR = 1.0  # seconds: the tests above it are remembered, for `--quick` leaves them out
REMEMBERED = "view3/dear-tests"
KEY = pytest.StashKey["Meter"]()


class Meter:
    """Adds up, file by file, what this process and its descendants take."""

    def __init__(self) -> None:
        self.files: dict[str, float] = defaultdict(float)
        self.tests: dict[str, float] = {}
        self._file, self._since = "", 0.0

    def turn_to(self, file: str) -> None:
        """Count what follows for another file."""
        if file == self._file:
            return
        now = spent()
        if self._file:
            self.files[self._file] += max(0.0, now - self._since)  # a killed server takes its children's time with it
        self._file, self._since = file, now


def spent() -> float:
    """Return the seconds of processor time that this process, its running descendants and those that ended have had."""
    try:
        statuses = [_status(path) for path in Path("/proc").iterdir() if path.name.isdigit()]
    except FileNotFoundError:  # elsewhere, those that still run are not seen
        return sum(os.times()[:4])
    family = {os.getpid()}
    for pid, parent, _ in sorted(statuses):  # a child is younger than its parent
        if parent in family:
            family.add(pid)
    return sum(ticks for pid, _, ticks in statuses if pid in family) / os.sysconf("SC_CLK_TCK")


def _status(folder: Path) -> tuple[int, int, int]:
    """Return a process's number, its parent's, and the ticks that it and its children that ended have had."""
    try:
        words = (folder / "stat").read_text().rpartition(")")[2].split()
    except OSError:  # it has ended meanwhile
        return 0, 0, 0
    return int(folder.name), int(words[1]), sum(map(int, words[11:15]))


def pytest_configure(config: pytest.Config) -> None:
    config.stash[KEY] = Meter()
    if config.pluginmanager.hasplugin("xdist"):
        config.pluginmanager.register(Gathering(config.stash[KEY]))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    meter, begun = item.config.stash[KEY], sum(os.times()[:4])
    meter.turn_to(item.location[0])
    outcome = yield
    meter.tests[item.nodeid] = sum(os.times()[:4]) - begun
    return outcome


def pytest_sessionfinish(session: pytest.Session) -> None:
    meter = session.config.stash[KEY]
    meter.turn_to("")
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["processor_time"] = dict(meter.files), meter.tests
    elif meter.tests and session.config.pluginmanager.hasplugin("cacheprovider"):
        known = {name: seconds for name, seconds in remembered(session.config).items() if name not in meter.tests}
        dear = {name: seconds for name, seconds in meter.tests.items() if seconds > DEAR}
        session.config.cache.set(REMEMBERED, known | dear)


def remembered(config: pytest.Config) -> dict[str, float]:
    """Return the tests that took more than a second of processor time when they ran last."""
    has_memory = config.pluginmanager.hasplugin("cacheprovider")
    return dict(config.cache.get(REMEMBERED, {})) if has_memory else {}


class Gathering:
    """Adds up what the workers say."""

    def __init__(self, meter: Meter) -> None:
        self._meter = meter

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        files, tests = getattr(node, "workeroutput", {}).get("processor_time", ({}, {}))
        self._meter.tests |= tests
        for file, seconds in files.items():
            self._meter.files[file] += seconds


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    files = config.stash[KEY].files
    if len(files) <= 1:
        return
    terminalreporter.section(f"processor time: {sum(files.values()):.0f} s, the dearest files")
    for file, seconds in nlargest(MOST, files.items(), key=itemgetter(1)):
        terminalreporter.line(f"{seconds:7.1f} s  {file}")
