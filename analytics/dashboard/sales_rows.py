"""The rows of the attribution table as texts, as they stand on the page."""

import re
from html import escape
from typing import Final

from analytics.dashboard.address import written_sort
from analytics.dashboard.wording import many, plain
from analytics.view3 import Attribution, SaleRow, SalesPage, Sort, SortColumn

COLUMNS: Final = (
    ("Customer Name", SortColumn.CUSTOMER),
    ("HT Product", SortColumn.PRODUCT),
    ("HT Price", SortColumn.PRICE),
    ("Purchase Date", SortColumn.PURCHASED),
    ("Original Campaign (UTM)", SortColumn.CAMPAIGN),
    ("Original Ad Set (UTM)", SortColumn.AD_SET),
    ("Original Ad (UTM)", SortColumn.AD),
    ("Days from Lead to HT Sale", SortColumn.DAYS),
)
ATTRIBUTION: Final = "Attribution"
NAMES: Final = (*(name for name, _ in COLUMNS), ATTRIBUTION)
STYLES: Final = {2: "view3-number", 3: "view3-when", 7: "view3-number"}  # of a column, by its place
LONG: Final = re.compile(r"\S{25}|.{70}")  # a word or a text that would make its column too wide or its row too high
EMPTY: Final = "No high-ticket sale in this period."


def cells(row: SaleRow, currency: str) -> tuple[str, ...]:
    """Return a row as texts, exactly as they are to be read, one per name."""
    return (
        line(row.customer_name),
        line(row.product),
        f"{row.price:,.2f}" if row.currency == currency else f"{row.price:,.2f} {row.currency}",
        f"{row.purchased_at:%Y-%m-%d %H:%M}",
        line(row.campaign),
        line(row.ad_set),
        line(row.ad),
        "" if row.days_from_lead is None else str(row.days_from_lead),
        line(" · ".join(filter(None, (_standing(row), row.reason or row.attribution)))),
    )


def _standing(row: SaleRow) -> str:
    """Return how the money of a sale stands where it differs from paid, and what the buyer paid where tax came on top."""
    told = ["" if row.status == "paid" else row.status]
    if row.tax:
        told.append(f"the buyer paid {row.buyer_paid:,.2f} with tax")
    return " · ".join(filter(None, told))


def line(text: str) -> str:
    """Return a text on one line."""
    return " ".join(text.split())


def table_html(page: SalesPage, currency: str, sort: Sort, chosen: int) -> str:
    """Return a page of rows as HTML: titles sort, and each row, by its customer's name, tells why it is credited as it is."""
    head = "".join(_head_html(place, name, sort) for place, name in enumerate(NAMES))
    rows = "".join(_row_html(row, cells(row, currency), is_chosen=row.sale_id == chosen) for row in page.rows)
    return (
        '<div class="view3-scroll" tabindex="0" role="region" aria-label="High-ticket sales"><table class="view3-table">'
        f"<thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>"
    )


def count_html(page: SalesPage, offset: int, currency: str, *, narrowed: bool) -> str:
    """Return which rows are in sight of how many; for none, what to do about it."""
    if page.rows:
        seen = (
            f"<b>{offset + 1:,}–{offset + len(page.rows):,}</b> of <b>{page.total:,}</b> · prices in {plain(currency)}"
        )
        return f'<p class="view3-count" role="status">{seen}</p>'
    if narrowed:
        said = "No sale matches. Clear the search or choose another campaign, product or period."
    else:
        said = (
            f"{EMPTY} Choose a longer one, load sales with <code>view3 import FILE…</code>, or let Stripe and ClickFunnels "
            "send them: <code>view3 receive</code> listens at <code>/webhooks/stripe</code> and <code>/webhooks/clickfunnels</code>."
        )
    return f'<p class="view3-count view3-none" role="status">{said}</p>'


def title_html(attribution: Attribution) -> str:
    """Return the table's heading: how many of the period's sales are credited, and why the others are not."""
    total = attribution.matched + attribution.unattributed
    why = ", ".join(f"{count:,} {plain(reason)}" for reason, count in attribution.reasons.items() if count)
    if total:
        rate = f"<b>{100 * attribution.matched / total:.0f} %</b> credited: {attribution.matched:,} of {many(total, 'sale', 'sales')}"
    else:
        rate = "No high-ticket sale in this period"
    missed = f" · not credited: {why}" if why else ""
    return (
        '<div class="view3-heading"><h2>High-ticket sales, back to the first ad</h2>'
        f'<p class="view3-match-rate">{rate}{missed}</p></div>'
    )


def _head_html(place: int, name: str, sort: Sort) -> str:
    if name == ATTRIBUTION:
        return f'<th scope="col"{_style(place)}>{name}</th>'
    column = COLUMNS[place][1]
    active = column is sort.column
    told = ("descending" if sort.descending else "ascending") if active else "none"
    click = written_sort(Sort(column, descending=active and not sort.descending))
    return (
        f'<th scope="col"{_style(place)} aria-sort="{told}"><button type="submit" class="view3-sort" name="sort" '
        f'value="{click}" data-asks="sort page">{name}</button></th>'
    )


def _row_html(row: SaleRow, texts: tuple[str, ...], *, is_chosen: bool) -> str:
    name, *others = texts
    chosen = ' aria-selected="true"' if is_chosen else ""
    button = (
        f'<button type="submit" class="view3-choose" name="sale" value="{row.sale_id}" '
        f'title="Why this sale is credited as it is">{escape(name) or "No name"}</button>'
    )
    rest = "".join(f"<td{_style(place)}>{_cell_html(text)}</td>" for place, text in enumerate(others, 1))
    return f'<tr data-row="{row.sale_id}"{chosen}><td>{button}</td>{rest}</tr>'


def _cell_html(text: str) -> str:
    """Return a cell's text; a long one is cut by the style sheet and whole when pointed at."""
    if LONG.search(text):
        return f'<span class="view3-long" title="{escape(text)}">{escape(text)}</span>'
    return escape(text)


def _style(place: int) -> str:
    return f' class="{STYLES[place]}"' if place in STYLES else ""
