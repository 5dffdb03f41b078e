"""The lock files install with every pip since 22.3, whatever has been published since they were written.

The test publishes an index of its own: an empty wheel of every pinned release, with the real release's requirements,
and a newer release of every package that is required with an extra. Old versions of pip took that newer release for
`coverage[toml]` beside a pinned `coverage` (pypa/pip#9644).
"""

import hashlib
import json
import re
import subprocess
import sys
import tomllib
import venv
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

import pytest
from packaging.markers import Marker
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
LOCKS = {"requirements.lock": "", "requirements-test.lock": "test", "requirements-bench.lock": "bench"}
OLDEST_PIP = "22.3"
OLDEST_PIP_HASH = "sha256:1daab4b8d3b97d1d763caeb01a4640a2250a0ea899e257b1e44b9eded91e15ab"
PIN = re.compile(r"^(?P<name>[\w.\-]+)==(?P<version>[^\s;]+)(?: ; (?P<marker>.+?))?(?: \\)?$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Pin:
    """One release that a lock file names, and on which machines."""

    name: str
    version: str
    marker: str

    @property
    def is_for_this_machine(self) -> bool:
        return not self.marker or Marker(self.marker).evaluate()

    @property
    def line(self) -> str:
        return f"{self.name}=={self.version}" + (f" ; {self.marker}" if self.marker else "")


def pins_of(path: Path) -> list[Pin]:
    found = PIN.finditer(path.read_text(encoding="utf-8"))
    return [Pin(canonicalize_name(one["name"]), one["version"], one["marker"] or "") for one in found]


def requirements_of(name: str, extras: Iterable[str]) -> Iterator[Requirement]:
    """Yield what an installed release requires here, with the given extras."""
    try:
        lines = metadata.requires(name) or []
    except metadata.PackageNotFoundError:
        return
    for requirement in map(Requirement, lines):
        if any(requirement.marker is None or requirement.marker.evaluate({"extra": one}) for one in ("", *extras)):
            yield requirement


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_names_whatever_its_releases_require_with_their_extras(lock: str) -> None:
    pinned = {pin.name: Version(pin.version) for pin in pins_of(ROOT / lock) if pin.is_for_this_machine}
    extra = PROJECT["optional-dependencies"].get(LOCKS[lock], [])
    waiting = [Requirement(line) for line in (*PROJECT["dependencies"], *extra)]
    seen: set[tuple[str, frozenset[str]]] = set()
    unmet = []
    while waiting:
        requirement = waiting.pop()
        name = canonicalize_name(requirement.name)
        if name not in pinned or not requirement.specifier.contains(pinned[name], prereleases=True):
            unmet.append(str(requirement))
        elif (name, frozenset(requirement.extras)) not in seen:
            seen.add((name, frozenset(requirement.extras)))
            waiting += requirements_of(name, requirement.extras)
    assert not unmet
    assert len(seen) > 100


def test_conda_is_held_to_the_lock() -> None:
    assert pins_of(ROOT / "constraints.txt") == pins_of(ROOT / "requirements.lock")


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder of wheels: every pinned release, and a newer one of each that is required with an extra."""
    folder = tmp_path_factory.mktemp("index")
    pinned = {pin for lock in LOCKS for pin in pins_of(ROOT / lock)}
    for pin in pinned:
        publish(folder, pin.name, pin.version)
    names = {pin.name for pin in pinned}
    with_extras = {
        canonicalize_name(requirement.name)
        for name in names | {PROJECT["name"]}
        for requirement in requirements_of(name, ["test", "bench"] if name == PROJECT["name"] else [])
        if requirement.extras
    }
    assert {"coverage", "jsonschema", "pymysql"} <= with_extras
    for name in with_extras & names:
        publish(folder, name, "9999")
    return folder


def publish(folder: Path, name: str, version: str) -> None:
    """Write a wheel without code that requires what the real release requires."""
    try:
        real = metadata.metadata(name)
        lines = [f"{key}: {value}" for key in ("Requires-Dist", "Provides-Extra") for value in real.get_all(key) or []]
    except metadata.PackageNotFoundError:
        lines = []
    stem = f"{name.replace('-', '_')}-{version}"
    with zipfile.ZipFile(folder / f"{stem}-py3-none-any.whl", "w") as wheel:
        head = ["Metadata-Version: 2.1", f"Name: {name}", f"Version: {version}"]
        wheel.writestr(f"{stem}.dist-info/METADATA", "\n".join([*head, *lines, ""]))
        wheel.writestr(f"{stem}.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        wheel.writestr(f"{stem}.dist-info/RECORD", "")


@pytest.fixture(scope="module")
def oldest_pip(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Return the command of the oldest supported pip in an environment of its own that holds nothing."""
    folder = tmp_path_factory.mktemp("oldest-pip")
    pinned = folder / "pip.txt"
    pinned.write_text(f"pip=={OLDEST_PIP} --hash={OLDEST_PIP_HASH}\n")
    download = [sys.executable, "-m", "pip", "--quiet", "download", "--no-deps", "--require-hashes"]
    subprocess.run([*download, "--dest", folder, "--requirement", pinned], check=True, timeout=180)
    venv.create(folder / "environment")
    with zipfile.ZipFile(folder / f"pip-{OLDEST_PIP}-py3-none-any.whl") as wheel:
        wheel.extractall(folder / "code")
    return [str(folder / "environment/bin/python"), str(folder / "code/pip")]


def makefile_flags() -> list[str]:
    """Return the flags with which `make` installs a lock."""
    [line] = re.findall(r"^\t\$\(PIP\) install (.*) -r \$\(1\)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    return str(line).split()


def republished(lock: str, index: Path, tmp_path: Path) -> Path:
    """Return the lock as it stands, with the hashes of the index's own wheels."""
    path = tmp_path / lock
    lines = []
    for pin in pins_of(ROOT / lock):
        wheel = index / f"{pin.name.replace('-', '_')}-{pin.version}-py3-none-any.whl"
        lines.append(f"{pin.line} --hash=sha256:{hashlib.sha256(wheel.read_bytes()).hexdigest()}\n")
    path.write_text("".join(lines), encoding="utf-8")
    return path


def plan(
    pip: Sequence[str], index: Path, flags: Sequence[str], tmp_path: Path
) -> tuple[dict[str, str], subprocess.CompletedProcess[str]]:
    """Return what pip would install from the index alone."""
    report = tmp_path / "report.json"
    offline = ["--no-index", "--find-links", str(index), "--dry-run", "--ignore-installed", "--report", str(report)]
    words = [*pip, "--quiet", "--disable-pip-version-check", "install", *flags, *offline]
    done = subprocess.run(words, capture_output=True, text=True, timeout=300, check=False, cwd=ROOT)
    if done.returncode:
        return {}, done
    parts = [one["metadata"] for one in json.loads(report.read_text(encoding="utf-8"))["install"]]
    return {canonicalize_name(part["name"]): part["version"] for part in parts}, done


@pytest.mark.parametrize("lock", LOCKS)
def test_the_oldest_pip_installs_just_what_the_lock_names(
    lock: str, index: Path, oldest_pip: list[str], tmp_path: Path
) -> None:
    flags = [*makefile_flags(), "-r", str(republished(lock, index, tmp_path))]
    planned, done = plan(oldest_pip, index, flags, tmp_path)
    assert planned == {pin.name: pin.version for pin in pins_of(ROOT / lock) if pin.is_for_this_machine}, done.stderr


def test_the_oldest_pip_would_refuse_the_lock_if_it_resolved_it(
    index: Path, oldest_pip: list[str], tmp_path: Path
) -> None:
    lock = republished("requirements-test.lock", index, tmp_path)
    planned, done = plan(oldest_pip, index, ["--require-hashes", "-r", str(lock)], tmp_path)
    assert not planned
    assert "In --require-hashes mode" in done.stderr


def test_conda_installs_just_what_the_lock_names(index: Path, tmp_path: Path) -> None:
    pip_part = re.findall(r"^      - (.+)$", (ROOT / "environment.yml").read_text(encoding="utf-8"), re.MULTILINE)
    (tmp_path / "conda.txt").write_text("\n".join(pip_part).replace(" .", f" {ROOT}").replace("t c", f"t {ROOT}/c"))
    flags = ["--no-build-isolation", "-r", str(tmp_path / "conda.txt")]
    planned, done = plan([sys.executable, "-m", "pip"], index, flags, tmp_path)
    pinned = {pin.name: pin.version for pin in pins_of(ROOT / "requirements.lock") if pin.is_for_this_machine}
    assert planned.pop(PROJECT["name"], "") == PROJECT["version"], done.stderr
    assert planned.items() <= pinned.items()
    assert {"pymysql", "jsonschema", "rfc3987-syntax", "cryptography"} <= set(planned)
