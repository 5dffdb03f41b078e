"""The warm process: imports once what every kernel needs, then forks one on request.

    python -m analytics.dashboard.warm.process FOLDER SERVER MODULE… [--reads MODULE:FACTORY] [--rehearsal MODULE:FUNCTION]

It has no thread and no database connection, so that a fork inherits neither; it ends with the process that started it. It
keeps the code it has imported: a change of the code shows after the server's restart, in all kernels at once.
"""

import argparse
import atexit
import gc
import importlib
import json
import logging
import os
import select
import signal
import socket
import sys
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib.abc import MetaPathFinder
from operator import attrgetter
from pathlib import Path
from typing import Any

from analytics.dashboard.source import Source
from analytics.dashboard.warm import wire
from analytics.dashboard.warm.kernel import become_kernel, name_process
from analytics.dashboard.warm.light import ARGUMENTS, LightApp
from analytics.dashboard.warm.reader import read_for_all

PATIENCE = 5.0  # seconds for a request that has begun

log = logging.getLogger(__name__)


class WarmProcess:
    """Waits for requests, for the end of its children and for the end of the server, all in one thread."""

    def __init__(self, folder: Path, server: int, reads: Callable[[], Source] | None) -> None:
        self._folder, self._reads = folder, reads
        self._server = os.pidfd_open(server)
        self._listener = wire.listen(folder / wire.KERNELS)
        self._reader = 0
        self._bell, self._ring = os.pipe()
        os.set_blocking(self._ring, False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the server's; it tells us by ending
        signal.set_wakeup_fd(self._ring, warn_on_full_buffer=False)

    def run(self) -> None:
        """Fork kernels until the server has ended; then leave nothing behind."""
        _say_ready()
        while True:
            ready = self._ready()
            if self._server in ready:
                wire.clear(self._folder)
                return
            if self._bell in ready:
                os.read(self._bell, 512)
                self._bury()
            if self._listener.fileno() in ready:
                self._answer()

    def _ready(self) -> list[int]:
        return select.select([self._server, self._bell, self._listener.fileno()], [], [])[0]

    def keep_reader(self) -> None:
        """Have a reader, if there is anything to read."""
        if self._reads and not self._reader:
            source = self._reads
            self._reader = self._fork(lambda: read_for_all(self._folder, source, self._server))

    def _answer(self) -> None:
        connection, _ = self._listener.accept()
        with connection:
            connection.settimeout(PATIENCE)
            try:
                self._fork_for(connection, json.loads(wire.receive(connection)))
            except (OSError, ValueError) as error:
                log.warning("no kernel was forked: %s", error)

    def _fork_for(self, connection: socket.socket, wanted: dict[str, Any]) -> None:
        def kernel() -> None:
            connection.close()
            become_kernel(**wanted, server=self._server)

        pid = self._fork(kernel)
        # Not yet waited for, so the number is still its own, whatever became of it meanwhile.
        handle = os.pidfd_open(pid)
        try:
            socket.send_fds(connection, [wire.framed(str(pid).encode())], [handle])
        finally:
            os.close(handle)

    def _fork(self, task: Callable[[], None]) -> int:
        pid = os.fork()
        if not pid:
            _live_and_die(lambda: self._be(task))
        return pid

    def _be(self, task: Callable[[], None]) -> None:
        signal.set_wakeup_fd(-1)
        os.close(self._bell)
        os.close(self._ring)
        self._listener.close()
        gc.enable()
        task()

    def _bury(self) -> None:
        while True:
            try:
                pid, _ = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                break
            if not pid:
                break
            if pid == self._reader:
                log.warning("the reader ended; another takes its place")
                self._reader = 0
        self.keep_reader()


def _say_ready() -> None:
    sys.stdout.buffer.write(wire.READY)
    sys.stdout.flush()
    os.dup2(2, 1)  # from now on what anybody prints goes where the server's own errors go


def _live_and_die(life: Callable[[], None]) -> None:
    """Live and end as a process of its own would: nothing of what was forked runs on behind it."""
    code = 1
    try:
        life()
        code = 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 0
    except BaseException:  # noqa: BLE001 - there is nobody above
        traceback.print_exc()
    finally:
        atexit._run_exitfuncs()
        for stream in (sys.__stdout__, sys.__stderr__):
            if stream is not None:
                stream.flush()
        os._exit(code)


def named(words: str) -> Any:
    """Return what `module:name` names; nothing for no words."""
    module, _, path = words.partition(":")
    return attrgetter(path)(importlib.import_module(module)) if words else None


@contextmanager
def kept_out(names: Sequence[str]) -> Iterator[None]:
    """Let imports of these packages fail, where those who import them can do without."""

    class Closed(MetaPathFinder):
        def find_spec(self, name: str, _path: object, _target: object = None, /) -> None:
            if name.partition(".")[0] in names:
                raise ModuleNotFoundError(f"{name} is kept out of a warm process", name=name)

    closed = Closed()
    sys.meta_path.insert(0, closed)
    try:
        yield
    finally:
        sys.meta_path.remove(closed)


def _rehearse(rehearse: Any, folder: Path, source: Callable[[], Source] | None) -> None:
    if rehearse is None:
        return
    try:
        rehearse(folder, source)
    except Exception:
        log.exception("kernels start without a rehearsal")  # slower and heavier, and no reason to have none


def main() -> None:
    """Import, freeze, fork."""
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("server", type=int)
    parser.add_argument("modules", nargs="*")
    parser.add_argument("--reads", default="", help="module:factory of the source that is read for all")
    parser.add_argument("--rehearsal", default="", help="module:function that does once what every kernel would")
    parser.add_argument("--without", default="", help="modules that kernels can do without")
    wanted = parser.parse_args()
    name_process("view3-warm")
    gc.disable()  # what is freed before the freeze leaves holes that every fork would fill
    with kept_out(wanted.without.split(",")):
        LightApp.instance().prepare(ARGUMENTS)  # before the imports: some of them see to a shell that is there already
        for module in wanted.modules:
            importlib.import_module(module)
        source = named(wanted.reads)
        process = WarmProcess(wanted.folder, wanted.server, source)
        process.keep_reader()
        _rehearse(named(wanted.rehearsal), wanted.folder, source)
    if source is None:  # an analyst's kernel imports what lies beside its notebook; it hides nothing, for it comes last
        sys.path.append("")
    gc.collect()
    gc.freeze()
    process.run()


if __name__ == "__main__":
    main()
