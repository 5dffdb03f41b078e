"""How the server talks to a kernel that it has just started: it takes the first answer for an answer."""

import time
from queue import Empty

from jupyter_client.asynchronous.client import AsyncKernelClient


class PromptClient(AsyncKernelClient):
    """A client that does not listen on for a fifth of a second after a kernel has said that it is ready."""

    async def wait_for_ready(self, timeout: float | None = None) -> None:
        """Return once a kernel has answered, and its other channel as well; raises RuntimeError where it does not in time."""
        until = time.monotonic() + (timeout or float("inf"))
        while not await self._answers():
            if not await self.is_alive():
                raise RuntimeError("The kernel ended before it was ready.")
            if time.monotonic() > until:
                raise RuntimeError(f"The kernel did not answer within {timeout} seconds.")

    async def _answers(self) -> bool:
        self.kernel_info()
        try:
            await self.shell_channel.get_msg(timeout=1)
            await self.iopub_channel.get_msg(timeout=0.2)  # one that came too late for the question asks again
        except Empty:
            return False
        return True
