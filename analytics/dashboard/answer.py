"""The page as parts of HTML by name: what the server writes at once, answers with, and what a kernel sends when something changed."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import sha256
from typing import Any, Final

from analytics.challenge import Challenge
from analytics.dashboard import address as addresses
from analytics.dashboard.address import Heard
from analytics.dashboard.attendance import HEADING, attendance_table_html
from analytics.dashboard.bars import bars_html
from analytics.dashboard.campaigns import campaigns_html
from analytics.dashboard.cards import cards_html
from analytics.dashboard.controls import Controls
from analytics.dashboard.masthead import banner_html, masthead_html, trouble_sentence
from analytics.dashboard.parts import Reading
from analytics.dashboard.review import review_html
from analytics.dashboard.sales_rows import count_html, table_html, title_html
from analytics.dashboard.wording import plain
from analytics.view3 import View3

MARK: Final = 10  # characters of a hash by which a browser tells what it has
RECEIPT: Final = re.compile(r'<details class="view3-how".*?</details>', re.DOTALL)
PANELS: Final = (
    ("", "", ("head", "banner")),
    ("view3-filter", "", ("filter",)),
    ("", "", ("cards", "review")),
    ("view3-attendance view3-panel", "section", ("switch", "bars", "twin")),
    ("view3-campaigns view3-panel", "section", ("campaigns",)),
    ("view3-sales view3-panel", "section", ("match", "controls", "trouble", "rows", "pager")),
    ("", "", ("why",)),
)


@dataclass(frozen=True, slots=True)
class Answer:
    """The parts of the page that an address brought, the query it is written as, and whether the numbers are old."""

    query: str
    parts: Mapping[str, str]
    is_away: bool = False
    is_whole: bool = True

    def told(self, have: Mapping[str, str]) -> dict[str, Any]:
        """Return the answer for a browser that has parts with these marks already."""
        marked = {name: (mark_of(html), html) for name, html in self.parts.items()}
        new = {name: told for name, told in marked.items() if have.get(name) != told[0]}
        return {"query": self.query, "parts": new, "away": self.is_away, "empty": "cards" not in self.parts}


def answered(reading: Reading, heard: Heard, challenge: Challenge, good: Reading | None) -> Answer:
    """Return the parts that a reading gives; without figures those of the last `good` one stay, and a sentence says so."""
    query = addresses.write(reading.asked, challenge)
    if reading.view is None:
        trouble = trouble_sentence(reading.at, good.at if good else None)
        old = {} if good is None else _parts(good, heard, challenge)
        banner = banner_html(good.view if good else None, trouble, heard.complaint)
        return Answer(query, old | {"banner": banner}, is_away=True, is_whole=False)
    return Answer(query, _parts(reading, heard, challenge), is_whole=reading.is_whole)


def page_html(answer: Answer) -> str:
    """Return the whole page; parts that are missing have their place."""
    panels = "".join(_panel_html(style, element or "div", names, answer.parts) for style, element, names in PANELS)
    away = " view3-away" if answer.is_away else ""
    return f'<div id="view3" class="view3-page{away}" role="main" data-query="{plain(answer.query)}">{panels}</div>'


def mark_of(html: str) -> str:
    """Return a short text that changes with a part; receipts name the moment of asking, which alone is no news."""
    return sha256(RECEIPT.sub("", html).encode()).hexdigest()[:MARK]


def _panel_html(style: str, element: str, names: tuple[str, ...], parts: Mapping[str, str]) -> str:
    inner = "".join(
        f'<div data-part="{name}" data-mark="{mark_of(parts.get(name, ""))}">{parts.get(name, "")}</div>'
        for name in names
    )
    return f'<{element} class="{style}">{inner}</{element}>' if style else inner


def _parts(reading: Reading, heard: Heard, challenge: Challenge) -> dict[str, str]:
    if reading.view is None:
        return {}
    view = replace(reading.view, as_of=reading.at)  # nothing changed since it was read
    asked, controls = reading.asked, Controls(reading.asked, challenge)
    return {
        "head": masthead_html(view),
        "banner": banner_html(view, "", heard.complaint),
        "filter": controls.period(view.period, view.today),
        "cards": cards_html(view),
        "review": review_html(view),
        "switch": f'<div class="view3-bar">{HEADING}{controls.arrangement()}</div>',
        "bars": bars_html(view, asked.arrangement),
        "twin": attendance_table_html(view),
        **({"campaigns": campaigns_html(reading.campaigns)} if reading.campaigns is not None else {}),
        "match": title_html(view.attribution),
        **_rows(reading, view, controls),
    }


def _rows(reading: Reading, view: View3, controls: Controls) -> dict[str, str]:
    """Return the attribution table; where its rows could not be read it stays as it was, and a sentence says so."""
    asked, page, told = reading.asked, reading.page, {}
    if reading.choices is not None:
        told["controls"] = f'<div class="view3-controls">{controls.rows(reading.choices)}{controls.files()}</div>'
    if page is None:
        return told | {"trouble": _old_rows_html(reading.at)}
    narrowed = bool(asked.campaign or asked.product or asked.search)
    count = count_html(page, asked.offset, view.currency, narrowed=narrowed)
    return told | {
        "trouble": "",
        "rows": controls.form("sale", table_html(page, view.currency, asked.sort, asked.sale)),
        "pager": f'<div class="view3-pager">{count}{controls.pages(page)}</div>',
        "why": _why_html(reading.why, controls),
    }


def _old_rows_html(at: datetime) -> str:
    said = f"These rows could not be read at {at:%H:%M}; they are older than the cards."
    return f'<p class="view3-trouble" role="status">{said}</p>'


def _why_html(why: str, controls: Controls) -> str:
    """Return what a row says of itself, in a drawer that can be closed; nothing without a chosen row."""
    if not why:
        return ""
    close = '<button type="submit" class="view3-button view3-shut" name="sale" value="">Close</button>'
    return (
        '<aside class="view3-why" aria-label="Why this sale is credited as it is" tabindex="-1">'
        f'{controls.form("sale", close)}<div class="view3-why-text" role="status">{why}</div></aside>'
    )
