"""View 3 as text for the terminal; control characters of strangers are shown, never obeyed."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from analytics.challenge import Challenge
from analytics.kpis import cents
from analytics.receipts import asked_lines, asked_title
from analytics.receipts import receipts as receipts_of
from analytics.review import WHERE, wants_a_look
from analytics.sessions import between
from analytics.view3 import AttendanceDay, SaleRow, View3

WIDEST_BAR = 40
NAME, PRODUCT, UTM = 24, 28, 22


def show(view: View3) -> Iterator[str]:
    """Yield View 3 line by line."""
    day = f" · Day {view.challenge_day} of {view.challenge_length}" if view.challenge_day else ""
    yield f"View 3 · {view.as_of:%Y-%m-%d %H:%M:%S} {view.timezone}{day}"
    yield f"Period {view.period.first} to {view.period.last}"
    yield ""
    yield from _cards(view)
    yield ""
    yield from _totals(view)
    yield ""
    yield "Attendance          YouTube     Zoom"
    yield from _attendance(view.attendance)
    yield from _footer(view)


def receipts(view: View3) -> Iterator[str]:
    """Yield how every figure came about line by line: its definition and what it is made from, then each statement once."""
    yield ""
    yield "How each figure came about"
    for one in receipts_of(view):
        yield f"{one.definition.name:28}  {one.printed:>18}  {one.definition.sentence}"
        for asked in one.asked:
            yield f"{'':28}  {'':18}  from {asked_title(asked)}"
    yield ""
    yield "What was asked"
    for asked in view.asked:
        yield from map(plain, asked_lines(asked))


def sales(rows: Iterable[SaleRow]) -> Iterator[str]:
    """Yield the attribution table line by line."""
    yield f"{'Id':>6}  {'Customer':{NAME}}  {'Product':{PRODUCT}}  {'Price':>14}  {'Purchased':16}  {'Campaign':{UTM}}  {'Ad set':{UTM}}  {'Ad':{UTM}}  {'Days':>4}  Credit"
    for row in rows:
        days = "" if row.days_from_lead is None else str(row.days_from_lead)
        cells = (
            f"{row.sale_id:>6}",
            _fit(row.customer_name, NAME),
            _fit(row.product, PRODUCT),
            f"{f'{row.price} {row.currency}':>14}",
            f"{row.purchased_at:%Y-%m-%d %H:%M}",
            *(_fit(text, UTM) for text in (row.campaign, row.ad_set, row.ad)),
            f"{days:>4}",
            row.reason,
            *([row.status] if row.status != "paid" else []),
            *([f"the buyer paid {row.buyer_paid} with tax"] if row.tax else []),
        )
        yield "  ".join(cells)


def sessions(rows: Iterable[Mapping[str, Any]], challenge: Challenge) -> Iterator[str]:
    """Yield the live sessions line by line; what nobody saw is a question mark, and what was seen in part a lower bound."""
    yield f"{'Date':10}  {'Room':7}  {'From':5}  {'To':5}  {'Planned':11}  {'People':>6}  {'Peak':>14}  {'Average':>14}  {'Coverage':>16}  Session"
    for row in rows:
        told = between(row)
        peak, average = (str(one) for one in told) if told else ("?", "?")
        due, came = row["samples_expected"], row["samples_received"]
        coverage = "–" if due is None else f"{came:,} of {due:,} ({100 * came // due} %)"
        if not came and row["told_average"] is not None:
            coverage = "as reported"
        planned = "–".join(_clock(row[name], challenge) for name in ("planned_start", "planned_end"))
        people = str(row["participants"]) if row["statistic"] else "?"
        yield (
            f"{row['date']}  {row['platform']:7}  {_clock(row['started_at'], challenge):5}  "
            f"{_clock(row['ended_at'], challenge):5}  {planned if row['planned_start'] else '':11}  {people:>6}  "
            f"{peak:>14}  {average:>14}  {coverage:>16}  {plain(row['topic'] or row['session_id'])}"
        )


def _clock(moment: datetime | None, challenge: Challenge) -> str:
    return "" if moment is None else f"{challenge.local_time(moment):%H:%M}"


def plain(text: str) -> str:
    """Return a text without control characters, so that a name cannot move the cursor or change colours."""
    return "".join(letter if letter.isprintable() else "�" for letter in text)


def _fit(text: str, width: int) -> str:
    clean = plain(text)
    return f"{clean if len(clean) <= width else clean[: width - 1] + '…':{width}}"


def _cards(view: View3) -> Iterator[str]:
    cards = view.cards
    yield f"High-ticket sales today   {cards.high_ticket_sales_today}   (yesterday {cards.high_ticket_sales_yesterday})"
    yield f"Cost per acquisition      {_money(cards.cost_per_acquisition, view.currency)}{_why(cards.cost_per_acquisition_reason)}"
    net = f"   (net of refunds {_ratio(cards.roas_net)}, on collected money {_ratio(cards.roas_collected)})"
    yield f"ROAS (full funnel)        {_ratio(cards.roas)}{_why(cards.roas_reason) or net}"
    live = f"   LIVE {cards.sampled_at:%H:%M:%S}" if cards.live and cards.sampled_at else ""
    attendance = "—" if cards.attendance_today is None else str(cards.attendance_today)
    yield f"Attendance today          {attendance}{live}{_why(cards.attendance_reason)}"


def _totals(view: View3) -> Iterator[str]:
    totals = view.totals
    for label, amount in (
        ("Ad spend", totals.ad_spend),
        ("VIP revenue", totals.vip_revenue),
        ("OTO revenue", totals.oto_revenue),
        ("High-ticket revenue", totals.high_ticket_revenue),
        ("Net of refunds", totals.net_revenue),
        ("Collected", totals.collected),
    ):
        yield f"{label:24}  {_money(amount, view.currency):>18}"
    if totals.at_risk:
        yield f"{'At risk in disputes':24}  {_money(totals.at_risk, view.currency):>18}"
    yield f"{'High-ticket sales':24}  {totals.high_ticket_sales:>14}   (net {totals.net_sales})"


def _attendance(days: Iterable[AttendanceDay]) -> Iterator[str]:
    days = list(days)
    most = max(((day.youtube or 0) + (day.zoom or 0) for day in days), default=0) or 1
    for day in days:
        youtube, zoom = ("?" if count is None else str(count) for count in (day.youtube, day.zoom))
        bar = "█" * round((day.youtube or 0) / most * WIDEST_BAR) + "▒" * round((day.zoom or 0) / most * WIDEST_BAR)
        yield f"Day {day.challenge_day:>2}  {day.date}  {youtube:>7}  {zoom:>7}  {bar}"


def _footer(view: View3) -> Iterator[str]:
    told = view.attribution
    total = told.matched + told.unattributed
    yield ""
    if total:
        yield f"Match rate {cents(Decimal(100 * told.matched) / total)} % ({told.matched} of {total} sales)"
    for reason, count in told.reasons.items():
        yield f"  unattributed, {reason}: {count}"
    yield from _looked_at(view)
    for source, moment in view.freshness.items():
        yield f"Newest from {plain(source)}: {moment:%Y-%m-%d %H:%M:%S}"
    yield from _backlog(view)
    for check, holds in view.checks.items():
        if not holds:
            yield f"CHECK FAILED: {check.replace('_', ' ')}. Do not act on these figures."


def _looked_at(view: View3) -> Iterator[str]:
    """Yield what is not counted, and what wants a look."""
    for name, count in view.excluded.items():
        if count:
            yield f"Left out, {name.replace('_', ' ')}: {count}"
    for sentence in wants_a_look(view).values():
        yield f"Please review: {sentence} ({WHERE})"


def _backlog(view: View3) -> Iterator[str]:
    for kind, sentence in view.backlog.sentences(view.as_of).items():
        yield f"{'OVERDUE: ' if kind in view.overdue else ''}{sentence}"


def _money(amount: Decimal | None, currency: str) -> str:
    return "—" if amount is None else f"{cents(amount):,} {currency}"


def _ratio(value: Decimal | None) -> str:
    return "—" if value is None else f"{value}×"


def _why(reason: str) -> str:
    return f"   ({reason})" if reason else ""
