"""The secrets and limits of the ways to vendors, read once at the door; a route without its secret is off."""

from typing import Annotated

from pydantic import BeforeValidator, Field, SecretStr
from pydantic_settings import NoDecode

from analytics.settings import FromEnvironment, Words, comma_separated

Secrets = Annotated[tuple[SecretStr, ...], NoDecode, BeforeValidator(comma_separated)]


class ConnectorSettings(FromEnvironment):
    """What vendors and we share. While a secret is rolled over, old and new stand side by side with a comma."""

    stripe_webhook_secret: Secrets = ()
    stripe_api_key: SecretStr | None = None
    clickfunnels_webhook_secret: Secrets = ()
    clickfunnels_classic_token: Secrets = ()
    zoom_webhook_secret: Secrets = ()
    events_token: Secrets = ()
    events_secret: Secrets = ()
    zoom_account_id: str = ""
    zoom_client_id: str = ""
    zoom_client_secret: SecretStr | None = None
    zoom_rooms: Words = ()
    youtube_api_key: SecretStr | None = None
    youtube_channel_id: str = ""
    youtube_video_id: Words = ()
    youtube_client_id: str = ""
    youtube_client_secret: SecretStr | None = None
    youtube_refresh_token: SecretStr | None = None
    clickfunnels_api_host: str = ""
    clickfunnels_api_workspace: str = ""
    clickfunnels_api_token: SecretStr | None = None
    meta_access_token: SecretStr | None = None
    meta_ad_accounts: Words = ()
    google_ads_customer_ids: Words = ()
    google_ads_login_customer_id: str = ""
    google_ads_developer_token: SecretStr | None = None
    google_ads_client_id: str = ""
    google_ads_client_secret: SecretStr | None = None
    google_ads_refresh_token: SecretStr | None = None
    inbox_days: int = Field(400, ge=1)

    def clear(self, name: str) -> str:
        """Return a secret setting in clear, for the moment of asking; empty where it is not set."""
        secret: SecretStr | None = getattr(self, name)
        return secret.get_secret_value() if secret else ""

    def shared(self, name: str) -> tuple[str, ...]:
        """Return the secrets of a setting in clear, for the moment of checking."""
        secrets: tuple[SecretStr, ...] = getattr(self, name)
        return tuple(secret.get_secret_value() for secret in secrets)
