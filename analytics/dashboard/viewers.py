"""How many may look at once: each viewer is a kernel, and a kernel is memory."""

from typing import Any, Final

from jupyter_server.services.kernels.kernelmanager import AsyncMappingKernelManager
from tornado.web import HTTPError

MOST_VIEWERS: Final = 50


class ViewersKernels(AsyncMappingKernelManager):
    """Kernels up to a limit; one that is still starting counts, so visits at the same moment cannot exceed it."""

    most = MOST_VIEWERS
    _starting = 0

    def refuse_when_full(self) -> None:
        """Raise 503 when every place is taken."""
        if len(self.list_kernel_ids()) + self._starting >= self.most:
            raise HTTPError(503, reason="View 3 has too many viewers just now, please try again in a minute")

    async def start_kernel(self, *args: Any, **kwargs: Any) -> str:  # type: ignore[override]
        """Take a place and start a kernel; from the check to the taking nothing else runs."""
        self.refuse_when_full()
        self._starting += 1
        try:
            kernel_id: str = await super().start_kernel(*args, **kwargs)
        finally:
            self._starting -= 1
        return kernel_id
