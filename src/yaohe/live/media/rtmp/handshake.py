"""The simple RTMP handshake: version, 1,536 bytes each way, and their echo."""

from __future__ import annotations

import secrets

from yaohe.live.media.errors import BadBytes

SIZE = 1536
_VERSION = 3


class Handshake:
    """Feed it bytes until `done`; `rest` then holds what came after."""

    __slots__ = ("_answered", "_buffer", "done", "rest")

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._answered = False
        self.done = False
        self.rest = b""

    def feed(self, data: bytes) -> bytes:
        """Take bytes, give the answer to send. The first wrong byte raises `BadBytes`."""
        self._buffer += data
        answer = b""
        if self._buffer and not self._answered and self._buffer[0] != _VERSION:
            raise BadBytes("This is not RTMP.")
        if not self._answered and len(self._buffer) >= 1 + SIZE:
            asked = bytes(self._buffer[1 : 1 + SIZE])
            del self._buffer[: 1 + SIZE]
            answer = bytes((_VERSION,)) + bytes(8) + secrets.token_bytes(SIZE - 8) + asked
            self._answered = True
        if self._answered and len(self._buffer) >= SIZE:
            # The echo is not compared: some encoders send anything here.
            self.rest = bytes(self._buffer[SIZE:])
            self._buffer.clear()
            self.done = True
        return answer
