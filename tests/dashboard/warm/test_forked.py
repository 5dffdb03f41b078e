"""A forked process is watched whatever the number of its handle."""

import fcntl
import os
import subprocess
import sys

import pytest

from analytics.dashboard.warm.forked import Forked
from tests.processes import until


@pytest.mark.parametrize("least", [3, 1500], ids=["a low handle", "one beyond what select() can tell of"])
def test_its_end_is_seen(least: int):
    process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"], start_new_session=True)
    first = os.pidfd_open(process.pid)
    forked = Forked(process.pid, fcntl.fcntl(first, fcntl.F_DUPFD_CLOEXEC, least))
    os.close(first)

    assert forked.poll() is None
    forked.kill()
    until(lambda: forked.poll() == 0)
    process.wait(10)
