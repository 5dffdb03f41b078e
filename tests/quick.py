"""`--quick` leaves out what needs MariaDB or a browser, starts any other program or takes long, and says how much that was."""

import sys
from collections import Counter
from typing import Any, Final

import pytest

from tests.processor_time import DEAR, remembered

NEEDS: Final = ("mariadb", "chromium", "npm")  # fixtures, and engines that a fixture is asked for
STARTS = frozenset({"subprocess.Popen", "os.fork", "os.forkpty", "os.posix_spawn", "os.exec"})
LONG: Final = f"took more than {DEAR:g} s of the processor the last time"
PROGRAM: Final = "left out by --quick: it starts a program"
LEFT_OUT = pytest.StashKey[Counter[str]]()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--quick", action="store_true", help="leave out tests that need a server, a browser or a program")


def pytest_configure(config: pytest.Config) -> None:
    config.stash[LEFT_OUT] = Counter()
    if config.getoption("--quick"):
        config.pluginmanager.register(Leaving(config.stash[LEFT_OUT]))


class Leaving:
    """Leaves tests out: before they run where their fixtures tell, else at the moment they would start a program."""

    def __init__(self, left_out: Counter[str]) -> None:
        self._left_out, self._is_running = left_out, False
        sys.addaudithook(self._watch)

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_modifyitems(self, config: pytest.Config, items: list[pytest.Item]) -> None:
        dear = remembered(config)
        needs = {item: need_of(item) or (LONG if item.nodeid in dear else "") for item in items}
        self._left_out.update(filter(None, needs.values()))
        config.hook.pytest_deselected(items=[item for item in items if needs[item]])
        items[:] = [item for item in items if not needs[item]]

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self) -> Any:
        self._is_running = True
        try:
            return (yield)
        finally:
            self._is_running = False

    def _watch(self, event: str, _: object) -> None:
        if self._is_running and event in STARTS:
            pytest.skip(PROGRAM)

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        if hasattr(session.config, "workeroutput"):
            session.config.workeroutput["left_out"] = dict(self._left_out)

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """Take what a worker says: all workers collect the same."""
        self._left_out |= Counter(getattr(node, "workeroutput", {}).get("left_out", {}))

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        skipped = terminalreporter.stats.get("skipped", [])
        told = dict(self._left_out.most_common())
        told["start a program"] = sum(PROGRAM in str(report.longrepr) for report in skipped)
        terminalreporter.section("left out by --quick")
        terminalreporter.line(", ".join(f"{count} {why}" for why, count in told.items()))


def need_of(item: pytest.Item) -> str:
    """Return what a test needs that a quick run does not start."""
    fixtures = set(getattr(item, "fixturenames", ()))
    params = getattr(getattr(item, "callspec", None), "params", {})
    engines = {str(value) for value in params.values()}
    # A fixture that is asked for by name alone, as `server` asks for `mariadb`, shows in its parameter.
    return next((f"need {need}" for need in NEEDS if need in fixtures | engines), "")
