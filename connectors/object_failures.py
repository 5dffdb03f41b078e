"""The objects of one source (rooms, sessions, videos, ad accounts) that fail, each with its sentence and its back-off.

A source that reads several objects keeps going when one of them fails; the state remembers which, why and when to ask again.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from connectors.contract import Page, Payload, UnreadablePayloadError, VendorError

KEY = "failing"  # where a source's state keeps them
FIRST_PAUSE, LONGEST_PAUSE = timedelta(seconds=30), timedelta(minutes=15)
LONGEST_SENTENCE = 300

Failing = Mapping[str, Mapping[str, Any]]


class ObjectsFailedError(VendorError):
    """Some configured objects cannot be read and others can: `sentences` say which and why, `good` what the others answer."""

    def __init__(self, sentences: Iterable[str], good: str) -> None:
        self.sentences, self.good = tuple(sentences), good
        super().__init__(" ".join(self.sentences))


def error_sentence(error: Exception) -> str:
    """Return an error as a sentence that holds no secret."""
    if isinstance(error, VendorError):
        return str(error)
    if isinstance(error, UnreadablePayloadError):
        return f"The answer cannot be read: {error}."
    return f"Asking failed: {type(error).__name__}."  # a text of unknown origin could hold a secret


def failing_sentences(state: Payload) -> tuple[str, ...]:
    """Return a sentence per object that fails, with its name in front."""
    return tuple(f"{name}: {about['sentence']}" for name, about in sorted(state.get(KEY, {}).items()))


def backoff(failures: int) -> timedelta:
    """Return a pause that doubles with every failure in a row."""
    pause: timedelta = min(FIRST_PAUSE * 2 ** min(failures - 1, 10), LONGEST_PAUSE)
    return pause


@dataclass(slots=True)
class ObjectFailures:
    """The failing objects during one run of a source, by name; those that are not asked for any longer are dropped."""

    known: Failing
    clock: Callable[[], datetime]
    errors: dict[str, Exception] = field(default_factory=dict)
    read: set[str] = field(default_factory=set)
    _now: dict[str, dict[str, Any]] = field(default_factory=dict)

    @classmethod
    def of(cls, state: Payload, clock: Callable[[], datetime]) -> "ObjectFailures":
        """Return what a state remembers."""
        return cls(state.get(KEY) or {}, clock)

    def is_failing(self, name: str) -> bool:
        """Tell whether an object failed when it was last asked: it is asked last, and with one attempt."""
        return name in self.known

    def is_due(self, name: str) -> bool:
        """Tell whether to ask for an object now; one that is not due stays set aside."""
        about = self.known.get(name)
        if about is None or datetime.fromisoformat(about["again_at"]) <= self.clock():
            return True
        self._now[name] = dict(about)
        return False

    def guard(self, name: str, pages: Callable[[], Iterator[Page]]) -> Iterator[Page]:
        """Yield the pages of one object if it is due; one that fails is set aside and holds up no other."""
        if not self.is_due(name):
            return
        try:
            yield from pages()
        except Exception as error:  # noqa: BLE001 (whatever ails one object must not hold up the others)
            self.note(name, error)
        else:
            self.read.add(name)

    def note(self, name: str, error: Exception) -> None:
        """Set an object aside."""
        before, now = self.known.get(name, {}), self.clock()
        failures = int(before.get("failures", 0)) + 1
        again_at = now + backoff(failures)
        if isinstance(error, VendorError) and error.again_at is not None:
            again_at = max(again_at, error.again_at)
        self.errors[name] = error
        self.read.discard(name)
        self._now[name] = {
            "sentence": error_sentence(error)[:LONGEST_SENTENCE],
            "failures": failures,
            "since": before.get("since") or now.isoformat(),
            "again_at": again_at.isoformat(),
        }

    def told(self) -> dict[str, dict[str, Any]]:
        """Return what the state keeps after the run."""
        return dict(self._now)

    def raise_if_all(self, names: Iterable[str]) -> None:
        """Raise where every one of the named objects that was asked failed: then it is the source that fails."""
        asked = set(names)
        errors = [error for name, error in self.errors.items() if name in asked]
        if not errors or asked & self.read:
            return
        sentences = list(dict.fromkeys(map(error_sentence, errors)))
        if len(sentences) == 1:
            raise errors[0]
        moments = [one.again_at for one in errors if isinstance(one, VendorError) and one.again_at]
        raise VendorError(" ".join(sentences), again_at=min(moments, default=None))


def check_each(objects: Mapping[str, Callable[[], str]]) -> str:
    """Return what all objects answer, joined; raise where some or all of them cannot be read.

    One error for all is raised as it is; else ObjectsFailedError names each object that fails.
    """
    good: list[str] = []
    errors: dict[str, Exception] = {}
    for name, check in objects.items():
        try:
            good.append(check())
        except (VendorError, UnreadablePayloadError) as error:
            errors[name] = error
    answer = "; ".join(dict.fromkeys(good))
    if errors and not good and len({error_sentence(error) for error in errors.values()}) == 1:
        raise next(iter(errors.values()))
    if errors:
        raise ObjectsFailedError([f"{name}: {error_sentence(error)}" for name, error in errors.items()], answer)
    return answer
