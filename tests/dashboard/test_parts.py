"""What is read once and what anew: by question and mark, and what a long life leaves in memory."""

import pytest

from analytics.dashboard.parts import KEPT, Parts


class Asked:
    """An answer that counts how often it was read."""

    def __init__(self) -> None:
        self.times = 0

    def __call__(self) -> str:
        self.times += 1
        return f"read {self.times}"


#  mark then, mark now, still true | read anew
TABLE = [
    ("mark 1", "mark 1", True, False),
    ("mark 1", "mark 2", True, True),
    ("mark 1", "mark 1", False, True),
    ("mark 1", "", True, True),
    ("", "mark 1", True, True),
    ("", "", True, True),
]


@pytest.mark.parametrize(("then", "now", "still", "anew"), TABLE)
def test_a_part_is_read_anew_unless_its_mark_is_the_same(then: str, now: str, still: bool, anew: bool):
    parts, asked = Parts(), Asked()
    parts.have("view", then, "a question", asked)

    assert parts.have("view", now, "a question", asked, lambda _: still) == ("read 2" if anew else "read 1")


def test_what_is_read_without_a_mark_leaves_what_is_known():
    parts, asked = Parts(), Asked()
    for mark in ("mark 1", "", "mark 1"):
        parts.have("view", mark, "a question", asked)

    assert asked.times == 2


@pytest.mark.parametrize(("mark", "kept"), [("mark 1", KEPT), ("", 0)])
def test_a_long_life_holds_only_so_much_and_nothing_without_a_mark(mark: str, kept: int):
    parts = Parts()
    for question in range(10 * KEPT):
        parts.have("view", mark, question, lambda: "an answer")

    assert len(parts._known) == kept
