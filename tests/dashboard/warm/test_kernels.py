"""Kernels forked from a warm process, driven through Jupyter's own manager, and the ends that processes come to."""

import asyncio
import json
import logging
import os
import signal
import stat
import subprocess
import sys
import tempfile
import time
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jupyter_client.blocking.client import BlockingKernelClient
from jupyter_client.kernelspec import KernelSpec, KernelSpecManager
from jupyter_client.manager import KernelManager
from traitlets.config import Config

from analytics import demonstration
from analytics.dashboard.viewers import ViewersKernels
from analytics.dashboard.warm import nursery as nurseries
from analytics.dashboard.warm import provisioner, serving, wire
from analytics.dashboard.warm.forked import Forked
from analytics.dashboard.warm.nursery import ColdError, Nursery, Play
from analytics.workbench import Workbench
from tests.processes import runs, until

WITHIN = 30.0
MODULES = ("json", "tests.dashboard.warm.at_fork")


def parent(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


def children(pid: int) -> list[tuple[int, str]]:
    numbers = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [(int(number), Path(f"/proc/{number}/comm").read_text().strip()) for number in numbers]


def number(manager: Any) -> int:
    return int(manager.provisioner.pid)


class Specs(KernelSpecManager):
    modules: tuple[str, ...] = MODULES

    def get_kernel_spec(self, _kernel_name: str) -> KernelSpec:
        spec = serving.kernelspec("")
        spec.metadata["kernel_provisioner"]["config"]["modules"] = [*self.modules]
        return spec


class Kernel:
    """A kernel and somebody who talks to it."""

    def __init__(self, folder: Path, modules: tuple[str, ...] = MODULES, **environment: str) -> None:
        specs = Specs()
        specs.modules = modules
        self.manager = KernelManager(kernel_spec_manager=specs, transport="ipc")
        self.manager.connection_file = str(folder / "kernel-under-test.json")
        self.manager.start_kernel(cwd=str(folder), env={**os.environ, **environment})
        self.client: BlockingKernelClient = self.manager.client()
        self.client.start_channels()
        self.client.wait_for_ready(timeout=WITHIN)

    @property
    def pid(self) -> int:
        return number(self.manager)

    def told(self, expression: str, code: str = "") -> str:
        reply = self.client.execute_interactive(
            code, user_expressions={"told": expression}, timeout=WITHIN, output_hook=lambda _: None
        )
        assert reply["content"]["status"] == "ok", reply["content"]
        return str(reply["content"]["user_expressions"]["told"]["data"]["text/plain"])

    def close(self) -> None:
        self.client.stop_channels()
        self.manager.shutdown_kernel(now=True)


@pytest.fixture(scope="module")
def nursery() -> Iterator[Nursery]:
    serving.announce()
    made = nurseries.nursery_of(MODULES)
    yield made
    nurseries.forget(MODULES)


@pytest.fixture
def kernel(nursery: Nursery, tmp_path: Path) -> Iterator[Kernel]:
    made = Kernel(tmp_path, HOMEMADE="yes")
    yield made
    made.close()


class TestKernel:
    def test_it_is_a_fork_of_the_warm_process(self, nursery: Nursery, kernel: Kernel):
        assert parent(kernel.pid) == nursery.pid
        assert Path(f"/proc/{kernel.pid}/comm").read_text().strip() == "view3-kernel"
        assert kernel.told("'json' in KNOWN", "from tests.dashboard.warm.at_fork import KNOWN") == "True"

    def test_it_has_the_folder_and_the_environment_that_it_was_to_have(self, kernel: Kernel, tmp_path: Path):
        assert kernel.told("__import__('os').getcwd()") == repr(str(tmp_path))
        assert kernel.told("__import__('os').environ['HOMEMADE']") == "'yes'"
        assert kernel.told("'MALLOC_ARENA_MAX' in __import__('os').environ") == "False"

    @pytest.mark.parametrize("library", ["random", "numpy.random"])
    def test_every_kernel_draws_its_own_numbers(self, tmp_path: Path, library: str):
        drawn = set()
        for name in ("one", "other"):
            (tmp_path / name).mkdir()
            kernel = Kernel(tmp_path / name, (library,))
            drawn.add(kernel.told(f"{library}.random()", f"import {library}"))
            kernel.close()
        nurseries.forget((library,))
        assert len(drawn) == 2

    def test_an_interrupt_reaches_it_and_it_goes_on(self, kernel: Kernel):
        code = "open('begun', 'w').close(); import time; time.sleep(600)"
        asked = kernel.client.execute(code, stop_on_error=False)  # else what is asked next is refused for a moment
        until(lambda: Path(kernel.manager.connection_file).with_name("begun").exists())
        kernel.manager.interrupt_kernel()
        reply = kernel.client.get_shell_msg(timeout=WITHIN)
        while reply["parent_header"]["msg_id"] != asked:  # a late answer to whether it is ready
            reply = kernel.client.get_shell_msg(timeout=WITHIN)
        assert reply["content"]["ename"] == "KeyboardInterrupt"
        assert kernel.told("1 + 1") == "2"

    def test_a_restart_is_another_process_that_knows_nothing(self, kernel: Kernel):
        kernel.told("1", "known = 1")
        old = kernel.pid
        kernel.manager.restart_kernel()
        kernel.client.wait_for_ready(timeout=WITHIN)
        assert kernel.pid != old
        assert not runs(old)
        assert kernel.told("'known' in globals()") == "False"

    def test_what_it_started_ends_with_it(self, kernel: Kernel):
        child = int(kernel.told("child.pid", "import subprocess; child = subprocess.Popen(['sleep', '600'])"))
        kernel.manager.shutdown_kernel(now=True)
        until(lambda: not runs(child))

    def test_a_killed_one_is_known_to_be_dead(self, kernel: Kernel):
        os.kill(kernel.pid, signal.SIGKILL)
        until(lambda: not kernel.manager.is_alive())

    def test_an_orderly_end_leaves_nothing(self, kernel: Kernel, tmp_path: Path):
        pid = kernel.pid
        kernel.client.shutdown()
        until(lambda: not runs(pid))
        kernel.manager.shutdown_kernel()
        assert list(tmp_path.iterdir()) == []

    def test_a_heartbeat_is_answered(self, kernel: Kernel):
        kernel.client.hb_channel.unpause()
        until(kernel.client.hb_channel.is_beating)
        time.sleep(kernel.client.hb_channel.time_to_dead * 2)
        assert kernel.client.hb_channel.is_beating()


class TestWarmProcess:
    def test_its_folder_is_closed_to_others(self, nursery: Nursery):
        assert nursery.wait_until_warm()
        assert stat.S_IMODE(nursery.folder.stat().st_mode) == 0o700
        assert (nursery.folder / wire.KERNELS).is_socket()

    def test_it_has_one_thread(self, nursery: Nursery):
        assert nursery.wait_until_warm()
        assert len(list(Path(f"/proc/{nursery.pid}/task").iterdir())) == 1

    def test_a_killed_one_leaves_its_kernels_and_another_takes_its_place(
        self, kernel: Kernel, nursery: Nursery, tmp_path: Path
    ):
        old = nursery.pid
        os.kill(old, signal.SIGKILL)
        until(lambda: nursery.pid not in (0, old))
        assert kernel.told("1 + 1") == "2"
        (tmp_path / "next").mkdir()
        following = Kernel(tmp_path / "next")
        assert parent(following.pid) == nursery.pid
        following.close()
        assert kernel.told("2 + 2") == "4"

    def test_nonsense_at_its_door_does_not_hurt_it(self, nursery: Nursery, tmp_path: Path):
        for nonsense in (b"", b"\xff" * 8, wire.framed(b"no JSON"), wire.framed(b'{"arguments": []}')):
            with wire.connect(nursery.folder / wire.KERNELS, WITHIN) as connection:
                connection.sendall(nonsense)
        kernel = Kernel(tmp_path)
        assert kernel.told("1 + 1") == "2"
        kernel.close()


class TestFallback:
    def test_without_a_folder_an_ordinary_kernel_starts_and_the_reason_is_logged(
        self, tmp_path: Path, monkeypatch, caplog
    ):
        serving.announce()
        monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "missing"))
        cold = ("json", "cold")
        assert "no private folder" in nurseries.nursery_of(cold).why_cold
        with caplog.at_level(logging.WARNING):
            kernel = Kernel(tmp_path, cold)
        monkeypatch.undo()
        assert parent(kernel.pid) == os.getpid()
        assert kernel.told("1 + 1") == "2"
        kernel.close()
        nurseries.forget(cold)
        assert "ordinary kernel" in caplog.text
        assert "no private folder" in caplog.text

    def test_a_process_that_cannot_import_is_told_of(self):
        nursery = Nursery(("no_such_module",))
        with pytest.raises(ColdError, match="importing"):
            nursery.fork(["-f", "x"], {}, "/")
        nursery.close()

    def test_a_folder_whose_sockets_would_have_no_room_is_none(self, tmp_path: Path, monkeypatch):
        deep = tmp_path / ("d" * 60)
        deep.mkdir()
        monkeypatch.setattr(tempfile, "tempdir", str(deep))
        assert "too long" in Nursery(("json",)).why_cold
        assert list(deep.iterdir()) == []


def test_a_server_that_is_killed_takes_everything_with_it(tmp_path: Path):
    program = (
        "import os, time; from analytics.dashboard.warm.nursery import Nursery;"
        "nursery = Nursery(('json',));"
        f"kernel = nursery.fork(['-f', {str(tmp_path / 'kernel-1.json')!r}], dict(os.environ), {str(tmp_path)!r});"
        "print(nursery.pid, kernel.pid, nursery.folder, flush=True); time.sleep(600)"
    )
    server = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
    assert server.stdout is not None
    with server.stdout:
        warm, kernel, folder = server.stdout.readline().split()
    assert runs(int(warm))
    assert runs(int(kernel))
    server.kill()
    server.wait()
    until(lambda: not runs(int(warm)) and not runs(int(kernel)))
    until(lambda: not Path(folder).exists())


class TestPage:
    """The page's own nursery, over the sample challenge."""

    @pytest.fixture
    def page(self, tmp_path: Path, monkeypatch) -> Iterator[tuple[Nursery, Kernel]]:
        monkeypatch.setenv("VIEW3_DATABASE_URL", f"sqlite:///{tmp_path}/view3.db")
        bench = Workbench.open()
        bench.upgrade()
        demonstration.load(bench)
        bench.engine.dispose()
        bench.reader.dispose()
        modules = (*serving.MODULES, "tests.dashboard.warm.at_fork")
        serving.announce()
        play = Play(serving.SOURCE, serving.REHEARSAL, serving.UNUSED, {"SERVER_SOFTWARE": "voila/test"})
        nursery = nurseries.nursery_of(modules, play)
        kernel = Kernel(tmp_path, modules, SERVER_SOFTWARE="voila/test")
        yield nursery, kernel
        kernel.close()
        nurseries.forget(modules)

    def test_a_kernel_imports_nothing_after_the_fork(self, page: tuple[Nursery, Kernel]):
        _, kernel = page
        kernel.told("1", "from analytics.workbench import Workbench\npage = Workbench.open().dashboard()\npage")
        late = kernel.told(
            "sorted(set(sys.modules) - KNOWN)", "import sys; from tests.dashboard.warm.at_fork import KNOWN"
        )
        assert late == "[]"
        assert kernel.told("len(KNOWN) > 500") == "True"
        absent = "[name for name in ('pandas', 'numpy', 'plotly', 'itables', 'jedi') if name in sys.modules]"
        assert kernel.told(absent) == "[]"

    def test_a_kernel_reads_through_the_reader_and_opens_no_database(self, page: tuple[Nursery, Kernel]):
        nursery, kernel = page
        kernel.told("1", "from analytics.workbench import Workbench\nWorkbench.open().dashboard()")
        for pid in (nursery.pid, kernel.pid):
            opened = [str(path.readlink()) for path in Path(f"/proc/{pid}/fd").iterdir()]
            assert not [path for path in opened if "view3.db" in path]
        assert {name for _, name in children(nursery.pid)} == {"view3-reader", "view3-kernel"}

    def test_a_killed_reader_is_followed_by_another(self, page: tuple[Nursery, Kernel]):
        nursery, _ = page

        def reader() -> int:
            return next((pid for pid, name in children(nursery.pid) if name == "view3-reader"), 0)

        old = reader()
        os.kill(old, signal.SIGKILL)
        until(lambda: reader() not in (0, old))


def test_a_forked_process_is_known_by_its_handle_and_not_by_its_number():
    child = subprocess.Popen(["sleep", "600"], start_new_session=True)
    forked = Forked(child.pid, os.pidfd_open(child.pid))
    assert forked.poll() is None
    with pytest.raises(TimeoutError):
        forked.wait(0.05)
    forked.terminate()
    assert forked.wait(WITHIN) == 0
    child.wait()
    forked.kill()  # nobody else who has the number now is hurt
    assert forked.poll() == 0


class TestForAnalysts:
    """The kernel that JupyterLab offers, over Jupyter's usual transport."""

    FOLDER = Path("lab/kernels/view3").absolute()

    def test_it_starts_warm_and_computes_with_what_lies_beside_its_notebook(self, tmp_path: Path):
        serving.announce()
        (tmp_path / "beside.py").write_text("VALUES = [1, 2]\n")
        (tmp_path / "wave.py").write_text("raise SystemExit('taken for a module of Python')\n")
        spec = KernelSpec.from_resource_dir(str(self.FOLDER))
        manager = KernelManager()
        manager._kernel_spec = spec
        manager.start_kernel(cwd=str(tmp_path))
        client = manager.client()
        client.start_channels()
        client.wait_for_ready(timeout=WITHIN)
        modules = tuple(spec.metadata["kernel_provisioner"]["config"]["modules"])
        assert parent(number(manager)) == nurseries.nursery_of(modules).pid
        asked = {"told": "pandas.DataFrame({'a': beside.VALUES}).a.sum()"}
        reply = client.execute_interactive("import beside, pandas, wave", user_expressions=asked, timeout=WITHIN)
        assert "3" in reply["content"]["user_expressions"]["told"]["data"]["text/plain"]
        client.stop_channels()
        manager.shutdown_kernel(now=True)
        nurseries.forget(modules)

    def test_it_is_what_the_page_has_but_for_what_is_imported(self):
        spec, page = json.loads((self.FOLDER / "kernel.json").read_text()), serving.kernelspec("")
        assert ["-P", *spec["argv"][1:]] == page.argv[1:]  # a notebook imports what lies beside it, the page does not
        names = [one["kernel_provisioner"]["provisioner_name"] for one in (spec["metadata"], page.metadata)]
        assert names == [provisioner.NAME] * 2

    def test_the_package_brings_it(self):
        project = tomllib.loads(Path("pyproject.toml").read_text())
        ((name, place),) = project["project"]["entry-points"]["jupyter_client.kernel_provisioners"].items()
        assert (name, place) == (provisioner.NAME, f"{provisioner.__name__}:{provisioner.WarmProvisioner.__name__}")
        assert project["tool"]["setuptools"]["data-files"] == {
            "share/jupyter/kernels/view3": ["lab/kernels/view3/kernel.json"]
        }


def test_changed_code_shows_when_the_warm_process_is_another(tmp_path: Path, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path}{os.pathsep}{Path.cwd()}")
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    serving.announce()
    modules = ("product_under_change",)
    told = []
    for answer in (1, 2, 3):
        (tmp_path / "product_under_change.py").write_text(f"ANSWER = {answer}\n")
        if answer == 3:
            nurseries.forget(modules)
        kernel = Kernel(tmp_path, modules)
        told.append(kernel.told("ANSWER", "from product_under_change import ANSWER"))
        kernel.close()
    nurseries.forget(modules)
    assert told == ["1", "1", "3"]


def test_a_kernel_that_nobody_is_connected_to_is_ended(nursery: Nursery, tmp_path: Path):
    config = Config()
    config.MappingKernelManager.update(cull_idle_timeout=1, cull_interval=1)

    async def forgotten() -> int:
        kernels = ViewersKernels(config=config, kernel_spec_manager=Specs(), connection_dir=str(nursery.folder))
        name = await kernels.start_kernel(path=str(tmp_path))
        pid = number(kernels.get_kernel(name))
        assert runs(pid)
        deadline = time.monotonic() + WITHIN
        while kernels.list_kernel_ids() and time.monotonic() < deadline:
            await asyncio.sleep(0.1)
        assert kernels.list_kernel_ids() == []
        return pid

    assert not runs(asyncio.run(forgotten()))


def test_a_kernel_whose_page_never_links_to_it_is_ended(nursery: Nursery, tmp_path: Path):
    config = Config()
    config.ViewersKernels.socket_within = 0.5

    async def visited(kernels: ViewersKernels) -> str:
        place = kernels.take_place()
        kernels.seat_next(place)
        name = await kernels.start_kernel(path=str(tmp_path))
        await kernels.give_back(place, left=False)
        return name

    async def left_alone() -> None:
        kernels = ViewersKernels(config=config, kernel_spec_manager=Specs(), connection_dir=str(nursery.folder))
        linked, alone = await visited(kernels), await visited(kernels)
        kernels.notify_connect(linked)
        deadline = time.monotonic() + WITHIN
        while alone in kernels.list_kernel_ids() and time.monotonic() < deadline:
            await asyncio.sleep(0.05)
        await asyncio.sleep(0.6)
        assert kernels.list_kernel_ids() == [linked]
        await kernels.shutdown_all()

    asyncio.run(left_alone())
