"""Which purchase is VIP, OTO or high-ticket, told by patterns over what the messenger calls it."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from fnmatch import fnmatchcase

from analytics.records import Offer


@dataclass(frozen=True, slots=True)
class Patterns:
    """Shell-style, case-insensitive patterns per offer, and the price from which the rest is high-ticket (None: never)."""

    vip: tuple[str, ...] = ()
    oto: tuple[str, ...] = ()
    high_ticket: tuple[str, ...] = ()
    high_ticket_from: Decimal | None = None

    def classify(self, labels: Iterable[str], price: Decimal) -> Offer | None:
        """Return the first offer, in the order VIP, OTO, high-ticket, with a pattern that fits a label; None if none does."""
        folded = [label.casefold() for label in labels if label]
        for offer, patterns in ((Offer.VIP, self.vip), (Offer.OTO, self.oto), (Offer.HIGH_TICKET, self.high_ticket)):
            if any(fnmatchcase(label, pattern.casefold()) for label in folded for pattern in patterns):
                return offer
        if self.high_ticket_from is not None and price >= self.high_ticket_from:
            return Offer.HIGH_TICKET
        return None
