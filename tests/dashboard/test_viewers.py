"""A limit on viewers that visits at the same moment cannot exceed."""

import asyncio
import logging
import subprocess
import sys

import pytest
from jupyter_server.services.kernels.kernelmanager import AsyncMappingKernelManager
from tornado.web import HTTPError

from analytics.dashboard import viewers
from analytics.dashboard.serve import Server
from analytics.dashboard.viewers import FullError, ViewersKernels


class FewKernels(ViewersKernels):
    most = 3


def test_eight_visits_at_once_find_three_places(monkeypatch):
    async def slow_start(kernels: FewKernels, *_: object, **__: object) -> str:
        name = f"kernel {kernels._starting}"
        await asyncio.sleep(0.01)
        kernels._kernels[name] = object()
        return name

    async def visits() -> list[str | BaseException]:
        kernels = FewKernels()
        return await asyncio.gather(*(kernels.start_kernel() for _ in range(8)), return_exceptions=True)

    monkeypatch.setattr(AsyncMappingKernelManager, "start_kernel", slow_start)
    answers = asyncio.run(visits())

    assert sorted(answer for answer in answers if isinstance(answer, str)) == ["kernel 1", "kernel 2", "kernel 3"]
    assert [error.status_code for error in answers if isinstance(error, HTTPError)] == [503] * 5


def test_a_visit_keeps_its_place_until_its_kernel_has_it(monkeypatch):
    async def slow_start(kernels: FewKernels, *_: object, **__: object) -> str:
        await asyncio.sleep(0.01)
        name = f"kernel {len(kernels._kernels)}"
        kernels._kernels[name] = object()
        return name

    async def come(kernels: FewKernels) -> str:
        with kernels.take_place() as place:
            await asyncio.sleep(0.01)  # in which the first sight is read and sent
            place.close()
            return await kernels.start_kernel()

    async def visits() -> list[str | BaseException]:
        kernels = FewKernels()
        with pytest.raises(OSError, match="the visitor left"), kernels.take_place():
            raise OSError("the visitor left")
        return await asyncio.gather(*(come(kernels) for _ in range(8)), return_exceptions=True)

    monkeypatch.setattr(AsyncMappingKernelManager, "start_kernel", slow_start)
    answers = asyncio.run(visits())

    assert [type(answer) for answer in answers] == [str] * 3 + [FullError] * 5


def test_a_start_that_fails_gives_its_place_back(monkeypatch):
    async def failing_start(*_: object, **__: object) -> str:
        raise OSError("no memory")

    monkeypatch.setattr(AsyncMappingKernelManager, "start_kernel", failing_start)
    kernels = FewKernels()
    for _ in range(5):
        with pytest.raises(OSError, match="no memory"):
            asyncio.run(kernels.start_kernel())


def test_nobody_finds_a_place_where_memory_is_short(monkeypatch):
    kernels = FewKernels()
    kernels.refuse_when_full()
    for free, full in ((kernels.least_memory - 1, True), (kernels.least_memory, False)):
        monkeypatch.setattr(viewers, "free_memory", lambda: free)  # noqa: B023 - asked at once
        if full:
            with pytest.raises(FullError) as refused:
                asyncio.run(kernels.start_kernel())
            assert refused.value.status_code == 503
        else:
            kernels.refuse_when_full()


@pytest.mark.parametrize(
    ("soft", "hard", "most", "after"),
    [(1024, 20_000, 150, 4112), (1024, 2000, 150, 2000), (8000, 20_000, 150, 8000)],
    ids=["raised", "as far as possible", "enough"],
)
def test_handles_for_so_many_viewers_are_asked_for(soft: int, hard: int, most: int, after: int):
    code = (
        "import resource, sys; from analytics.dashboard.viewers import allow_handles; "
        f"resource.setrlimit(resource.RLIMIT_NOFILE, ({soft}, {hard})); allow_handles({most}); "
        "print(resource.getrlimit(resource.RLIMIT_NOFILE)[0])"
    )
    told = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)

    assert int(told.stdout) == after
    assert ("may need" in told.stderr) == (after < 4112)


def test_every_kernel_tells_the_server_and_leaves_no_logger_of_its_own_behind():
    kernels = FewKernels(parent=Server())
    first = kernels.kernel_manager_factory(parent=kernels).event_logger
    known = set(logging.root.manager.loggerDict)
    others = [kernels.kernel_manager_factory(parent=kernels).event_logger for _ in range(5)]
    assert all(other is first for other in others)
    assert set(logging.root.manager.loggerDict) == known
