"""Asks ClickFunnels 2.0 for what happened before its webhooks were set up: contacts, orders, and the events it has sent."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import NoReturn

from connectors.clickfunnels import webhooks as clickfunnels
from connectors.clickfunnels.history import SOURCE
from connectors.contract import Answer, Original, Source, VendorError
from connectors.past import Past
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
    return ClickFunnelsBackfill(wanted.since, tuple(LISTS), web, wanted.settings.clickfunnels_api_workspace)


@dataclass(frozen=True, slots=True)
class ClickFunnelsBackfill(Past[Fields]):
    """Reads a workspace's lists, some twenty objects a page."""

    web: Web
    workspace: str
    name: str = SOURCE

    def check(self, clock: Callable[[], datetime]) -> str:  # noqa: ARG002
        """Return what the token may read."""
        with self.web.asking() as asking:
            for kind in LISTS:
                self._ask(asking, kind, "")
        return f"workspace {self.workspace} answers: {', '.join(f'{kind}s' for kind in LISTS)}"

    def pages(self, kind: str, after: str) -> Iterator[tuple[list[Fields], str]]:
        """Yield the rows of each page, with the id to go on after."""
        seen = {after}
        with self.web.asking() as asking:
            while True:
                rows, following = self._ask(asking, kind, after)
                young = self.young(rows)
                if following in seen - {""}:
                    raise VendorError(f"ClickFunnels repeats a page of its list of {kind}s.")
                seen.add(following)
                after = following
                yield young, after
                if not following or len(young) < len(rows):
                    return

    def part(self, kind: str, one: Fields) -> Answer | Original:
        """Return an object as an answer, an event as the one its webhook would have brought."""
        if kind != EVENT:
            return Answer(f"{kind}/{one.id('id') or one.fail('id')}", kind, one.values)
        event_id, body = clickfunnels.event_id(one.values, b"", {}), json.dumps(one.values, default=str).encode()
        return Original(clickfunnels.SOURCE, event_id, clickfunnels.kind(one.values), body)

    def created_at(self, one: Fields) -> datetime:
        """Return when an object was made."""
        return one.moment("created_at") or one.fail("created_at")

    def _ask(self, asking: Asking, kind: str, after: str) -> tuple[list[Fields], str]:
        """Return a page of rows and the id after which the next begins; empty on the last one."""
        params = {"sort_order": "desc", **({"after": after} if after else {})}
        try:
            told = asking.get(f"/workspaces/{self.workspace}/{LISTS[kind]}", params)
        except RefusedError as error:
            _explain(error, kind)
        rows = Fields(parse(b'{"rows":' + told.body + b"}"))  # the answer is a list
        return list(rows.each("rows")), told.headers.get(NEXT, "").strip()


def _explain(refused: RefusedError, kind: str) -> NoReturn:
    """Raise what ClickFunnels said no to, as a sentence."""
    why = REFUSALS.get(refused.status, f"answered {refused.status} to the list of {{what}}")
    raise VendorError(f"ClickFunnels {why.format(what=f'{kind}s')}.") from None
