"""Whoever leaves the peers out says so; a peer that cannot be had is a failure."""

import fcntl
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.conftest import LEFT_OUT

HERE = Path(__file__).parent
HOME = HERE.parents[1] / ".venv" / "peers"


@pytest.fixture(autouse=True)
def _wanted() -> None:
    if "peers" in LEFT_OUT:
        pytest.skip("left out by VIEW3_TEST_WITHOUT=peers")


@pytest.fixture(scope="session")
def npm() -> Path:
    """The folder in which the peers of Node are installed, pinned with hashes and without running their scripts."""
    if shutil.which("npm") is None or shutil.which("node") is None:
        pytest.fail("node and npm are missing: install them, or leave the peers out with VIEW3_TEST_WITHOUT=peers")
    HOME.mkdir(parents=True, exist_ok=True)
    with (HOME / "lock").open("w") as turn:  # tests that run side by side install once
        fcntl.flock(turn, fcntl.LOCK_EX)
        _install()
    return HOME


def _install() -> None:
    lock, installed = (HERE / "package-lock.json").read_bytes(), HOME / "installed.lock"
    if installed.exists() and installed.read_bytes() == lock:
        return
    for name in ("package.json", "package-lock.json"):
        shutil.copy(HERE / name, HOME / name)
    command = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
    done = subprocess.run(command, cwd=HOME, capture_output=True, text=True, timeout=300, check=False)
    if done.returncode:
        pytest.fail(f"the peers cannot be installed (VIEW3_TEST_WITHOUT=peers leaves them out): {done.stderr[-800:]}")
    installed.write_bytes(lock)
