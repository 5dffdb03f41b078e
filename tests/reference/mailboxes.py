"""When two e-mail addresses are the same person's, level by level."""

import unicodedata


def is_same_mailbox(one: str, other: str) -> bool:
    """Tell whether two addresses are the same person's at the loosest level."""
    return bool(one.strip()) and mailbox(one) == mailbox(other)


def mailbox(email: str) -> str:
    """Return an address without all that does not tell people apart."""
    return gmail(folded(email), keep_tag=False)


def folded(email: str) -> str:
    """Return an address trimmed, NFKC and in lower case."""
    return unicodedata.normalize("NFKC", email).strip().lower()


def gmail(email: str, *, keep_tag: bool) -> str:
    """Return a Gmail address without its dots, at gmail.com, with or without its tag; any other as it is."""
    name, _, domain = email.rpartition("@")
    if domain not in ("gmail.com", "googlemail.com"):
        return email
    name, plus, tag = name.partition("+")
    name = name.replace(".", "")
    return f"{name}{plus}{tag}@gmail.com" if keep_tag else f"{name}@gmail.com"
