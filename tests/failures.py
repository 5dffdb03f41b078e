"""The names of the tests that failed, one a line, in the file that VIEW3_TEST_FAILURES names: `tests/run.sh` tries few of them once more."""

import os
from pathlib import Path

import pytest


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    path = os.environ.get("VIEW3_TEST_FAILURES")
    if path:
        reports = [one for kind in ("failed", "error") for one in terminalreporter.stats.get(kind, ())]
        names = dict.fromkeys(getattr(one, "nodeid", "") for one in reports)
        Path(path).write_text("".join(f"{name}\n" for name in names))
