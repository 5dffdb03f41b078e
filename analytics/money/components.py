"""Groups things that share ids, transitively."""

from collections import defaultdict
from collections.abc import Collection, Hashable, Iterable, Sequence
from typing import TypeVar

T = TypeVar("T")


def components(things: Sequence[T], ids_of: Iterable[Collection[Hashable]]) -> list[list[T]]:
    """Return the things in groups that have an id in common, directly or through others, in the order of the first."""
    leader: dict[Hashable, Hashable] = {}

    def find(one: Hashable) -> Hashable:
        root = one
        while leader.setdefault(root, root) != root:
            root = leader[root]
        while leader[one] != root:
            leader[one], one = root, leader[one]
        return root

    marks: list[Hashable] = [("thing", place) for place in range(len(things))]
    for mark, ids in zip(marks, ids_of, strict=True):
        for one in ids:
            leader[find(one)] = find(mark)
    groups: defaultdict[Hashable, list[T]] = defaultdict(list)
    for mark, thing in zip(marks, things, strict=True):
        groups[find(mark)].append(thing)
    return list(groups.values())
