"""uvicorn's websockets, with a short way for short frames: keystrokes, and what a shell answers to them.

websockets reads a frame in steps that may each wait for more, and an application then has it with the event loop's next
turn: that was most of what a keystroke took in the web process. What is a whole short binary frame, and comes where a
frame may begin, is read at once here, and offered to the application. All else goes the usual way.
"""

from collections.abc import Callable
from typing import Any, cast

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import apply_mask  # type: ignore[attr-defined]  # in C, where that is there
from websockets.protocol import State
from websockets.streams import StreamReader

EXTENSION = "short_frames"
BINARY = 0x82  # a message of one frame
MASKED = 0x80
OPEN = State.OPEN
SHORT = 125  # bytes; the most of which the length fits into the header's second byte
HEADER = 6  # bytes from the page: these two, and the mask
AT_FRAME = StreamReader.at_eof.__code__  # where websockets' parser waits when it has read a frame to its end


class ShortFrames(WebSocketsSansIOProtocol):
    """For uvicorn's --ws. An application finds it among the scope's extensions, as EXTENSION.

    It may set `receiver`, which is asked, of each short message that nothing waits before, whether it takes it. It must
    not raise. What it does not take is received as usual.
    """

    receiver: Callable[[bytes], bool] | None = None

    async def run_asgi(self) -> None:
        cast(dict[str, Any], self.scope["extensions"])[EXTENSION] = self
        await super().run_asgi()

    def data_received(self, data: bytes) -> None:
        if not (is_short_frame(data) and self.may_begin()):
            super().data_received(data)
            return
        payload = apply_mask(data[HEADER:], data[2:HEADER])
        if not (self.receiver and self.queue.empty() and self.receiver(payload)):
            self.curr_msg_data_type, self.frames = "bytes", [payload]
            self.send_receive_event_to_app()

    def may_begin(self) -> bool:
        """May a message begin here? Not within a frame, nor between the frames of one message."""
        connection = self.conn
        return connection.state is OPEN and connection.current_size is None and waits_for_frame(connection.parser)

    def send_short(self, data: bytes) -> bool:
        """Send a short binary message if there is nothing to be waited for, and say whether that was done."""
        if not 0 < len(data) <= SHORT or not self.may_send():
            return False
        self.transport.write(bytes((BINARY, len(data))) + data)
        return True

    def may_send(self) -> bool:
        """Is it open, and is there nothing to be waited for?"""
        return self.conn.state is OPEN and not self.disconnected and not self.close_sent and self.writable.is_set()


def is_short_frame(data: bytes) -> bool:
    length = len(data) - HEADER
    return 0 < length <= SHORT and data[0] == BINARY and data[1] == MASKED | length


def waits_for_frame(parser: Any) -> bool:
    """Has websockets' parser read all that came? It is generators within a generator."""
    while parser.gi_yieldfrom:
        parser = parser.gi_yieldfrom
    return parser.gi_code is AT_FRAME
