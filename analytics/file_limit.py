"""How many files and sockets this process may hold at once."""

import resource


def raise_file_limit(wanted: int) -> int:
    """Let this process hold so many files and sockets, as far as the system allows; return how many it may hold now."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY:
        return wanted
    possible = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    if soft < possible:
        resource.setrlimit(resource.RLIMIT_NOFILE, (possible, hard))
    return max(soft, possible)
