"""The attribution table: search, filters, sort and pages are questions to the database; the rows in sight go to itables."""

from collections.abc import Callable, Iterator
from html import escape
from typing import Final

import ipywidgets as w
import pandas as pd
from itables.typing import ITableOptions
from itables.widget import ITable

from analytics.challenge import Period
from analytics.dashboard.elements import Download, Headers, Region
from analytics.dashboard.wording import many, plain
from analytics.view3 import Attribution, Choices, SaleRow, SalesFilter, SalesPage, Sort, SortColumn

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
PAGE_SIZES: Final = (10, 25, 50, 100)
LONGEST_SEARCH: Final = 200
LONGEST_LABEL: Final = 60

Start = Callable[[], tuple[str, Iterator[str]]]


class SalesTable:
    """The table with its controls; `changed` is called when a viewer asks for other rows."""

    def __init__(self, currency: str, changed: Callable[[], None], export: Start) -> None:
        self._currency, self._changed = currency, changed
        self._total, self._offset, self._offering = 0, 0, False
        self.search = w.Text(
            description="Search", tooltip="Search every text column", placeholder="Name, product, campaign, ad…"
        )
        self.campaign = w.Dropdown(options=[("All campaigns", "")], description="Campaign", tooltip="Original campaign")
        self.product = w.Dropdown(options=[("All products", "")], description="Product", tooltip="High-ticket product")
        self.rows = w.Dropdown(options=PAGE_SIZES, value=25, description="Rows", tooltip="Rows per page")
        self.headers = Headers(columns=[column.value for _, column in COLUMNS], column=Sort().column.value)
        self.export = Download(export, label="Export CSV")
        self.before, self.after = w.Button(description="Previous"), w.Button(description="Next")
        self.title, self.said = Region(), Region()
        self._shown = _frame((), currency)
        self.table = ITable(self._shown, **_OPTIONS)
        self._listen()
        self.box = self._layout()

    def wanted(self, period: Period) -> SalesFilter:
        """Return which rows the viewer asks for; a search is cut where no honest one would reach."""
        search = self.search.value.replace("\x00", "").strip()[:LONGEST_SEARCH]
        return SalesFilter(period, self.campaign.value or "", self.product.value or "", search)

    def sort(self) -> Sort:
        """Return the order the viewer asks for, or the default where the browser sent nonsense."""
        if self.headers.column not in set(SortColumn):
            return Sort()
        return Sort(SortColumn(self.headers.column), descending=self.headers.descending)

    def page(self) -> tuple[int, int]:
        """Return limit and offset."""
        return self.rows.value, self._offset

    def offer(self, choices: Choices) -> None:
        """Offer what can be filtered by, and keep what the viewer has chosen."""
        self._offering = True
        _offer(self.campaign, "All campaigns", choices.campaigns)
        _offer(self.product, "All products", choices.products)
        self._offering = False

    def show(self, page: SalesPage) -> None:
        """Show a page of rows."""
        self._total = page.total
        last = self._offset + len(page.rows)
        frame = _frame(page.rows, self._currency)
        if not frame.equals(self._shown):
            self._shown = frame
            self.table.update(frame, **_OPTIONS)
        self.before.disabled = self._offset == 0
        self.after.disabled = last >= page.total
        self.said.html = f'<p class="view3-count" role="status">{self._count(len(page.rows), page.total)}</p>'

    def show_match_rate(self, attribution: Attribution) -> None:
        """Show how many of the period's sales are credited, and why the others are not."""
        self.title.html = _title_html(attribution)

    def _count(self, shown: int, total: int) -> str:
        if shown:
            return f"<b>{self._offset + 1:,}–{self._offset + shown:,}</b> of <b>{total:,}</b> · prices in {plain(self._currency)}"
        if self.search.value or self.campaign.value or self.product.value:
            return "No sale matches. Clear the search or choose another campaign, product or period."
        return "No high-ticket sale in this period. Choose a longer one, or load sales with <code>view3 import FILE…</code>."

    def _listen(self) -> None:
        for control in (self.search, self.campaign, self.product, self.rows):
            control.observe(self._ask_anew, "value")
        self.headers.observe(self._ask_anew, ["column", "descending"])
        self.before.on_click(lambda _: self._turn(-self.rows.value))
        self.after.on_click(lambda _: self._turn(self.rows.value))

    def _ask_anew(self, _change: object) -> None:
        if not self._offering:
            self._offset = 0
            self._changed()

    def _turn(self, rows: int) -> None:
        offset = max(0, self._offset + rows)
        if offset < max(self._total, 1):
            self._offset = offset
            self._changed()

    def start_over(self) -> None:
        """Return to the first page."""
        self._offset = 0

    def _layout(self) -> w.Box:
        controls = w.Box([self.search, self.campaign, self.product, self.export])
        pager = w.Box([self.said, self.rows, self.before, self.after])
        wide = w.Box([self.table])
        box = w.Box([self.title, controls, wide, pager, self.headers])
        named = {"view3-controls": controls, "view3-pager": pager, "view3-scroll": wide, "view3-sales": box}
        for name, part in named.items():
            part.add_class(name)
        box.add_class("view3-panel")
        return box


def first_rows_html(page: SalesPage, attribution: Attribution, currency: str) -> str:
    """Return the table's first page as plain HTML, for the moment before its controls are there."""
    names = "".join(f"<th>{name}</th>" for name in (*(name for name, _ in COLUMNS), ATTRIBUTION))
    rows = "".join(
        f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in _cells(row, currency))}</tr>" for row in page.rows
    )
    return (
        f'{_title_html(attribution)}<div class="view3-controls"></div><div class="view3-scroll"><table class="view3-table">'
        f"<thead><tr>{names}</tr></thead><tbody>{rows}</tbody></table></div>"
    )


_OPTIONS: Final[ITableOptions] = {
    "showIndex": False,
    "maxBytes": 0,
    "maxRows": 0,
    "maxColumns": 0,
    "paging": False,
    "ordering": False,
    "autoWidth": False,
    "layout": {"topStart": None, "topEnd": None, "bottomStart": None, "bottomEnd": None},
    "columnDefs": [{"targets": [2, 7], "className": "view3-number"}, {"targets": [3], "className": "view3-when"}],
    "language": {"emptyTable": " "},
    "classes": "view3-table",
    "style": "width:100%",
}


def _frame(rows: tuple[SaleRow, ...], currency: str) -> pd.DataFrame:
    """Return the rows as texts, exactly as they are to be read."""
    columns = [name for name, _ in COLUMNS] + [ATTRIBUTION]
    return pd.DataFrame([_cells(row, currency) for row in rows], columns=columns, dtype="object")


def _cells(row: SaleRow, currency: str) -> tuple[str, ...]:
    return (
        _line(row.customer_name),
        _line(row.product),
        f"{row.price:,.2f}" if row.currency == currency else f"{row.price:,.2f} {row.currency}",
        f"{row.purchased_at:%Y-%m-%d %H:%M}",
        _line(row.campaign),
        _line(row.ad_set),
        _line(row.ad),
        "" if row.days_from_lead is None else str(row.days_from_lead),
        _line(" · ".join(filter(None, (row.status if row.status != "paid" else "", row.reason or row.attribution)))),
    )


def _line(text: str) -> str:
    return " ".join(text.split())


def _offer(control: w.Dropdown, everything: str, choices: tuple[tuple[str, str], ...]) -> None:
    chosen = control.value or ""
    keys = {key for key, _ in choices}
    options = [(everything, ""), *((_shortened(label), key) for key, label in choices if key)]
    if chosen and chosen not in keys:
        options.append((_shortened(chosen), chosen))
    if tuple(control.options) == tuple(options):
        return
    control.options = options  # which also chooses the first
    control.value = chosen


def _shortened(label: str) -> str:
    line = _line(label)
    return line if len(line) <= LONGEST_LABEL else f"{line[: LONGEST_LABEL - 1]}…"


def _title_html(attribution: Attribution) -> str:
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
