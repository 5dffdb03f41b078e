"""How the C library hands memory back, for a process that takes bodies of a mebibyte from strangers for months."""

import ctypes
from contextlib import suppress

_TRIM_THRESHOLD, _MMAP_THRESHOLD, _ARENA_MAX = -1, -3, -8  # as malloc.h names them
LARGE = 128 * 1024  # bytes
ARENAS = 2


def return_large_blocks() -> None:
    """Have the C library give every large block back when it is freed; elsewhere than with glibc nothing is done.

    By default it raises the limit with every large block that is freed, up to 32 MiB: bodies then come from heaps, one
    per thread, that fragment and never shrink. 1,200 bodies of up to 1 MiB over 12 connections left 24 MB; now 4 MB.
    """
    with suppress(OSError, AttributeError):
        mallopt = ctypes.CDLL(None).mallopt
        mallopt(_MMAP_THRESHOLD, LARGE)
        mallopt(_TRIM_THRESHOLD, LARGE)
        mallopt(_ARENA_MAX, ARENAS)
