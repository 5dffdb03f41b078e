"""What wants a look, and what is not counted, in sentences that page, mail and terminal share."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from analytics.kpis import cents
from analytics.view3 import Tally, View3

WHERE: Final = "view3 inbox list"  # names each one


@dataclass(frozen=True, slots=True)
class Wording:
    """How a kind of finding is told of one, and of several."""

    one: str
    several: str


_REVIEW: Final = {
    "possible_double_charges": Wording(
        "1 payment{of} may be a double charge", "{count} payments{of} may be double charges"
    ),
    "joined_by_likeness": Wording(
        "1 purchase{of} was joined by likeness, without a shared id",
        "{count} purchases{of} were joined by likeness, without a shared id",
    ),
    "refunds_without_purchase": Wording(
        "1 refund{of} belongs to no purchase", "{count} refunds{of} belong to no purchase"
    ),
    "payments_without_purchase": Wording(
        "1 payment{of} belongs to no purchase", "{count} payments{of} belong to no purchase"
    ),
    "disputes_without_purchase": Wording(
        "1 dispute{of} belongs to no purchase", "{count} disputes{of} belong to no purchase"
    ),
    "unclassified_lines": Wording(
        "1 line{of} matches no pattern and is part of no sale",
        "{count} lines{of} match no pattern and are part of no sale",
    ),
}
_EXCLUDED: Final = {
    "unclassified": Wording(
        "1 purchase{of} matches no pattern and is not counted",
        "{count} purchases{of} match no pattern and are not counted",
    ),
    "test_mode": Wording(
        "1 purchase{of} in test mode is not counted", "{count} purchases{of} in test mode are not counted"
    ),
    "staff": Wording("1 purchase{of} by staff is not counted", "{count} purchases{of} by staff are not counted"),
    "other_currency": Wording(
        "1 purchase in another currency counts, but its money is in no sum",
        "{count} purchases in another currency count, but their money is in no sum",
    ),
}


def wants_a_look(view: View3) -> dict[str, str]:
    """Return a sentence for each kind of what is counted and wants a look, or belongs to no purchase."""
    return dict(_sentences(view.review, _REVIEW, view.currency))


def left_out(view: View3) -> dict[str, str]:
    """Return a sentence for each kind of purchase that is not counted, or whose money is not."""
    found = {kind: Tally(count, view.excluded_money.get(kind, Decimal(0))) for kind, count in view.excluded.items()}
    return dict(_sentences(found, _EXCLUDED, view.currency))


def _sentences(found: Mapping[str, Tally], wordings: Mapping[str, Wording], currency: str) -> Iterator[tuple[str, str]]:
    for kind, wording in wordings.items():
        tally = found.get(kind)
        if tally is not None and tally.count:
            of = f" of {cents(tally.amount):,}" if tally.amount else f" without money in {currency}"
            text = wording.one if tally.count == 1 else wording.several
            yield kind, text.format(count=f"{tally.count:,}", of=of)
