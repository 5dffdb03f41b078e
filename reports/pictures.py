"""The attendance chart as a PNG: drawn by Chromium, or by matplotlib where there is no browser."""

import io
import logging
from collections.abc import Callable, Sequence
from typing import Any

from analytics.view3 import AttendanceDay, View3
from reports.settings import browser

WIDTH, HEIGHT, SCALE, SECONDS = 460, 300, 3, 45
INK, GRID, BACK = "#3b3654", "#e7e3f4", "#ffffff"
YOUTUBE, ZOOM = "#3b82f6", "#9333ea"
EVERY_FIFTH = 5


def attendance_png(view: View3, path_of_browser: Callable[[], str | None] = browser) -> bytes:
    """Return the bars of every day up to the view's date, hatched where a day is unknown."""
    if path_of_browser():
        try:
            return _by_browser(view)
        except Exception:  # noqa: BLE001 (whatever a browser does must not keep the mail from its readers)
            logging.getLogger(__name__).warning("Chromium did not draw the chart; matplotlib does.")
    return _by_matplotlib(view)


def _by_browser(view: View3) -> bytes:
    # Only who draws pays for the imports.
    import kaleido  # type: ignore[import-untyped]

    from reports.chart import attendance_figure

    figure = attendance_figure(view)
    figure.update_layout(_look(figure.layout.xaxis.categoryarray))
    size = {"format": "png", "width": WIDTH, "height": HEIGHT, "scale": SCALE}
    picture: bytes = kaleido.calc_fig_sync(figure, opts=size, kopts={"mathjax": False, "timeout": SECONDS})
    return picture


def _look(days: Sequence[str]) -> dict[str, Any]:
    """Return the mail's colours and letters, and which days are named below the bars."""
    shown = [day for place, day in enumerate(days, 1) if place == 1 or place % EVERY_FIFTH == 0]
    return {
        "paper_bgcolor": BACK,
        "plot_bgcolor": BACK,
        "font": {"family": "Helvetica, Arial, DejaVu Sans, sans-serif", "size": 13, "color": INK},
        "margin": {"l": 44, "r": 10, "t": 34, "b": 30},
        "xaxis": {"tickvals": shown, "ticks": "", "linecolor": GRID},
        "yaxis": {"gridcolor": GRID, "zerolinecolor": GRID},
    }


def _by_matplotlib(view: View3) -> bytes:
    import matplotlib as mpl
    from matplotlib.figure import Figure

    days = [day for day in view.attendance if day.date <= view.today]
    with mpl.rc_context({"font.size": 9, "hatch.linewidth": 0.6, "text.color": INK, "axes.edgecolor": GRID}):
        figure = Figure(figsize=(WIDTH / 100, HEIGHT / 100), dpi=100 * SCALE, facecolor=BACK, layout="tight")
        axes = figure.subplots()
        _bars(axes, days)
        axes.spines[["top", "right", "left"]].set_visible(False)
        axes.grid(axis="y", color=GRID)
        axes.set_axisbelow(True)
        shown = [day.challenge_day for day in days if day.challenge_day == 1 or day.challenge_day % EVERY_FIFTH == 0]
        axes.set_xticks(shown, [f"Day {day}" for day in shown])
        axes.set_xlim(0.4, (view.challenge_length if days else 1) + 0.6)
        axes.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=3, frameon=False)
        buffer = io.BytesIO()
        figure.savefig(buffer, format="png", metadata={"Software": None})
    return buffer.getvalue()


def _bars(axes: Any, days: list[AttendanceDay]) -> None:
    x = [day.challenge_day for day in days]
    youtube, zoom = [day.youtube or 0 for day in days], [day.zoom or 0 for day in days]
    axes.bar(x, youtube, width=0.72, color=YOUTUBE, label="YouTube")
    axes.bar(x, zoom, width=0.72, bottom=youtube, color=ZOOM, label="Zoom")
    top = max((one + other for one, other in zip(youtube, zoom, strict=True)), default=0) or 1
    unknown = [day.challenge_day for day in days if day.youtube is None or day.zoom is None]
    if unknown:
        style = {"facecolor": "none", "edgecolor": "#a8a2c0", "hatch": "////", "linewidth": 0, "label": "unknown"}
        axes.bar(unknown, [top] * len(unknown), width=0.72, **style)
