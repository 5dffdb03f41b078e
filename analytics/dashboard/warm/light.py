"""A kernel made before the fork: what can be done once is done once, and each viewer's own part is small."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from ipykernel.ipkernel import IPythonKernel
from ipykernel.kernelapp import IPKernelApp
from jupyter_client.session import Session

# A viewer's kernel runs one cell: no history, and no thread per stream that watches for prints past Python.
ARGUMENTS: Final = ("--quiet", "--HistoryManager.enabled=False", "--IPKernelApp.capture_fd_output=False")


class LightKernel(IPythonKernel):
    """A kernel that exists before its sockets do, and takes them after the fork."""

    @classmethod
    def instance(cls, *_: Any, **traits: Any) -> "LightKernel":
        """Return the kernel with what the app made for it."""
        if not cls.initialized():
            return super().instance(**traits)
        kernel = super().instance()
        for name, value in traits.items():
            if value is not None:
                setattr(kernel, name, value)
        kernel._take_sockets()
        return kernel

    def _take_sockets(self) -> None:
        """Do again what IPythonKernel.__init__ did without sockets."""
        self._stdout, self._stderr = sys.stdout, sys.stderr
        for publisher in (self.shell.displayhook, self.shell.display_pub):
            publisher.session, publisher.pub_socket = self.session, self.iopub_socket
        self.shell.displayhook.topic = self._topic("execute_result")


class _Unheard(Session):
    """What a kernel says through before anybody listens."""

    def send(self, *_: Any, **__: Any) -> None:
        """Say nothing."""


class LightApp(IPKernelApp):
    """An application that has read its configuration before the fork; then the connection is all that is left to learn."""

    kernel_class = LightKernel
    _is_prepared = False

    def prepare(self, arguments: Sequence[str]) -> None:
        """Read the configuration, and make the kernel and its shell; a connection file here would be taken for every fork's."""
        super(IPKernelApp, self).initialize([*arguments])
        self.init_pdb()
        LightKernel.instance(parent=self, profile_dir=self.profile_dir, log=self.log, session=_Unheard(parent=self))
        self._is_prepared = True

    def parse_command_line(self, argv: Sequence[str] | None = None) -> None:
        """Take the connection file from the arguments; the rest has been read."""
        if not self._is_prepared:
            super().parse_command_line(argv)
            return
        words = [*(argv or ())]
        self.connection_file = str(Path(words[words.index("-f") + 1]))

    def init_profile_dir(self) -> None:
        """Find the profile once."""
        if not self._is_prepared:
            super().init_profile_dir()

    def init_config_files(self) -> None:
        """Find the configuration once."""
        if not self._is_prepared:
            super().init_config_files()

    def load_config_file(self, *args: Any, **options: Any) -> None:
        """Read the configuration once."""
        if not self._is_prepared:
            super().load_config_file(*args, **options)

    def init_pdb(self) -> None:
        """Prepare the debugger once."""
        if not self._is_prepared:
            super().init_pdb()

    def close(self) -> None:
        """Leave the sockets to the end of the process: an orderly end waits a second for a browser that is gone."""
