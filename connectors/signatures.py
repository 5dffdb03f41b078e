"""Webhook signatures: HMAC-SHA256 over the raw bytes, compared in constant time, and not older or newer than allowed."""

import hashlib
import hmac
import re
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from connectors.contract import BadSignatureError

MISSING = "signature missing or malformed"
_STAMP = re.compile(r"[0-9]{1,12}").fullmatch
_HEX = re.compile(r"[0-9a-f]{64}").fullmatch


def digest(secret: str, message: bytes) -> str:
    """Return the hexadecimal HMAC-SHA256 of a message."""
    return hmac.new(_bytes(secret), message, hashlib.sha256).hexdigest()


def check(message: bytes, claimed: Iterable[str], secrets: Sequence[str]) -> None:
    """Raise BadSignatureError unless one of the claimed digests fits one of the secrets; an empty secret fits nothing."""
    readable = [claim for claim in claimed if _HEX(claim)]
    if not readable:
        raise BadSignatureError(MISSING)
    fits = False
    for expected in (digest(secret, message) for secret in secrets if secret):
        for claim in readable:
            fits |= hmac.compare_digest(expected, claim)
    if not fits:
        raise BadSignatureError("the signature does not fit")


def check_time(stamp: str, now: datetime, tolerance: timedelta) -> None:
    """Raise BadSignatureError, marked stale, for a Unix time in seconds that is further from now than allowed."""
    if abs(now.timestamp() - int(stamp)) > tolerance.total_seconds():
        raise BadSignatureError(f"timestamp outside {tolerance.total_seconds():.0f} s", stale=True)


def is_stamp(text: str) -> bool:
    """Tell whether a text is a Unix time in plain digits."""
    return _STAMP(text) is not None


def same_secret(claimed: str, secrets: Sequence[str]) -> bool:
    """Tell whether a text is one of the secrets; an empty one is none."""
    fits = False
    for secret in filter(None, secrets):
        fits |= hmac.compare_digest(_bytes(claimed), _bytes(secret))
    return fits


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")
