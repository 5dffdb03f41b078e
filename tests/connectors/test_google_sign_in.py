"""Each of Google's interfaces signs in with its own settings, and says which of them to make anew."""

from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import SecretStr

from connectors.google_sign_in import sign_in
from connectors.settings import ConnectorSettings
from connectors.wanted import Wanted

TOLD: dict[str, Any] = {
    "youtube_client_id": "y-id",
    "youtube_client_secret": SecretStr("y-secret"),
    "youtube_refresh_token": SecretStr("y-token"),
    "google_ads_client_id": "g-id",
    "google_ads_client_secret": SecretStr("g-secret"),
    "google_ads_refresh_token": SecretStr("g-token"),
}


@pytest.mark.parametrize(("vendor", "setting", "own"), [("YouTube", "youtube", "y"), ("Google Ads", "google_ads", "g")])
def test_a_sign_in_is_made_of_its_own_settings(vendor: str, setting: str, own: str):
    wanted = Wanted(ConnectorSettings(_env_file=None, **TOLD), lambda: datetime(2026, 1, 17, tzinfo=UTC))
    made = sign_in(wanted, vendor, setting)

    assert (made.vendor, made.address, made.account) == (vendor, "https://oauth2.googleapis.com/token", None)
    assert made.form == {
        "grant_type": "refresh_token",
        "client_id": f"{own}-id",
        "client_secret": f"{own}-secret",
        "refresh_token": f"{own}-token",
    }
    assert made.hint.startswith(f"sign in anew for VIEW3_{setting.upper()}_REFRESH_TOKEN; ")
