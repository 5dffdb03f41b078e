"""Which currency an amount is in, by code or by the sign written beside it."""

import re

from connectors.contract import RowError

ZERO_DECIMALS = frozenset(
    ["BIF", "CLP", "DJF", "GNF", "JPY", "KMF", "KRW", "MGA", "PYG", "RWF", "VND", "VUV", "XAF", "XOF", "XPF"]
)
THREE_DECIMALS = frozenset(["BHD", "JOD", "KWD", "OMR", "TND"])
# A sign with what it can mean; one that can mean several is settled by the row's or the reporting currency.
SIGNS = {
    "$": frozenset(["USD", "CAD", "AUD", "NZD", "SGD", "HKD", "MXN", "ARS", "CLP", "COP", "TWD"]),
    "¥": frozenset(["JPY", "CNY"]),
    "£": frozenset(["GBP", "EGP"]),
    "kr": frozenset(["SEK", "NOK", "DKK", "ISK"]),
    "€": frozenset(["EUR"]),
    "₹": frozenset(["INR"]),
    "R$": frozenset(["BRL"]),
    "US$": frozenset(["USD"]),
    "CA$": frozenset(["CAD"]),
    "A$": frozenset(["AUD"]),
}
ANY: frozenset[str] = frozenset()


def meant_by(sign: str) -> frozenset[str]:
    """Return the currencies that a sign or a code can mean; empty for no sign. Raises RowError for other text."""
    if not sign:
        return ANY
    if sign in SIGNS:
        return SIGNS[sign]
    if re.fullmatch("[A-Z]{3}", sign):
        return frozenset([sign])
    raise RowError(f"'{sign}' is not a currency")


def settled(possible: frozenset[str], stated: str, default: str) -> str:
    """Return the one currency of an amount: the stated one, else the default, else the only one its sign can mean."""
    if not possible:
        return stated or default
    if stated:
        if stated not in possible:
            raise RowError(f"the amount is not in {stated}, the currency of its row")
        return stated
    if default in possible:
        return default
    if len(possible) == 1:
        return next(iter(possible))
    raise RowError("the amount's sign can mean several currencies; add a column with its code")


def currency_code(text: str, default: str) -> str:
    """Return an ISO currency code in capitals, or the default for an empty cell."""
    code = text.upper()
    if not code:
        return default
    if not re.fullmatch("[A-Z]{3}", code):
        raise RowError(f"'{text}' is not a currency code such as USD")
    return code
