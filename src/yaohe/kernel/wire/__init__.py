"""The wire: the only place that touches raw transports.

`serve` runs one port for pages, API, WebSocket and media. Media and WebSocket are routes given by
the root; the wire knows bytes, cursors and close codes, and not one business word. Every trick in
here is pinned by a contract test to uvicorn 0.54, uvloop 0.23, httptools 0.9 and picows 2.3.1.
"""

from yaohe.kernel.wire.config import (
    Accepted,
    Refusal,
    WireConfig,
    WireRequest,
    WsConnection,
    WsListener,
)
from yaohe.kernel.wire.frames import BINARY, TEXT, ws_frame
from yaohe.kernel.wire.limits import Proxies, WireLimits, address_key
from yaohe.kernel.wire.media import MediaCursor, MediaSource, Piece
from yaohe.kernel.wire.server import PortTaken, StartFailed, WireServer, serve
from yaohe.kernel.wire.timers import Timer, TimerWheel
from yaohe.kernel.wire.whole import WHOLE, Fields, Whole

__all__ = [
    "BINARY",
    "TEXT",
    "WHOLE",
    "Accepted",
    "Fields",
    "MediaCursor",
    "MediaSource",
    "Piece",
    "PortTaken",
    "Proxies",
    "Refusal",
    "StartFailed",
    "Timer",
    "TimerWheel",
    "Whole",
    "WireConfig",
    "WireLimits",
    "WireRequest",
    "WireServer",
    "WsConnection",
    "WsListener",
    "address_key",
    "serve",
    "ws_frame",
]
