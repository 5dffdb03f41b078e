"""The secrets and limits of the way in, read once at the door; a route without its secret is off."""

from typing import Annotated, Self

from pydantic import BeforeValidator, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from analytics.settings import HOME, SettingsError


def _secrets(value: object) -> object:
    return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value


Secrets = Annotated[tuple[SecretStr, ...], NoDecode, BeforeValidator(_secrets)]


class ConnectorSettings(BaseSettings):
    """What vendors and we share. While a secret is rolled over, old and new stand side by side with a comma."""

    model_config = SettingsConfigDict(
        env_prefix="VIEW3_", env_file=(HOME / ".env", ".env"), env_ignore_empty=True, extra="ignore", frozen=True
    )

    stripe_webhook_secret: Secrets = ()
    stripe_api_key: SecretStr | None = None
    clickfunnels_webhook_secret: Secrets = ()
    clickfunnels_classic_token: Secrets = ()
    zoom_webhook_secret: Secrets = ()
    inbox_days: int = Field(400, ge=1)

    @classmethod
    def load(cls) -> Self:
        """Return the settings of the environment and `.env`; raises SettingsError without printing a value."""
        try:
            return cls()
        except ValidationError as error:
            faults = (f"VIEW3_{str(fault['loc'][0]).upper()}: {fault['msg']}" for fault in error.errors())
            raise SettingsError("; ".join(faults)) from None

    def shared(self, name: str) -> tuple[str, ...]:
        """Return the secrets of a setting in clear, for the moment of checking."""
        secrets: tuple[SecretStr, ...] = getattr(self, name)
        return tuple(secret.get_secret_value() for secret in secrets)
