"""The chunk stream: RTMP messages cut into chunks, put together again over one buffer.

`ChunkReader.feed` takes bytes as they come from the socket, split anywhere; `next` gives one
message after the other as far as they are complete. Memory is bounded by what has really arrived: a
claimed length reserves nothing, and the unfinished messages of all chunk streams together stay
under the message limit.
"""

from __future__ import annotations

import struct
from typing import NamedTuple

from yaohe.live.media.errors import BadBytes, TooBig

CHUNK_SIZE_AT_FIRST = 128
CHUNK_SIZE_MAX = 16 * 1024 * 1024
MESSAGE_SIZE_MAX = 8 * 1024 * 1024
STREAMS_MAX = 64
# A delta above this after a full header cannot be meant (see `_Stream.delta`).
_DELTA_MS_MAX = 10_000
_EXTENDED = 0xFFFFFF

SET_CHUNK_SIZE = 1
ABORT = 2
ACKNOWLEDGEMENT = 3
USER_CONTROL = 4
WINDOW_ACK_SIZE = 5
SET_PEER_BANDWIDTH = 6
AUDIO = 8
VIDEO = 9
DATA_AMF3 = 15
COMMAND_AMF3 = 17
DATA = 18
COMMAND = 20
AGGREGATE = 22


class Message(NamedTuple):
    kind: int
    timestamp: int
    stream_id: int
    payload: bytes


class _Stream:
    """What the headers of one chunk stream said last, and its unfinished message."""

    __slots__ = ("delta", "extended", "kind", "length", "partial", "stream_id", "timestamp")

    def __init__(self) -> None:
        self.timestamp = 0
        # After a full header a type 3 chunk repeats its timestamp as delta. So says the
        # specification and so ffmpeg writes; a delta of hours is another writer's zero.
        self.delta = 0
        self.extended: int | None = None
        self.length = -1
        self.kind = 0
        self.stream_id = 0
        self.partial: bytearray | None = None


class ChunkReader:
    def __init__(self, *, message_size_max: int = MESSAGE_SIZE_MAX) -> None:
        self.message_size_max = message_size_max
        self._buffer = bytearray()
        self._position = 0
        self._streams: dict[int, _Stream] = {}
        self._chunk_size = CHUNK_SIZE_AT_FIRST
        self._partial_bytes = 0

    def feed(self, data: bytes) -> None:
        if self._position:
            del self._buffer[: self._position]
            self._position = 0
        self._buffer += data

    def next(self) -> Message | None:
        """The next complete message, None when more bytes are needed. Raises `BadBytes`, `TooBig`.

        Nothing behind that message is looked at yet, so limits may change from one to the next.
        """
        buffer, end = self._buffer, len(self._buffer)
        while self._position < end:
            before = self._position
            message = self._chunk(buffer, before, end)
            if message is not None:
                return message
            if self._position == before:
                break
        return None

    def _chunk(self, buffer: bytearray, position: int, end: int) -> Message | None:
        """Take one chunk, if it is whole, and move on; give the message it completes."""
        shape = buffer[position] >> 6
        stream_key = buffer[position] & 63
        position += 1
        if stream_key < 2:
            if position + 1 + stream_key > end:
                return None
            stream_key, position = self._long_key(buffer, position, stream_key)
        stream = self._streams.get(stream_key)
        if stream is None:
            if shape > 1:
                raise BadBytes("An RTMP chunk refers to nothing before it.")
            if len(self._streams) >= STREAMS_MAX:
                raise BadBytes("Too many RTMP chunk streams.")
            stream = _Stream()
        size = (11, 7, 3, 0)[shape]
        if position + size > end:
            return None
        # The header is only believed once the whole chunk is here: it will be read again.
        kind, length, stream_id = stream.kind, stream.length, stream.stream_id
        stamp, extended = stream.delta, stream.extended
        if shape < 3:
            stamp = int.from_bytes(buffer[position : position + 3], "big")
            if shape < 2:
                length = int.from_bytes(buffer[position + 3 : position + 6], "big")
                kind = buffer[position + 6]
                if shape == 0:
                    stream_id = int.from_bytes(buffer[position + 7 : position + 11], "little")
            position += size
            extended = None
        if stamp == _EXTENDED if shape < 3 else extended is not None:
            if position + 4 > end:
                return None
            number = int.from_bytes(buffer[position : position + 4], "big")
            if shape < 3:
                stamp = extended = number
            # Most writers repeat the field on type 3 chunks, some do not: look.
            if number == extended:
                position += 4
        if length < 0:
            raise BadBytes("An RTMP chunk refers to nothing before it.")
        if length > self.message_size_max:
            raise TooBig(f"An RTMP message of {length} bytes is larger than this server takes.")
        partial = stream.partial if shape == 3 else None
        count = min(length - len(partial or b""), self._chunk_size)
        if position + count > end:
            return None
        if partial is None:
            self._begin(stream, stream_key, shape, stamp, extended)
            stream.kind, stream.length, stream.stream_id = kind, length, stream_id
        self._position = position + count
        return self._payload(stream, buffer, position, count)

    def _payload(
        self, stream: _Stream, buffer: bytearray, position: int, count: int
    ) -> Message | None:
        """Add one chunk's payload to its message, and pass the message on when it is whole."""
        partial = stream.partial
        with memoryview(buffer) as view, view[position : position + count] as payload:
            if partial is None and count == stream.length:
                whole = bytes(payload)
            else:
                self._partial_bytes += count
                if self._partial_bytes > self.message_size_max:
                    raise TooBig("Too much of unfinished RTMP messages.")
                if partial is None:
                    partial = stream.partial = bytearray()
                partial += payload
                if len(partial) < stream.length:
                    return None
                whole = bytes(partial)
                self._give_up(stream)
        message = Message(stream.kind, stream.timestamp, stream.stream_id, whole)
        if message.kind in (SET_CHUNK_SIZE, ABORT):
            self._control(message)
            return None
        return message

    def _give_up(self, stream: _Stream) -> None:
        if stream.partial is not None:
            self._partial_bytes -= len(stream.partial)
            stream.partial = None

    @staticmethod
    def _long_key(buffer: bytearray, position: int, form: int) -> tuple[int, int]:
        if form == 0:
            return buffer[position] + 64, position + 1
        return buffer[position + 1] * 256 + buffer[position] + 64, position + 2

    def _begin(
        self, stream: _Stream, key: int, shape: int, stamp: int, extended: int | None
    ) -> None:
        """A message begins: a header (or its repetition) moves the stream's time."""
        self._streams[key] = stream
        self._give_up(stream)  # a new header in the middle of a message: its writer gave it up
        if shape == 0:
            stream.timestamp = stamp
            stream.delta = stamp if stamp <= _DELTA_MS_MAX else 0
        else:
            stream.timestamp = (stream.timestamp + stamp) & 0xFFFF_FFFF
            stream.delta = stamp
        stream.extended = extended

    def _control(self, message: Message) -> None:
        """Chunk size and abort concern this reader alone."""
        if len(message.payload) < 4:
            raise BadBytes("An RTMP control message is cut short.")
        number = int.from_bytes(message.payload[:4], "big")
        if message.kind == ABORT:
            stream = self._streams.get(number)
            if stream is not None:
                self._give_up(stream)
        elif 1 <= number <= CHUNK_SIZE_MAX:
            self._chunk_size = number
        else:
            raise BadBytes("An impossible RTMP chunk size.")


def write_message(
    stream_key: int,
    message: Message,
    *,
    chunk_size: int = CHUNK_SIZE_AT_FIRST,
) -> bytes:
    """A message as chunks: one full header, then type 3 (repeating an extended timestamp)."""
    assert 2 <= stream_key < 64, "short keys are enough for what we write"
    kind, timestamp, stream_id, payload = message
    stamp = min(timestamp, _EXTENDED)
    extension = struct.pack(">I", timestamp) if stamp == _EXTENDED else b""
    head = (
        bytes((stream_key,))
        + stamp.to_bytes(3, "big")
        + len(payload).to_bytes(3, "big")
        + bytes((kind,))
        + stream_id.to_bytes(4, "little")
        + extension
    )
    parts = [head, payload[:chunk_size]]
    for position in range(chunk_size, len(payload), chunk_size):
        parts.append(bytes((0xC0 | stream_key,)) + extension)
        parts.append(payload[position : position + chunk_size])
    return b"".join(parts)
