"""The first word of a kernel is enough to go on, and a kernel that has none is told of."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from jupyter_client.manager import AsyncKernelManager

from analytics.dashboard.warm import nursery as nurseries
from analytics.dashboard.warm import serving
from analytics.dashboard.warm.prompt import PromptClient
from tests.dashboard.warm.test_kernels import MODULES, WITHIN, Specs, number


@asynccontextmanager
async def started(folder: Path) -> AsyncIterator[tuple[Any, Any]]:
    manager = AsyncKernelManager(kernel_spec_manager=Specs(), transport="ipc")
    manager.client_class = f"{PromptClient.__module__}.{PromptClient.__name__}"
    manager.connection_file = str(folder / "kernel.json")
    await manager.start_kernel(cwd=str(folder), env={**os.environ})
    client = manager.client()
    client.start_channels(hb=False)
    try:
        yield manager, client
    finally:
        client.stop_channels()
        await manager.shutdown_kernel(now=True)


@pytest.fixture(scope="module", autouse=True)
def warm():
    serving.announce()
    yield nurseries.nursery_of(MODULES)
    nurseries.forget(MODULES)


def test_what_a_ready_kernel_prints_is_heard(tmp_path: Path):
    async def printed() -> list[str]:
        async with started(tmp_path) as (_, client):
            assert isinstance(client, PromptClient)
            await client.wait_for_ready(WITHIN)
            heard: list[str] = []

            def hear(message: dict[str, Any]) -> None:
                heard.extend([message["content"]["text"]] if message["msg_type"] == "stream" else [])

            await asyncio.wait_for(client.execute_interactive("print('first')", output_hook=hear), WITHIN)
            return heard

    assert "".join(asyncio.run(printed())) == "first\n"


def test_it_listens_as_soon_as_it_is_started(tmp_path: Path):
    async def doors() -> list[Path]:
        async with started(tmp_path) as (manager, _):
            told = manager.get_connection_info()
            return [
                Path(f"{told['ip']}-{told[f'{name}_port']}")
                for name in ("shell", "iopub", "control")
                if not Path(f"{told['ip']}-{told[f'{name}_port']}").is_socket()
            ]

    assert asyncio.run(doors()) == []


def test_a_kernel_that_ended_is_not_waited_for(tmp_path: Path):
    async def wait() -> None:
        async with started(tmp_path) as (manager, client):
            os.kill(number(manager), signal.SIGKILL)
            await client.wait_for_ready(WITHIN)

    with pytest.raises(RuntimeError, match="ended"):
        asyncio.run(wait())


def test_a_kernel_that_hangs_is_waited_for_so_long(tmp_path: Path):
    async def wait() -> None:
        async with started(tmp_path) as (manager, client):
            os.kill(number(manager), signal.SIGSTOP)
            try:
                await client.wait_for_ready(0.5)
            finally:
                os.kill(number(manager), signal.SIGCONT)

    with pytest.raises(RuntimeError, match=r"0\.5 seconds"):
        asyncio.run(wait())
