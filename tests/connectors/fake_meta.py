"""A simulated Meta Marketing API: what every ad cost by day, in small pages, at once or as a report."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from tests.connectors.vendor_server import Asked, Reply

TOKEN = "meta-token-that-nobody-may-see"
ZONE = "America/New_York"
CAMPAIGN = "1201"
WIDE = {"account_id", "account_currency", "campaign_id", "campaign_name", "adset_id", "adset_name", "ad_id", "ad_name"}

Costs = dict[tuple[str, date], dict[str, str]]


@dataclass
class FakeMeta:
    """Answers for some accounts: `costs` by account and day, per ad. More rows than `most` are too much at once."""

    costs: Costs
    deleted: set[str] = field(default_factory=set)  # ads that the campaign and the account still count
    ads_of: Mapping[str, str] = field(default_factory=dict)  # campaigns of ads, where not the usual one
    accounts: Mapping[str, Mapping[str, str]] = field(default_factory=lambda: {"1001": {"currency": "USD"}})
    page_size: int = 2
    most: int = 1000
    most_in_report: int = 1000
    looks: int = 2  # how often a report is not ready yet
    headers: dict[str, str] = field(default_factory=dict)
    spoil: Callable[[Asked], Reply | None] = lambda _asked: None
    reports: dict[str, dict[str, Any]] = field(default_factory=dict)

    def __call__(self, asked: Asked) -> Reply | None:
        if asked.headers.get("authorization") != f"Bearer {TOKEN}":
            return refused(190, 463, "Invalid OAuth 2.0 Access Token")
        reply = self.spoil(asked) or self._answer(asked)
        return reply and Reply(reply.told, reply.status, {**self.headers, **reply.headers})

    def _answer(self, asked: Asked) -> Reply | None:
        name, _, edge = asked.path.removeprefix("/v26.0").strip("/").partition("/")
        account = name.removeprefix("act_")
        if name in self.reports:
            return self._report(name, asked) if edge else self._look(name)
        if account not in self.accounts or not name.startswith("act_"):
            return refused(100, 33, f"Unsupported get request. Object with ID '{name}' does not exist")
        if not edge:
            return Reply({"id": name, "account_id": account, "timezone_name": ZONE, **self.accounts[account]})
        return self._order(account, asked.form) if asked.method == "POST" else self._insights(account, asked.params)

    def _order(self, account: str, params: Mapping[str, str]) -> Reply:
        report = str(6000 + len(self.reports))
        self.reports[report] = {"account": account, "params": params, "looks": self.looks}
        return Reply({"report_run_id": int(report)})

    def _look(self, report: str) -> Reply:
        job = self.reports[report]
        if len(self._rows(job["account"], job["params"])) > self.most_in_report:
            return Reply({"id": report, "async_status": "Job Failed", "async_percent_completion": 37})
        job["looks"] -= 1
        if job["looks"] == 0:  # finished, and yet not whole
            return Reply({"id": report, "async_status": "Job Completed", "async_percent_completion": 99})
        done = {"async_status": "Job Completed", "async_percent_completion": 100}
        return Reply({"id": report, **(done if job["looks"] < 0 else {"async_status": "Job Running"})})

    def _report(self, report: str, asked: Asked) -> Reply:
        job = self.reports[report]
        return self._page(self._rows(job["account"], job["params"]), asked.params)

    def _insights(self, account: str, params: Mapping[str, str]) -> Reply:
        rows = self._rows(account, params)
        if len(rows) > self.most:
            return refused(100, 1487534, "Please reduce the amount of data you're asking for")
        return self._page(rows, params)

    def _page(self, rows: list[dict[str, str]], params: Mapping[str, str]) -> Reply:
        start = int(params.get("after", "c0")[1:])
        size = min(self.page_size, int(params["limit"]))
        told: dict[str, Any] = {"data": rows[start : start + size]}
        if rows:
            told["paging"] = {"cursors": {"before": f"c{start}", "after": f"c{start + size}"}}
        if start + size < len(rows):
            told["paging"]["next"] = f"https://graph.facebook.com/next?access_token={TOKEN}&after=c{start + size}"
        return Reply(told)

    def _rows(self, account: str, params: Mapping[str, str]) -> list[dict[str, str]]:
        assert params["time_increment"] == "1"
        span = json.loads(params["time_range"])
        first, last = date.fromisoformat(span["since"]), date.fromisoformat(span["until"])
        days = [first + timedelta(days=number) for number in range((last - first).days + 1)]
        fields = params["fields"].split(",")
        return [
            {name: value for name, value in row.items() if name in fields}
            for on in days
            for row in self._day(account, on, params["level"])
        ]

    def _day(self, account: str, on: date, level: str) -> list[dict[str, str]]:
        costs = self.costs.get((account, on), {})
        if level == "ad":
            return [self._row(account, on, ad, spend) for ad, spend in costs.items() if ad not in self.deleted]
        whole: dict[str, Decimal] = {}
        for ad, spend in costs.items():
            key = self.ads_of.get(ad, CAMPAIGN) if level == "campaign" else account
            whole[key] = whole.get(key, Decimal(0)) + Decimal(spend)
        about = {"account_id": account, "account_currency": self.accounts[account]["currency"]}
        dates = {"date_start": on.isoformat(), "date_stop": on.isoformat()}
        rows = [{**about, "spend": str(spend), **dates, "campaign_id": key} for key, spend in whole.items()]
        return [row | {"campaign_name": "January"} for row in rows]

    def _row(self, account: str, on: date, ad: str, spend: str) -> dict[str, str]:
        return {
            "account_id": account,
            "account_currency": self.accounts[account]["currency"],
            "campaign_id": self.ads_of.get(ad, CAMPAIGN),
            "campaign_name": "January",
            "adset_id": "1202",
            "adset_name": "Broad",
            "ad_id": f"9{ad}",
            "ad_name": f"Video {ad}",
            "spend": spend,
            "impressions": "10",
            "date_start": on.isoformat(),
            "date_stop": on.isoformat(),
        }


def refused(code: int, subcode: int, message: str = "said in words", status: int = 400) -> Reply:
    error = {"message": message, "type": "OAuthException", "code": code, "error_subcode": subcode}
    return Reply({"error": error}, status)
