"""What the server answers with by itself, before a kernel is ready and beside it: the page, and the parts that another filter brings."""

from collections import OrderedDict
from threading import Lock
from typing import Any, Final

from analytics.dashboard import address as addresses
from analytics.dashboard.address import Address
from analytics.dashboard.answer import Answer, answered, page_html
from analytics.dashboard.parts import AddressReader, Reading
from analytics.dashboard.source import Source

REMEMBERED: Final = 32  # addresses whose last good figures are kept for when the database is away


class FirstSight:
    """Answers every viewer, in any thread; while the database is away, from what it last read for the address."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._reader = AddressReader(source)
        self._good: OrderedDict[Address, Reading] = OrderedDict()
        self._remembering = Lock()

    def html(self, query: str) -> str:
        """Return the whole page of what a query asks for."""
        return page_html(self._answer(query))

    def told(self, query: str) -> dict[str, Any]:
        """Return the parts of the page that a query asks for."""
        return self._answer(query).told({})

    def _answer(self, query: str) -> Answer:
        challenge = self._source.challenge
        heard = addresses.read(query, challenge)
        reading = self._reader.read(heard.address)
        if reading.is_whole:
            self._remember(heard.address, reading)
        return answered(reading, heard, challenge, self._good.get(heard.address))

    def _remember(self, asked: Address, reading: Reading) -> None:
        with self._remembering:
            self._good[asked] = reading
            self._good.move_to_end(asked)
            if len(self._good) > REMEMBERED:
                self._good.popitem(last=False)
