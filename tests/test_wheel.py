"""The wheel, installed where there is no checkout: every command works from any folder, and data lives where it should."""

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path

import pytest

from tests.processes import until

ROOT = Path(__file__).parent.parent
PARTS = ("analytics", "connectors", "docs/deploy", "lab", "notebooks", "reports")
FILES = (".env.example", "LICENSE", "README.md", "pyproject.toml", "requirements.lock", "view3.py")
HOSTILE = 'raise SystemExit("A file of the current folder was taken for a module of Python.")\n'
LEADS = "lead_id,email,name,opted_in_at,utm_campaign\nL1,ana@example.com,Ana,2026-01-02T10:00:00,FB_Jan\n"


@dataclass(frozen=True)
class Installed:
    """An environment into which the wheel was installed, and the home of its user."""

    folder: Path
    home: Path

    @property
    def python(self) -> Path:
        return self.folder / "bin" / "python"

    @property
    def data(self) -> Path:
        return self.home / ".local" / "share" / "view3"

    @property
    def environment(self) -> dict[str, str]:
        """Return what its user's shell has; the data files of the dependencies are those of the tests' environment."""
        theirs = {"HOME": str(self.home), "PATH": os.environ["PATH"], "PYTHONUNBUFFERED": "1"}
        return {**theirs, "JUPYTER_PATH": f"{sys.prefix}/share/jupyter"}

    def run(self, here: Path, *words: str, code: int = 0, program: str = "view3") -> str:
        """Run a program of the environment in a folder and return what it prints."""
        command = [str(self.folder / "bin" / program), *words]
        done = subprocess.run(command, cwd=here, env=self.environment, capture_output=True, text=True, check=False)
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout + done.stderr

    @contextmanager
    def running(self, here: Path, *words: str) -> Iterator[Path]:
        """Run a command until the end of the block; yield its log."""
        log = self.home / f"{words[0]}.log"
        with log.open("w") as out:
            command = [str(self.folder / "bin" / "view3"), *words]
            process = subprocess.Popen(command, cwd=here, env=self.environment, stdout=out, stderr=out)
        try:
            yield log
            assert process.poll() is None, log.read_text()
        finally:
            process.terminate()
            process.wait(30)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from a copy of the sources: what an earlier build left in the checkout gets into none."""
    sources, built = tmp_path_factory.mktemp("sources"), tmp_path_factory.mktemp("dist")
    for name in FILES:
        shutil.copy(ROOT / name, sources / name)
    for name in PARTS:
        ignored = shutil.ignore_patterns("__pycache__", ".ipynb_checkpoints", "out")
        shutil.copytree(ROOT / name, sources / name, symlinks=True, ignore=ignored)
    build = f"from setuptools.build_meta import build_wheel; build_wheel({str(built)!r})"
    done = subprocess.run([sys.executable, "-c", build], cwd=sources, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    (path,) = built.glob("view3-*.whl")
    return path


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """An environment with the wheel alone; its dependencies are read from the tests' environment, which costs no network.

    A .pth file names their folder. The .pth files in that folder are not read, so the editable install is none of them.
    """
    one = Installed(tmp_path_factory.mktemp("environment"), tmp_path_factory.mktemp("home"))
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", one.folder], check=True)
    pip = [sys.executable, "-m", "pip", "--python", str(one.python), "--disable-pip-version-check"]
    subprocess.run([*pip, "install", "--quiet", "--no-index", "--no-deps", wheel], check=True)
    asked = "import sysconfig; print(sysconfig.get_path('purelib'))"
    (packages,) = one.run(one.home, "-c", asked, program="python").splitlines()
    (Path(packages) / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return one


@pytest.fixture
def empty(tmp_path: Path) -> Path:
    """A folder with nothing in it."""
    folder = tmp_path / "empty"
    folder.mkdir()
    return folder


@pytest.fixture
def no_data(installed: Installed) -> Iterator[Installed]:
    """The environment, of a user without data."""
    yield installed
    shutil.rmtree(installed.data, ignore_errors=True)


def test_the_code_that_runs_is_the_wheels(installed: Installed, empty: Path) -> None:
    asked = "import analytics, connectors, reports, view3; print(*(m.__file__ for m in (analytics, connectors, reports, view3)))"
    places = installed.run(empty, "-c", asked, program="python").split()
    assert len(places) == 4
    assert all(Path(place).is_relative_to(installed.folder) for place in places)


def test_everything_that_is_linked_in_the_checkout_is_in_the_wheel(installed: Installed) -> None:
    (resources,) = installed.folder.glob("lib/python*/site-packages/analytics/resources")
    links = ROOT / "analytics" / "resources"
    wanted = {
        path.relative_to(links): path.read_bytes()
        for link in links.iterdir()
        for path in ([link] if link.is_file() else [links / link / one for one in _files(link)])
    }
    shipped = {path.relative_to(resources): path.read_bytes() for path in resources.rglob("*") if _is_content(path)}
    assert shipped == wanted
    assert {path.parts[0] for path in wanted} == {"deploy", "env.example", "lab", "notebooks"}


def _files(folder: Path) -> list[Path]:
    real = folder.resolve()
    return [path.relative_to(real) for path in real.rglob("*") if _is_content(path)]


def _is_content(path: Path) -> bool:
    return path.is_file() and not {"__pycache__", ".ipynb_checkpoints"} & set(path.parts)


def test_without_a_project_data_lives_in_the_users_folder(no_data: Installed, empty: Path) -> None:
    told = no_data.run(empty, "doctor", code=1)
    assert re.search(rf"^ok +project +{no_data.data} \(your data folder", told, re.MULTILINE)
    assert f"reports are kept in {no_data.data}/reports/out" in told
    assert f"sqlite:///{no_data.data}/view3.db answers, but lacks the tables" in told
    assert [path.name for path in no_data.data.glob("*.db")] == ["view3.db"]
    assert list(empty.iterdir()) == []


def test_a_folder_with_settings_is_a_project(no_data: Installed, empty: Path) -> None:
    (empty / ".env").write_text("VIEW3_DATABASE_URL=sqlite:///challenge.db\n")
    (empty / "leads.csv").write_text(LEADS)
    assert "1 accepted" in no_data.run(empty, "import", "leads.csv")
    assert sorted(path.name for path in empty.glob("*")) == [".env", "challenge.db", "challenge.db.turn", "leads.csv"]
    assert not no_data.data.exists()


def test_notebooks_are_copied_out(installed: Installed, empty: Path) -> None:
    names = sorted(path.name for path in (ROOT / "notebooks").glob("*.ipynb"))
    assert installed.run(empty, "notebooks", "mine") == f"Notebooks copied to mine: {len(names)}.\n"
    assert sorted(path.name for path in (empty / "mine").iterdir()) == names


def test_the_page_is_served_beside_files_that_are_named_like_modules_of_python(no_data: Installed, empty: Path) -> None:
    for name in ("calendar", "token", "logging", "reports"):
        (empty / f"{name}.py").write_text(HOSTILE)
    assert no_data.run(empty, "-m", "view3", "--version", program="python") == no_data.run(empty, "--version")
    port = _free_port()
    with no_data.running(empty, "serve", f"--port={port}") as log:
        until(lambda: f"http://127.0.0.1:{port}/" in log.read_text())
        page = _get(port, "/")
        assert "Loaded the sample challenge" in log.read_text()
        assert 'data-kpi="high-ticket-sales-today"' in page
        assert "application/vnd.jupyter.widget-view+json" in page  # the kernel answered
        assert "ordinary kernel" not in log.read_text()
        shown = json.loads(no_data.run(empty, "show", "--json"))
        assert shown["challenge_day"] == 17
        assert f">{shown['cards']['high_ticket_sales_today']}<" in page
        assert "Traceback" not in log.read_text()
    assert sorted(path.name for path in empty.iterdir()) == ["calendar.py", "logging.py", "reports.py", "token.py"]


def test_lab_opens_a_copy_of_the_notebooks(no_data: Installed, empty: Path) -> None:
    (empty / ".env").write_text("VIEW3_CURRENCY=EUR\n")
    port = _free_port()
    with no_data.running(empty, "lab", "--no-browser", f"--port={port}", "--IdentityProvider.token=") as log:
        until(lambda: f"http://127.0.0.1:{port}/lab" in log.read_text())
        listed = json.loads(_get(port, "/api/contents/"))["content"]
        assert {one["name"] for one in listed} == {path.name for path in (ROOT / "notebooks").glob("*.ipynb")}
        assert '"view3-launcher"' in _get(port, "/lab")
        assert "view3" in json.loads(_get(port, "/api/kernelspecs"))["kernelspecs"]
    assert (empty / "notebooks" / "view3.ipynb").is_file()


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def _get(port: int, path: str) -> str:
    connection = HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request("GET", path)
    answer = connection.getresponse()
    text = answer.read().decode()
    connection.close()
    assert answer.status == 200, text
    return text
