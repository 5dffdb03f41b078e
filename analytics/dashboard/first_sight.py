"""What a viewer sees before a kernel is ready: the whole page but its controls, written by the server itself."""

import logging

from analytics.dashboard.cards import cards_html
from analytics.dashboard.charts import ATTENDANCE_HEADING, Arrangement, attendance_figure, attendance_table_html
from analytics.dashboard.masthead import banner_html, masthead_html
from analytics.dashboard.sales_table import first_rows_html
from analytics.dashboard.source import Source
from analytics.view3 import SalesFilter, Sort, View3

ROWS = 25

log = logging.getLogger(__name__)


def first_sight_html(source: Source) -> str:
    """Return the first sight of the page, or nothing where the database cannot be read; the kernel tries again."""
    try:
        view = source.view(None)
        page = source.sales(SalesFilter(view.period), Sort(), ROWS, 0)
    except Exception:
        log.exception("the first sight could not be read")
        return ""
    rows = first_rows_html(page, view.attribution, view.currency)
    return (
        f"{masthead_html(view)}{banner_html(view, '')}<div class=view3-filter></div>{cards_html(view)}"
        f"{_attendance_html(view)}<section class='view3-sales view3-panel'>{rows}</section>"
    )


def _attendance_html(view: View3) -> str:
    figure = attendance_figure(view, Arrangement.STACKED).replace("<", "\\u003c")
    return (
        '<section class="view3-attendance view3-panel"><div class="view3-bar">'
        f'{ATTENDANCE_HEADING}</div><div class="view3-chart"><div class="view3-board" id="view3-first-board">'
        f'</div></div>{attendance_table_html(view)}<script type="application/json" id="view3-first-figure">{figure}</script></section>'
    )
