"""A kernel that another process forked, with the face of a child of our own."""

import os
import select
import signal
import time


class Forked:
    """A process known by its pid and a pidfd, which stays its own whatever becomes of the number."""

    stdin = stdout = stderr = None

    def __init__(self, pid: int, handle: int) -> None:
        self.pid, self._handle = pid, handle
        self._watch = select.poll()  # unlike select(), it can tell of a handle above 1,023
        self._watch.register(handle, select.POLLIN)
        self.returncode: int | None = None

    def poll(self) -> int | None:
        """Return None while it runs, then 0: how it ended is told to its parent alone."""
        if self.returncode is None and self._watch.poll(0):
            os.close(self._handle)
            self.returncode = 0
        return self.returncode

    def wait(self, timeout: float = 60.0) -> int:
        """Return once it has ended; raises TimeoutError."""
        until = time.monotonic() + timeout
        while self.poll() is None:
            if time.monotonic() > until:
                raise TimeoutError
            time.sleep(0.01)
        return 0

    def send_signal(self, number: int) -> None:
        """Send a signal to the process and what it started, if it still runs."""
        if self.poll() is not None:
            return
        try:
            os.killpg(self.pid, number)
        except ProcessLookupError:  # it has not made itself the head of a group yet
            signal.pidfd_send_signal(self._handle, number)

    def kill(self) -> None:
        """End it."""
        self.send_signal(signal.SIGKILL)

    def terminate(self) -> None:
        """Ask it to end."""
        self.send_signal(signal.SIGTERM)
