"""What the server tells a kernel: the end of the address that its viewer opened, and where figures are read for all."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from analytics.settings import PREFIX, Settings

READER: Final = "VIEW3_READER"  # set by the warm process for its kernels, never by hand


def visited_query() -> str:
    """Return the query of the page's address; empty in a notebook that nobody serves."""
    return os.environ.get("QUERY_STRING", "")


def is_served() -> bool:
    """Tell whether this kernel works for the page's server, which then also has the scripts; JupyterLab's preview is none."""
    is_preview = os.environ.get("SCRIPT_NAME", "").rpartition("/")[0].endswith("voila/render")
    return os.environ.get("SERVER_SOFTWARE", "").startswith("voila/") and not is_preview


def drop_secrets() -> None:
    """Remove from the environment every setting that kernels have no use for; what this process starts inherits the rest."""
    for name in [name for name in os.environ if name.startswith(PREFIX)]:
        if name not in Settings.for_reading():
            del os.environ[name]


def take_environment(wanted: Mapping[str, str]) -> None:
    """Make a fork's environment that which its kernel was to have."""
    os.environ.clear()
    os.environ.update(wanted)


def warm_environment(extra: Mapping[str, str], reader: Path | None) -> dict[str, str]:
    """Return what a warm process runs with: one heap per process, for every thread's own would cost each viewer a megabyte."""
    told = {READER: str(reader)} if reader else {}
    return {**os.environ, "MALLOC_ARENA_MAX": "1", **told, **extra}


def reader_folder() -> Path | None:
    """Return where the server's one reader is asked; None in a kernel that reads for itself."""
    folder = os.environ.get(READER)
    return Path(folder) if folder else None


def read_alone() -> None:
    """Forget the reader: this process is to be it."""
    os.environ.pop(READER, None)
