"""Frames of v1.kernel.websocket.jupyter.org: every count and offset is checked before anything is decoded."""

import json
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

PROTOCOL: Final = "v1.kernel.websocket.jupyter.org"
WORD: Final = 8  # bytes of a count or an offset, the lowest first
JSON_PARTS: Final = 4  # header, parent header, metadata, content; what follows are buffers
MOST_BUFFERS: Final = 64
LONGEST_CHANNEL: Final = 16  # bytes


class FrameError(ValueError):
    """A frame that does not hold what its count and offsets claim, or no message of the protocol."""


@dataclass(frozen=True, slots=True)
class Frame:
    """A message as the browser sent it: `parts` stay as they came, header and content are also read."""

    channel: str
    parts: list[bytes]
    header: dict[str, Any]
    content: dict[str, Any]

    @property
    def kind(self) -> str:
        """Return the message's type."""
        return str(self.header["msg_type"])


def decode(frame: str | bytes) -> Frame:
    """Return the message in a frame; raises FrameError, after work that its length bounds."""
    if not isinstance(frame, bytes):
        raise FrameError("a text frame")
    channel, *parts = _split(frame)
    if len(channel) > LONGEST_CHANNEL or not channel.isascii():
        raise FrameError("no name of a channel")
    header, _, _, content = map(_object, parts[:JSON_PARTS])
    if not all(isinstance(header.get(name), str) for name in ("msg_id", "msg_type", "session", "version")):
        raise FrameError("a header without its names")
    return Frame(channel.decode("ascii"), parts, header, content)


def _split(frame: bytes) -> list[bytes]:
    """Return the channel and the parts; the offsets must rise from the end of their own table to the frame's end."""
    count = int.from_bytes(frame[:WORD], "little")
    fewest = 1 + JSON_PARTS + 1  # channel and JSON parts begin somewhere, and the last part ends
    if not fewest <= count <= fewest + MOST_BUFFERS or len(frame) < WORD * (1 + count):
        raise FrameError("an impossible number of parts")
    table = range(WORD, WORD * (1 + count), WORD)
    offsets = [int.from_bytes(frame[place : place + WORD], "little") for place in table]
    if offsets[0] != WORD * (1 + count) or offsets[-1] != len(frame) or offsets != sorted(offsets):
        raise FrameError("offsets that do not divide the frame")
    return [frame[start:end] for start, end in pairwise(offsets)]


def _object(part: bytes) -> dict[str, Any]:
    try:
        value = json.loads(part.decode("utf-8"))
    except (ValueError, RecursionError):  # UnicodeDecodeError and JSONDecodeError are ValueErrors
        raise FrameError("a part that is no JSON") from None
    if not isinstance(value, dict):
        raise FrameError("a part that is no JSON object")
    return value
