"""How Jupyter gets a kernel from the warm process; named `view3-warm` in a kernelspec."""

import asyncio
import time
from pathlib import Path
from typing import Any, Final, cast

from jupyter_client.connect import KernelConnectionInfo, port_names
from jupyter_client.provisioning.local_provisioner import LocalProvisioner
from traitlets import List, Unicode

from analytics.dashboard.warm.forked import Forked
from analytics.dashboard.warm.nursery import ColdError, nursery_of

NAME: Final = "view3-warm"
LISTENS_WITHIN: Final = 1.0  # seconds; a kernel that is late is waited for by its client
LOOK: Final = 0.002
_LAUNCHER: Final = "ipykernel_launcher"


class WarmProvisioner(LocalProvisioner):
    """Forks a kernel where it can, and starts an ordinary one, with the reason in the log, where it cannot."""

    modules = List(Unicode(), help="what the warm process imports before it forks").tag(config=True)

    async def launch_kernel(self, cmd: list[str], **kwargs: Any) -> KernelConnectionInfo:
        """Return the connection of a kernel that runs this command."""
        try:
            forked = await self._fork(cmd, kwargs)
        except ColdError as reason:
            self.log.warning("An ordinary kernel is started, for %s.", reason)
            return await super().launch_kernel(cmd, **kwargs)
        self.process = cast("Any", forked)
        self.pid, self.pgid = forked.pid, None  # Forked sends to the group itself
        self.cwd = kwargs.get("cwd")
        await self._listening(forked)
        return self.connection_info

    async def _listening(self, kernel: Forked) -> None:
        """Return once a kernel listens: who knocks too early tries again only after a tenth of a second."""
        told, until = self.connection_info, time.monotonic() + LISTENS_WITHIN
        if told["transport"] != "ipc":
            return
        doors = [Path(f"{told['ip']}-{told[name]}") for name in port_names]  # type: ignore[literal-required]
        while not all(door.exists() for door in doors) and kernel.poll() is None and time.monotonic() < until:
            await asyncio.sleep(LOOK)

    async def _fork(self, cmd: list[str], kwargs: dict[str, Any]) -> Forked:
        if _LAUNCHER not in cmd:
            raise ColdError(f"the kernelspec does not run {_LAUNCHER}")
        arguments = cmd[cmd.index(_LAUNCHER) + 1 :]
        nursery = nursery_of(self.modules)
        return await asyncio.to_thread(nursery.fork, arguments, kwargs["env"], str(kwargs.get("cwd") or Path.cwd()))
