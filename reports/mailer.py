"""Hands a message to the mail server, one recipient at a time, and tells what became of it; the home of smtplib."""

import re
import smtplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from enum import Enum
from typing import Self
from urllib.parse import unquote, urlsplit

import stamina

from reports.settings import PORTS

TIMEOUT = 20.0
NOT_FOUND_AT_HOME = 500
TOO_LARGE = 552
LOOPBACK = ("localhost", "127.0.0.1", "::1")


class LaterError(RuntimeError):
    """The server is away or asks to come again; the message is a sentence."""


class RefusedError(RuntimeError):
    """The server will not take the message, today or tomorrow; the message is a sentence."""


class TooLargeError(RefusedError):
    """The server takes no message of this size."""


class Fate(Enum):
    """What became of a message to one recipient."""

    SENT = "sent"
    REFUSED = "refused"
    LATER = "later"
    TOO_LARGE = "too large"


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of a message and, where it did not go, why."""

    fate: Fate
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Server:
    """A mail server: with TLS from the first byte, or by STARTTLS, which is insisted on as soon as there is a password."""

    host: str
    port: int
    is_tls: bool
    user: str = ""
    password: str = ""

    @classmethod
    def of(cls, url: str) -> Self:
        """Return the server of an address such as `smtp://user:password@host:587` or `smtps://…:465`."""
        parts = urlsplit(url)
        user, password = unquote(parts.username or ""), unquote(parts.password or "")
        return cls(parts.hostname or "", parts.port or PORTS[parts.scheme], parts.scheme == "smtps", user, password)

    def __repr__(self) -> str:
        """Return the address without its password."""
        return f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Patience:
    """How long an answer may take, and how often and how soon to come again after a 4xx reply or a lost connection."""

    timeout: float = TIMEOUT
    attempts: int = 4
    first_wait: float = 2.0
    longest_wait: float = 30.0


def send(server: Server, sender: str, recipient: str, message: bytes, patience: Patience) -> Answer:
    """Hand over a message and return what became of it.

    A connection that breaks after the message was taken but before the server said so makes it go twice, under the
    same Message-ID: SMTP cannot do better.
    """
    waits = {"wait_initial": patience.first_wait, "wait_max": patience.longest_wait, "timeout": None}
    try:
        for attempt in stamina.retry_context(on=LaterError, attempts=patience.attempts, **waits):  # type: ignore[arg-type]
            with attempt, session(server, patience.timeout) as smtp:
                _hand_over(smtp, sender, recipient, message)
    except LaterError as error:
        return Answer(Fate.LATER, str(error))
    except TooLargeError as error:
        return Answer(Fate.TOO_LARGE, str(error))
    except RefusedError as error:
        return Answer(Fate.REFUSED, str(error))
    return Answer(Fate.SENT)


@contextmanager
def session(server: Server, timeout: float = TIMEOUT) -> Iterator[smtplib.SMTP]:
    """Give an open session, encrypted and logged in as the address says; raises LaterError or RefusedError."""
    smtp = None
    try:
        smtp = _open(server, timeout)
        yield smtp
    except ssl.SSLCertVerificationError as error:
        raise RefusedError(f"{server} shows a certificate that is not trusted: {error.verify_message}.") from None
    except smtplib.SMTPResponseException as error:
        raise _told(error.smtp_code, error.smtp_error) from None
    except smtplib.SMTPNotSupportedError as error:
        raise RefusedError(f"{server} cannot do this: {_plain(str(error))}") from None
    except (OSError, smtplib.SMTPException) as error:
        raise LaterError(f"{server} did not answer: {_plain(str(error)) or type(error).__name__}.") from None
    finally:
        if smtp is not None:
            with suppress(OSError, smtplib.SMTPException):
                smtp.quit()
            smtp.close()


def _open(server: Server, timeout: float) -> smtplib.SMTP:
    context = ssl.create_default_context()
    if server.is_tls:
        smtp: smtplib.SMTP = smtplib.SMTP_SSL(server.host, server.port, timeout=timeout, context=context)
    else:
        smtp = smtplib.SMTP(server.host, server.port, timeout=timeout)
    try:
        smtp.ehlo_or_helo_if_needed()
        if not server.is_tls and smtp.has_extn("starttls"):
            smtp.starttls(context=context)
            smtp.ehlo()
        _log_in(smtp, server)
    except BaseException:
        smtp.close()
        raise
    return smtp


def _log_in(smtp: smtplib.SMTP, server: Server) -> None:
    if not server.user:
        return
    if not isinstance(smtp.sock, ssl.SSLSocket) and server.host not in LOOPBACK:
        raise RefusedError(f"{server} offers no encryption, so the password was not sent.")
    smtp.login(server.user, server.password)


def _hand_over(smtp: smtplib.SMTP, sender: str, recipient: str, message: bytes) -> None:
    try:
        smtp.sendmail(sender, [recipient], message)
    except smtplib.SMTPRecipientsRefused as error:
        raise _told(*error.recipients[recipient]) from None
    except UnicodeEncodeError:
        raise RefusedError("The address has letters that this mail server does not take.") from None


def _told(code: int, said: bytes | str) -> LaterError | RefusedError:
    sentence = (
        f"The server answered {code}: {_plain(said.decode('utf-8', 'replace') if isinstance(said, bytes) else said)}"
    )
    if code == TOO_LARGE:
        return TooLargeError(sentence)
    return RefusedError(sentence) if code >= NOT_FOUND_AT_HOME else LaterError(sentence)


def _plain(text: str) -> str:
    return re.sub(r"[^\x20-\x7e\xa0-￿]+", " ", text).strip()[:200].rstrip(".")
