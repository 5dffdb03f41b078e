"""The top of the page: whose challenge, which day, how fresh, and anything that is wrong."""

from datetime import datetime

from analytics.dashboard.icons import icon
from analytics.dashboard.wording import clock, long_day, plain
from analytics.view3 import View3

_MARK = (
    '<svg class="view3-mark" viewBox="0 0 32 32" width="40" height="40" aria-hidden="true"><defs>'
    '<linearGradient id="view3-g" x1="0" y1="0" x2="1" y2="1"><stop offset="0" stop-color="#6d28d9"/>'
    '<stop offset="1" stop-color="#c026d3"/></linearGradient></defs><rect width="32" height="32" rx="9" fill="url(#view3-g)"/>'
    '<path d="M8 22v-6M14 22V10M20 22v-9M26 22V8" stroke="#fff" stroke-width="3" stroke-linecap="round"/></svg>'
)
_NAMES = {
    "clickfunnels": "ClickFunnels",
    "clickfunnels_classic": "ClickFunnels Classic",
    "csv": "CSV",
    "youtube": "YouTube",
}
_EMPTY = (
    "There is no data yet. Load your exports with <code>view3 import FILE…</code>, let Stripe, ClickFunnels and Zoom send "
    "theirs to <code>view3 receive</code> (at <code>/webhooks/stripe</code>, <code>/webhooks/clickfunnels</code> and "
    "<code>/webhooks/zoom</code>), or look around with the sample challenge: <code>view3 demo</code>."
)


def masthead_html(view: View3) -> str:
    """Return the header: name, day of the challenge, freshness."""
    return (
        f'<header class="view3-masthead">{_MARK}<div class="view3-title"><h1>View 3</h1>'
        f"<p>Engagement &amp; Sales</p></div>{_day_html(view)}{_freshness_html(view)}</header>"
    )


def banner_html(view: View3 | None, trouble: str, complaint: str = "") -> str:
    """Return what is wrong, if anything: trouble with reading, an odd address, figures that do not add up, no data."""
    banners = [_banner("alert", "warning", plain(trouble))] if trouble else []
    if complaint:
        banners.append(_banner("status", "hint", plain(complaint)))
    if view is not None:
        failed = [plain(name.replace("_", " ")) for name, holds in view.checks.items() if not holds]
        if failed:
            said = f"These figures contradict each other and should not be trusted yet. Failed: {', '.join(failed)}."
            banners.append(_banner("alert", "warning", said))
        if _is_empty(view):
            banners.append(_banner("status", "hint", _EMPTY))
    return "".join(banners)


def trouble_sentence(failed_at: datetime, shown_from: datetime | None) -> str:
    """Return the one sentence a viewer reads when the database could not be read."""
    if shown_from is None:
        return f"Could not read the database at {failed_at:%H:%M}; trying again every few seconds. Is it new? Then run: view3 init"
    return f"Could not read the database at {failed_at:%H:%M}; showing numbers of {clock(shown_from, failed_at)}."


def _day_html(view: View3) -> str:
    if view.challenge_day is None:
        day, done = "Outside the challenge", 0
    else:
        day, done = f"Day {view.challenge_day} of {view.challenge_length}", view.challenge_day
    share = 100 * done // view.challenge_length
    return (
        f'<div class="view3-day"><p class="view3-day-number">{day}</p><div class="view3-progress" role="img" '
        f'aria-label="{share} percent of the challenge"><i style="width:{share}%"></i></div>'
        f"<p>{long_day(view.today)} · {plain(view.timezone)}</p></div>"
    )


def _freshness_html(view: View3) -> str:
    newest = " · ".join(
        f'<span class="view3-source">{plain(_NAMES.get(source, source.replace("_", " ")))} <b>{clock(moment, view.as_of)}</b></span>'
        for source, moment in sorted(view.freshness.items())
    )
    return (
        f'<div class="view3-freshness"><p>True at <b class="view3-checked">{view.as_of:%H:%M}</b></p>'
        f"<p>Newest event: {newest or 'none yet'}</p>{_backlog_html(view)}</div>"
    )


def _backlog_html(view: View3) -> str:
    """Return what arrived and is not settled, what is overdue marked as such."""
    return "".join(
        f'<p class="view3-backlog"{" data-overdue" if kind in view.overdue else ""}>{plain(sentence)}</p>'
        for kind, sentence in view.backlog.sentences(view.as_of).items()
    )


def _is_empty(view: View3) -> bool:
    known = any(day.youtube is not None or day.zoom is not None for day in view.attendance)
    return not known and not view.totals.high_ticket_sales and view.totals.ad_spend is None and not view.freshness


def _banner(role: str, symbol: str, sentence: str) -> str:
    return f'<p class="view3-banner view3-banner-{symbol}" role="{role}">{icon(symbol)}<span>{sentence}</span></p>'
