"""The attribution table: search, filters, sort and pages are questions to the database; the rows in sight go to itables."""

from collections.abc import Callable
from typing import Any, Final

import ipywidgets as w

from analytics.dashboard.address import LONGEST_SEARCH, PAGE_SIZES, Address
from analytics.dashboard.elements import Download, Region, Start
from analytics.dashboard.grid import Grid
from analytics.dashboard.sales_rows import COLUMNS, NAMES, STYLES, cells, count_html, line, title_html
from analytics.dashboard.wording import plain
from analytics.view3 import Attribution, Choices, SaleRow, SalesPage, Sort, SortColumn

LONGEST_LABEL: Final = 60
SALE: Final = "Sale"  # a column that the page keeps out of sight: which sale a row is
ALL_CAMPAIGNS: Final = "All campaigns"
ALL_PRODUCTS: Final = "All products"


class SalesTable:
    """The table with its controls; `changed` is called when a viewer asks for other rows."""

    def __init__(
        self, currency: str, changed: Callable[[], None], files: tuple[Start, Start], address: Address
    ) -> None:
        self._currency, self._changed = currency, changed
        self._total, self._offset, self._offering = 0, address.offset, False
        self._rows: dict[int, SaleRow] = {}
        self.search = w.Text(
            value=address.search,
            description="Search",
            tooltip="Search every text column",
            placeholder="Name, product, campaign, ad…",
        )
        self.campaign = w.Dropdown(description="Campaign", tooltip="Original campaign")
        self.product = w.Dropdown(description="Product", tooltip="High-ticket product")
        _offer(self.campaign, ALL_CAMPAIGNS, (), address.campaign)
        _offer(self.product, ALL_PRODUCTS, (), address.product)
        self.rows = w.Dropdown(options=PAGE_SIZES, value=address.rows, description="Rows", tooltip="Rows per page")
        export, notebook = files
        self.notebook = Download(notebook, label="Open in a notebook", served="notebook")
        self.export = Download(export, label="Export CSV")
        self.before, self.after = w.Button(description="Previous"), w.Button(description="Next")
        self.title, self.said, self.trouble = Region(), Region(), Region()
        self.table = Grid(
            [*NAMES, SALE],
            columns=[column.value for _, column in COLUMNS],
            column=address.sort.column.value,
            descending=address.sort.descending,
            options=_OPTIONS,
            look=_LOOK,
        )
        self._listen()
        self.box = self._layout()

    def asked(self) -> tuple[str, str, str]:
        """Return the campaign, the product and the text that the viewer asks for; an endless search is cut."""
        search = self.search.value.replace("\x00", "").strip()[:LONGEST_SEARCH]
        return self.campaign.value or "", self.product.value or "", search

    def sort(self) -> Sort:
        """Return the order the viewer asks for, or the default where the browser sent nonsense."""
        if self.table.column not in set(SortColumn):
            return Sort()
        return Sort(SortColumn(self.table.column), descending=self.table.descending)

    def page(self) -> tuple[int, int]:
        """Return how many rows make a page, and which page is in sight, counted from 1."""
        return self.rows.value, self._offset // self.rows.value + 1

    def chosen(self) -> SaleRow | None:
        """Return the sale in sight that the viewer selected, if one is."""
        return self._rows.get(self.table.chosen)

    def offer(self, choices: Choices) -> None:
        """Offer what can be filtered by, and keep what the viewer has chosen."""
        self._offering = True
        _offer(self.campaign, ALL_CAMPAIGNS, choices.campaigns, self.campaign.value or "")
        _offer(self.product, ALL_PRODUCTS, choices.products, self.product.value or "")
        self._offering = False

    def show(self, page: SalesPage) -> None:
        """Show a page of rows; one beyond the last row, as after a deletion, turns back to the last."""
        self._total = page.total
        if not page.rows and page.total and self._offset:
            self._offset = (page.total - 1) // self.rows.value * self.rows.value
            self._changed()
            return
        self._rows = {row.sale_id: row for row in page.rows}
        self.table.show([(*cells(row, self._currency), str(row.sale_id)) for row in page.rows])
        self.before.disabled = self._offset == 0
        self.after.disabled = self._offset + len(page.rows) >= page.total
        self.said.html = count_html(page, self._offset, self._currency, narrowed=any(self.asked()))
        self.trouble.html = ""

    def admit(self, sentence: str) -> None:
        """Say that the rows in sight are old."""
        self.trouble.html = f'<p class="view3-trouble" role="status">{plain(sentence)}</p>'

    def show_match_rate(self, attribution: Attribution) -> None:
        """Show how many of the period's sales are credited, and why the others are not."""
        self.title.html = title_html(attribution)

    def start_over(self) -> None:
        """Return to the first page."""
        self._offset = 0

    def _listen(self) -> None:
        for control in (self.search, self.campaign, self.product, self.rows):
            control.observe(self._ask_anew, "value")
        self.table.observe(self._ask_anew, ["column", "descending"])
        self.table.observe(lambda _: self._changed(), "chosen")
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

    def _layout(self) -> w.Box:
        controls = w.Box([self.search, self.campaign, self.product, self.notebook, self.export])
        pager = w.Box([self.said, self.rows, self.before, self.after])
        box = w.Box([self.title, controls, self.trouble, self.table, pager])
        for name, part in {"view3-controls": controls, "view3-pager": pager, "view3-sales": box}.items():
            part.add_class(name)
        box.add_class("view3-panel")
        return box


_OPTIONS: Final[dict[str, Any]] = {
    "paging": False,
    "ordering": False,
    "order": [],
    "autoWidth": False,
    "text_in_header_can_be_selected": True,
    "layout": {"topStart": None, "topEnd": None, "bottomStart": None, "bottomEnd": None},
    "columnDefs": [{"targets": [place], "className": style} for place, style in STYLES.items()],
}
_LOOK: Final = {"classes": "view3-table", "_style": "width:100%"}


def _offer(control: w.Dropdown, everything: str, choices: tuple[tuple[str, str], ...], chosen: str) -> None:
    keys = {key for key, _ in choices}
    options = [(everything, ""), *((_shortened(label), key) for key, label in choices if key)]
    if chosen and chosen not in keys:
        options.append((_shortened(chosen), chosen))
    if tuple(control.options) == tuple(options):
        return
    control.options = options  # which also chooses the first
    control.value = chosen


def _shortened(label: str) -> str:
    text = line(label)
    return text if len(text) <= LONGEST_LABEL else f"{text[: LONGEST_LABEL - 1]}…"
