"""How much of Meta's patience is used up, as its headers tell, and when it will answer again."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any

from connectors.contract import UnreadablePayloadError
from connectors.payload import parse

HEADERS = ("x-business-use-case-usage", "x-fb-ads-insights-throttle", "x-ad-account-usage", "x-app-usage")
PER_CENT = frozenset({"app_id_util_pct", "acc_id_util_pct", "call_count", "total_cputime", "total_time"})
REGAIN = "estimated_time_to_regain_access"  # minutes
THROTTLED = frozenset({4, 17, 32, 341, 613, *range(80000, 80015)})
MUCH = 75  # per cent
USUAL_PAUSE = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Usage:
    """What of the allowance is used, in per cent, and how long Meta will refuse."""

    per_cent: int = 0
    refused_for: timedelta = timedelta(0)

    @property
    def is_high(self) -> bool:
        """Tell whether to ask more slowly."""
        return self.per_cent >= MUCH

    @property
    def pause(self) -> timedelta:
        """Return how long to leave Meta alone after it refused."""
        return self.refused_for or USUAL_PAUSE


def usage(headers: Mapping[str, str]) -> Usage:
    """Return the highest usage that any of the headers tells."""
    figures = [figure for name in HEADERS if name in headers for figure in _figures(headers[name])]
    used = max((number for key, number in figures if key in PER_CENT), default=0)
    minutes = max((number for key, number in figures if key == REGAIN), default=0)
    return Usage(used, timedelta(minutes=minutes))


def _figures(text: str) -> Iterator[tuple[str, int]]:
    """Yield every number in a header with its name, however deep it stands."""
    try:
        level: list[Any] = [parse(text.encode())]
    except UnreadablePayloadError:
        return
    while level:
        inner = level.pop()
        if isinstance(inner, list):
            level += inner
        elif isinstance(inner, dict):
            level += [value for value in inner.values() if isinstance(value, dict | list)]
            yield from ((key, int(value)) for key, value in inner.items() if _is_number(value))


def _is_number(value: object) -> bool:
    return isinstance(value, int | Decimal) and not isinstance(value, bool)
