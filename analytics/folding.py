"""Keys under which the same address, campaign or product is recognised, however it was typed."""

import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import unquote_plus

GMAIL = {"gmail.com", "googlemail.com"}


@dataclass(frozen=True, slots=True)
class EmailKeys:
    """An e-mail address at the levels at which two of them can be the same person.

    `folded` is trimmed, NFKC and lower-case. `key` also drops Gmail's dots, `googlemail.com` and Gmail's `+tag`;
    `tag` keeps what followed the plus. On every other domain `key` equals `folded`.
    """

    folded: str
    key: str
    tag: str


@dataclass(frozen=True, slots=True)
class Address:
    """An e-mail address as it was stated, with its matching keys (see EmailKeys)."""

    email: str
    folded: str
    key: str
    tag: str


@lru_cache(maxsize=16_384)
def email_keys(address: str) -> EmailKeys:
    """Return the matching keys of an address; all are empty for an empty one."""
    folded = unicodedata.normalize("NFKC", address).strip().lower()
    local, at, domain = folded.rpartition("@")
    if not at or domain not in GMAIL:
        return EmailKeys(folded, folded, "")
    mailbox, _, tag = local.partition("+")
    return EmailKeys(folded, f"{mailbox.replace('.', '')}@gmail.com", tag)


def fold(text: str) -> str:
    """Return the grouping key of a UTM value or a name: `+` and `%20` decoded, NFKC, casefolded, trimmed."""
    decoded = unquote_plus(text) if "%" in text or "+" in text else text
    return unicodedata.normalize("NFKC", decoded).casefold().strip()
