"""What vendors call columns, sections and months in other languages, as tables: one file per vendor."""

import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from importlib.resources import files

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
    table = tomllib.loads(files(__name__).joinpath(f"{vendor}.toml").read_text("utf-8"))[part]
    return Vocabulary(tuple((name, tuple(key(one) for one in patterns)) for name, patterns in table.items()))


@cache
def months() -> dict[str, int]:
    """Return the number of every month by its names and abbreviations, folded and without dots."""
    table = tomllib.loads(files(__name__).joinpath("months.toml").read_text("utf-8"))
    return {
        key(name): number for names in table.values() for number, one in enumerate(names, 1) for name in one.split()
    }
