"""How much memory is left, for the machine and for the service's own limit."""

from pathlib import Path
from typing import Final

_UNLIMITED: Final = 1 << 62
_MEMINFO: Final = Path("/proc/meminfo")
_OWN_GROUP: Final = Path("/proc/self/cgroup")
_GROUPS: Final = Path("/sys/fs/cgroup")


def free_memory(meminfo: Path = _MEMINFO, own_group: Path = _OWN_GROUP, groups: Path = _GROUPS) -> int:
    """Return the bytes that another kernel could have: the machine's, or less where a limit such as MemoryMax is nearer."""
    return min(_of_machine(meminfo), _of_groups(own_group, groups))


def _of_machine(meminfo: Path) -> int:
    try:
        lines = meminfo.read_text().splitlines()
    except OSError:  # not Linux
        return _UNLIMITED
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable:")), _UNLIMITED)


def _of_groups(own_group: Path, groups: Path) -> int:
    try:
        path = own_group.read_text().splitlines()[-1].partition("::")[2].strip("/")
    except (OSError, IndexError):
        return _UNLIMITED
    inside = [groups / path, *(groups / path).parents] if path else [groups]
    return min((_of_group(group) for group in inside if group.is_relative_to(groups)), default=_UNLIMITED)


def _of_group(group: Path) -> int:
    try:
        limit = int((group / "memory.max").read_text())
        used = int((group / "memory.current").read_text())
        cache = dict(line.split() for line in (group / "memory.stat").read_text().splitlines())
    except (OSError, ValueError):  # "max", or no such limit
        return _UNLIMITED
    return limit - used + int(cache.get("inactive_file", 0))
