"""The ratios, pure. A ratio with nothing under it is None, never 0 and never infinite."""

from decimal import ROUND_HALF_UP, Decimal

CENT = Decimal("0.01")


def cents(amount: Decimal) -> Decimal:
    """Return an amount or ratio rounded half up to two decimals, as every surface prints it."""
    return amount.quantize(CENT, ROUND_HALF_UP)


def cost_per_acquisition(ad_spend: Decimal | None, sales: int) -> Decimal | None:
    """Return ad spend per high-ticket sale; None without a sale or where the spend is unknown."""
    return cents(ad_spend / sales) if ad_spend is not None and sales else None


def roas(revenue: Decimal, ad_spend: Decimal | None) -> Decimal | None:
    """Return revenue earned per unit of ad spend; None without spend."""
    return cents(revenue / ad_spend) if ad_spend else None
