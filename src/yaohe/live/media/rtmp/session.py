"""The server's side of one RTMP connection, without I/O and without waiting.

Bytes go in by `receive`, answers come out through the `Peer`, which also hears what the encoder
wants. Between `publish` and the answer to it (`accept` or an error) nothing further is looked at.
"""

from __future__ import annotations

import struct
from typing import Protocol

from yaohe.live.media.codecs.tracks import AUDIO_CODECS, VIDEO_CODECS
from yaohe.live.media.errors import BadBytes, PublishRefused, Replaced, ShowOver, WrongKey
from yaohe.live.media.rtmp import chunks
from yaohe.live.media.rtmp.amf import AmfValue, decode, encode
from yaohe.live.media.rtmp.chunks import ChunkReader, Message, write_message
from yaohe.live.media.rtmp.handshake import Handshake
from yaohe.live.media.rungs import TOP, rung_named

WINDOW_BYTES = 2_500_000
# Encoders such as ffmpeg answer with the same size: fewer headers on both sides.
CHUNK_SIZE_OUT = 65_536
# Before a stream key was accepted nobody may send anything large.
MESSAGE_SIZE_MAX_BEFORE = 64 * 1024
KEY_LENGTH_MAX = 128

_CONTROL_KEY, _COMMAND_KEY, _STATUS_KEY = 2, 3, 5

# What enhanced encoders look for in the answer to `connect`: each codec is passed on as it is (4),
# several tracks and extensions of a tag are understood (2 and 4 of capsEx).
_FORWARDED = 4.0
_ENHANCED: dict[str, AmfValue] = {
    "capsEx": 6.0,
    "fourCcList": [codec.decode() for codec in sorted(VIDEO_CODECS | AUDIO_CODECS)],
    "videoFourCcInfoMap": {codec.decode(): _FORWARDED for codec in sorted(VIDEO_CODECS)},
    "audioFourCcInfoMap": {codec.decode(): _FORWARDED for codec in sorted(AUDIO_CODECS)},
}


class Peer(Protocol):
    """Who a session talks to: the connection around it."""

    def send(self, data: bytes) -> None: ...

    def publish_asked(self, stream_key: str, rung: str) -> None:
        """Answer later with `Session.accept` or `Session.refuse`; `rung` is empty for the top."""

    def publish_ended(self) -> None:
        """The encoder stopped on its own accord."""

    def media(self, message: Message) -> None:
        """An audio, video or aggregate message of the accepted stream."""

    def metadata(self, values: dict[str, AmfValue]) -> None: ...

    def caption(self, timestamp: int, text: str) -> None:
        """Words to read with the picture, as onTextData brings them."""


class Session:
    def __init__(self, peer: Peer) -> None:
        self._peer = peer
        self._handshake: Handshake | None = Handshake()
        self._reader = ChunkReader(message_size_max=MESSAGE_SIZE_MAX_BEFORE)
        self._app: str | None = None
        self._streams = 0
        self._stream_id = 0  # of the stream asked for or publishing
        self._asked = False
        self._publishing = False
        self._window = WINDOW_BYTES
        self._received = 0
        self._acknowledged = 0

    @property
    def has_greeted(self) -> bool:
        """True once there is an encoder that can read our words."""
        return self._handshake is None and self._app is not None

    def receive(self, data: bytes) -> None:
        """Take bytes; raises a `PublishRefused` when they cannot be taken."""
        self._received += len(data)
        if self._handshake is not None:
            answer = self._handshake.feed(data)
            if answer:
                self._peer.send(answer)
            if not self._handshake.done:
                return
            data, self._handshake = self._handshake.rest, None
        self._reader.feed(data)
        self._work()
        if self._received - self._acknowledged >= self._window:
            self._acknowledged = self._received
            number = struct.pack(">I", self._received & 0xFFFF_FFFF)
            self._control(chunks.ACKNOWLEDGEMENT, number)

    def accept(self) -> None:
        """The stream key is good: the encoder may send."""
        assert self._asked
        self._asked, self._publishing = False, True
        self._reader.message_size_max = chunks.MESSAGE_SIZE_MAX
        self._control(chunks.USER_CONTROL, struct.pack(">HI", 0, self._stream_id))
        self._status("status", "NetStream.Publish.Start", "Live.")
        self._work()

    def refuse(self, refusal: PublishRefused) -> None:
        """Say why in words the encoder shows; the connection is closed by the caller."""
        if not self.has_greeted:
            return
        # BadName also keeps encoders from coming back at once with the same key.
        bad_name = isinstance(refusal, WrongKey | Replaced | ShowOver)
        code = "NetStream.Publish.BadName" if bad_name else "NetStream.Publish.Rejected"
        self._status("error", code, refusal.text)

    # ── messages ─────────────────────────────────────────────────────────────────────────────

    def _work(self) -> None:
        while not self._asked:
            message = self._reader.next()
            if message is None:
                return
            if message.kind in (chunks.VIDEO, chunks.AUDIO, chunks.AGGREGATE):
                if self._publishing and message.stream_id == self._stream_id:
                    self._peer.media(message)
            else:
                self._other(message)

    def _other(self, message: Message) -> None:
        kind, payload = message.kind, message.payload
        if kind == chunks.COMMAND:
            self._command(decode(payload), message.stream_id)
        elif kind == chunks.COMMAND_AMF3:
            self._command(decode(payload[1:]), message.stream_id)
        elif kind == chunks.DATA:
            self._data(message.timestamp, decode(payload))
        elif kind == chunks.DATA_AMF3:
            self._data(message.timestamp, decode(payload[1:]))
        elif kind == chunks.WINDOW_ACK_SIZE and len(payload) >= 4:
            self._window = max(int.from_bytes(payload[:4], "big"), 10_000)
        elif kind == chunks.USER_CONTROL and payload[:2] == b"\0\6":
            self._control(chunks.USER_CONTROL, b"\0\7" + payload[2:6])

    def _data(self, timestamp: int, values: list[AmfValue]) -> None:
        if values and values[0] == "@setDataFrame":
            values = values[1:]
        fields = values[1] if len(values) >= 2 and self._publishing else None
        if not isinstance(fields, dict):
            return
        if values[0] == "onMetaData":
            self._peer.metadata(fields)
        elif values[0] == "onTextData" and isinstance(text := fields.get("text"), str):
            self._peer.caption(timestamp, text)

    def _command(self, values: list[AmfValue], stream_id: int) -> None:
        name = values[0] if values else None
        number = values[1] if len(values) > 1 else None
        transaction = number if isinstance(number, float) else 0.0
        if name == "connect":
            self._connect(transaction, values[2] if len(values) > 2 else None)
        elif self._app is None:
            raise BadBytes("The encoder spoke before it connected.")
        elif name == "createStream":
            self._streams += 1
            if self._streams > 64:
                raise BadBytes("Too many RTMP streams on one connection.")
            self._answer("_result", transaction, None, float(self._streams))
        elif name == "publish":
            self._publish(values[3] if len(values) > 3 else None, stream_id)
        elif name in ("FCUnpublish", "deleteStream", "closeStream"):
            self._stop()
        elif name in ("play", "play2"):
            raise PublishRefused("This port only takes streams. Watch in the browser.")
        elif name in ("releaseStream", "FCPublish", "_checkbw", "getStreamLength"):
            self._answer("_result", transaction, None)

    def _connect(self, transaction: float, fields: AmfValue) -> None:
        app = fields.get("app") if isinstance(fields, dict) else None
        if not isinstance(app, str) or len(app) > 512:
            raise BadBytes("The encoder's connect names no application.")
        self._app = app
        window = struct.pack(">I", WINDOW_BYTES)
        self._control(chunks.WINDOW_ACK_SIZE, window)
        self._control(chunks.SET_PEER_BANDWIDTH, window + b"\2")
        self._control(chunks.SET_CHUNK_SIZE, struct.pack(">I", CHUNK_SIZE_OUT))
        self._answer(
            "_result",
            transaction,
            {"fmsVer": "FMS/3,5,7,7009", "capabilities": 31.0, "mode": 1.0, **_ENHANCED},
            {
                "level": "status",
                "code": "NetConnection.Connect.Success",
                "description": "Connected.",
                "objectEncoding": 0.0,
            },
        )

    def _publish(self, name: AmfValue, stream_id: int) -> None:
        if self._publishing:
            raise BadBytes("The encoder began a second stream on one connection.")
        name = name if isinstance(name, str) else ""
        key, rung = self._stream_key(name), self._rung(name)
        self._stream_id, self._asked = stream_id, True
        self._peer.publish_asked(key, rung)

    def _stream_key(self, name: str) -> str:
        """`live` with `key?anything`, or everything in the application: `live/key`."""
        key = name.partition("?")[0].strip("/ ")
        app, _, rest = (self._app or "").partition("?")[0].strip("/").partition("/")
        if not key:
            key = rest
        if app != "live" or not key or len(key) > KEY_LENGTH_MAX:
            raise WrongKey("Publish to rtmp://host/live/ and the room's stream key.")
        return key

    def _rung(self, name: str) -> str:
        """`key?rung=480` publishes a lower rung of the show; it may also end the address."""
        for query in (name.partition("?")[2], (self._app or "").partition("?")[2]):
            for field in query.split("&"):
                if field.startswith("rung="):
                    return rung_named(field.removeprefix("rung="))
        return TOP

    def _stop(self) -> None:
        if self._publishing:
            self._publishing = False
            self._status("status", "NetStream.Unpublish.Success", "Stopped.")
            self._peer.publish_ended()

    # ── writing ──────────────────────────────────────────────────────────────────────────────

    def _control(self, kind: int, payload: bytes) -> None:
        message = Message(kind, 0, 0, payload)
        self._peer.send(write_message(_CONTROL_KEY, message))

    def _answer(self, name: str, transaction: float, *values: AmfValue) -> None:
        payload = encode(name, transaction, *values)
        message = Message(chunks.COMMAND, 0, 0, payload)
        self._peer.send(write_message(_COMMAND_KEY, message, chunk_size=CHUNK_SIZE_OUT))

    def _status(self, level: str, code: str, description: str) -> None:
        fields: AmfValue = {"level": level, "code": code, "description": description}
        payload = encode("onStatus", 0.0, None, fields)
        message = Message(chunks.COMMAND, 0, self._stream_id, payload)
        self._peer.send(write_message(_STATUS_KEY, message, chunk_size=CHUNK_SIZE_OUT))
