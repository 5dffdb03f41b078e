"""Every export that can be read, and which one a file is."""

from collections.abc import Iterator
from typing import Protocol

from connectors.contract import Reading, UnusableFileError
from connectors.exports import (
    ad_spend,
    attendance,
    clickfunnels_classic_contacts,
    clickfunnels_classic_sales,
    clickfunnels_contacts,
    clickfunnels_orders,
    funnel_orders,
    google_ads,
    high_ticket_sales,
    leads,
    meta_ads,
    stripe_payments,
    youtube_studio,
    zoom_meeting,
    zoom_webinar,
)
from connectors.exports.cards import refuse_cards
from connectors.exports.sheet import Sheet
from connectors.exports.table import keys, listed
from connectors.exports.verdict import Verdict

HEADER_WITHIN = 12


class Readable(Protocol):
    """One kind of file: its name, and what its rows become."""

    @property
    def KIND(self) -> str: ...  # noqa: D102, N802

    def read(self, sheet: Sheet, reading: Reading, /) -> Iterator[Verdict]: ...  # noqa: D102


class Export(Readable, Protocol):
    """One kind of table, which is recognised by its header."""

    def is_header(self, columns: frozenset[str], /) -> bool: ...  # noqa: D102


# Our own files first, by columns nobody else uses; among the others, the more particular before the more general.
EXPORTS: tuple[Export, ...] = (
    ad_spend,
    attendance,
    high_ticket_sales,
    funnel_orders,
    leads,
    stripe_payments,
    zoom_webinar,
    zoom_meeting,
    youtube_studio,
    meta_ads,
    google_ads,
    clickfunnels_classic_sales,
    clickfunnels_orders,
    clickfunnels_classic_contacts,
    clickfunnels_contacts,
)
KINDS = tuple(export.KIND for export in EXPORTS)
TEMPLATES: dict[str, str] = {
    leads.KIND: leads.TEMPLATE,
    funnel_orders.KIND: funnel_orders.TEMPLATE,
    high_ticket_sales.KIND: high_ticket_sales.TEMPLATE,
    attendance.KIND: attendance.TEMPLATE,
    ad_spend.KIND: ad_spend.TEMPLATE,
}


def export_of(sheet: Sheet, kind: str = "") -> Export:
    """Return the export a sheet is, or the one that `kind` forces; raises UnusableFileError for neither."""
    refuse_cards(sheet, HEADER_WITHIN)
    if kind:
        return _named(kind)
    head = [frozenset(keys(row.cells)) for row in sheet.head[:HEADER_WITHIN] if not row.fault]
    for export in EXPORTS:
        if any(export.is_header(columns) for columns in head):
            return export
    found = listed(sheet.head[0].cells) if sheet.head else "nothing"
    raise UnusableFileError(
        f"The file is none of the exports that can be read: its first line is: {found}. "
        f"Understood are {', '.join(KINDS)}; --kind names one of them."
    )


def template(kind: str) -> str:
    """Return an example file of one of our own kinds: the header and two rows."""
    if kind not in TEMPLATES:
        raise UnusableFileError(f"There are templates for {', '.join(TEMPLATES)}; '{kind}' is none of them.")
    return TEMPLATES[kind]


def _named(kind: str) -> Export:
    if kind in KINDS:
        return EXPORTS[KINDS.index(kind)]
    raise UnusableFileError(f"There is no kind '{kind}'; there are {', '.join(KINDS)}.")
