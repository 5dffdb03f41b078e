"""View 3 and its peers: how each is started over a database, and where its page shows what."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psutil

from bench.server import Server

PROGRAMS, PEERS = Path(sys.executable).parent, Path(__file__).parent / "peers"
DAY_17 = timedelta(days=16)  # today, in the sample
MAY_TAKE = 6.0  # seconds for a kernel to end after its page closed
END_MAY_TAKE = 2.0  # seconds; a kernel whose server never asks what became of it stays listed though it has ended


@dataclass(frozen=True, slots=True)
class Contender:
    """One way to build the page: the command that serves it, and where things are, as CSS selectors."""

    name: str
    command: tuple[str, ...]  # the port follows
    cards: tuple[str, ...]
    chart: str
    handle: str  # of the slider's lower end
    table: str
    bar: str = ".bars .point path"  # as plotly draws it
    label: str = ".xtick text"  # of the axis
    header: str = "thead th"
    first_cell: str = "tbody td"


KPIS = ("high-ticket-sales-today", "cost-per-acquisition", "roas", "attendance-today")
CARDS = ("sales-today", "cost-per-acquisition", "roas", "attendance-today")
OURS = Contender(
    name="View 3",
    command=(f"{PROGRAMS}/view3", "serve", "--port"),
    cards=tuple(f'.view3-kpi[data-kpi="{name}"] .view3-kpi-value' for name in KPIS),
    chart=".view3-attendance",
    handle=".view3-filter [type=range]",
    table=".view3-sales",
    bar="rect:is(.view3-in-youtube, .view3-in-zoom)",
    label=".view3-names text",
    header="thead th button",
)
OBVIOUS = Contender(
    name="obvious notebook",
    # A kernel that its closed page left behind is ended by the benchmark, and must not come back.
    command=(
        f"{PROGRAMS}/voila",
        f"{PEERS}/obvious.ipynb",
        "--no-browser",
        "--KernelManager.autorestart=False",
        "--port",
    ),
    cards=tuple(f"#{name} .value" for name in CARDS),
    chart=".js-plotly-plot",
    handle=".noUi-handle",
    table="table.dataTable",
    header="thead .dt-column-order",
)
PREHEATED = replace(
    OBVIOUS, name="obvious notebook, preheated", command=(*OBVIOUS.command[:-1], "--preheat_kernel=True", "--port")
)
DASH = Contender(
    name="Dash",
    command=(sys.executable, f"{PEERS}/dash_app.py"),
    cards=tuple(f"#{name}" for name in CARDS),
    chart="#attendance",
    handle="#days [role=slider]",
    table="#sales",
    header="th .column-header--sort",
    first_cell="td.dash-cell",
)


class Served:
    """A contender that runs as its own process, with the kernels it started."""

    def __init__(self, contender: Contender, folder: Path, settings: Mapping[str, str]) -> None:
        self.contender, self.port = contender, _free_port()
        self.address = f"http://127.0.0.1:{self.port}/"
        self.left_behind = 0
        self._log = folder / f"{contender.name}-{self.port}.log"
        bare = {name: value for name, value in os.environ.items() if not name.startswith("VIEW3_")}
        with self._log.open("w") as log:
            self._process = psutil.Popen(
                [*contender.command, str(self.port)], cwd=folder, env={**bare, **settings}, stdout=log, stderr=log
            )

    def wait(self) -> None:
        """Return once the port answers."""
        for _ in range(600):
            with socket.socket() as client:
                if client.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            if self._process.poll() is not None:
                break
            time.sleep(0.1)
        raise RuntimeError(f"{self.contender.name} did not start:\n{self._log.read_text()}")

    @contextmanager
    def visited(self) -> Iterator[None]:
        """Have the kernels that a visit started end with it: by themselves, else by hand, which is counted."""
        before = self.kernels()
        yield
        over = time.monotonic() + MAY_TAKE
        while (more := self.kernels() - before) and time.monotonic() < over:
            time.sleep(0.1)
        self.left_behind += bool(more)
        _end(more)

    def tree(self) -> set[psutil.Process]:
        """Return the server and all that it started."""
        return {*self._children(), self._process}

    def kernels(self) -> set[psutil.Process]:
        """Return the processes that stand for a viewer each; a server's own helpers stay."""
        return {child for child in self._children() if _is_kernel(child)}

    def handles(self) -> int:
        """Return how many files and sockets the server and all that it started hold open."""
        return sum(process.num_fds() for process in self.tree())

    def stop(self) -> None:
        """Stop serving."""
        _end(self.tree())

    def _children(self) -> set[psutil.Process]:
        children = self._process.children(recursive=True) if self._process.is_running() else []
        return {child for child in children if child.is_running() and child.status() != psutil.STATUS_ZOMBIE}


@contextmanager
def serving(folder: Path, settings: Mapping[str, str]) -> Iterator[list[Served]]:
    """Give all contenders, served over one database: ours first."""
    with ExitStack() as stack:
        served = [Served(contender, folder, settings) for contender in (OURS, OBVIOUS, DASH)]
        for one in served:
            stack.callback(one.stop)
        for one in served:
            one.wait()
        yield served


def sample_settings(server: Server) -> dict[str, str]:
    """Return the settings of an empty database for a sample challenge in which today is Day 17."""
    starts_on = datetime.now(UTC).date() - DAY_17
    return {
        "VIEW3_DATABASE_URL": server.new_database("sample").replace("mysql:", "mysql+pymysql:"),
        "VIEW3_TIMEZONE": "UTC",
        "VIEW3_CHALLENGE_START": str(starts_on),
        "VIEW3_FUNNEL_START": str(starts_on - timedelta(days=30)),
    }


def fill_with_sample(folder: Path, settings: Mapping[str, str]) -> None:
    """Load the sample challenge."""
    subprocess.run([f"{PROGRAMS}/view3", "demo"], cwd=folder, env={**os.environ, **settings}, check=True)


def _is_kernel(process: psutil.Process) -> bool:
    try:
        return process.name() == "view3-kernel" or "ipykernel_launcher" in process.cmdline()
    except psutil.NoSuchProcess:
        return False


def _end(processes: set[psutil.Process]) -> None:
    for process in processes:
        if process.is_running():
            process.terminate()
    _, alive = psutil.wait_procs(processes, timeout=END_MAY_TAKE)
    for process in alive:
        process.kill()


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])
