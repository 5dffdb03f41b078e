"""Which purchase is VIP, OTO or high-ticket, told by patterns over what the messenger calls it."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from fnmatch import fnmatchcase

from analytics.records import Offer

HIGHEST_FIRST = (Offer.HIGH_TICKET, Offer.VIP, Offer.OTO)


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

    def is_part_payment(self, labels: Iterable[str]) -> bool:
        """Tell whether labels name a deposit or a balance: a payment of another order."""
        return bool(self.part_payment) and _fits([label.casefold() for label in labels if label], self.part_payment)


def _fits(folded: Iterable[str], patterns: Iterable[str]) -> bool:
    return any(fnmatchcase(label, pattern.casefold()) for label in folded for pattern in patterns)
