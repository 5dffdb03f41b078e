"""What a page's socket may carry: widgets' talk and nothing else; no source, no traceback, no stderr, no new widgets."""

import json
from typing import Any, Final

from jupyter_server.services.kernels.connection.base import deserialize_binary_message, deserialize_msg_from_ws_v1
from jupyter_server.services.kernels.connection.channels import ZMQChannelsWebsocketConnection

_UNTOLD: Final = frozenset({"execute_input", "error"})
_MANAGER: Final = "jupyter.widget.control"  # the one channel a page opens by itself
_V1: Final = "v1.kernel.websocket.jupyter.org"


class QuietConnection(ZMQChannelsWebsocketConnection):
    """A kernel's socket that keeps the notebook's source and its errors on the server."""

    def handle_outgoing_message(self, stream: str, outgoing_msg: list[Any]) -> None:
        """Pass a message of the kernel on, unless it tells how the page is made."""
        _, parts = self.session.feed_identities(outgoing_msg)
        kind = self.session.unpack(parts[1])["msg_type"]
        if kind in _UNTOLD or (kind == "stream" and self.session.unpack(parts[4])["name"] == "stderr"):
            return
        super().handle_outgoing_message(stream, outgoing_msg)

    def handle_incoming_message(self, incoming_msg: Any) -> None:
        """Pass a message of the browser on, unless it would make new objects in the kernel or cannot be read."""
        try:
            header, content = self._read(incoming_msg)
            makes = header["msg_type"] == "comm_open" and content["target_name"] != _MANAGER
        except (KeyError, IndexError, TypeError, ValueError, AttributeError):
            self.log.warning("An unreadable message of a page was ignored.")
            return
        if not makes:
            super().handle_incoming_message(incoming_msg)

    def _read(self, message: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        if self.subprotocol == _V1:
            _, parts = deserialize_msg_from_ws_v1(message)  # type: ignore[no-untyped-call]
            return self.session.unpack(parts[0]), self.session.unpack(parts[3])
        read = json.loads(message) if isinstance(message, str) else deserialize_binary_message(message)  # type: ignore[no-untyped-call]
        return read["header"], read["content"]
