"""How the processes of one server speak: a socket in a folder that only their user can enter, messages with their length first."""

import pickle
import socket
import struct
from collections.abc import Hashable
from pathlib import Path
from typing import Final

LONGEST_FOLDER: Final = 50  # characters: a socket's path has 107, a kernel's name and number take 57
LARGEST: Final = 64 * 1024 * 1024
KERNELS: Final = "kernels"  # where kernels are asked for
READS: Final = "reads"  # where figures are asked for
BOARD: Final = "board"  # where the newest revision stands
NEWS: Final = "news"  # the question that is answered when there are some
PREFIX: Final = "view3-"  # how the name of the folder begins
READY: Final = b"ready\n"  # what a warm process says once it can fork
_HEAD: Final = struct.Struct("!I")
HEAD_SIZE: Final = _HEAD.size


class WireError(OSError):
    """The other side does not answer, or not in our words."""


def connect(path: Path, seconds: float) -> socket.socket:
    """Return a socket whose every wait ends after `seconds`; raises OSError where nobody listens."""
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    connection.settimeout(seconds)
    try:
        connection.connect(str(path))
    except OSError:
        connection.close()
        raise
    return connection


def listen(path: Path) -> socket.socket:
    """Return a listening socket, in place of one that a dead process left."""
    path.unlink(missing_ok=True)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.bind(str(path))
    listener.listen(512)
    return listener


def clear(folder: Path) -> None:
    """Remove what these processes leave in their folder, by name, and the folder if nothing else is in it; never a tree."""
    if not (folder.is_absolute() and folder.name.startswith(PREFIX)):
        return
    left = [folder / KERNELS, folder / READS, folder / BOARD, folder / f"{BOARD}.new", *folder.glob("kernel-*")]
    try:
        for path in left:
            if not path.is_dir():
                path.unlink(missing_ok=True)
        folder.rmdir()
    except OSError:  # somebody else's file is in it, or it is gone
        return


def packed(value: object) -> bytes:
    """Return an argument of a question that has no hash of its own."""
    return pickle.dumps(value, pickle.HIGHEST_PROTOCOL)


def unpacked(argument: Hashable) -> object:
    """Return an argument as it was before it was packed."""
    return pickle.loads(argument) if isinstance(argument, bytes) else argument  # noqa: S301 - the folder is our user's alone


def framed(message: bytes) -> bytes:
    """Return a message with its length before it."""
    return _HEAD.pack(len(message)) + message


def length(head: bytes) -> int:
    """Return how long the message after a head is; raises WireError for one that nobody of us would send."""
    (size,) = _HEAD.unpack(head)
    if size > LARGEST:
        raise WireError("an absurd message")
    return int(size)


def receive(connection: socket.socket) -> bytes:
    """Return one message; raises WireError where the other side went away."""
    return _exactly(connection, length(_exactly(connection, HEAD_SIZE)))


def _exactly(connection: socket.socket, size: int) -> bytes:
    received = bytearray()
    while len(received) < size:
        part = connection.recv(min(size - len(received), 1 << 20))
        if not part:
            raise WireError("the other side went away")
        received += part
    return bytes(received)
