"""Commits events to the inbox in groups: whoever arrives while one commit runs shares the next."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from connectors.inbox import Event, Kept

GROUP = 200
MOST = 64 * 1024 * 1024  # bytes of events that may wait while the database is slow or hangs
Commit = Callable[[Sequence[Event]], list[Kept]]


class FullError(RuntimeError):
    """So much waits for the database already that no more is taken."""


@dataclass(slots=True)
class Keeper:
    """Keeps events durably; `commit` stores a group in one transaction and raises where the database is away."""

    commit: Commit
    _waiting: "list[tuple[Event, asyncio.Future[Kept]]]" = field(default_factory=list)
    _worker: "asyncio.Task[None] | None" = None
    _bytes: int = 0

    async def keep(self, event: Event) -> Kept:
        """Return once the event is committed, with what was found; raises what the commit raised."""
        if self._bytes + len(event.body) > MOST:
            raise FullError("too much waits for the database")
        self._bytes += len(event.body)
        future: asyncio.Future[Kept] = asyncio.get_running_loop().create_future()
        self._waiting.append((event, future))
        if self._worker is None or self._worker.done():
            self._worker = asyncio.create_task(self._work())
        # A caller that gives up must not cancel the commit that others share.
        return await asyncio.shield(future)

    async def _work(self) -> None:
        while self._waiting:
            group, self._waiting = self._waiting[:GROUP], self._waiting[GROUP:]
            events = [event for event, _ in group]
            try:
                found = await asyncio.to_thread(self.commit, events)
            except Exception as error:  # noqa: BLE001 (whatever it is, every caller of the group must hear it)
                for _, future in group:
                    future.set_exception(error)
                    future.exception()  # who gave up does not hear it, and then nobody is to be told of that
            else:
                for (_, future), kept in zip(group, found, strict=True):
                    future.set_result(kept)
            self._bytes -= sum(len(event.body) for event in events)
