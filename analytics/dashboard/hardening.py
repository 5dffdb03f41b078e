"""What a page's socket may carry: widgets' messages and nothing else; no source, no traceback, no stderr, no new widgets."""

import logging
from typing import Any, Final

from jupyter_server.services.kernels.connection.channels import ZMQChannelsWebsocketConnection
from tornado.web import HTTPError

from analytics.dashboard import frames
from analytics.dashboard.frames import Frame, FrameError
from analytics.line_limit import LineLimit

HIDDEN: Final = frozenset({"execute_input", "error"})
MANAGER: Final = "jupyter.widget.control"  # the one channel a page opens by itself
OUTGOING_PARTS: Final = 5  # signature, header, parent header, metadata, content; what follows are buffers
HEADER, CONTENT = 1, 4

log = logging.getLogger(__name__)
_lines = LineLimit()


class QuietConnection(ZMQChannelsWebsocketConnection):
    """A kernel's socket that keeps the notebook's source and its errors on the server."""

    async def prepare(self) -> None:
        """Refuse a browser that does not offer the one sub-protocol whose frames are checked, then connect."""
        offered = self.websocket_handler.request.headers.get("Sec-WebSocket-Protocol", "")
        if frames.PROTOCOL not in map(str.strip, offered.split(",")):
            raise HTTPError(400, reason=f"This socket speaks {frames.PROTOCOL} alone")
        await super().prepare()  # type: ignore[no-untyped-call]

    def handle_outgoing_message(self, stream: str, outgoing_msg: list[Any]) -> None:
        """Pass a message of the kernel on, unless it tells how the page is made or cannot be read."""
        try:
            is_hidden = self._is_hidden(outgoing_msg)
        except (KeyError, IndexError, TypeError, ValueError, RecursionError):
            _complain("An unreadable message of a kernel was ignored.")
            return
        if not is_hidden:
            super().handle_outgoing_message(stream, outgoing_msg)

    def handle_incoming_message(self, incoming_msg: str | bytes) -> None:
        """Pass a message of the browser on, unless it would make new objects in the kernel or cannot be read."""
        if not self.channels:  # closed meanwhile
            return
        try:
            frame = frames.decode(incoming_msg)
        except FrameError:
            _complain("An unreadable message of a page was ignored.")
            return
        if self._is_allowed(frame):
            self.session.send_raw(self.channels[frame.channel], frame.parts)
        else:
            _complain("A message that no page sends was ignored.")

    def _is_hidden(self, message: list[Any]) -> bool:
        _, parts = self.session.feed_identities(message)
        if len(parts) < OUTGOING_PARTS:
            raise FrameError("parts are missing")
        kind = self.session.unpack(parts[HEADER])["msg_type"]
        return kind in HIDDEN or (kind == "stream" and self.session.unpack(parts[CONTENT])["name"] == "stderr")

    def _is_allowed(self, frame: Frame) -> bool:
        makes = frame.kind == "comm_open" and frame.content.get("target_name") != MANAGER
        allowed = self.multi_kernel_manager.allowed_message_types
        return frame.channel in self.channels and frame.kind in allowed and not makes


def _complain(sentence: str) -> None:
    """Log a sentence once a minute: who sends one such message can send millions."""
    line = _lines.shortened(sentence, sentence)
    if line is not None:
        log.warning(line)
