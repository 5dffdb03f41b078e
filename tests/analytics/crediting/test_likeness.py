"""What speaks for an opt-in being an unknown buyer's, as a marketer would judge it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.crediting.likeness import ENOUGH, LETTERS, likeness, plain, slips
from tests.tables import Row, drawn

JUDGED = """
    buyer        | paid as            | person       | opted in as          | points | evidence
    -------------+--------------------+--------------+----------------------+--------+----------------------------------
    Ana Núñez    | ana.nunez@x.com    | Ana Nunez    | ana.nunes@x.com      | 105    | address differs by one letter; same name
    Ana Núñez    | ana.nunez@x.com    | NUÑEZ, Ana   | anan.unez@x.com      | 105    | address differs by one letter; same name
    Ana Núñez    | ana.nunez@gmai.com |              | ana.nunez@gmail.com  | 70     | domain differs by one letter
    Ana Núñez    | ana.nunez@work.com | Ana Nunez    | ana.nunez@gmail.com  | 95     | same mailbox name at another domain; same name
    Ana Núñez    | ana.nunez@x.com    | Bo Lee       | ana.nunes@x.com      | 40     | address differs by one letter; another name
    Ana Núñez    | office@work.com    | Ana Nunez    | ana@x.com            | 45     | same name
    Ana Núñez    | office@work.com    | Anna Nunez   | ana@x.com            | 30     | similar name
    Ana Núñez    | office@one.com     |              | office@two.com       | 0      |
    Al           | al@one.com         |              | al@two.com           | 0      |
    Ana Núñez    | ana@x.com          | Bo Lee       | bo@x.com             | -20    | another name
                 |                    |              |                      | 0      |
"""


@pytest.mark.parametrize(
    "row", drawn(JUDGED), ids=lambda row: f"{row['person']} {row['paid as']} / {row['opted in as']}"
)
def test_evidence(row: Row) -> None:
    told = likeness((row["buyer"], row["paid as"]), (row["person"], row["opted in as"]))
    assert (str(told.points), "; ".join(told.evidence)) == (row["points"], row["evidence"])


def test_a_name_alone_is_just_enough_and_a_similar_one_is_not() -> None:
    assert likeness(("Ana Lee", "a@x.com"), ("ana  LEE", "b@y.com")).points == ENOUGH
    assert likeness(("Ana Lee", "a@x.com"), ("Anna Lee", "b@y.com")).points < ENOUGH


mailboxes = st.text(LETTERS, min_size=1, max_size=8)


@given(mailboxes)
def test_a_slip_is_one_change(mailbox: str) -> None:
    told = slips(mailbox)
    assert mailbox not in told
    assert all(is_one_change(mailbox, other) for other in told)


@given(mailboxes, st.integers(0, 8), st.sampled_from(LETTERS))
def test_every_letter_lost_added_or_exchanged_is_a_slip(mailbox: str, place: int, letter: str) -> None:
    place = min(place, len(mailbox))
    before, after = mailbox[:place], mailbox[place:]
    for other in (before + letter + after, before + after[1:], before + letter + after[1:]):
        assert other in slips(mailbox) or other in {mailbox, ""}


def is_one_change(one: str, other: str) -> bool:
    """Tell whether one letter was lost, added or exchanged, or two neighbours were: letter by letter."""
    if len(one) == len(other):
        places = [place for place, (a, b) in enumerate(zip(one, other, strict=True)) if a != b]
        swapped = len(places) == 2 and places[1] == places[0] + 1 and one[places[0]] == other[places[1]]
        return len(places) == 1 or (swapped and one[places[1]] == other[places[0]])
    longer, shorter = sorted((one, other), key=len, reverse=True)
    return any(longer[:place] + longer[place + 1 :] == shorter for place in range(len(longer)))


def test_a_plain_name_has_no_case_accents_or_order() -> None:
    assert plain("Núñez, ANA-María") == plain("ana maria nunez") == "ana maria nunez"
