"""Plays a viewer's visit once before the first fork, so that all that is made on the way is there for every kernel to come."""

import logging
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

from IPython import get_ipython
from ipywidgets import Widget

from analytics.dashboard.page import Dashboard
from analytics.dashboard.source import Source
from analytics.dashboard.warm.sharing import AwayError, Line, Shared, prepare

READER_WITHIN = 10.0  # seconds for the reader to have looked at the database

log = logging.getLogger(__name__)


class _Unread:
    """A source of which nothing may be read: the process that forks must not have met the database."""

    def __init__(self, source: Source) -> None:
        self.challenge, self.currency, self.now = source.challenge, source.currency, source.now

    def __getattr__(self, name: str) -> Any:
        raise LookupError(f"{name} is not read before the fork")


def rehearse(folder: Path, open_source: Callable[[], Source] | None) -> None:
    """Have a page made and forgotten, where figures can be had from the folder's reader."""
    if open_source is None or not _is_told(folder):
        log.warning("Kernels start without a rehearsed page: there are no figures yet.")
        return
    source = open_source()
    prepare(source)
    with closing(Shared(_Unread(source), folder)) as read:
        page = Dashboard(read)
        for _ in range(2):
            page.send(page.answer(page.read()))
        get_ipython().display_formatter.format(page.channel)
        Widget.close_all()


def _is_told(folder: Path) -> bool:
    until = time.monotonic() + READER_WITHIN
    while time.monotonic() < until:
        try:
            with closing(Line(folder)) as line:
                line.ask("view", (None,), None)
        except AwayError:
            return False
        except OSError:
            time.sleep(0.05)
        else:
            return True
    return False
