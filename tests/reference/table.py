"""The attribution table read row by row: which sales are wanted, in which order."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

Row = Mapping[str, Any]
UTMS = ("utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content")
SEARCHED = ("customer_name", "customer_email", "product_name", "utm_campaign", "utm_term", "utm_content")
TEXTS = {
    "customer": "customer_name",
    "product": "product_name",
    "campaign": "utm_campaign",
    "ad_set": "utm_term",
    "ad": "utm_content",
}
OTHERS = {"price": "price", "purchased": "purchase_date", "days": "days_from_lead_to_sale"}


def wanted_sales(
    sales: Iterable[Row],
    facts: Mapping[int, Row],
    inside: tuple[datetime, datetime],
    *,
    campaign: str = "",
    product: str = "",
    search: str = "",
) -> list[Row]:
    """Return the sales of a table that are wanted; a sale without facts is taken as it is recorded."""
    found = [row for row in sales if inside[0] <= row["purchase_date"] < inside[1]]
    if campaign:
        found = [row for row in found if _campaign(row, facts.get(row["id"])) == campaign]
    if product:
        found = [row for row in found if _product(row, facts.get(row["id"])) == product]
    return [row for row in found if any(search.lower() in (row[name] or "").lower() for name in SEARCHED)]


def in_order(found: Iterable[Row], column: str, *, descending: bool) -> list[int]:
    """Return the numbers of sales in an order: an unknown value comes before every other, and numbers settle ties."""
    return [row["id"] for row in sorted(found, key=lambda row: (_key(row, column), row["id"]), reverse=descending)]


def _campaign(row: Row, fact: Row | None) -> str:
    if fact is not None:
        return str(fact["utm_campaign_key"]) if fact["outcome"] == "matched" else "(unattributed)"
    return (row["utm_campaign"] or "").lower() if any(row[name] for name in UTMS) else "(unattributed)"


def _product(row: Row, fact: Row | None) -> str:
    return str(fact["product_key"]) if fact is not None else row["product_name"].lower()


def _key(row: Row, column: str) -> tuple[bool, Any]:
    if column in OTHERS:
        value = row[OTHERS[column]]
        return value is not None, value if value is not None else 0
    text = row[TEXTS[column]]
    if column == "campaign":
        text = text or ""
    return text is not None, (text or "").lower().encode()
