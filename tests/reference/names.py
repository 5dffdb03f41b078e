"""When two names of a campaign are one."""

import unicodedata
from urllib.parse import unquote_plus


def fold(text: str) -> str:
    """Return a name as it is grouped."""
    decoded = unquote_plus(text) if "%" in text or "+" in text else text
    return unicodedata.normalize("NFKC", decoded).casefold().strip()
