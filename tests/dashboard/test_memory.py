"""How much memory another viewer could have: the machine's, or what is left of the service's own limit."""

from pathlib import Path

import pytest

from analytics.dashboard.memory import free_memory

MB = 1024 * 1024


def machine(tmp_path: Path, free: int = 4000) -> tuple[Path, Path, Path]:
    """Return made-up /proc/meminfo and /proc/self/cgroup and an empty /sys/fs/cgroup."""
    meminfo, own, groups = tmp_path / "meminfo", tmp_path / "cgroup", tmp_path / "groups"
    meminfo.write_text(f"MemTotal: 8000000 kB\nMemFree: 1 kB\nMemAvailable: {free * 1024} kB\n")
    own.write_text("0::/view3.slice/dashboard.service\n")
    (groups / "view3.slice" / "dashboard.service").mkdir(parents=True)
    return meminfo, own, groups


def limit(group: Path, most: str, used: int = 0, cache: int = 0) -> None:
    (group / "memory.max").write_text(f"{most}\n")
    (group / "memory.current").write_text(f"{used * MB}\n")
    (group / "memory.stat").write_text(f"anon 1\ninactive_file {cache * MB}\n")


@pytest.mark.parametrize(
    ("service", "parent", "free"),
    [
        (("max", 0, 0), ("max", 0, 0), 4000),  # no limit but the machine's
        ((str(1000 * MB), 900, 0), ("max", 0, 0), 100),
        ((str(1000 * MB), 900, 50), ("max", 0, 0), 150),  # files that can be forgotten are as good as free
        ((str(1000 * MB), 100, 0), (str(500 * MB), 450, 0), 50),  # the nearer limit of both
        ((str(9000 * MB), 100, 0), ("max", 0, 0), 4000),  # more than there is
        ((str(1000 * MB), 1200, 0), ("max", 0, 0), -200),
    ],
)
def test_the_nearest_limit_counts(tmp_path: Path, service, parent, free: int):
    meminfo, own, groups = machine(tmp_path)
    limit(groups / "view3.slice" / "dashboard.service", *service)
    limit(groups / "view3.slice", *parent)
    assert free_memory(meminfo, own, groups) == free * MB


def test_a_system_that_tells_nothing_has_no_limit(tmp_path: Path):
    nowhere = tmp_path / "nowhere"
    assert free_memory(nowhere, nowhere, nowhere) > 1 << 60


def test_this_machine_tells_a_figure():
    assert 0 < free_memory() < 1 << 50
