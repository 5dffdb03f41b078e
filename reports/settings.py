"""Every setting of the way out by mail, read once at the door from the environment and `.env`."""

import os
import re
import shutil
from email.errors import HeaderParseError
from email.headerregistry import Address
from typing import Annotated, Self
from urllib.parse import unquote, urlsplit

from pydantic import BeforeValidator, Field, SecretStr, field_validator, model_validator
from pydantic_settings import NoDecode

from analytics.settings import FromEnvironment, Words

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
PORTS = {"smtp": 587, "smtps": 465}
EVERY_SOURCE = ""
MAILBOX = re.compile(r"(?P<name>[^<>@,;:]*)<(?P<named>[^<>\s,]+)>|(?P<alone>[^<>\s,]+)")


def mailbox(text: str) -> str:
    """Return a mailbox such as `Ana <ana@example.com>` as it was written; raises ValueError where it is none."""
    told = MAILBOX.fullmatch(text)
    try:
        is_one = told is not None and text.isprintable()
        Address(
            (told["name"] or "").strip() if told else "", addr_spec=(told["named"] or told["alone"]) if told else None
        )
    except (HeaderParseError, ValueError, IndexError):
        is_one = False
    if not is_one:
        raise ValueError(f"{text!r} is not a mail address")
    return text


def limits(value: object) -> object:
    """Return hours by source, read from a text such as `36, zoom=72`; a number without a source is for all others."""
    if not isinstance(value, str):
        return value
    pairs = [part.rpartition("=") for part in value.split(",") if part.strip()]
    return {source.strip(): hours.strip() for source, _, hours in pairs}


class ReportSettings(FromEnvironment):
    """Who gets the daily snapshot and how; the README's settings table explains each."""

    smtp_url: SecretStr | None = None
    report_to: Words = ()
    report_from: str = ""
    report_operator: str = ""
    report_mask_names: bool = False
    report_stale_hours: Annotated[dict[str, int], NoDecode, BeforeValidator(limits)] = Field({EVERY_SOURCE: 36})
    report_seconds: int = Field(300, ge=10)
    report_attachments_mb: float = Field(8, ge=0)
    report_keep_days: int = Field(400, ge=1)

    @field_validator("report_to")
    @classmethod
    def _are_mailboxes(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(dict.fromkeys(mailbox(one) for one in value))

    @field_validator("report_from", "report_operator")
    @classmethod
    def _is_mailbox(cls, value: str) -> str:
        return mailbox(value) if value else value

    @field_validator("smtp_url")
    @classmethod
    def _is_an_address(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None:
            parts = urlsplit(value.get_secret_value())
            if parts.scheme not in PORTS or not parts.hostname or not _is_port(value.get_secret_value()):
                raise ValueError("write smtp://user:password@host:587 or smtps://user:password@host:465")
        return value

    @model_validator(mode="after")
    def _limit_for_every_source(self) -> Self:
        self.report_stale_hours.setdefault(EVERY_SOURCE, 36)
        return self

    @property
    def missing(self) -> tuple[str, ...]:
        """Return the settings without which nothing can be sent."""
        wanted = {
            "VIEW3_SMTP_URL": self.smtp_url,
            "VIEW3_REPORT_TO": self.report_to,
            "VIEW3_REPORT_FROM": self.report_from,
        }
        return tuple(name for name, value in wanted.items() if not value)

    @property
    def secrets(self) -> tuple[str, ...]:
        """Return what must stand in no file and no sentence."""
        if self.smtp_url is None:
            return ()
        url = self.smtp_url.get_secret_value()
        written = urlsplit(url).password or ""
        return tuple(filter(None, (url, written, unquote(written))))

    def hours(self, source: str) -> int:
        """Return how old a source may be, in hours; 0: as old as it likes."""
        return self.report_stale_hours.get(source, self.report_stale_hours[EVERY_SOURCE])


def browser() -> str | None:
    """Return the Chromium that draws and prints, or None where there is none."""
    return os.environ.get("BROWSER_PATH") or next((path for name in BROWSERS if (path := shutil.which(name))), None)


def without_current_folder() -> dict[str, str]:
    """Return the environment of a Python, and of those it starts, that imports nothing from the current folder."""
    return {**os.environ, "PYTHONSAFEPATH": "1"}


def _is_port(url: str) -> bool:
    try:
        urlsplit(url).port  # noqa: B018 (asking is the check)
    except ValueError:
        return False
    return True
