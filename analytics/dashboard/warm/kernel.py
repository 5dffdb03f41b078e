"""What a fork does to become a viewer's kernel."""

import os
import select
import signal
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import NoReturn

from analytics.dashboard.settings import take_environment
from analytics.dashboard.warm.light import LightApp


def become_kernel(arguments: list[str], environment: Mapping[str, str], folder: str, server: int) -> None:
    """Run a kernel until it is shut down; the process ends at once when `server`, a pidfd, has ended."""
    name_process("view3-kernel")
    os.setsid()  # a signal to the kernel reaches what it started, and the server's Ctrl-C does not reach it
    for number in (signal.SIGTERM, signal.SIGCHLD):
        signal.signal(number, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    with open(os.devnull, "rb") as nothing:  # noqa: PTH123 - a descriptor is needed
        os.dup2(nothing.fileno(), 0)
    take_environment(environment)
    time.tzset()
    os.chdir(folder)
    _reseed()
    die_with(server)
    LightApp.launch_instance(argv=arguments)


def name_process(name: str) -> None:
    """Let `ps` and `pgrep` tell this process from the one it was forked from."""
    comm = Path("/proc/self/comm")
    if comm.exists():
        comm.write_text(name)


def die_with(*others: int) -> None:
    """End this process when one of others, pidfds, has ended; a thread that waits costs nothing until then."""

    def wait() -> NoReturn:
        watch = select.poll()
        for other in others:
            watch.register(other, select.POLLIN)
        watch.poll()
        os._exit(1)

    threading.Thread(target=wait, daemon=True, name="watch").start()


def _reseed() -> None:
    """Let every kernel draw its own numbers; `random` sees to itself after a fork, numpy does not."""
    numpy = sys.modules.get("numpy.random")
    if numpy is not None:
        numpy.seed()
