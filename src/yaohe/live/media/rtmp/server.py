"""The RTMP server: connections, time limits and refusals around the session.

A refused encoder is told why in an onStatus it shows to its user, and the origin's listeners hear
the same as a `PublishEvent`. Bytes that are not RTMP are cut off at the first wrong one. Nothing
here waits except the authorisation of a stream key, during which its socket is not read.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import cast

import msgspec
import structlog

from yaohe.live.media.errors import (
    BadBytes,
    PublishRefused,
    TooManyPublishers,
    TooSlow,
    WrongKey,
)
from yaohe.live.media.origin import MediaOrigin, PublishEvent
from yaohe.live.media.publication import Publication
from yaohe.live.media.rtmp import chunks
from yaohe.live.media.rtmp.amf import AmfValue
from yaohe.live.media.rtmp.chunks import Message
from yaohe.live.media.rtmp.flv import FlvIngest
from yaohe.live.media.rtmp.session import Session
from yaohe.live.media.rungs import TOP

logger = structlog.get_logger(__name__)

Authorize = Callable[[str], Awaitable[str | None]]
TICK_S = 0.1
SWEEP_S = 60.0
# A refused encoder is read for this long (and ignored), so that our words reach it before a reset.
LINGER_S = 1.0
UNREAD_BYTES_MAX = 256 * 1024


class RtmpLimits(msgspec.Struct, frozen=True, kw_only=True):
    connections_max: int = 256
    publish_s_max: float = 10.0  # from connecting to an asked-for stream key
    authorize_s_max: float = 10.0
    # Without a frame for this long the line is dead, whatever TCP believes: viewers see the slate,
    # and an encoder that lives connects again within the grace.
    idle_s_max: float = 10.0


class RtmpServer:
    """Listens for encoders. `authorize(stream_key)` gives the room's id, or None for a wrong key;
    it may raise a `PublishRefused` with a better reason."""

    def __init__(
        self,
        origin: MediaOrigin,
        authorize: Authorize,
        on_event: Callable[[PublishEvent], None] | None = None,
        *,
        host: str = "0.0.0.0",  # noqa: S104 - encoders come from other machines
        port: int = 1935,
        limits: RtmpLimits | None = None,
    ) -> None:
        self.origin = origin
        self.authorize = authorize
        self.host = host
        self.limits = limits or RtmpLimits()
        self._wanted_port = port
        self._server: asyncio.Server | None = None
        self._connections: dict[_Connection, None] = {}  # the oldest first
        self._listening = origin.on_event(on_event) if on_event else None

    @property
    def port(self) -> int:
        """The port that is really listened on (when 0 was asked for)."""
        if self._server is None or not self._server.sockets:
            return self._wanted_port
        return int(self._server.sockets[0].getsockname()[1])

    @property
    def connections(self) -> int:
        return len(self._connections)

    async def start(self) -> None:
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(
            lambda: _Connection(self), self.host, self._wanted_port
        )

    async def run(self) -> None:
        """Serve until cancelled, then send every publisher away."""
        if self._server is None:
            await self.start()
        try:
            while True:
                await asyncio.sleep(SWEEP_S)
                self.origin.sweep()
        finally:
            await self.close()

    async def close(self) -> None:
        server, self._server = self._server, None
        if server is not None:
            server.close()
        for connection in tuple(self._connections):
            connection.shut()
        if self._listening is not None:
            self._listening.close()

    def joined(self, connection: _Connection) -> bool:
        """Whether there is room for one more. Who has waited longest and publishes nothing makes
        it: connections that only hold a place must not keep a host from going live."""
        staying = [one for one in self._connections if not one.leaving]
        self._connections[connection] = None
        if len(staying) < self.limits.connections_max:
            return True
        idle = next((one for one in staying if one.idle), None)
        if idle is None:
            return False
        idle.refuse(TooManyPublishers())
        return True

    def left(self, connection: _Connection) -> None:
        self._connections.pop(connection, None)


class _Connection(asyncio.Protocol):
    """One encoder: implements the session's `Peer`."""

    def __init__(self, server: RtmpServer) -> None:
        self._server = server
        self._session = Session(self)
        self._transport: asyncio.Transport | None = None
        self._remote = ""
        self._room_id: str | None = None
        self._rung = TOP
        self._publication: Publication | None = None
        self._flv: FlvIngest | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._authorizing: asyncio.Task[None] | None = None
        self._closing = False

    @property
    def leaving(self) -> bool:
        return self._closing

    @property
    def idle(self) -> bool:
        """It publishes nothing and has not asked to."""
        return self._publication is None and self._authorizing is None

    # ── asyncio.Protocol ─────────────────────────────────────────────────────────────────────

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        peer = transport.get_extra_info("peername")
        self._remote = f"{peer[0]}:{peer[1]}" if isinstance(peer, tuple) else ""
        if not self._server.joined(self):
            self.refuse(TooManyPublishers())
            return
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(self._server.limits.publish_s_max, self._publish_late)

    def data_received(self, data: bytes) -> None:
        if self._closing:
            return
        try:
            self._session.receive(data)
        except PublishRefused as refusal:
            self.refuse(refusal)
        except Exception:
            # A defect of ours met these bytes: this encoder goes, the others stay.
            logger.exception("rtmp_session_failed", remote=self._remote)
            self.refuse(BadBytes())

    def connection_lost(self, exc: Exception | None) -> None:
        self._closing = True
        self._stop_timer()
        self._server.left(self)
        if self._authorizing is not None:
            self._authorizing.cancel()
        self._finish("closed", "The encoder's connection ended.")

    # ── the session's peer ───────────────────────────────────────────────────────────────────

    def send(self, data: bytes) -> None:
        """Raises `TooSlow` for who asks and asks and never reads the answers."""
        transport = self._transport
        if transport is None:
            return
        transport.write(data)
        if transport.get_write_buffer_size() > UNREAD_BYTES_MAX and not self._closing:
            raise TooSlow("The encoder does not read what it is answered.")

    def publish_asked(self, stream_key: str, rung: str) -> None:
        assert self._transport is not None
        self._rung = rung
        self._transport.pause_reading()
        self._stop_timer()
        self._authorizing = asyncio.get_running_loop().create_task(self._authorize(stream_key))

    def publish_ended(self) -> None:
        self._stop_timer()
        self._finish("closed", "The encoder stopped.")
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(self._server.limits.publish_s_max, self._publish_late)

    def media(self, message: Message) -> None:
        flv = self._flv
        if flv is None:
            return
        if message.kind == chunks.VIDEO:
            flv.video(message.timestamp, message.payload)
        elif message.kind == chunks.AUDIO:
            flv.audio(message.timestamp, message.payload)
        else:
            flv.aggregate(message.timestamp, message.payload)

    def metadata(self, values: dict[str, AmfValue]) -> None:
        if self._flv is not None:
            self._flv.metadata(values)

    def caption(self, timestamp: int, text: str) -> None:
        if self._flv is not None:
            self._flv.caption(timestamp, text)

    # ── publishing ───────────────────────────────────────────────────────────────────────────

    async def _authorize(self, stream_key: str) -> None:
        try:
            async with asyncio.timeout(self._server.limits.authorize_s_max):
                room_id = await self._server.authorize(stream_key)
            if room_id is None:
                raise WrongKey
        except PublishRefused as refusal:
            self._room_id = refusal.room_id
            self.refuse(refusal)
        except asyncio.CancelledError:
            raise
        except Exception:
            logger.exception("rtmp_authorize_failed", remote=self._remote)
            self.refuse(PublishRefused("The stream key could not be checked. Try again."))
        else:
            self._accept(room_id)

    def _accept(self, room_id: str) -> None:
        if self._closing or self._transport is None:
            return
        self._room_id = room_id
        try:
            self._publication = self._server.origin.publish(
                room_id, remote=self._remote, on_replaced=self._replaced, rung=self._rung
            )
            self._flv = FlvIngest(self._publication)
            self._timer = asyncio.get_running_loop().call_later(TICK_S, self._tick)
            self._session.accept()
        except PublishRefused as refusal:
            self.refuse(refusal)
            return
        self._transport.resume_reading()

    def _tick(self) -> None:
        publication = self._publication
        if publication is None or self._closing:
            return
        publication.tick()
        if publication.last_frame_age_s > self._server.limits.idle_s_max:
            self.refuse(TooSlow("No picture or sound came for too long."))
            return
        self._timer = asyncio.get_running_loop().call_later(TICK_S, self._tick)

    def _publish_late(self) -> None:
        self.refuse(TooSlow("The connection did not begin to publish in time."))

    def _finish(self, reason: str, detail: str) -> None:
        publication, self._publication, self._flv = self._publication, None, None
        if publication is not None:
            publication.finish(reason, detail)

    # ── leaving ──────────────────────────────────────────────────────────────────────────────

    def _replaced(self, refusal: PublishRefused) -> None:
        """The origin sent this publisher away (and reports it itself)."""
        self._publication, self._flv = None, None
        self._leave(refusal)

    def refuse(self, refusal: PublishRefused) -> None:
        if self._closing:
            return
        self._server.origin.report(
            PublishEvent(
                self._room_id, "refused", refusal.code, refusal.text, self._remote, self._rung
            )
        )
        self._leave(refusal)
        self._finish(refusal.code, refusal.text)

    def _leave(self, refusal: PublishRefused) -> None:
        """Say why, give the words time to arrive, close."""
        self._closing = True
        self._stop_timer()
        transport = self._transport
        if transport is None or transport.is_closing():
            return
        self._session.refuse(refusal)
        if self._session.has_greeted:
            transport.resume_reading()
            self._timer = asyncio.get_running_loop().call_later(LINGER_S, transport.abort)
        else:
            transport.abort()

    def shut(self) -> None:
        """The server is going: the encoder may come back."""
        if self._closing:
            return
        self._closing = True
        self._stop_timer()
        self._finish("server_closing", "The server is restarting.")
        if self._transport is not None:
            self._transport.close()

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
