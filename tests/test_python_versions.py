"""The lock files are complete on every supported Python, as far as the metadata of what is installed here tells."""

import re
from collections.abc import Iterator
from importlib import metadata

import pytest
from packaging.markers import Marker
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import Version

from tests.test_locks import LOCKS, PROJECT, ROOT, pins_of

PYTHONS = ("3.11", "3.12", "3.13")


def environment(python: str, extra: str = "") -> dict[str, str]:
    """Return what markers read on a Python, beside this machine's system."""
    return {"python_version": python, "python_full_version": f"{python}.7", "extra": extra}


def requirements_on(python: str, requirement: Requirement) -> Iterator[Requirement]:
    """Yield what a requirement requires in turn on a Python; nothing is known of a release that is not installed here."""
    try:
        lines = metadata.requires(requirement.name) or []
    except metadata.PackageNotFoundError:
        return
    for one in map(Requirement, lines):
        extras = ("", *requirement.extras)
        if one.marker is None or any(one.marker.evaluate(environment(python, extra)) for extra in extras):
            yield one


@pytest.mark.parametrize("python", PYTHONS)
@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_is_complete_on_every_python(lock: str, python: str) -> None:
    here = environment(python)
    pins = [pin for pin in pins_of(ROOT / lock) if not pin.marker or Marker(pin.marker).evaluate(here)]
    pinned = {pin.name: Version(pin.version) for pin in pins}
    assert len(pinned) == len(pins), "a package is pinned to one release"
    extra = PROJECT["optional-dependencies"].get(LOCKS[lock], [])
    waiting, seen = [Requirement(line) for line in (*PROJECT["dependencies"], *extra)], set[str]()
    while waiting:
        requirement = waiting.pop()
        name = canonicalize_name(requirement.name)
        assert name in pinned, requirement
        assert requirement.specifier.contains(pinned[name], prereleases=True), requirement
        if str(requirement) not in seen:
            seen.add(str(requirement))
            waiting += requirements_on(python, requirement)
    assert len(seen) > 100


def test_every_supported_python_is_allowed_by_the_project_and_by_conda() -> None:
    assert all(SpecifierSet(PROJECT["requires-python"]).contains(python) for python in PYTHONS)
    (conda,) = re.findall(r"- python (\S+)", (ROOT / "environment.yml").read_text(encoding="utf-8"))
    assert [minor for minor in range(9, 20) if SpecifierSet(conda).contains(f"3.{minor}")] == [11, 12, 13]
