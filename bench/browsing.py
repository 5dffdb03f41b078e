"""The stop-watch in the browser: when a viewer sees and can do what, and how many bytes that took."""

import base64
import json
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Locator, Page, Playwright
from playwright.sync_api import TimeoutError as TooLateError

from bench.contenders import Contender
from tests.browser.chromium import ARGUMENTS, CHROMIUM

# A style sheet of another host, as Voilà's own template has one, fails at once instead of holding up its page.
NO_OTHER_HOST = "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"
MAY_TAKE = 120_000  # milliseconds
SETTLED = 1.5  # seconds in which a browser has started
TRY_AGAIN = 250  # milliseconds after which an unanswered filter is tried once more
WATCH = """
(where) => {
  const visible = (one) => one.checkVisibility() && one.getClientRects().length > 0;
  const bars = () => [...document.querySelectorAll(`${where.chart} ${where.bar}`)];
  window.told = {};
  window.read = {
    number: () => document.querySelector(where.number)?.textContent,
    // The first label of the axis changes with the days that the bars stand for, in the frame in which they change.
    bars: () => bars().length > 0 && document.querySelector(`${where.chart} ${where.label}`)?.textContent,
    row: () => document.querySelector(`${where.table} ${where.first_cell}`)?.textContent,
  };
  const number = () => [...document.querySelectorAll(where.number)].find((one) => /\\d/.test(one.textContent) && visible(one));
  const look = () => {
    if (!told.number && number()) [told.number, told.first] = [performance.now(), number().textContent];
    if (!told.bars && bars().filter(visible).length > 2) told.bars = performance.now();
    if (told.number && !told.fed && number() && number().textContent !== told.first) told.fed = performance.now();
    if (!(told.number && told.bars && told.fed)) requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
  // Tells when what is read is no longer what it was: on the wall's clock, and since the viewer's own action, if one was named.
  window.arm = (what, action) => {
    window.changed = null;
    const before = read[what]();
    let begun = null;
    if (action) addEventListener(action, () => (begun ??= performance.now()), { capture: true, once: true });
    const look = () => {
      const now = read[what]();
      if (!now || now === before) return requestAnimationFrame(look);
      window.changed = { at: performance.timeOrigin + performance.now(), after: performance.now() - begun };
    };
    requestAnimationFrame(look);
  };
}
"""


class Meter:
    """Counts the bytes that reach a page: over HTTP as sent, over WebSockets as unpacked."""

    def __init__(self, page: Page) -> None:
        self.http = self.socket = 0
        session = page.context.new_cdp_session(page)
        session.send("Network.enable")
        session.on("Network.loadingFinished", self._take_http)
        session.on("Network.webSocketFrameReceived", self._take_frame)

    def _take_http(self, event: dict[str, Any]) -> None:
        self.http += event["encodedDataLength"]

    def _take_frame(self, event: dict[str, Any]) -> None:
        frame = event["response"]
        text = frame["payloadData"]
        self.socket += len(text.encode()) if frame["opcode"] == 1 else len(base64.b64decode(text))


class Visit:
    """A page of one contender, with its stop-watch."""

    def __init__(self, page: Page, contender: Contender) -> None:
        self.page, self.contender = page, contender
        where = {name: getattr(contender, name) for name in ("chart", "bar", "label", "table", "first_cell")}
        where["number"] = contender.cards[0]
        page.set_default_timeout(MAY_TAKE)
        page.add_init_script(f"({WATCH})({json.dumps(where)})")
        self.meter = Meter(page)

    def open(self, address: str) -> None:
        """Go to the page."""
        self.page.goto(address, wait_until="commit")

    def seen(self, what: str) -> float:
        """Return the seconds from the click on a link until `number`, `bars` or `fed`, waited for."""
        self.page.wait_for_function(f"() => window.told.{what}")
        return float(self.page.evaluate(f"told.{what}")) / 1000

    def cards(self) -> list[str]:
        """Return the cards' numbers, without signs and units."""
        texts = (self.page.locator(card).last.text_content() for card in self.contender.cards)
        return [re.sub(r"[^\d.]", "", text or "") for text in texts]

    def first_answer(self) -> float:
        """Return the seconds from the click on a link until the filter changed the bars, tried as soon as it stands there."""
        handle = self._handle()
        self.page.evaluate("arm('bars')")
        while not self.page.evaluate("changed"):
            handle.press("ArrowRight")
            try:
                self.page.wait_for_function("() => window.changed", timeout=TRY_AGAIN)
            except TooLateError:
                continue
        return float(self.page.evaluate("changed.at - performance.timeOrigin")) / 1000

    def filter_from(self, day: int) -> None:
        """Have the filter stand at a first day, and the bars with it."""
        handle = self._handle()
        for key in ("Home", *["ArrowRight"] * (day - 1)):
            handle.press(key)
        self.page.wait_for_function(f"() => window.read.bars() === 'Day {day}'")

    def filter_once(self) -> float:
        """Return the seconds from a key on the slider to changed bars."""
        handle = self._handle()
        handle.focus()
        return self._after("bars", "keydown", lambda: self.page.keyboard.press("ArrowRight"))

    def sort_once(self) -> float:
        """Return the seconds from a click on a column's title to another first row."""
        title = self.page.locator(f"{self.contender.table} {self.contender.header}").first
        return self._after("row", "click", title.click)

    def arm(self) -> None:
        """Begin to watch the first card."""
        self.page.evaluate("arm('number')")

    def changed_at(self) -> float:
        """Return the moment, in seconds of the wall's clock, at which the first card changed."""
        self.page.wait_for_function("() => window.changed")
        return float(self.page.evaluate("changed.at")) / 1000

    def _handle(self) -> Locator:
        handle = self.page.locator(self.contender.handle).first
        handle.wait_for(state="visible")
        return handle

    def _after(self, what: str, event: str, act: Callable[[], object]) -> float:
        self.page.evaluate(f"arm('{what}', '{event}')")
        act()
        self.page.wait_for_function("() => window.changed")
        return float(self.page.evaluate("changed.after")) / 1000


@contextmanager
def visiting(playwright: Playwright, profile: Path, contender: Contender) -> Iterator[Visit]:
    """Open a browser on a profile, whose cache lasts, and leave the page as a person would."""
    context = playwright.chromium.launch_persistent_context(
        profile, executable_path=CHROMIUM, args=[*ARGUMENTS, NO_OTHER_HOST], viewport={"width": 1440, "height": 900}
    )
    try:
        page = context.pages[0]
        time.sleep(SETTLED)
        yield Visit(page, contender)
        page.goto("about:blank")
    finally:
        context.close()
