"""What wants a look and what is not counted, as one quiet block under the cards."""

from collections.abc import Mapping

from analytics.dashboard.wording import plain
from analytics.review import WHERE, left_out, wants_a_look
from analytics.view3 import View3


def review_html(view: View3) -> str:
    """Return the block; empty where there is nothing to look at and nothing is left out."""
    look, out = wants_a_look(view), left_out(view)
    if not look and not out:
        return ""
    return (
        '<section class="view3-review" aria-label="Please review"><h2>Please review</h2>'
        f"{_list_html('view3-review-look', look)}{_list_html('view3-review-out', out)}"
        f'<p class="view3-small">Of the period, in {plain(view.currency)}. <code>{WHERE}</code> names each one; the data '
        "quality notebook shows them beside their sales.</p></section>"
    )


def _list_html(style: str, sentences: Mapping[str, str]) -> str:
    items = "".join(f'<li data-review="{kind}">{plain(sentence)}</li>' for kind, sentence in sentences.items())
    return f'<ul class="{style}">{items}</ul>' if items else ""
