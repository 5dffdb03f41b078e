"""What a failed request leaves: a short page for the visitor, one short line in the log, and no query in either."""

import logging
import re
from types import TracebackType
from typing import Any, Final

from tornado.web import HTTPError, RequestHandler

from analytics.line_limit import LineFilter, LineLimit

FAILED_LINES: Final = 100  # a minute
LIBRARY_LINES: Final = 10  # a minute, from one place in a library's code
LIBRARIES: Final = ("asyncio", "tornado.access", "tornado.application", "tornado.general")
RETRY: Final = {429: "60"}  # seconds by status
_QUERY: Final = re.compile(r"\?[^\s'\")]*")

log = logging.getLogger(__name__)
_failed = LineLimit(FAILED_LINES)


class QuietErrors(RequestHandler):
    """Mixed into every handler; the libraries' own write whole requests and tracebacks for a wrong method."""

    def write_error(self, status_code: int, **_details: Any) -> None:
        """Write status and reason, and nothing else."""
        if status_code in RETRY:
            self.set_header("Retry-After", RETRY[status_code])
        RequestHandler.write_error(self, status_code)

    def log_exception(
        self, typ: type[BaseException] | None, value: BaseException | None, tb: TracebackType | None
    ) -> None:
        """Log a fault of ours with its traceback; a refusal gets the line that every failed request gets."""
        if not isinstance(value, HTTPError):
            log.error("%s %s failed", self.request.method, self.request.path, exc_info=(typ, value, tb))  # type: ignore[arg-type]


def quiet(rule: tuple[Any, ...]) -> tuple[Any, ...]:
    """Return a route whose handler fails quietly."""
    pattern, handler, *rest = rule
    if issubclass(handler, QuietErrors):
        return rule
    return (pattern, type(f"Quiet{handler.__name__}", (QuietErrors, handler), {}), *rest)


def log_failure(handler: RequestHandler) -> None:
    """Log a request that failed, without the query: it may hold the token."""
    if handler.get_status() < 400:  # noqa: PLR2004 - HTTP's own limit
        return
    line = f"{handler.get_status()} {handler.request.method} {handler.request.path}"
    allowed = _failed.shortened("failed", line)
    if allowed is not None:
        log.warning(allowed)


class WithoutQueries(LineFilter):
    """Limits what libraries log, and leaves out every query: it may hold a search or the token."""

    def text(self, record: logging.LogRecord) -> str:
        """Return what a record says, without queries."""
        return _QUERY.sub("", super().text(record))


def keep_quiet(*others: logging.Logger) -> None:
    """Have libraries, and the loggers named here, log without queries."""
    only = WithoutQueries(LIBRARY_LINES)
    for logger in (*map(logging.getLogger, LIBRARIES), *others):
        logger.addFilter(only)
