"""Which purchase is VIP, OTO or high-ticket: patterns over what the messenger calls it."""

import pytest

from analytics.offers import Patterns
from analytics.records import Offer
from tests.tables import drawn

PATTERNS = Patterns(
    vip=("vip*", "prod_1"),
    oto=("*recordings*", "*vip replay*"),
    high_ticket=("mentor?hip", "*[2-4]k*"),
)

NAMED = """
    labels                        | price | offer
    ------------------------------|-------|------------
    VIP Pass                      | 47    | vip
    vip                           | 0     | vip
    the vip pass                  | 47    |
    PROD_1                        | 47    | vip
    prod_11                       | 47    |
    All Recordings 2026           | 97    | oto
    Mentorship                    | 2000  | high_ticket
    mentor-hip                    | 2000  | high_ticket
    mentorships                   | 2000  |
    Club 3K                       | 3000  | high_ticket
    Club 5k                       | 5000  |
    vip / recordings              | 47    | vip
    the vip replay; mentorship    | 47    | high_ticket
    something; else; PROD_1       | 47    | vip
    mentorship; vip               | 2000  | high_ticket
    ""                            | 2000  |
"""


@pytest.mark.parametrize("row", drawn(NAMED), ids=lambda row: row["labels"])
def test_the_highest_offer_with_a_pattern_that_fits_a_label(row: dict[str, str]) -> None:
    told = PATTERNS.classify(row["labels"].split("; "))
    assert told == (Offer(row["offer"]) if row["offer"] else None)


def test_without_patterns_nothing_is_named() -> None:
    assert Patterns().classify(["VIP", "Mentorship"]) is None


@pytest.mark.parametrize("label", ["[", "*", "%", "a'b", "STRASSE"])
def test_a_label_is_text_and_never_a_pattern(label: str) -> None:
    assert Patterns(vip=("straße",)).classify([label]) is (Offer.VIP if label == "STRASSE" else None)
