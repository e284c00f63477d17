"""Streams of shared bytes to many viewers, without a queue and without a task per viewer.

The wire knows no rooms: a `MediaSource` has headers, opening bytes and cursors over a log, and
calls back when the log grew. Per growth every viewer's cursor is asked once and the shared bytes
are written; the framing (chunk or WebSocket frame) is built once per piece for all viewers. A
viewer whose socket is full is not written to; when it drains, its cursor decides where to go on.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Final, Protocol

import structlog

from yaohe.kernel.wire.frames import BINARY, LAST_CHUNK, TEXT, head, http_chunk, ws_frame
from yaohe.kernel.wire.timers import Timer, TimerWheel
from yaohe.kernel.wire.tuning import NOTSENT_BYTES, tune

log = structlog.get_logger(__name__)

SLICE: Final = 128
SHAPES_KEPT_MAX: Final = 96
FLUSH_S_MAX: Final = 2.0


class Piece(Protocol):
    """One addressable run of bytes in a log."""

    @property
    def data(self) -> bytes: ...


class MediaCursor(Protocol):
    """A reader's place in a log. `next` gives what is new, or jumps ahead when far behind."""

    def next(self) -> Sequence[Piece]: ...


class Subscription(Protocol):
    def close(self) -> None: ...


class MediaSource(Protocol):
    """One log as the wire sees it. The same log must be the same object for all its viewers."""

    @property
    def headers(self) -> Sequence[tuple[str, str]]: ...

    @property
    def greeting(self) -> str:
        """The first text frame over WebSocket."""

    @property
    def init(self) -> bytes: ...

    @property
    def kind(self) -> str:
        """What viewers of such logs are counted as; one of few."""

    @property
    def ended(self) -> bool:
        """True once nothing will follow; viewers are then finished cleanly."""

    @property
    def revoked(self) -> bool: ...  # its viewers may see no more: they are cut

    def open_cursor(self) -> MediaCursor: ...

    def subscribe(self, wake: Callable[[], None], /) -> Subscription:
        """Call `wake` in the loop after every growth and at the end."""


Shape = Callable[[bytes], bytes]


def chunk_shape(data: bytes) -> bytes:
    return http_chunk(data)


def frame_shape(data: bytes) -> bytes:
    return ws_frame(BINARY, data)


def plain_shape(data: bytes) -> bytes:
    return data


class Outlet(Protocol):
    """What is done with a viewer when there are no more bytes for it."""

    def finish(self) -> None:
        """The log ended: close in a way the player understands as "ask again"."""

    def abort(self) -> None: ...


class Viewer:
    """One reader: a cursor, a paused mark and, only while paused, the rest of one burst."""

    __slots__ = (
        "_fanout", "_rest", "_write", "cursor", "finished", "outlet", "paused", "shape", "stall",
    )  # fmt: skip

    def __init__(
        self, fanout: Fanout, outlet: Outlet, shape: Shape, write: Callable[[bytes], None]
    ) -> None:
        self._fanout, self.outlet, self.shape, self._write = fanout, outlet, shape, write
        self.cursor = fanout.source.open_cursor()
        self.paused = False
        self.finished = False
        self.stall: Timer | None = None
        self._rest: list[Piece] = []

    @property
    def home(self) -> Fanouts:
        return self._fanout.home

    @property
    def source(self) -> MediaSource:
        return self._fanout.source

    def start(self) -> None:
        self._fanout.add(self)
        self.push()

    def push(self) -> None:
        """Write everything new, until the socket is full."""
        if self._fanout.source.revoked:
            self.outlet.abort()
            return
        if self.paused or self.finished:
            return
        if self._rest:
            pieces, self._rest = self._rest, []
            self._send(pieces)
            if self.paused:
                return
        self._send(self.cursor.next())
        if self._fanout.source.ended and not self.paused and not self._rest:
            self.stop()
            self.outlet.finish()

    def _send(self, pieces: Sequence[Piece]) -> None:
        write, shaped, shape = self._write, self._fanout.shaped, self.shape
        for number, piece in enumerate(pieces, 1):
            write(shaped(piece, shape))
            if self.paused or self.finished:
                self._rest = list(pieces[number:])
                return

    def pause(self) -> None:
        self.paused = True
        if self.stall is None and not self.finished:
            self.stall = self._fanout.watch(self)

    def resume(self) -> None:
        self.paused = False
        if self.stall is not None:
            self.stall.cancel()
            self.stall = None
        self.push()

    def stop(self) -> None:
        """No more bytes for this viewer; may be called more than once."""
        self.finished = True
        self._rest = []
        if self.stall is not None:
            self.stall.cancel()
            self.stall = None
        self._fanout.remove(self)


class Fanout:
    """All viewers of one log."""

    def __init__(self, source: MediaSource, home: Fanouts) -> None:
        self.source = source
        self.home = home
        self._viewers: dict[Viewer, None] = {}
        self._shapes: OrderedDict[tuple[int, Shape], tuple[Piece, bytes]] = OrderedDict()
        self._sweeping = self._again = False
        self._subscription = source.subscribe(self._grew)

    def __len__(self) -> int:
        return len(self._viewers)

    def add(self, viewer: Viewer) -> None:
        self._viewers[viewer] = None

    def remove(self, viewer: Viewer) -> None:
        self._viewers.pop(viewer, None)
        if not self._viewers:
            self._subscription.close()
            self.home.forget(self)

    def watch(self, viewer: Viewer) -> Timer:
        """A viewer that takes nothing for too long is let go; its player asks again."""
        return self.home.wheel.after(self.home.stalled_s_max, viewer.outlet.abort)

    def shaped(self, piece: Piece, shape: Shape) -> bytes:
        """The bytes of a piece in one framing, built once for all viewers near each other."""
        key = (id(piece), shape)
        found = self._shapes.get(key)
        if found is not None:
            return found[1]
        made = shape(piece.data)
        # The piece is kept with its bytes, so that its id stays its own.
        self._shapes[key] = (piece, made)
        if len(self._shapes) > SHAPES_KEPT_MAX:
            self._shapes.popitem(last=False)
        return made

    def _grew(self) -> None:
        if self._sweeping:
            self._again = True
            return
        self._sweeping = True
        self._sweep(list(self._viewers), 0)

    def _sweep(self, viewers: list[Viewer], start: int) -> None:
        """Serve a slice, then let the loop breathe: two thousand writes are tens of ms."""
        for viewer in viewers[start : start + SLICE]:
            try:
                viewer.push()
            except Exception:
                log.exception("viewer_failed")
                viewer.stop()
                viewer.outlet.abort()
        loop = asyncio.get_running_loop()
        if start + SLICE < len(viewers):
            loop.call_soon(self._sweep, viewers, start + SLICE)
        elif self._again:
            self._again = False
            loop.call_soon(self._sweep, list(self._viewers), 0)
        else:
            self._sweeping = False


class Fanouts:
    """One fan-out per log that somebody watches."""

    def __init__(self, wheel: TimerWheel, stalled_s_max: float) -> None:
        self.wheel, self.stalled_s_max = wheel, stalled_s_max
        self._by_source: dict[MediaSource, Fanout] = {}

    @property
    def viewers(self) -> int:
        return sum(len(fanout) for fanout in self._by_source.values())

    def viewers_by_kind(self) -> dict[str, int]:
        found: dict[str, int] = {}
        for source, fanout in self._by_source.items():
            found[source.kind] = found.get(source.kind, 0) + len(fanout)
        return found

    def of(self, source: MediaSource) -> Fanout:
        """The fan-out of `source`; the caller adds a viewer to it before it returns."""
        found = self._by_source.get(source)
        if found is None:
            found = self._by_source[source] = Fanout(source, self)
        return found

    def forget(self, fanout: Fanout) -> None:
        # Another one may have begun since: the last viewer of the old one may stop twice.
        if self._by_source.get(fanout.source) is fanout:
            del self._by_source[fanout.source]


class HttpViewer(asyncio.Protocol):
    """A taken-over HTTP connection: head, opening bytes, then the log until it ends."""

    def __init__(
        self,
        transport: asyncio.Transport,
        fanout: Fanout,
        *,
        chunked: bool,
        gone: Callable[[HttpViewer], None],
    ) -> None:
        self._transport, self._gone, self._chunked = transport, gone, chunked
        shape = chunk_shape if chunked else plain_shape
        self.viewer = Viewer(fanout, self, shape, transport.write)
        self._unwanted_bytes = 0

    def start(self, headers: Sequence[tuple[str, str]]) -> None:
        """Answer and start watching; called once the transport is ours."""
        fields = [
            *headers,
            ("x-accel-buffering", "no"),
            ("connection", "close"),
        ]
        if self._chunked:
            fields.append(("transfer-encoding", "chunked"))
        tune(self._transport, high=1)
        source = self.viewer.source
        init = self.viewer.shape(source.init)
        self._transport.write(head(200, [*source.headers, *fields]) + init)
        self.viewer.start()

    # The outlet of the viewer.
    def finish(self) -> None:
        if self._transport.is_closing():
            return
        if self._chunked:
            self._transport.write(LAST_CHUNK)
        self._transport.close()
        if self._transport.get_write_buffer_size():
            # Closing waits for a reader who may never read.
            self.viewer.home.wheel.after(FLUSH_S_MAX, self._transport.abort)

    def abort(self) -> None:
        self.viewer.stop()
        self._transport.abort()

    # Called by uvicorn when the server goes, and by the loop.
    def shutdown(self) -> None:
        if not self.viewer.finished:
            # Bytes already handed over end at a piece, so the body still ends cleanly.
            self.viewer.stop()
            self.finish()

    def pause_writing(self) -> None:
        self.viewer.pause()

    def resume_writing(self) -> None:
        self.viewer.resume()

    def data_received(self, data: bytes) -> None:
        # The answer says "connection: close", so whatever follows the request is not for us.
        self._unwanted_bytes += len(data)
        if self._unwanted_bytes > NOTSENT_BYTES:
            self.abort()

    def eof_received(self) -> bool:
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        self.viewer.stop()
        self._gone(self)


class WsFrames(Protocol):
    """The part of an open WebSocket a viewer needs."""

    def write(self, frame: bytes, /) -> None: ...

    def close(self, code: int, reason: str = "") -> None: ...

    def abort(self) -> None: ...


class WsViewer:
    """The same log over WebSocket: a text greeting, the opening bytes, then the pieces."""

    def __init__(
        self,
        connection: WsFrames,
        source: MediaSource,
        fanouts: Fanouts,
        renew: Callable[[], MediaSource | None],
    ) -> None:
        self._connection, self._fanouts, self._renew = connection, fanouts, renew
        self.viewer = Viewer(fanouts.of(source), self, frame_shape, self._write)

    def start(self) -> None:
        source = self.viewer.source
        self._connection.write(ws_frame(TEXT, source.greeting.encode()))
        self._connection.write(ws_frame(BINARY, source.init))
        self.viewer.start()

    def _write(self, data: bytes) -> None:
        # Looked up each time: a closing connection takes nothing more.
        self._connection.write(data)

    def finish(self) -> None:
        """Go over to the log that follows, if there is one; else the player asks again."""
        source = self._renew()
        if source is None or source.ended:
            self._connection.close(1012, "stream ended")
            return
        self.viewer = Viewer(self._fanouts.of(source), self, frame_shape, self._write)
        self.start()

    def abort(self) -> None:
        self.viewer.stop()
        self._connection.abort()
