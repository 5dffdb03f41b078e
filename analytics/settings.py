"""Every setting of the centre, read once at the door from the environment and `.env`."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Annotated, Literal, Self
from zoneinfo import available_timezones

from pydantic import BeforeValidator, Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from analytics.backlog import Limits
from analytics.challenge import Challenge
from analytics.offers import Patterns
from analytics.project import DATABASE_FILE, VARIABLE, project

JUNE = 6
PREFIX = "VIEW3_"
SERVING = frozenset({"token", "address", "plain_http", "most_viewers"})
UtmColumn = Literal["utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content"]


def comma_separated(value: object) -> object:
    """Return the parts of a text that commas separate, without blank ones; what is no text stays as it is."""
    return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value


Words = Annotated[tuple[str, ...], NoDecode, BeforeValidator(comma_separated)]


class SettingsError(ValueError):
    """A setting that cannot be used; the message names it without printing a secret."""


class FromEnvironment(BaseSettings):
    """Settings that stand in the environment or in the project's `.env`, as `VIEW3_` and their name."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, env_ignore_empty=True, extra="ignore", frozen=True)

    @classmethod
    def load(cls) -> Self:
        """Return the settings of the environment and `.env`; raises SettingsError with one sentence per bad setting."""
        file = project().settings_file
        try:
            return cls(_env_file=file)
        except ValidationError as error:
            faults = (f"{PREFIX}{str(fault['loc'][0]).upper()}: {fault['msg']}" for fault in error.errors())
            raise SettingsError("; ".join(faults)) from None  # the cause would print the values
        except OSError as error:
            raise SettingsError(f"{file} cannot be read: {error.strerror}.") from error
        except UnicodeDecodeError:
            raise SettingsError(f"{file} is not a text in UTF-8.") from None  # the cause would print the values


class Settings(FromEnvironment):
    """What the owner of a workbench decides; the README's settings table explains each."""

    database_url: SecretStr = SecretStr(f"sqlite:///{DATABASE_FILE}")
    challenge_start: date | None = None
    challenge_days: int = Field(31, ge=1, le=366)
    funnel_start: date | None = None
    previous_start: date | None = None
    timezone: str = "UTC"
    currency: str = Field("USD", pattern="^[A-Z]{3}$")
    utm_ad_set: UtmColumn = "utm_term"
    utm_ad: UtmColumn = "utm_content"
    now: datetime | None = None
    token: SecretStr | None = None
    address: str = Field("", pattern=r"^(https?://[^/?#\s]+(/[\w.~-]+)*/?)?$")
    plain_http: bool = False
    most_viewers: int = Field(150, ge=1)
    vip: Words = ()
    oto: Words = ()
    high_ticket: Words = ()
    high_ticket_from: Decimal | None = None
    part_payment: Words = ()
    tax: Literal["apart", "included"] = "apart"
    staff: Words = ()
    duplicate_minutes: int = Field(30, ge=0)
    sessions_per_day: Literal["max", "sum"] = "max"
    unread_minutes: int = Field(15, ge=1)
    unsettled_minutes: int = Field(60, ge=1)

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        if value not in available_timezones():
            raise ValueError(f"'{value}' is not a time zone; write one such as America/Sao_Paulo")
        return value

    @field_validator("currency", mode="before")
    @classmethod
    def _upper_case(cls, value: object) -> object:
        return value.strip().upper() if isinstance(value, str) else value

    def challenge(self, remembered_start: date | None, now: datetime) -> Challenge:
        """Return the challenge: its start as set, else as the database remembers it, else the nearest 1 January."""
        starts_on = self.challenge_start or remembered_start or _nearest_january(now.date())
        return Challenge.starting(starts_on, self.timezone, self.challenge_days, self.funnel_start)

    @classmethod
    def for_reading(cls) -> frozenset[str]:
        """Return the names in the environment of what a process needs to read figures: the project and its settings."""
        return frozenset({VARIABLE, *(f"{PREFIX}{name.upper()}" for name in cls.model_fields.keys() - SERVING)})

    @property
    def limits(self) -> Limits:
        """Return how long what arrived may wait before it is overdue."""
        return Limits(timedelta(minutes=self.unread_minutes), timedelta(minutes=self.unsettled_minutes))

    def patterns(self) -> Patterns:
        """Return the patterns that tell VIP, OTO and high-ticket apart."""
        return Patterns(self.vip, self.oto, self.high_ticket, self.high_ticket_from, self.part_payment)


def _nearest_january(today: date) -> date:
    """Return 1 January of this year until June, of the next year from July: the specification's challenge is in January."""
    return date(today.year + (today.month > JUNE), 1, 1)
