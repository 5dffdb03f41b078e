"""Frames of the page's socket, whole and broken: each knows where counts, offsets and parts stand and spoils one of them."""

import json
import random
import uuid
from collections.abc import Callable, Iterator
from typing import Any

from jupyter_server.services.kernels.connection.base import serialize_msg_to_ws_v1

WORD = 8
EDGES = (
    0,
    1,
    5,
    6,
    7,
    8,
    70,
    71,
    72,
    255,
    4096,
    1 << 16,
    1 << 24,
    1 << 31,
    1 << 32,
    1 << 62,
    (1 << 63) - 1,
    (1 << 64) - 1,
)
KINDS = (
    "comm_msg",
    "comm_info_request",
    "kernel_info_request",
    "comm_open",
    "execute_request",
    "status",
    "",
    "x" * 300,
)
JSON = (
    b"",
    b"null",
    b"[]",
    b"0",
    b'"x"',
    b"{",
    b"\xff\xfe",
    b"[" * 50_000,
    b'{"a":' * 20_000,
    b"NaN",
    b'{"a":' + b"9" * 5000 + b"}",
)


def whole(kind: str, content: dict[str, Any], channel: str = "shell", buffers: tuple[bytes, ...] = ()) -> bytes:
    """Return a message as a page would send it."""
    names = {name: uuid.uuid4().hex for name in ("msg_id", "session")}
    header = {**names, "msg_type": kind, "username": "", "version": "5.3"}
    parts = [json.dumps(part).encode() for part in (header, {}, {}, content)]
    raw: bytes = serialize_msg_to_ws_v1([*parts, *buffers], channel)
    return raw


def _any(chance: random.Random) -> bytes:
    content = {"comm_id": uuid.uuid4().hex, "data": {"method": "custom", "content": {"n": chance.random()}}}
    buffers = tuple(chance.randbytes(chance.randrange(40)) for _ in range(chance.choice((0, 0, 1, 3, 64, 65, 200))))
    return whole(chance.choice(KINDS), content, chance.choice(("shell", "control", "nosuch", "é", "x" * 40)), buffers)


def _word(frame: bytes, place: int, value: int) -> bytes:
    return frame[: place * WORD] + value.to_bytes(WORD, "little") + frame[(place + 1) * WORD :]


def _count(frame: bytes, chance: random.Random) -> bytes:
    return _word(frame, 0, chance.choice(EDGES))


def _offset(frame: bytes, chance: random.Random) -> bytes:
    value = chance.choice((*EDGES, len(frame), len(frame) + 1, chance.randrange(2 * len(frame))))
    return _word(frame, chance.randrange(1, int.from_bytes(frame[:WORD], "little") + 1), value)


def _swapped(frame: bytes, chance: random.Random) -> bytes:
    count = int.from_bytes(frame[:WORD], "little")
    one, other = chance.randrange(1, count + 1), chance.randrange(1, count + 1)
    words = [int.from_bytes(frame[place * WORD : (place + 1) * WORD], "little") for place in (one, other)]
    return _word(_word(frame, one, words[1]), other, words[0])


def _cut(frame: bytes, chance: random.Random) -> bytes:
    return frame[: chance.randrange(len(frame))]


def _grown(frame: bytes, chance: random.Random) -> bytes:
    return frame + chance.randbytes(chance.randrange(1, 60))


def _flipped(frame: bytes, chance: random.Random) -> bytes:
    place = chance.randrange(len(frame))
    return frame[:place] + bytes([frame[place] ^ 1 << chance.randrange(8)]) + frame[place + 1 :]


def _part(_frame: bytes, chance: random.Random) -> bytes:
    good = [
        json.dumps({"msg_id": "m", "session": "s", "msg_type": "comm_msg", "version": "5.3"}).encode(),
        *[b"{}"] * 3,
    ]
    good[chance.randrange(4)] = chance.choice(JSON)
    raw: bytes = serialize_msg_to_ws_v1(good, "shell")
    return raw


def _legacy(frame: bytes, chance: random.Random) -> bytes:
    return chance.choice(EDGES).to_bytes(WORD, "big")[-4:] + frame


def _noise(_frame: bytes, chance: random.Random) -> bytes:
    return chance.randbytes(chance.randrange(300))


def _untouched(frame: bytes, _chance: random.Random) -> bytes:
    return frame


SPOILS: tuple[Callable[[bytes, random.Random], bytes], ...] = (
    *(_count, _offset, _swapped, _cut, _grown, _flipped, _part, _legacy, _noise, _untouched),
)


def many(number: int, seed: int) -> Iterator[bytes]:
    """Return frames, the same for the same seed."""
    chance = random.Random(seed)
    stock = [_any(chance) for _ in range(200)]
    for _ in range(number):
        yield chance.choice(SPOILS)(chance.choice(stock), chance)
