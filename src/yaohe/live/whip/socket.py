"""Publishing over a WebSocket on the one port, for networks that swallow UDP.

The first message is JSON: `{"key", "video", "audio": "aac" | "opus" | "", "check"}`. The answer is
`{"type": "ready"}`, or `{"type": "over", "code", "message"}` and a close. Then binary messages:
one byte of kind (0x80 set: the rest of the payload follows in the next message of the same kind),
eight bytes of time in microseconds, the payload. Times of sound and picture share one clock.

Kinds: 1 avcC record · 2 keyframe · 3 other frame (both length-prefixed) · 4 AudioSpecificConfig ·
5 AAC frame · 6 Opus packet · 7 padding, to measure the line · 8 asks for `{"type": "echo"}`.
"""

from __future__ import annotations

import asyncio
from typing import Final, Literal

import msgspec
import structlog

from yaohe.kernel.errors import AppError
from yaohe.kernel.webrtc import GatewayDown
from yaohe.kernel.wire import TEXT, Accepted, Refusal, WireRequest, WsConnection, ws_frame
from yaohe.live.media import PublishRefused
from yaohe.live.media.errors import BadBytes, TooBig
from yaohe.live.whip.feed import Feed
from yaohe.live.whip.service import Whip

log = structlog.get_logger(__name__)

HELLO_S_MAX: Final = 10.0
UNIT_BYTES_MAX: Final = 4 * 2**20
CLOSE_OVER: Final = 4000
CLOSE_AGAIN: Final = 1012
_HEAD: Final = 9
_MORE: Final = 0x80
_AVC, _KEY, _DELTA, _AAC_CONFIG, _AAC, _OPUS, _PADDING, _ECHO = range(1, 9)
_OPUS_RATE: Final = 48_000


class Hello(msgspec.Struct, frozen=True):
    key: str
    video: bool = True
    audio: Literal["aac", "opus", ""] = ""
    check: bool = False


class PublishDoor:
    """The WebSocket route `/publish`."""

    def __init__(self, whip: Whip) -> None:
        self._whip = whip

    def accept(self, request: WireRequest) -> Accepted | Refusal:
        return Accepted(Publisher(self._whip, request))


class Publisher:
    """One browser's socket: a `WsListener` towards the wire, a feed towards the origin."""

    write_high = 65_536

    def __init__(self, whip: Whip, request: WireRequest) -> None:
        self._whip, self._request = whip, request
        self._connection: WsConnection | None = None
        self._feed: Feed | None = None
        self._hello: Hello | None = None
        self._greeting: asyncio.Task[None] | None = None
        self._patience: asyncio.TimerHandle | None = None
        self._record = self._sound_record = b""
        self._parts: list[bytes] = []
        self._parts_bytes = 0
        self._heard_bytes = 0
        self._ears: int | None = None

    # ── the wire ─────────────────────────────────────────────────────────────────────────────

    def opened(self, connection: WsConnection) -> None:
        self._connection = connection
        late = PublishRefused("The page did not say who it is in time.")
        loop = asyncio.get_running_loop()
        self._patience = loop.call_later(HELLO_S_MAX, self._over, late)

    def received(self, payload: bytes) -> None:
        try:
            if self._hello is None:
                self._greet(payload)
            elif self._feed is not None:
                self._heard_bytes += len(payload)
                self._frame(payload)
            else:
                raise BadBytes("Media came before the server was ready.")
        except PublishRefused as refusal:
            if self._feed is not None:
                self._feed.refuse(refusal)
            else:
                self._over(refusal)

    def clogged(self, *, is_clogged: bool) -> None:
        """We hardly write; who does not read echoes gets none (`_echo`)."""

    def drain(self) -> None:
        if self._feed is not None:
            self._feed.end("server_closing", "The server is restarting.")
        if self._connection is not None:
            self._connection.close(CLOSE_AGAIN, "restarting")

    def closed(self) -> None:
        self._connection = None
        self._calm()
        if self._greeting is not None:
            self._greeting.cancel()
        if self._feed is not None:
            self._feed.gone("closed")
        self._deaf()

    # ── hello ────────────────────────────────────────────────────────────────────────────────

    def _greet(self, payload: bytes) -> None:
        try:
            self._hello = msgspec.json.decode(payload, type=Hello)
        except (msgspec.DecodeError, UnicodeDecodeError):
            raise BadBytes("The first message must be the JSON hello.") from None
        self._calm()
        self._greeting = asyncio.get_running_loop().create_task(self._begin(self._hello))

    async def _begin(self, hello: Hello) -> None:
        remote = self._request.address
        try:
            room_id = await self._whip.room_of(hello.key, remote=remote, probe=hello.check)
            feed = self._whip.feed(
                room_id, remote=remote, probe=hello.check, by_page=True, on_end=self._ended
            )
            if hello.audio == "opus" and not hello.check:
                self._ears = await self._listen(feed)
        except AppError as refusal:
            self._over(refusal)
        except asyncio.CancelledError:
            raise
        except Exception:
            log.exception("publish_greeting_failed")
            self._over(PublishRefused("The stream could not be taken. Try again."))
        else:
            self._feed = feed
            feed.connected(video=hello.video, audio=bool(hello.audio))
            self._say({"type": "ready"})

    async def _listen(self, feed: Feed) -> int:
        """Opus becomes AAC in the child."""
        try:
            return await self._whip.gateway.attach(feed)
        except BaseException:
            feed.end(GatewayDown.code, GatewayDown.message)
            raise

    # ── media ────────────────────────────────────────────────────────────────────────────────

    def _frame(self, message: bytes) -> None:
        feed = self._feed
        assert feed is not None
        if len(message) < _HEAD:
            raise BadBytes
        kind, payload = message[0], message[_HEAD:]
        if kind & _MORE or self._parts:
            self._parts.append(payload)
            self._parts_bytes += len(payload)
            if self._parts_bytes > UNIT_BYTES_MAX:
                raise TooBig
            if kind & _MORE:
                return
            payload, self._parts, self._parts_bytes = b"".join(self._parts), [], 0
        at_us = int.from_bytes(message[1:_HEAD], "big")
        if kind in {_KEY, _DELTA}:
            record, self._record = self._record, b""
            feed.video(at_us // 1000, keyframe=kind == _KEY, unit=payload, record=record)
        elif kind == _AAC:
            record, self._sound_record = self._sound_record, b""
            feed.sound(at_us // 1000, payload, record)
        elif kind == _OPUS:
            if self._ears is not None:
                self._whip.gateway.hear(self._ears, at_us * _OPUS_RATE // 1_000_000, payload)
        elif kind == _AVC:
            self._record = payload
        elif kind == _AAC_CONFIG:
            self._sound_record = payload
        elif kind == _ECHO:
            self._echo(at_us)
        elif kind != _PADDING:
            raise BadBytes

    def _echo(self, at_us: int) -> None:
        """Left out for a page that asks on and does not read: it would fill our memory."""
        if self._connection is not None and self._connection.buffered <= self.write_high:
            self._say({"type": "echo", "at": at_us, "bytes": self._heard_bytes})

    # ── the end ──────────────────────────────────────────────────────────────────────────────

    def _ended(self, refusal: AppError | None) -> None:
        self._feed = None
        self._deaf()
        if refusal is not None:
            self._over(refusal)
        elif self._connection is not None:
            self._connection.close(CLOSE_AGAIN)

    def _over(self, refusal: AppError) -> None:
        """Say why, and close."""
        self._calm()
        self._say({"type": "over", "code": refusal.code, "message": refusal.text})
        if self._connection is not None:
            self._connection.close(CLOSE_OVER, refusal.code)

    def _say(self, words: dict[str, object]) -> None:
        if self._connection is not None:
            self._connection.write(ws_frame(TEXT, msgspec.json.encode(words)))

    def _deaf(self) -> None:
        ears, self._ears = self._ears, None
        if ears is not None:
            self._whip.gateway.shut(ears)

    def _calm(self) -> None:
        if self._patience is not None:
            self._patience.cancel()
            self._patience = None
