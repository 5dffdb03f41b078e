"""The living page: a kernel reads every time the database or the clock moved on, and sends its viewer what differs."""

import asyncio
from collections.abc import Iterator
from contextlib import suppress
from typing import Any, Final

from IPython.display import display

from analytics.dashboard import address as addresses
from analytics.dashboard.address import Address
from analytics.dashboard.answer import Answer, answered, page_html
from analytics.dashboard.elements import Channel
from analytics.dashboard.handover import notebook, notebook_name
from analytics.dashboard.parts import AddressReader, Reading, may_have_ended
from analytics.dashboard.refreshing import MAY_TAKE, Patience, Refresher, Took
from analytics.dashboard.settings import is_served
from analytics.dashboard.source import Source
from analytics.dashboard.wording import file_name
from analytics.view3 import SalesFilter

BEAT = 5.0
LONGEST_QUERY: Final = 20_000  # characters


class Dashboard:
    """View 3 over a source; display it in a notebook and it keeps itself up to date."""

    def __init__(self, source: Source, query: str = "") -> None:
        self._source, self._challenge = source, source.challenge
        self._reader, self._patience = AddressReader(source), Patience()
        self._refresher = Refresher(self._look, self._read_and_send, source.pause)
        self._tasks: list[asyncio.Task[None]] = []
        self._heard = addresses.read(query, source.challenge)
        self._have: dict[str, str] = {}  # the mark of every part that the browser holds
        self._number, self._sent, self._beats = 0, 0, 0
        self._good: tuple[Address, Reading] | None = None
        self._last: Reading | None = None
        self._mark = ""
        self.channel = Channel(self._listen, {"sales": self._export, "notebook": self._notebook})

    @property
    def address(self) -> Address:
        """Return what the viewer asks for."""
        return self._heard.address

    def read(self) -> Reading:
        """Read what the viewer asks for, of it anew what is not known yet; safe in another thread, never raises."""
        return self._reader.read(self.address, self._reader.mark())

    def answer(self, reading: Reading) -> Answer:
        """Return a reading as the parts of the page; without figures the last good ones of this address stand."""
        if reading.view is not None:
            self._good = (self.address, reading)
        good = self._good[1] if self._good and self._good[0] == self.address else None
        self._last, self._mark = reading, reading.mark if reading.is_whole else ""
        return answered(reading, self._heard, self._source.challenge, good)

    def send(self, answer: Answer) -> bool:
        """Send the browser the parts that differ from what it holds, and return whether there were any."""
        told = answer.told(self._have)
        self._have |= {name: mark for name, (mark, _) in told["parts"].items()}
        # Another Day 1 came to light, as when the database was away at first: the calendar was made for the old one.
        told |= {"number": self._number, "outdated": self._source.challenge != self._challenge}
        self._sent += 1
        self.channel.send({"answer": told, "sent": self._sent})
        return bool(told["parts"])

    async def keep_beating(self) -> None:
        """Tell the browser that the kernel lives, until when the numbers are known to be true, and how many answers it has sent."""
        while True:
            await asyncio.sleep(BEAT)
            if self.channel.watched():
                self._beat()

    def _beat(self) -> None:
        self._beats += 1
        local = self._source.challenge.local_time(self._source.now())
        self.channel.send({"beat": self._beats, "checked": f"{local:%H:%M}" if self._mark else "", "sent": self._sent})

    def _ipython_display_(self) -> None:
        if not is_served():
            self.channel.frame = page_html(self.answer(self.read()))
        display(self.channel)  # type: ignore[no-untyped-call]
        with suppress(RuntimeError):  # no loop: a static rendering
            loop = asyncio.get_running_loop()
            freshness = self._refresher.keep_fresh(self.channel.watched)
            self._tasks = [loop.create_task(freshness), loop.create_task(self.keep_beating())]

    def _listen(self, message: dict[str, Any]) -> None:
        """Take what the browser asks for and holds; where a server has answered already, only what changed since is of interest."""
        query, number, have = message.get("query"), message.get("number"), message.get("have")
        if not isinstance(query, str) or not isinstance(number, int) or not isinstance(have, dict):
            return
        self._heard = addresses.read(query[:LONGEST_QUERY], self._source.challenge)
        self._number, self._have = number, {str(name): str(mark) for name, mark in have.items()}
        self._beat()
        self._refresher.ask(at_once=bool(message.get("now")))

    def _look(self) -> bool:
        mark = self._reader.mark()
        return not mark or mark != self._mark or self._may_have_ended()

    def _may_have_ended(self) -> bool:
        if self._last is None or self._last.view is None:
            return False
        return may_have_ended(self._last.view, self._source.challenge.local_time(self._source.now()))

    async def _read_and_send(self) -> Took:
        number = self._number
        reading = await self._patience.have(self.read, MAY_TAKE)
        if number != self._number:  # another question came meanwhile, and is read next
            return Took(is_whole=True, is_news=True)
        if reading is None:
            at = self._source.challenge.local_time(self._source.now())
            reading = Reading(self.address, at, "", None, None, None, "")
        answer = self.answer(reading)
        return Took(answer.is_whole, self.send(answer))

    def _wanted(self) -> SalesFilter:
        return self.address.wanted(self._source.challenge, self._source.now())

    def _export(self) -> tuple[str, Iterator[str]]:
        total, text = self._source.export(self._wanted(), self.address.sort)
        return file_name(total, self._source.challenge.local_time(self._source.now())), text

    def _notebook(self) -> tuple[str, Iterator[str]]:
        local = self._source.challenge.local_time(self._source.now())
        return notebook_name(local), iter([notebook(self._wanted(), local)])
