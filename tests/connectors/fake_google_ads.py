"""A simulated Google Ads API: rows of ads and campaigns in a stream of chunks, for a login that has to be renewed."""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from tests.connectors.vendor_server import Asked, Reply

DEVELOPER, REFRESH = "developer-token-nobody-may-see", "refresh-token-nobody-may-see"
RANGE = re.compile(r"BETWEEN '([0-9-]+)' AND '([0-9-]+)'")

# By account and day: what ads cost, and what campaigns cost in all, in millionths.
Costs = dict[tuple[str, date], tuple[dict[str, int], dict[str, int]]]


@dataclass
class FakeGoogleAds:
    """Answers for the accounts that `costs` names; an ad `a1` belongs to campaign `a`."""

    costs: Costs
    currency: str = "USD"
    zone: str = "Europe/Rome"
    managers: frozenset[str] = frozenset()
    spoil: Callable[[Asked], Reply | None] = lambda _asked: None
    tokens: int = 0
    queries: list[str] = field(default_factory=list)

    def __call__(self, asked: Asked) -> Reply | None:
        if asked.path == "/token":
            if asked.form["refresh_token"] != REFRESH:
                return Reply({"error": "invalid_grant", "error_description": "Token has been expired or revoked."}, 400)
            self.tokens += 1
            return Reply({"access_token": f"token-{self.tokens}", "expires_in": 3599})
        if asked.headers.get("authorization") != f"Bearer token-{self.tokens}":
            return refused(401, "UNAUTHENTICATED", authenticationError="OAUTH_TOKEN_INVALID")
        if asked.headers.get("developer-token") != DEVELOPER:
            return refused(403, "PERMISSION_DENIED", authenticationError="DEVELOPER_TOKEN_INVALID")
        return self.spoil(asked) or self._search(asked)

    def _search(self, asked: Asked) -> Reply | None:
        found = re.fullmatch("/customers/([0-9]+)/googleAds:searchStream", asked.path)
        if found is None:
            return None
        account, query = found[1], json.loads(asked.body)["query"]
        self.queries.append(query)
        if account not in {name for name, _ in self.costs} | self.managers:
            return refused(403, "PERMISSION_DENIED", authorizationError="USER_PERMISSION_DENIED")
        rows = list(self._rows(account, query))
        chunks = [{"results": rows[start : start + 3], "fieldMask": "…"} for start in range(0, len(rows), 3)]
        return Reply([*chunks, {"requestId": "r"}] if chunks else [])

    def _rows(self, account: str, query: str) -> list[dict[str, Any]]:
        if query.endswith("FROM customer"):
            about = {"id": account, "currencyCode": self.currency, "timeZone": self.zone}
            return [{"customer": {**about, "manager": account in self.managers}}]
        span = RANGE.search(query)
        assert span is not None
        first, last = map(date.fromisoformat, span.groups())
        is_ads = "FROM ad_group_ad " in query
        days = [(on, told) for (name, on), told in self.costs.items() if name == account and first <= on <= last]
        row = _ad if is_ads else _campaign
        return [row(on, name, cost) for on, told in days for name, cost in told[not is_ads].items() if cost]


def _campaign(on: date, name: str, cost: int) -> dict[str, Any]:
    return {
        "campaign": {"resourceName": f"customers/1/campaigns/{name}", "id": name, "name": f"Campaign {name}"},
        "metrics": {"costMicros": str(cost)},
        "segments": {"date": on.isoformat()},
    }


def _ad(on: date, name: str, cost: int) -> dict[str, Any]:
    row = _campaign(on, name[:2], cost)
    group, ad = {"id": name[:3], "name": f"Group {name[:3]}"}, {"ad": {"id": name, "name": f"Ad {name}"}}
    return {**row, "adGroup": group, "adGroupAd": ad}


def refused(status: int, name: str, **code: str) -> Reply:
    details = [{"@type": "GoogleAdsFailure", "errors": [{"errorCode": code, "message": "said in words"}]}]
    error = {"code": status, "message": "said in words", "status": name, "details": details if code else []}
    return Reply([{"error": error}], status)
