"""What vendors call columns, sections and months in other languages, as tables: one file per vendor."""

import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from importlib.resources import files
from typing import Any

from connectors.exports.table import key


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """A vendor's words: per English word the patterns of what the other languages call it, the first that fits."""

    words: tuple[tuple[str, tuple[str, ...]], ...]

    def english(self, text: str) -> str:
        """Return the English word for a text, or the text's own key where none is known."""
        word = key(text)
        for name, patterns in self.words:
            if word == name or any(fnmatchcase(word, pattern) for pattern in patterns):
                return name
        return word

    def all_english(self, texts: Iterable[str]) -> tuple[str, ...]:
        """Return the English words of a row of cells, each word once: a second column keeps its own name."""
        found: list[str] = []
        for text in texts:
            word = self.english(text)
            found.append(key(text) if word in found and word != key(text) else word)
        return tuple(found)


@cache
def vocabulary(vendor: str, part: str) -> Vocabulary:
    """Return one table of a vendor's file."""
    table = _table(vendor, part).items()
    return Vocabulary(tuple((name, tuple(key(one) for one in patterns)) for name, patterns in table))


@cache
def names(vendor: str, part: str) -> dict[str, tuple[str, ...]]:
    """Return one table of a vendor whose words are known as a whole: per English word all its names, the English first."""
    return {word: (word, *others) for word, others in _table(vendor, part).items()}


@cache
def months() -> dict[str, int]:
    """Return the number of every month by its names and abbreviations, folded and without dots."""
    return {
        key(name): number
        for language in _file("months").values()
        for number, one in enumerate(language, 1)
        for name in one.split()
    }


def truth(text: str) -> bool | None:
    """Return whether a cell says yes or no, in any language in which a spreadsheet saves it; None for other text."""
    return _booleans().get(key(text))


@cache
def _booleans() -> dict[str, bool]:
    table = _file("booleans")
    return {key(word): word in table["true"] for words in table.values() for word in words}


def _table(vendor: str, part: str) -> dict[str, Sequence[str]]:
    table: dict[str, Sequence[str]] = _file(vendor)[part]
    return table


def _file(name: str) -> dict[str, Any]:
    return tomllib.loads(files(__name__).joinpath(f"{name}.toml").read_text("utf-8"))
