"""A limit on viewers that visits at the same moment cannot exceed."""

import asyncio
import logging
import subprocess
import sys
from collections.abc import Awaitable, Callable

import pytest
from jupyter_server.services.kernels.kernelmanager import AsyncMappingKernelManager
from tornado.web import HTTPError

from analytics.dashboard import viewers
from analytics.dashboard.serve import Server
from analytics.dashboard.viewers import FullError, ViewersKernels


class FewKernels(ViewersKernels):
    most = 3


@pytest.fixture
def slow_start(monkeypatch: pytest.MonkeyPatch) -> None:
    async def start(kernels: FewKernels, *_: object, **__: object) -> str:
        await asyncio.sleep(0.01)
        name = f"kernel {len(kernels._kernels) + 1}"
        kernels._kernels[name] = object()
        return name

    monkeypatch.setattr(AsyncMappingKernelManager, "start_kernel", start)


def eight(come: Callable[[FewKernels], Awaitable[str]]) -> list[str | BaseException]:
    """Return what became of eight who came at once."""

    async def visits() -> list[str | BaseException]:
        kernels = FewKernels()
        return await asyncio.gather(*(come(kernels) for _ in range(8)), return_exceptions=True)

    return asyncio.run(visits())


@pytest.mark.usefixtures("slow_start")
def test_eight_visits_at_once_find_three_places():
    answers = eight(lambda kernels: kernels.start_kernel())

    assert answers[:3] == ["kernel 1", "kernel 2", "kernel 3"]
    assert [error.status_code for error in answers if isinstance(error, HTTPError)] == [503] * 5


@pytest.mark.usefixtures("slow_start")
def test_a_visit_keeps_its_place_until_its_kernel_has_it():
    async def come(kernels: FewKernels) -> str:
        place = kernels.take_place()
        await asyncio.sleep(0.01)  # in which the first sight is read and sent
        kernels.seat_next(place)
        assert await kernels.start_kernel() == place.kernel_id
        await kernels.give_back(place, left=False)
        return place.kernel_id

    answers = eight(come)

    assert answers[:3] == ["kernel 1", "kernel 2", "kernel 3"]
    assert [type(answer) for answer in answers[3:]] == [FullError] * 5


def test_a_place_that_no_kernel_took_is_free_again():
    kernels = FewKernels()
    for _ in range(5):
        asyncio.run(kernels.give_back(kernels.take_place(), left=True))
    places = [kernels.take_place() for _ in range(kernels.most)]
    with pytest.raises(FullError):
        kernels.take_place()

    assert len(set(places)) == 3


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
    kernels.take_place()
    for free, full in ((kernels.least_memory - 1, True), (kernels.least_memory, False)):
        monkeypatch.setattr(viewers, "free_memory", lambda: free)  # noqa: B023 - asked at once
        if full:
            with pytest.raises(FullError) as refused:
                asyncio.run(kernels.start_kernel())
            assert refused.value.status_code == 503
        else:
            kernels.take_place()


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
