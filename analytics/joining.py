"""Which spend and which UTMs speak of one campaign, pure: by id where both sides have one, else by folded name, else by alias."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

Path = tuple[str, ...]
Told = tuple[str, str]  # an id and a folded key, as one side has them; either may be empty


@dataclass(slots=True)
class Directory:
    """The names of one level: whatever shares an id or a folded key with another is the same thing.

    One id under two names is a campaign that was renamed. One name under two ids cannot be told apart by links that
    carry names, so its spend stays together. What has neither id nor name is one thing, called the empty key.
    """

    aliases: Mapping[str, str] = field(default_factory=dict)
    _first: dict[tuple[str, str], tuple[str, str]] = field(default_factory=dict)

    def learn(self, told: Told) -> None:
        """Take in what an ad platform calls a thing."""
        tokens = _tokens(told)
        for token in tokens:
            self._first[self._root(token)] = self._root(tokens[0])

    def key(self, told: Told) -> str:
        """Return the key of a thing that an ad platform spoke of."""
        tokens = _tokens(told)
        return "".join(self._root(tokens[0])) if tokens else ""

    def find(self, told: Told) -> str:
        """Return the key of what a link names; a name that no platform knows is asked from the aliases, and else its own."""
        identity, key = told
        other = self.aliases.get(key, "")
        for token in (("#", identity), ("=", key), ("#", other), ("=", other)):
            if token[1] and token in self._first:
                return "".join(self._root(token))
        return f"={other or key}" if key else ""

    def learn_aliases(self) -> None:
        """Let an alias for a name of the platforms be found by the name it stands for, once all of them are known."""
        for alias, name in sorted(self.aliases.items()):
            known = next((token for token in (("=", alias), ("#", alias)) if token in self._first), None)
            if known and ("=", name) not in self._first and ("#", name) not in self._first:
                self._first["=", name] = self._root(known)

    def _root(self, token: tuple[str, str]) -> tuple[str, str]:
        parent = self._first.setdefault(token, token)
        while parent != self._first[parent]:
            parent = self._first[parent]
        return parent


@dataclass(slots=True)
class Joining:
    """The directories of all levels: ad sets are known inside their campaign, ads inside their ad set."""

    aliases: Mapping[str, str]
    _inside: dict[Path, Directory] = field(default_factory=dict)

    def learn(self, paths: Iterable[tuple[Told, ...]], depth: int) -> None:
        """Take in the paths of the ad platforms, the campaigns of all of them before their ad sets."""
        paths = list(paths)
        for level in range(depth):
            for path in paths:
                self._directory(self._spent(path[:level])).learn(path[level])
            if level == 0:
                self._directory(()).learn_aliases()

    def of_spend(self, path: tuple[Told, ...]) -> Path:
        """Return the keys of what an ad platform spoke of."""
        return self._spent(path)

    def of_link(self, path: tuple[Told, ...]) -> Path:
        """Return the keys of what a link names."""
        keys: Path = ()
        for told in path:
            keys = (*keys, self._directory(keys).find(told))
        return keys

    def _spent(self, path: tuple[Told, ...]) -> Path:
        keys: Path = ()
        for told in path:
            keys = (*keys, self._directory(keys).key(told))
        return keys

    def _directory(self, inside: Path) -> Directory:
        if inside not in self._inside:
            self._inside[inside] = Directory({} if inside else self.aliases)
        return self._inside[inside]


def _tokens(told: Told) -> list[tuple[str, str]]:
    identity, key = told
    return [token for token in (("#", identity), ("=", key)) if token[1]]
