"""WebSocket by picows inside uvicorn: C parsing and masking, our own frames going out.

Promises: frames written are byte-exact at any size and any speed of the reader; a client's CLOSE
is answered at once; fragmented messages are put together within the size limit; `closed` is
called exactly once. picows gets only a minimal request head, because its first buffer is 2 KB and
cookies may be longer; everything about the request was decided before.
"""

from __future__ import annotations

import logging
from asyncio import Transport
from collections.abc import Callable
from typing import Any, Final

import structlog
from picows import WSListener as PicowsListener
from picows import WSMsgType, WSUpgradeResponse
from picows import WSTransport as PicowsTransport
from picows.common import WSUpgradeResponseWithListener
from picows.picows import WSFrame, WSProtocol  # type: ignore[attr-defined]

from yaohe.kernel.wire.config import Accepted, WireRequest, WireState, WsListener
from yaohe.kernel.wire.limits import Passage
from yaohe.kernel.wire.tuning import tune

log = structlog.get_logger(__name__)

# An adapter, since picows makes a child logger per connection out of a plain one.
_quiet = logging.LoggerAdapter(logging.getLogger("yaohe.ws"), {})
_quiet.logger.setLevel(logging.CRITICAL)

CLOSE_ANSWER_S_MAX: Final = 1.0
# Above so much unsent, pings are not answered: who does not read would fill our memory by asking.
PONG_BEHIND_BYTES_MAX: Final = 65_536
PROTOCOL_ERROR: Final = 1002
TOO_BIG: Final = 1009
NO_CODE: Final = 1005


def _nowhere(_: bytes) -> None:
    """Where frames go once the connection is closing."""


class Connection:
    """One open WebSocket, as its listener sees it (`WsConnection`)."""

    __slots__ = ("_later", "_transport", "_ws", "open", "request", "write")

    def __init__(self, request: WireRequest, later: Callable[[float, Callable[[], None]], object]):
        self.request = request
        self.open = False
        self.write: Callable[[bytes], None] = _nowhere
        self._later = later
        self._ws: PicowsTransport | None = None
        self._transport: Transport | None = None

    def _opened(self, ws: PicowsTransport) -> None:
        self._ws, self._transport = ws, ws.underlying_transport
        # The bound method of the transport itself: sending costs one call.
        self.write = ws.underlying_transport.write
        self.open = True

    @property
    def buffered(self) -> int:
        transport = self._transport
        return transport.get_write_buffer_size() if transport is not None else 0

    def close(self, code: int, reason: str = "") -> None:
        if not self.open or self._ws is None or self._transport is None:
            return
        self._hush()
        self._ws.send_close(code, reason)  # type: ignore[arg-type]
        # A peer that never answers, or never reads, is cut off.
        self._later(CLOSE_ANSWER_S_MAX, self._transport.abort)

    def abort(self) -> None:
        self._hush()
        if self._transport is not None:
            self._transport.abort()

    def _hush(self) -> None:
        self.open = False
        self.write = _nowhere

    def _closed(self) -> None:
        self._hush()
        self._ws = self._transport = None


class _Bridge(PicowsListener):
    """Turns picows' frames into whole messages for a `WsListener`."""

    def __init__(self, connection: Connection, listener: WsListener, state: WireState) -> None:
        self._connection, self._listener = connection, listener
        self._message_max = state.limits.ws_message_bytes_max
        self._parts: list[bytes] | None = None
        self._parts_bytes = 0
        self._opened = False

    def on_ws_connected(self, transport: PicowsTransport) -> None:
        self._connection._opened(transport)
        self._opened = True
        tune(transport.underlying_transport, high=self._listener.write_high)
        self._listener.opened(self._connection)

    def on_ws_frame(self, transport: PicowsTransport, frame: WSFrame) -> None:
        kind = frame.msg_type
        if kind == WSMsgType.CLOSE:
            self._answer_close(transport, frame)
        elif not self._connection.open or transport.is_close_frame_sent:
            return  # picows goes on parsing for a moment after it closed for a broken frame
        elif kind == WSMsgType.PONG:
            return
        elif kind == WSMsgType.PING:
            if self._connection.buffered <= PONG_BEHIND_BYTES_MAX:
                transport.send_pong(frame.get_payload_as_bytes())
        elif frame.rsv1 or frame.rsv2 or frame.rsv3:
            self._connection.close(PROTOCOL_ERROR, "no extension was agreed")
        elif kind == WSMsgType.CONTINUATION:
            self._continue(frame)
        elif self._parts is not None:
            self._connection.close(PROTOCOL_ERROR, "a message was cut off")
        elif frame.fin:
            self._listener.received(frame.get_payload_as_bytes())
        else:
            self._parts = [frame.get_payload_as_bytes()]
            self._parts_bytes = len(self._parts[0])

    def _continue(self, frame: WSFrame) -> None:
        if self._parts is None:
            self._connection.close(PROTOCOL_ERROR, "nothing to continue")
            return
        self._parts.append(frame.get_payload_as_bytes())
        # One byte is charged per part, so that empty parts are bounded as well.
        self._parts_bytes += len(self._parts[-1]) + 1
        if self._parts_bytes > self._message_max:
            self._connection.close(TOO_BIG, "message too big")
        elif frame.fin:
            parts, self._parts = self._parts, None
            self._listener.received(b"".join(parts))

    def _answer_close(self, transport: PicowsTransport, frame: WSFrame) -> None:
        """RFC 6455 wants the CLOSE answered; picows leaves that to us."""
        if not transport.is_close_frame_sent:
            # picows' own enum does not know the codes from 3000 on.
            code = int.from_bytes(frame.get_payload_as_bytes()[:2], "big")
            transport.send_close(code or 1000)  # type: ignore[arg-type]
        self._connection._hush()
        transport.disconnect()

    def pause_writing(self) -> None:
        self._listener.clogged(is_clogged=True)

    def resume_writing(self) -> None:
        self._listener.clogged(is_clogged=False)

    def drain(self) -> None:
        if self._opened and self._connection.open:
            self._listener.drain()

    def on_ws_disconnected(self, transport: PicowsTransport) -> None:
        if self._opened:
            self._opened = False
            self._connection._closed()
            self._listener.closed()


class WsProtocol(WSProtocol):  # type: ignore[misc]
    """The picows protocol in uvicorn's life cycle: counted, drained and closed with it."""

    def __init__(
        self,
        request: WireRequest,
        accepted: Accepted,
        state: WireState,
        connections: set[Any],
        passage: Passage,
    ) -> None:
        self._state, self._connections, self._passage = state, connections, passage
        connection = Connection(request, state.wheel.after)
        self._bridge = _Bridge(connection, accepted.listener, state)
        response = WSUpgradeResponse.create_101_response(list(accepted.headers))
        super().__init__(
            None,  # host_port
            None,  # ws_path
            False,  # is_client_side
            lambda _request: WSUpgradeResponseWithListener(response, self._bridge),
            _quiet,
            True,  # disconnect_on_exception
            5,  # handshake timeout; the head is replayed at once
            False,  # auto ping: pings are the listener's, on the timer wheel
            20,
            20,
            1,  # ping when idle (unused)
            False,  # auto pong: the bridge answers those who read
            state.limits.ws_message_bytes_max,
            None,  # extra headers
            2048,  # first read buffer
        )

    def take(self, transport: Transport, key: str, rest: bytes) -> None:
        """Go on from the HTTP protocol: replay a head, then what came after it."""
        self._connections.add(self)
        self._state.websockets_open += 1
        self.connection_made(transport)
        head = (
            "GET / HTTP/1.1\r\nHost: wire\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n\r\n"
        ).encode("ascii")
        transport.set_protocol(self)
        self._feed(head)
        if rest:
            self._feed(rest)

    def _feed(self, data: bytes) -> None:
        while data:
            room = self.get_buffer(-1)
            part = data[: len(room)]
            room[: len(part)] = part
            del room
            self.buffer_updated(len(part))
            data = data[len(part) :]

    def shutdown(self) -> None:
        """Called by the server when it goes."""
        self._bridge.drain()

    def connection_lost(self, exc: Exception | None) -> None:
        self._connections.discard(self)
        self._state.websockets_open -= 1
        self._passage.leave()
        super().connection_lost(exc)
