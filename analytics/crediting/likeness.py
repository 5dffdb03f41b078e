"""How much an opt-in looks like a buyer whose address is another one, pure: evidence for people, never a match by itself."""

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher
from string import ascii_lowercase, digits

LETTERS = f"{ascii_lowercase}{digits}._-"
# Many people write from such mailboxes, so that the same one elsewhere says nothing.
SHARED = frozenset(
    ("admin", "billing", "contact", "hello", "info", "mail", "office", "sales", "shop", "support", "team")
)
SHORTEST, SIMILAR = 5, 0.85
SAME_NAME, SIMILAR_NAME, OTHER_NAME = 45, 30, -20
ONE_LETTER, MISTYPED_DOMAIN, OTHER_DOMAIN = 60, 70, 50
ENOUGH = 45


@dataclass(frozen=True, slots=True)
class Likeness:
    """What speaks for an opt-in being the buyer's, and how much: ENOUGH points make it a suggestion."""

    points: int
    evidence: tuple[str, ...]


def likeness(buyer: tuple[str, str], person: tuple[str, str]) -> Likeness:
    """Return how alike two people are, each a name and a folded address."""
    by_address, by_name = _addresses(buyer[1], person[1]), _names(buyer[0], person[0])
    found = [one for one in (by_address, by_name) if one is not None]
    return Likeness(sum(points for points, _ in found), tuple(words for _, words in found))


def slips(mailbox: str) -> set[str]:
    """Return everything that is one slip of a finger away: a letter lost, doubled, exchanged, or two that changed places."""
    return set(_slips(mailbox)) - {mailbox, ""}


def plain(name: str) -> str:
    """Return a name without case, accents, punctuation and the order of its parts."""
    decomposed = unicodedata.normalize("NFKD", name.casefold())
    letters = "".join(letter if letter.isalnum() else " " for letter in decomposed if not unicodedata.combining(letter))
    return " ".join(sorted(letters.split()))


def is_telling(mailbox: str) -> bool:
    """Tell whether few people have a mailbox of that name."""
    return len(mailbox) >= SHORTEST and mailbox not in SHARED


def _slips(mailbox: str) -> Iterator[str]:
    for place in range(len(mailbox) + 1):
        before, after = mailbox[:place], mailbox[place:]
        for letter in LETTERS:
            yield before + letter + after
            if after:
                yield before + letter + after[1:]
        if after:
            yield before + after[1:]
        if len(after) > 1:
            yield before + after[1] + after[0] + after[2:]


def _addresses(one: str, other: str) -> tuple[int, str] | None:
    mailbox, _, domain = one.rpartition("@")
    others, _, elsewhere = other.rpartition("@")
    if not mailbox or not others:
        return None
    if mailbox == others and domain != elsewhere and is_telling(mailbox):
        if elsewhere in slips(domain):
            return MISTYPED_DOMAIN, "domain differs by one letter"
        return OTHER_DOMAIN, "same mailbox name at another domain"
    if domain == elsewhere and is_telling(mailbox) and others in slips(mailbox):
        return ONE_LETTER, "address differs by one letter"
    return None


def _names(one: str, other: str) -> tuple[int, str] | None:
    one, other = plain(one), plain(other)
    if not one or not other:
        return None
    if one == other:
        return SAME_NAME, "same name"
    if SequenceMatcher(None, one, other).ratio() >= SIMILAR:
        return SIMILAR_NAME, "similar name"
    return OTHER_NAME, "another name"
