"""How the processes of one server speak, and what they leave behind."""

import socket
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.dashboard.warm import wire


@given(st.lists(st.binary(max_size=3000), max_size=5))
def test_messages_arrive_whole_and_in_order(messages: list[bytes]):
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.settimeout(5)
        theirs.sendall(b"".join(map(wire.framed, messages)))
        assert [wire.receive(ours) for _ in messages] == messages


@pytest.mark.parametrize("sent", [b"", b"\x00\x00", wire.framed(b"half of it")[:-3]])
def test_a_message_that_breaks_off_is_an_error(sent: bytes):
    ours, theirs = socket.socketpair()
    with ours:
        ours.settimeout(5)
        theirs.sendall(sent)
        theirs.close()
        with pytest.raises(wire.WireError):
            wire.receive(ours)


def test_nobody_is_believed_who_announces_gigabytes():
    with pytest.raises(wire.WireError):
        wire.length(b"\xff\xff\xff\xff")


def test_only_what_is_ours_is_removed(tmp_path: Path):
    ours, others, strange = tmp_path / "view3-a", tmp_path / "view3-b", tmp_path / "home"
    for folder in (ours, others, strange):
        folder.mkdir()
        (folder / wire.KERNELS).touch()
        (folder / "kernel-1.json").touch()
    (others / "letter.txt").touch()
    (others / "kernel-folder").mkdir()

    for folder in (ours, others, strange, Path("view3-relative")):
        wire.clear(folder)

    assert not ours.exists()
    assert sorted(path.name for path in others.iterdir()) == ["kernel-folder", "letter.txt"]
    assert sorted(path.name for path in strange.iterdir()) == ["kernel-1.json", wire.KERNELS]
