"""Asks ClickFunnels 2.0 for what happened before its webhooks were set up: contacts, orders, and the events it has sent."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import NoReturn

from connectors.clickfunnels import webhooks as clickfunnels
from connectors.clickfunnels.history import SOURCE
from connectors.contract import Answer, Original, Page, Payload, Source, VendorError
from connectors.payload import Fields, parse
from connectors.wanted import PAST_ONLY, Off, Wanted
from connectors.web import Asking, RefusedError, Web

ADDRESS = "https://{host}/api/v2"
EVENT = "event"
LISTS: Mapping[str, str] = {"contact": "contacts", "order": "orders", EVENT: "webhooks/outgoing/events"}
NEXT = "pagination-next"
REFUSALS = {
    401: "does not accept the token: VIEW3_CLICKFUNNELS_API_TOKEN",
    403: "does not let the token read {what}: VIEW3_CLICKFUNNELS_API_TOKEN",
    404: "knows no such workspace: VIEW3_CLICKFUNNELS_API_HOST, VIEW3_CLICKFUNNELS_API_WORKSPACE",
}


def source(wanted: Wanted) -> Source | Off:
    """Return the past of ClickFunnels 2.0."""
    names = "clickfunnels_api_host", "clickfunnels_api_workspace", "clickfunnels_api_token"
    if missing := wanted.missing(*names):
        return Off(missing)
    if wanted.since is None:
        return Off(PAST_ONLY)
    headers = {"Authorization": f"Bearer {wanted.clear('clickfunnels_api_token')}"}
    address = ADDRESS.format(host=wanted.settings.clickfunnels_api_host)
    web = Web("ClickFunnels", address, wanted.clock, None, headers, wanted.patience)
    return ClickFunnelsBackfill(web, wanted.settings.clickfunnels_api_workspace, wanted.since)


@dataclass(frozen=True, slots=True)
class ClickFunnelsBackfill:
    """Reads a workspace's lists, newest first, back to the start of a date (UTC)."""

    web: Web
    workspace: str
    since: date
    name: str = SOURCE

    def fetch(self, state: Payload, clock: Callable[[], datetime]) -> Iterator[Page]:  # noqa: ARG002 (one face for every source)
        """Yield a page of some twenty objects at a time; a broken-off run goes on where it was."""
        kinds, state = tuple(LISTS), dict(state)
        if state.get("since") != self.since.isoformat() or state.get("done"):
            state = {"since": self.since.isoformat(), "kind": kinds[0], "after": "", "pages": 0, "objects": 0}
        with self.web.asking() as asking:
            for kind in kinds[kinds.index(state["kind"]) :]:
                for rows, after in self._pages(asking, kind, state["after"] if state["kind"] == kind else ""):
                    read = {"pages": state["pages"] + 1, "objects": state["objects"] + len(rows)}
                    state = {**state, **read, "kind": kind, "after": after}
                    yield Page(state, [_part(kind, row) for row in rows], _progress(state, rows))
        yield Page({**state, "done": True})

    def pause(self, state: Payload, now: datetime) -> timedelta | None:  # noqa: ARG002
        """Return nothing: the past is asked for once."""
        return None

    def note(self, state: Payload, now: datetime) -> str:  # noqa: ARG002
        """Return how much has been read."""
        return f"{state.get('objects', 0):,} objects on {state.get('pages', 0):,} pages since {state.get('since', '?')}"

    def check(self, clock: Callable[[], datetime]) -> str:  # noqa: ARG002
        """Return what the token may read."""
        with self.web.asking() as asking:
            for kind in LISTS:
                self._ask(asking, kind, "")
        return f"workspace {self.workspace} answers: {', '.join(f'{kind}s' for kind in LISTS)}"

    def _pages(self, asking: Asking, kind: str, after: str) -> Iterator[tuple[list[Fields], str]]:
        """Yield the rows of each page that are not older than the date, with the id to go on after."""
        begin, seen = datetime.combine(self.since, time(), UTC), {after}
        while True:
            rows, following = self._ask(asking, kind, after)
            young = [row for row in rows if _created_at(row) >= begin]
            if following in seen - {""}:
                raise VendorError(f"ClickFunnels repeats a page of its list of {kind}s.")
            seen.add(following)
            after = following
            yield young, after
            if not following or len(young) < len(rows):
                return

    def _ask(self, asking: Asking, kind: str, after: str) -> tuple[list[Fields], str]:
        """Return a page of rows and the id after which the next begins; empty on the last one."""
        params = {"sort_order": "desc", **({"after": after} if after else {})}
        try:
            told = asking.get(f"/workspaces/{self.workspace}/{LISTS[kind]}", params)
        except RefusedError as error:
            _explain(error, kind)
        rows = Fields(parse(b'{"rows":' + told.body + b"}"))  # the answer is a list
        return list(rows.each("rows")), told.headers.get(NEXT, "").strip()


def _part(kind: str, row: Fields) -> Answer | Original:
    """Return an object as an answer, an event as the one its webhook would have brought."""
    if kind != EVENT:
        return Answer(f"{kind}/{row.id('id') or row.fail('id')}", kind, row.values)
    event_id = clickfunnels.event_id(row.values, b"", {})
    return Original(
        clickfunnels.SOURCE, event_id, clickfunnels.kind(row.values), json.dumps(row.values, default=str).encode()
    )


def _created_at(row: Fields) -> datetime:
    return row.moment("created_at") or row.fail("created_at")


def _progress(state: Payload, rows: list[Fields]) -> str:
    reached = f", back to {_created_at(rows[-1]):%Y-%m-%d}" if rows else ""
    return f"{state['kind']}s: page {state['pages']:,}, {state['objects']:,} objects{reached}"


def _explain(refused: RefusedError, kind: str) -> NoReturn:
    """Raise what ClickFunnels said no to, as a sentence."""
    why = REFUSALS.get(refused.status, f"answered {refused.status} to the list of {{what}}")
    raise VendorError(f"ClickFunnels {why.format(what=f'{kind}s')}.") from None
