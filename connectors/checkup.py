"""What `view3 doctor` finds of the vendors that we ask: each credential is tried with the cheapest call."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace

from connectors.contract import Source, UnreadablePayloadError, VendorError
from connectors.object_failures import ObjectsFailedError, failing_sentences
from connectors.polls import Poll
from connectors.stripe.backfill import StripeBackfill
from connectors.vendors import SOURCES
from connectors.wanted import Off, Wanted
from connectors.web import Patience

HURRIED = Patience(connect=5, read=10, attempts=2, first_pause=1, longest_pause=2, deadline=20)


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the check-up."""

    name: str
    sentence: str
    is_off: bool = False
    is_note: bool = False
    is_failure: bool = False


def findings(wanted: Wanted, poll_of: Callable[[str], Poll | None]) -> Iterator[Finding]:
    """Yield what each source's credentials are good for, and how its last runs went by what `poll_of` remembers."""
    since = wanted.clock().date()  # a source of back-fills is made for a date
    for name, make in SOURCES.items():
        source = make(replace(wanted, since=since, patience=HURRIED))
        if isinstance(source, Off):
            yield Finding(name, f"off: {source.sentence}", is_off=True)
        else:
            yield from _tried(name, source, wanted, poll_of(source.name))


def _tried(name: str, source: Source, wanted: Wanted, poll: Poll | None) -> Iterator[Finding]:
    """Yield what the source answers, then a failure for each of its objects that cannot be read."""
    failed: tuple[str, ...] = ()
    unsent: list[str] = []
    try:
        sentence = source.check(wanted.clock)
        unsent = list(source.unsent_events()) if isinstance(source, StripeBackfill) else []
    except ObjectsFailedError as error:
        sentence, failed = error.good, error.sentences
    except VendorError as error:
        yield Finding(name, str(error), is_failure=True)
        return
    except UnreadablePayloadError as error:
        yield Finding(name, f"the answer cannot be read: {error}", is_failure=True)
        return
    yield from (Finding(name, one, is_note=True) for one in unsent)
    if sentence:
        yield Finding(name, "; ".join(filter(None, [sentence.rstrip("."), *_remembered(source, wanted, poll)])))
    yield from (Finding(name, one, is_failure=True) for one in failed)
    yield from _set_aside(name, poll, failed)


def _set_aside(name: str, poll: Poll | None, failed: Iterable[str]) -> Iterator[Finding]:
    """Yield the objects that the last runs set aside, except for those that were found to fail just now."""
    said = {sentence.partition(":")[0] for sentence in failed}
    for sentence in failing_sentences(poll.state) if poll else ():
        if sentence.partition(":")[0] not in said:
            yield Finding(name, f"when last asked, {sentence}", is_failure=True)


def _remembered(source: Source, wanted: Wanted, poll: Poll | None) -> Iterator[str]:
    if poll is None:
        return
    if poll.last_success is not None:
        yield f"last asked well at {poll.last_success:%Y-%m-%d %H:%M} UTC"
    if poll.last_error:
        yield f"then {poll.failures:,} times in vain: {poll.last_error}"
    yield source.note(poll.state, wanted.clock())
