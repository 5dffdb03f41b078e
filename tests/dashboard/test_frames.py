"""Frames of a page's socket: what is whole comes through unchanged, what is not costs nothing."""

import json
import time
import tracemalloc

import pytest
from jupyter_server.services.kernels.connection.base import serialize_msg_to_ws_v1

from analytics.dashboard.frames import MOST_BUFFERS, FrameError, decode
from tests.dashboard.broken_frames import JSON, many, whole

HEADER = {"msg_id": "m", "session": "s", "msg_type": "comm_msg", "version": "5.3"}


def framed(*parts: bytes, channel: str = "shell") -> bytes:
    raw: bytes = serialize_msg_to_ws_v1([*parts], channel)
    return raw


@pytest.mark.parametrize("buffers", [(), (b"",), (b"one", b"", b"\x00" * 300), (b"x",) * MOST_BUFFERS], ids=len)
def test_a_whole_message_is_read_and_its_parts_stay_as_they_came(buffers: tuple[bytes, ...]):
    raw = whole("comm_msg", {"comm_id": "c", "data": {}}, "shell", buffers)
    frame = decode(raw)

    assert (frame.channel, frame.kind, frame.content) == ("shell", "comm_msg", {"comm_id": "c", "data": {}})
    assert frame.parts[4:] == [*buffers]
    assert framed(*frame.parts) == raw


def parts(place: int, part: bytes) -> tuple[bytes, ...]:
    """Return the four parts of a message with one of them replaced."""
    good = [json.dumps(HEADER).encode(), b"{}", b"{}", b"{}"]
    return (*good[:place], part, *good[place + 1 :])


BROKEN: dict[str, str | bytes] = {
    "empty": b"",
    "text": "text",
    "no part": b"\x00" * 8,
    "a huge count, which froze every page": (1 << 62).to_bytes(8, "little"),
    "a huge count in a longer frame": (1 << 62).to_bytes(8, "little") + bytes(10_000),
    "a count of the older protocol": bytes.fromhex("10000000"),
    "offsets of nought": (6).to_bytes(8, "little") + bytes(48),
    "too many buffers": whole("comm_msg", {}, buffers=(b"x",) * (MOST_BUFFERS + 1)),
    "a long channel": whole("comm_msg", {}, channel="x" * 17),
    "a channel beyond ASCII": whole("comm_msg", {}, channel="é"),
    "longer than its offsets": whole("comm_msg", {}) + b"x",
    "shorter than its offsets": whole("comm_msg", {})[:-1],
    "a type that is no text": framed(*parts(0, json.dumps(HEADER | {"msg_type": 5}).encode())),
    "no version": framed(*parts(0, json.dumps(HEADER | {"version": None}).encode())),
    "three parts": framed(*parts(0, b"{}")[:3]),
    **{f"part {place} is {part[:9]!r}": framed(*parts(place, part)) for place in range(4) for part in JSON},
}


@pytest.mark.parametrize("frame", BROKEN.values(), ids=BROKEN)
def test_anything_else_is_refused_at_once(frame: str | bytes):
    began = time.thread_time()
    with pytest.raises(FrameError):
        decode(frame)

    assert time.thread_time() - began < 0.5


def test_a_hundred_thousand_broken_frames_cost_neither_time_nor_memory():
    tracemalloc.start()
    read, held, slowest = 0, 0, 0.0
    for number, frame in enumerate(many(100_000, seed=7)):
        if number == 1000:  # whatever is kept for good is there by now
            tracemalloc.reset_peak()
            held = tracemalloc.get_traced_memory()[0]
        began = time.thread_time()
        try:
            decode(frame)
            read += 1
        except FrameError:
            pass
        slowest = max(slowest, time.thread_time() - began)
    now, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert 5_000 < read < 40_000  # both kinds were tried
    assert slowest < 0.5
    assert now - held < 100_000
    assert peak - held < 20_000_000
