"""Two simulated vendors that tell their past as lists, newest first: Stripe and ClickFunnels 2.0."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from tests.connectors.vendor_server import Asked, Reply

KEY = "rk_live_nobody-may-see"

Objects = Mapping[str, list[dict[str, Any]]]  # by path, newest first

STRIPE = (
    *("/v1/checkout/sessions", "/v1/charges", "/v1/refunds", "/v1/invoices", "/v1/disputes", "/v1/events"),
    *("/v1/balance_transactions", "/v1/webhook_endpoints"),
)


@dataclass
class FakeStripe:
    """Answers lists of what it holds, in pages of `size`; what is expanded is there anyway."""

    objects: Objects
    size: int = 2
    closed: frozenset[str] = frozenset()  # lists that the restricted key may not read
    repeats: bool = False
    asked: list[Asked] = field(default_factory=list)

    def __call__(self, asked: Asked) -> Reply | None:
        self.asked.append(asked)
        if KEY not in asked.headers.get("authorization", ""):
            return Reply({"error": {"message": "Invalid API Key provided", "type": "invalid_request_error"}}, 401)
        if asked.path in self.closed:
            return Reply({"error": {"message": "This key does not have the required permissions"}}, 403)
        if asked.path not in STRIPE:
            return None
        assert asked.headers["stripe-version"] < "2025-03-31"
        found, start = self.objects.get(asked.path, []), 0
        if (after := asked.params.get("starting_after")) and not self.repeats:
            start = [one["id"] for one in found].index(after) + 1
        page = found[start : start + min(self.size, int(asked.params["limit"]))]
        told = {"object": "list", "url": asked.path, "data": page, "has_more": start + len(page) < len(found)}
        return Reply(told)


@dataclass
class FakeClickFunnels:
    """Answers lists of what it holds, in pages of `size`, and names the next page in a header."""

    objects: Objects  # by the end of the path
    size: int = 2
    refuses: Callable[[Asked], int] = lambda _asked: 0
    repeats: bool = False

    def __call__(self, asked: Asked) -> Reply | None:
        assert asked.headers["user-agent"]
        if asked.headers.get("authorization") != f"Bearer {KEY}":
            return Reply({"error": "Invalid access token"}, 401)
        name = asked.path.removeprefix("/workspaces/42/")
        if status := self.refuses(asked):
            return Reply({"error": "no"}, status)
        if name == asked.path:
            return Reply({"error": "not found"}, 404)
        assert asked.params["sort_order"] == "desc"
        found, start = self.objects.get(name, []), 0
        if after := asked.params.get("after"):
            start = [str(one["id"]) for one in found].index(after) + 1
        page = found[start : start + self.size]
        more = start + len(page) < len(found)
        following = str((found[0] if self.repeats else page[-1])["id"]) if more else ""
        return Reply(page, headers={"Pagination-Next": following} if following else {})


def seconds(text: str) -> int:
    """A day as Stripe writes moments."""
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())
