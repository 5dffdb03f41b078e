"""The server's side of the warm process: starts it, starts it anew when it dies, and asks it for kernels."""

import atexit
import json
import logging
import os
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from analytics.dashboard.settings import READER, warm_environment
from analytics.dashboard.warm import wire
from analytics.dashboard.warm.forked import Forked

READY_WITHIN: Final = 20.0  # seconds to import everything on a busy machine
ANSWER_WITHIN: Final = 10.0  # seconds for a fork; two hundred may stand in line
LONGEST_PAUSE: Final = 60.0  # seconds between attempts with a process that dies again and again

log = logging.getLogger(__name__)


class ColdError(RuntimeError):
    """No warm kernel can be had; the message says why."""


@dataclass(frozen=True, slots=True)
class Play:
    """What a warm process is for beside importing: whose figures are read for all, what is rehearsed, and believed."""

    reads: str = ""  # module:factory of a Source
    rehearsal: str = ""  # module:function of a folder and the factory
    without: tuple[str, ...] = ("debugpy",)  # modules that are kept out; a debugger would have to begin before the fork
    environment: Mapping[str, str] = field(default_factory=dict)


class Nursery:
    """One warm process and its folder; both end with the server, however that ends."""

    def __init__(self, modules: Iterable[str], play: Play = Play()) -> None:
        # -P: nothing is imported from the current folder, where a calendar.py would be taken for Python's own.
        self._command = [sys.executable, "-P", "-m", f"{__package__}.process"]
        self._modules, self._play = [*modules], play
        self._settled, self._over = threading.Event(), threading.Event()
        self._process: subprocess.Popen[bytes] | None = None
        self.why_cold = "" if hasattr(os, "pidfd_open") else "this system has no pidfd"
        self._folder = None if self.why_cold else self._new_folder()
        if self._folder is None:
            self._settled.set()
        else:
            threading.Thread(target=self._keep, args=(self._folder,), daemon=True, name="warm-process").start()

    @property
    def folder(self) -> Path:
        """Return the private folder; raises ColdError where none could be made."""
        if self._folder is None:
            raise ColdError(self.why_cold)
        return self._folder

    @property
    def pid(self) -> int:
        """Return the warm process's number; 0 while there is none."""
        return self._process.pid if self._process and self._process.poll() is None else 0

    def wait_until_warm(self) -> bool:
        """Return whether kernels can be had, as soon as that is known."""
        return self._settled.wait(READY_WITHIN) and not self.why_cold

    def fork(self, arguments: list[str], environment: Mapping[str, str], folder: str) -> Forked:
        """Return a kernel that runs with these arguments, environment and folder; raises ColdError, in any thread."""
        if not self.wait_until_warm():
            raise ColdError(self.why_cold or "the warm process is not ready")
        told = {READER: str(self.folder)} if self._play.reads else {}
        wanted = {"arguments": arguments, "environment": {**environment, **told}, "folder": folder}
        try:
            with wire.connect(self.folder / wire.KERNELS, ANSWER_WITHIN) as connection:
                connection.sendall(wire.framed(json.dumps(wanted).encode()))
                said, handles, _, _ = socket.recv_fds(connection, 64, 1)
        except OSError as error:
            raise ColdError(f"the warm process does not answer: {error}") from error
        if not handles:
            raise ColdError("the warm process could not fork")
        return Forked(int(said[wire.HEAD_SIZE :]), handles[0])

    def close(self) -> None:
        """End the warm process and remove its folder, if there is one; kernels are the server's to end."""
        self._over.set()
        if self._process is not None:
            self._process.kill()
            self._process.wait()
        if self._folder is not None:
            wire.clear(self._folder)

    def _new_folder(self) -> Path | None:
        try:
            folder = Path(tempfile.mkdtemp(prefix=wire.PREFIX))  # mode 0700: whoever can enter it can have code run
        except OSError as error:
            self.why_cold = f"no private folder can be made: {error}"
            return None
        if len(str(folder)) > wire.LONGEST_FOLDER:
            folder.rmdir()
            self.why_cold = f"a socket's path would be too long in {folder.parent}"
            return None
        return folder

    def _keep(self, folder: Path) -> None:
        pause = 0.0
        while not self._over.wait(pause):
            process = self._process = self._start(folder)
            if _says_ready(process):
                pause, self.why_cold = 0.0, ""
            else:
                self.why_cold = "the warm process ended while it was importing"
            self._settled.set()
            process.wait()
            if not self.why_cold:
                self._settled.clear()  # the next visitor waits for the next process
            pause = min(LONGEST_PAUSE, pause * 2 or 0.2)
            if not self._over.is_set():
                log.warning("The warm process ended and is started anew in %.1f s; open pages stay.", pause)

    def _start(self, folder: Path) -> "subprocess.Popen[bytes]":
        play = [
            f"--reads={self._play.reads}",
            f"--rehearsal={self._play.rehearsal}",
            f"--without={','.join(self._play.without)}",
        ]
        return subprocess.Popen(  # noqa: S603 - our own module
            [*self._command, str(folder), str(os.getpid()), *self._modules, *play],
            env=warm_environment(self._play.environment, folder if self._play.reads else None),
            stdout=subprocess.PIPE,
        )


def _says_ready(process: "subprocess.Popen[bytes]") -> bool:
    assert process.stdout is not None  # noqa: S101 - it was asked for
    with process.stdout:
        return process.stdout.readline() == wire.READY


_nurseries: dict[tuple[str, ...], Nursery] = {}
_opening = threading.Lock()


def nursery_of(modules: Iterable[str], play: Play = Play()) -> Nursery:
    """Return this server's nursery for kernels that need these modules; the first who asks decides the rest."""
    wanted = tuple(modules)
    with _opening:
        return _nurseries.get(wanted) or remember(wanted, Nursery(wanted, play))


def remember(modules: Iterable[str], nursery: Nursery) -> Nursery:
    """Make a nursery the server's for these modules, and end it with the server."""
    _nurseries[tuple(modules)] = nursery
    atexit.register(nursery.close)
    return nursery


def forget(modules: Iterable[str]) -> None:
    """End a nursery before the server does."""
    nursery = _nurseries.pop(tuple(modules))
    atexit.unregister(nursery.close)
    nursery.close()
