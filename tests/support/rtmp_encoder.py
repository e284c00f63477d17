"""A synthetic RTMP encoder: says exactly what a test wants said, byte by byte if need be."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from tests.support.media import Clip, Frame
from tests.support.patience import PATIENCE_S

from yaohe.live.media.rtmp import chunks
from yaohe.live.media.rtmp.amf import AmfValue, decode, encode
from yaohe.live.media.rtmp.chunks import ChunkReader, Message, write_message
from yaohe.live.media.rtmp.handshake import SIZE

CHUNK_SIZE = 4096


def command(name: str, transaction: float, *values: AmfValue, stream: int = 0) -> bytes:
    payload = encode(name, transaction, *values)
    return write_message(3, Message(chunks.COMMAND, 0, stream, payload), chunk_size=CHUNK_SIZE)


def opening(app: str = "live") -> bytes:
    """Handshake and connect, sent in one go: no encoder does, all servers must live with it."""
    larger = write_message(2, Message(chunks.SET_CHUNK_SIZE, 0, 0, struct.pack(">I", CHUNK_SIZE)))
    return b"\x03" + bytes(SIZE) + bytes(SIZE) + larger + command("connect", 1.0, {"app": app})


def publishing(key: str) -> bytes:
    return command("createStream", 2.0, None) + command("publish", 3.0, None, key, "live", stream=1)


def video_config(avcc: bytes) -> bytes:
    return media(chunks.VIDEO, 0, b"\x17\0\0\0\0" + avcc)


def audio_config(asc: bytes) -> bytes:
    return media(chunks.AUDIO, 0, b"\xaf\0" + asc)


def media(kind: int, timestamp: int, payload: bytes) -> bytes:
    key = 6 if kind == chunks.VIDEO else 4
    message = Message(kind, timestamp & 0xFFFF_FFFF, 1, payload)
    return write_message(key, message, chunk_size=CHUNK_SIZE)


def frame_bytes(frame: Frame, shift_ms: int = 0) -> bytes:
    at = frame.dts_ms + shift_ms
    if not frame.is_video:
        return media(chunks.AUDIO, at, b"\xaf\1" + frame.data)
    head = b"\x17\1" if frame.keyframe else b"\x27\1"
    offset = frame.offset_ms.to_bytes(3, "big", signed=True)
    return media(chunks.VIDEO, at, head + offset + frame.data)


def clip_bytes(clip: Clip, shift_ms: int = 0) -> bytes:
    frames = b"".join(frame_bytes(frame, shift_ms) for frame in clip.frames)
    return video_config(clip.avcc) + audio_config(clip.asc) + frames


class Encoder:
    """An open connection; collects what the server says."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self.writer = reader, writer
        self._chunks = ChunkReader()
        self._skip = 1 + 2 * SIZE
        self.heard: list[list[AmfValue]] = []
        self.closed = False

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def listen(self, *, until: str | None = None, timeout_s: float = PATIENCE_S) -> str:
        """Read until a status code (or the end); gives the last status code heard."""
        async with asyncio.timeout(timeout_s):
            while until is None or until not in self.codes:
                data = await self._read()
                if not data:
                    self.closed = True
                    break
                dropped = min(self._skip, len(data))
                self._skip -= dropped
                self._chunks.feed(data[dropped:])
                while message := self._chunks.next():
                    if message.kind == chunks.COMMAND:
                        self.heard.append(decode(message.payload))
        return self.codes[-1] if self.codes else ""

    async def _read(self) -> bytes:
        try:
            return await self._reader.read(65_536)
        except ConnectionError:
            return b""

    @property
    def statuses(self) -> list[dict[str, AmfValue]]:
        return [v[3] for v in self.heard if len(v) > 3 and isinstance(v[3], dict)]

    @property
    def codes(self) -> list[str]:
        return [str(status.get("code")) for status in self.statuses]

    @property
    def words(self) -> str:
        """The last description the encoder's user would read."""
        return str(self.statuses[-1].get("description")) if self.statuses else ""


@asynccontextmanager
async def connected(port: int) -> AsyncIterator[Encoder]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    encoder = Encoder(reader, writer)
    try:
        yield encoder
    finally:
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()
