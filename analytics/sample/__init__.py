"""The sample challenge: a believable challenge around any moment, the same from the same seed.

`view3 demo` loads it, tests and screenshots show it, and with millions of leads it is the load of the benchmarks.
Every part throws its own dice, so that a change to one leaves the others as they were.
"""

from collections.abc import Iterator
from datetime import datetime
from itertools import chain

from analytics.challenge import Challenge
from analytics.records import Record
from analytics.sample.campaigns import spend
from analytics.sample.cast import staged
from analytics.sample.people import people
from analytics.sample.rooms import sessions
from analytics.sample.stage import Size, Stage

__all__ = ["Size", "records"]


def records(
    challenge: Challenge, now: datetime, seed: int = 31, leads: int = 3000, currency: str = "USD"
) -> Iterator[Record]:
    """Yield all that sources have told by `now`: ad spend, opt-ins with what each buys, staged cases, both rooms.

    `leads` is the number of opt-ins of the whole challenge, beside the few dozen of the staged cases. Memory stays flat.
    """
    stage = Stage(challenge, now, seed, Size.of(leads), currency)
    return chain(spend(stage), people(stage), staged(stage), sessions(stage))
