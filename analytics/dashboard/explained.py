"""Why a sale is credited as it is and what its money is made of, in plain words, for the row that is selected."""

from collections.abc import Iterable
from datetime import datetime
from typing import Final

from analytics.attribution import Candidate, Outcome, Reason, Rule
from analytics.challenge import Challenge
from analytics.dashboard.wording import many, money, plain, short_day
from analytics.explanation import Explanation
from analytics.money_words import Section, sections
from analytics.view3 import SaleRow

UNKNOWN: Final = (
    "This sale was written by another program and has not been looked at yet. Run <code>view3 attribute</code>."
)
WHY_NOT: Final = {
    Reason.NO_SUCH_PERSON: "Nobody with the buyer’s customer id or e-mail address has opted in.",
    Reason.OPTED_IN_LATER: "The buyer opted in only after buying, so no ad known here brought the sale.",
    Reason.CONFLICT: "The customer id belongs to one person and the e-mail address to another; neither is guessed.",
    Reason.NO_UTM: "The buyer’s earliest opt-in carried no UTM, so no campaign is known.",
    Reason.NO_CAMPAIGN: "The buyer’s earliest opt-in carried UTMs, but no utm_campaign, so no campaign is known.",
}


def explained_html(row: SaleRow, told: Explanation, challenge: Challenge) -> str:
    """Return the buyer, the verdict with its reason, every opt-in that was looked at, and the money of the sale."""
    opt_ins = "".join(_opt_in_html(one, challenge) for one in told.candidates)
    looked_at = f"<h4>Opt-ins looked at</h4><ol>{opt_ins}</ol>" if opt_ins else ""
    return (
        f"{_bought_html(row, told)}<p>{_verdict_html(row, told)}</p>{looked_at}{_money_html(told, challenge)}"
        f'<p class="view3-small">The ad set is read from {plain(told.mapping["ad_set"])}, '
        f"the ad from {plain(told.mapping['ad'])}. Sale {told.sale_id}.</p>"
    )


def unknown_html(row: SaleRow) -> str:
    """Return what is known of a sale that nobody has credited yet."""
    return f"<h3>{plain(row.customer_name)}</h3><p>{UNKNOWN}</p>"


def unread_html(row: SaleRow) -> str:
    """Return the sentence for a sale whose opt-ins cannot be read just now."""
    return f"<h3>{plain(row.customer_name)}</h3><p>The opt-ins could not be read from the database; trying again.</p>"


def _bought_html(row: SaleRow, told: Explanation) -> str:
    who = " / ".join(plain(one) for one in (told.email, *told.also) if one) or "no e-mail address"
    return (
        f"<h3>{plain(row.customer_name) or 'No name'}</h3><p>{who} bought {plain(row.product) or 'a high-ticket product'} "
        f"for {plain(money(row.price, row.currency))} on {short_day(told.purchased_on)}.{_standing_html(row)}</p>"
    )


def _standing_html(row: SaleRow) -> str:
    """Return how the sale's money stands, and what the buyer paid where it differs from the price."""
    told = "" if row.status == "paid" else f" It is {plain(row.status)}."
    return f"{told} The buyer paid {plain(money(row.buyer_paid, row.currency))} with tax." if row.tax else told


def _verdict_html(row: SaleRow, told: Explanation) -> str:
    if told.outcome != Outcome.MATCHED:
        return f"<b>Not credited: {plain(told.reason)}.</b> {WHY_NOT.get(Reason(told.reason), '')}"
    if told.reason == Rule.AS_RECORDED:
        credited = _credited((row.campaign, row.ad_set, row.ad))
        return f"{credited}, as the program recorded it that wrote this sale; no opt-in of ours is behind it."
    if told.reason == Rule.ORDER_UTM:
        credited = _credited((told.campaign, told.ad_set, told.ad))
        return (
            f"{credited} by the UTMs that the order itself carries: no opt-in of the buyer up to the purchase is known."
        )
    days = "" if told.days is None else f", {many(told.days, 'day', 'days')} before the sale"
    return (
        f"{_credited((told.campaign, told.ad_set, told.ad))}: the buyer’s earliest opt-in up to the purchase came from "
        f"there{days}. Recognised by: {plain(told.reason)}."
    )


def _money_html(told: Explanation, challenge: Challenge) -> str:
    """Return which facts make up the sale, what joined them, and how its money is shared."""
    if told.money is None:
        return ""
    return f'<div class="view3-money">{"".join(map(_section_html, sections(told.money, challenge.local_time)))}</div>'


def _section_html(one: Section) -> str:
    return f"<h4>{plain(one.title)}</h4><ul>{''.join(_items(one.sentences))}</ul>"


def _items(sentences: Iterable[str]) -> Iterable[str]:
    return (f"<li>{plain(sentence)}</li>" for sentence in sentences)


def _credited(parts: tuple[str, ...]) -> str:
    return f"<b>Credited to {' › '.join(plain(part) for part in parts if part) or 'no campaign'}</b>"


def _opt_in_html(one: Candidate, challenge: Challenge) -> str:
    campaign, lead = plain(one.opt_in.utm.campaign) or "no campaign", one.opt_in
    who = " · ".join(plain(part) for part in (lead.name, lead.email) if part)
    return (
        f"<li><b>{_moment(challenge.local_time(lead.opted_in_at))}</b> {campaign} · {plain(lead.source)} "
        f"{plain(lead.external_id)}{who and f' · {who}'}<br>{plain(one.rule)}: {plain(one.verdict)}</li>"
    )


def _moment(local: datetime) -> str:
    return f"{local:%Y-%m-%d %H:%M}"
