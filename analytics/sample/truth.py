"""What the sample knows and its tables do not: whose sales those are that were paid for under another address."""

from analytics.sample.cast import CASES

Key = tuple[str, str]  # a source and its id


def hidden_buyers() -> dict[Key, Key]:
    """Return the opt-in of each such buyer by the purchase as the funnel tool told it."""
    return {
        ("clickfunnels", f"order-{number}"): ("clickfunnels", f"optin-c{number}")
        for number, case in enumerate(CASES, 1)
        if case.pays_as
    }
