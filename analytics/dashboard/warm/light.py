"""A kernel made before the fork: what can be done once is done once, and each viewer's own part is small."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import zmq
from ipykernel.ipkernel import IPythonKernel
from ipykernel.kernelapp import IPKernelApp
from jupyter_client.session import Session
from zmq.eventloop.zmqstream import ZMQStream

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
        shell: Any = self.shell
        for publisher in (shell.displayhook, shell.display_pub):
            publisher.session, publisher.pub_socket = self.session, self.iopub_socket
        shell.displayhook.topic = self._topic("execute_result")


class _Unheard(Session):
    """What a kernel says through before anybody listens."""

    def send(self, *_: Any, **__: Any) -> None:
        """Say nothing."""


class LightApp(IPKernelApp):
    """An application of which everything that does not depend on the connection was done before the fork."""

    kernel_class = LightKernel

    def prepare(self, arguments: Sequence[str]) -> None:
        """Read the configuration, and make the kernel and its shell; a connection file here would be taken for every fork's."""
        super(IPKernelApp, self).initialize([*arguments])
        self.log.setLevel(self.log_level)  # else its handler drops what the logger made
        self.init_pdb()
        kernel: Any = LightKernel.instance(
            parent=self, profile_dir=self.profile_dir, log=self.log, session=_Unheard(parent=self)
        )
        self.kernel = kernel
        self.init_shell()
        self.init_path()
        self.init_extensions()
        self.init_code()
        kernel.shell.run_cell("None")  # what the first cell costs beyond its own code is made once

    def initialize(self, argv: Sequence[str] | None = None) -> None:
        """Take the connection file from the arguments, and connect."""
        words = [*(argv or ())]
        self.connection_file = str(Path(words[words.index("-f") + 1]))
        self.init_connection_file()
        self.init_sockets()
        self.init_heartbeat()
        self.write_connection_file()
        self.log_connection_info()
        self.init_io()
        self.init_signal()
        self.init_kernel()
        self.init_gui_pylab()

    def init_control(self, context: "zmq.Context[Any]") -> None:
        """Open the control channel; the shell channel needs no thread of its own where nobody opens subshells."""
        super().init_control(context)
        self.shell_channel_thread.io_loop.close(all_fds=True)
        self.shell_channel_thread = None

    def init_heartbeat(self) -> None:
        """Answer heartbeats beside the control channel; a thread and a context of their own would cost every viewer."""
        context: Any = self.context
        socket = context.socket(zmq.ROUTER)
        self._apply_curve_server_options(socket)
        self.hb_port = self._bind_socket(socket, self.hb_port)
        beats = ZMQStream(socket, self.control_thread.io_loop)
        beats.on_recv(beats.send_multipart)

    def close(self) -> None:
        """Leave the sockets to the end of the process: an orderly end waits a second for a browser that is gone."""
