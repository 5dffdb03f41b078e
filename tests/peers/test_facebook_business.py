"""Meta's own library: every field and parameter that is asked for is one it knows, and it pages to the same rows.

What it cannot: there is no Meta to be had that others simulate, so both ask the simulated one of these tests.
"""

import importlib.util
import json
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from connectors.meta.api import ADDRESS, FIELDS, MetaSource, is_busy
from connectors.web import Web
from tests.connectors.fake_meta import TOKEN, FakeMeta
from tests.connectors.test_meta_api import costs
from tests.connectors.vendor_server import HASTY, Asked, VendorServer

NOW = datetime(2026, 1, 31, 15, tzinfo=UTC)
LAST = date(2026, 1, 31)


@pytest.fixture(autouse=True)
def _is_there() -> None:
    if importlib.util.find_spec("facebook_business") is None:
        pytest.fail("facebook-business is missing: make test installs it, or VIEW3_TEST_WITHOUT=peers leaves it out")


@pytest.fixture
def peer() -> Iterator[VendorServer]:
    with VendorServer(FakeMeta(costs(), page_size=3)) as server:
        yield server


def ours(peer: VendorServer, since: date) -> tuple[list[Any], list[Asked]]:
    """The rows that we find, and what we asked for them."""
    headers = {"Authorization": f"Bearer {TOKEN}"}
    web = Web("Meta", f"{peer.url}/v26.0", lambda: NOW, None, headers, HASTY, is_busy)
    source = MetaSource(web, ("1001",), since, sleep=lambda _seconds: None)
    pages = list(source.fetch({}, lambda: NOW))
    rows = [row for page in pages for answer in page.parts for row in answer.told["data"]]  # type: ignore[union-attr]
    return rows, [asked for asked in peer.asked if asked.path.endswith("/insights")]


def theirs(peer: VendorServer, since: date) -> list[Any]:
    """The rows that Meta's library finds, asked for with our parameters."""
    from facebook_business.adobjects.adaccount import AdAccount
    from facebook_business.api import FacebookAdsApi
    from facebook_business.session import FacebookSession

    session = FacebookSession(access_token=TOKEN)
    session.GRAPH = peer.url
    session.requests.headers["Authorization"] = f"Bearer {TOKEN}"
    api = FacebookAdsApi(session)
    span = {"since": since.isoformat(), "until": LAST.isoformat()}
    params = {"level": "ad", "time_increment": 1, "time_range": span, "limit": 500}
    found = AdAccount("act_1001", api=api).get_insights(fields=list(FIELDS), params=params)
    return [row.export_all_data() for row in found]


def test_the_version_is_theirs() -> None:
    from facebook_business.api import FacebookAdsApi

    assert ADDRESS.rpartition("/")[2] == FacebookAdsApi.API_VERSION


def test_every_field_is_one_of_theirs() -> None:
    from facebook_business.adobjects.adsinsights import AdsInsights

    known = {value for name, value in vars(AdsInsights.Field).items() if not name.startswith("_")}
    assert set(FIELDS) <= known


def test_every_parameter_is_one_of_theirs(peer: VendorServer) -> None:
    from facebook_business.adobjects.adsinsights import AdsInsights

    _, asked = ours(peer, LAST - timedelta(days=35))
    assert {one.method for one in asked} == {"GET", "POST"}
    levels = {value for name, value in vars(AdsInsights.Level).items() if not name.startswith("_")}
    known = {"level", "time_increment", "time_range", "fields", "limit", "after"}
    for one in asked:
        params = {**one.params, **one.form}
        assert set(params) <= known
        assert params.get("level", "ad") in levels
        assert set(json.loads(params.get("time_range", '{"since":"","until":""}'))) == {"since", "until"}


def test_their_paging_finds_the_same_rows(peer: VendorServer) -> None:
    since = LAST - timedelta(days=6)
    found, _ = ours(peer, since)
    key = lambda row: (row["date_start"], row["ad_id"])  # noqa: E731 (said once)
    assert sorted(found, key=key) == sorted(theirs(peer, since), key=key)
    assert len(found) > 9
