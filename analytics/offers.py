"""Which purchase is VIP, OTO or high-ticket, told by patterns over what the messenger calls it."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from fnmatch import fnmatchcase

from analytics.records import Offer

HIGHEST_FIRST = (Offer.HIGH_TICKET, Offer.VIP, Offer.OTO)

WILDCARDS = str.maketrans("", "", "*?[]")


@dataclass(frozen=True, slots=True)
class Clash:
    """A name that fits patterns of two kinds; it counts as the first, the higher one."""

    name: str
    higher: tuple[Offer, str]
    lower: tuple[Offer, str]


@dataclass(frozen=True, slots=True)
class Patterns:
    """Shell-style, case-insensitive patterns per offer and of part payments.

    `high_ticket_from` is the price, in the reporting currency, from which the rest is high-ticket (None: never).
    """

    vip: tuple[str, ...] = ()
    oto: tuple[str, ...] = ()
    high_ticket: tuple[str, ...] = ()
    high_ticket_from: Decimal | None = None
    part_payment: tuple[str, ...] = ()

    def classify(self, labels: Iterable[str]) -> Offer | None:
        """Return the highest offer (high-ticket, VIP, OTO) with a pattern that fits a label; None if none does."""
        found = self.fitting(labels)
        return found[0] if found else None

    def fitting(self, labels: Iterable[str]) -> list[Offer]:
        """Return every offer with a pattern that fits a label, the highest first."""
        patterns = {Offer.HIGH_TICKET: self.high_ticket, Offer.VIP: self.vip, Offer.OTO: self.oto}
        folded = [label.casefold() for label in labels if label]
        return [offer for offer in HIGHEST_FIRST if _fits(folded, patterns[offer])]

    def clashes(self, names: Iterable[str]) -> Iterator[Clash]:
        """Yield each name, and each pattern's own text, that fits patterns of two kinds, with the first of either."""
        kinds = {Offer.HIGH_TICKET: self.high_ticket, Offer.VIP: self.vip, Offer.OTO: self.oto}
        own = (pattern.translate(WILDCARDS) for offer in HIGHEST_FIRST for pattern in kinds[offer])
        for name in dict.fromkeys(filter(None, map(str.casefold, (*names, *own)))):
            fits = [(offer, one) for offer in HIGHEST_FIRST for one in kinds[offer] if _fits([name], [one])]
            other = next((pair for pair in fits if pair[0] is not fits[0][0]), None)
            if other is not None:
                yield Clash(name, fits[0], other)

    def is_part_payment(self, labels: Iterable[str]) -> bool:
        """Tell whether labels name a deposit or a balance: a payment of another order."""
        return bool(self.part_payment) and _fits([label.casefold() for label in labels if label], self.part_payment)


def _fits(folded: Iterable[str], patterns: Iterable[str]) -> bool:
    return any(fnmatchcase(label, pattern.casefold()) for label in folded for pattern in patterns)
