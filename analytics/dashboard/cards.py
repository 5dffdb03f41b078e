"""The four cards, as HTML made from a View3; every word that comes from outside is escaped here."""

from dataclasses import dataclass

from analytics.dashboard.icons import icon
from analytics.dashboard.wording import clock, long_day, many, money, number, plain, short_day, span
from analytics.receipts import receipt
from analytics.view3 import View3


@dataclass(frozen=True, slots=True)
class Card:
    """One card: a figure with its units, one line of context, and the small print."""

    key: str
    title: str
    icon: str
    value: object
    context: str
    definition: str
    period: str
    before: str = ""
    after: str = ""
    reason: str = ""
    provisional: str = ""
    left_out: str = ""
    live: bool = False


def cards_html(view: View3) -> str:
    """Return the four cards."""
    cards = (_sales_today(view), _cost_per_acquisition(view), _roas(view), _attendance(view))
    return f'<div class="view3-kpis">{"".join(_card_html(card, _how_html(view, card)) for card in cards)}</div>'


def _sales_today(view: View3) -> Card:
    return Card(
        key="high-ticket-sales-today",
        title="High-ticket sales today",
        icon="sales",
        value=view.cards.high_ticket_sales_today,
        context=f"Yesterday <b>{view.cards.high_ticket_sales_yesterday:,}</b>",
        definition="High-ticket sales bought on today’s business date; the filter does not narrow it.",
        period=_zoned(view, long_day(view.today)),
        left_out=_left_out(view, "test_mode", "test-mode or staff sale", "test-mode or staff sales"),
    )


def _cost_per_acquisition(view: View3) -> Card:
    spend, sales = view.totals.ad_spend, view.totals.high_ticket_sales
    spent = (
        "Ad spend unknown: load it with <code>view3 import</code>"
        if spend is None
        else f"Ad spend <b>{money(spend, view.currency)}</b>"
    )
    return Card(
        key="cost-per-acquisition",
        title="Cost per acquisition",
        icon="cost",
        value=view.cards.cost_per_acquisition,
        before=view.currency if view.cards.cost_per_acquisition is not None else "",
        context=f"{spent} · {many(sales, 'sale', 'sales')}",
        definition="Ad spend ÷ high-ticket sales, both inside the period.",
        period=_zoned(view, span(view.period)),
        reason=view.cards.cost_per_acquisition_reason if view.cards.cost_per_acquisition is None else "",
        provisional=_provisional(view),
        left_out=_left_out(view, "other_currency", "sale in another currency", "sales in another currency"),
    )


def _roas(view: View3) -> Card:
    cards = view.cards
    if cards.roas is None:
        context = f"Revenue <b>{money(view.totals.revenue, view.currency)}</b>"
    else:
        context = f"Net <b>{_ratio(cards.roas_net)}</b> · collected <b>{_ratio(cards.roas_collected)}</b>"
    if view.totals.at_risk:
        context += f" · disputed <b>{money(view.totals.at_risk, view.currency)}</b>"
    return Card(
        key="roas",
        title="ROAS, full funnel",
        icon="roas",
        value=cards.roas,
        after="×" if cards.roas is not None else "",
        context=context,
        definition="(VIP + OTO + high-ticket revenue) ÷ ad spend, gross; above, net of refunds and on money collected.",
        period=_zoned(view, span(view.period)),
        reason=cards.roas_reason if cards.roas is None else "",
        provisional=_provisional(view),
        left_out=_left_out(view, "other_currency", "sale in another currency", "sales in another currency"),
    )


def _attendance(view: View3) -> Card:
    cards = view.cards
    sampled = cards.live and cards.sampled_at is not None
    context = f"Sampled at <b>{clock(cards.sampled_at, view.as_of)}</b>" if sampled and cards.sampled_at else ""
    rooms = "Watching now" if cards.live else "Today’s attendance"
    return Card(
        key="attendance-today",
        title="Attendance today",
        icon="attendance",
        value=cards.attendance_today,
        context=context or ("No session is live" if not cards.live else "A session is live"),
        definition=f"{rooms}, YouTube + Zoom: views of both rooms, not distinct people.",
        period=_zoned(view, _today(view)),
        reason=cards.attendance_reason if cards.attendance_today is None else "",
        live=cards.live,
    )


def _card_html(card: Card, how: str) -> str:
    live = '<span class="view3-live"><i></i>LIVE</span>' if card.live else ""
    before = f'<span class="view3-unit">{plain(card.before)}</span>' if card.before else ""
    after = f'<span class="view3-unit view3-times">{card.after}</span>' if card.after else ""
    notes = (
        f'<p class="view3-reason">{plain(card.reason)}</p>' if card.reason else "",
        f'<p class="view3-context">{card.context}</p>',
        f"<p>{card.definition}</p>",
        f"<p>{card.period}</p>",
        f'<p class="view3-provisional">{card.provisional}</p>' if card.provisional else "",
        f'<p class="view3-left-out">{card.left_out}</p>' if card.left_out else "",
        how,
    )
    return (
        f'<article class="view3-kpi" data-kpi="{card.key}" aria-label="{plain(card.title)}">'
        f'<header><span class="view3-tile">{icon(card.icon)}</span><h2>{plain(card.title)}</h2>{live}</header>'
        f'<p class="view3-figure">{before}<span class="view3-kpi-value">{number(card.value)}</span>{after}</p>'
        f'<div class="view3-kpi-note">{"".join(notes)}</div></article>'
    )


def _how_html(view: View3, card: Card) -> str:
    """Return how the figure came about, folded away under one word that a keyboard reaches."""
    told = receipt(view, card.key.replace("-", "_"))
    title = plain(card.title)
    return (
        f'<details class="view3-how" name="view3-how"><summary aria-label="{title}: how?">how?</summary>'
        f'<div class="view3-receipt"><h4>{title}</h4>{told.html()}</div></details>'
    )


def _today(view: View3) -> str:
    return f"Day {view.challenge_day}, {short_day(view.today)}" if view.challenge_day else short_day(view.today)


def _zoned(view: View3, when: str) -> str:
    return f"{plain(when)} · {plain(view.timezone)}"


def _ratio(value: object) -> str:
    return "—" if value is None else f"{value}×"


def _provisional(view: View3) -> str:
    """Return from when on the platforms still count what was spent."""
    since = view.provisional_from
    if since is None:
        return ""
    return f"Ad spend {'of' if since == view.period.last else 'since'} {short_day(since)} is provisional"


def _left_out(view: View3, reason: str, one: str, several: str) -> str:
    count = view.excluded.get(reason, 0)
    return f"{many(count, one, several)} left out" if count else ""
