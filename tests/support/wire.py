"""A stage for the wire: a server on a random port, under uvloop, with raw sockets against it."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import uvloop
from tests.support.patience import PATIENCE_S

from yaohe.kernel.wire import WireConfig, WireServer


def on_uvloop(test: Callable[..., Coroutine[Any, Any, None]]) -> Callable[..., None]:
    """Run a test on the loop the product runs on; what is pinned here is pinned there."""

    @functools.wraps(test)
    def run(*args: Any, **kwargs: Any) -> None:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(asyncio.wait_for(test(*args, **kwargs), 60))

    return run


async def hello(scope: Any, receive: Any, send: Any) -> None:
    """An application that answers its path and the size of the body, slowly under /slow."""
    assert scope["type"] == "http"
    size = 0
    while True:
        message = await receive()
        size += len(message.get("body", b""))
        if not message.get("more_body"):
            break
    if scope["path"].startswith("/slow"):
        await asyncio.sleep(0.15)
    body = f"{scope['path']} {size} {scope['client'][0]}".encode()
    head = [(b"content-type", b"text/plain"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": head})
    await send({"type": "http.response.body", "body": body})


@asynccontextmanager
async def serving(config: WireConfig | None = None, app: Any = hello) -> AsyncIterator[WireServer]:
    server = WireServer(app, config or WireConfig(lifespan="off"))
    await server.start()
    try:
        yield server
    finally:
        await server.stop()


@dataclass
class Peer:
    """One raw client connection."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    def send(self, text: str | bytes) -> None:
        self.writer.write(text.encode() if isinstance(text, str) else text)

    async def head(self) -> tuple[int, dict[str, str]]:
        raw = (await self.reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        first, *lines = raw.strip().split("\r\n")
        fields = dict(line.split(": ", 1) for line in lines)
        return int(first.split(" ")[1]), fields

    async def answer(self) -> tuple[int, dict[str, str], bytes]:
        status, fields = await self.head()
        body = await self.reader.readexactly(int(fields.get("content-length", "0")))
        return status, fields, body

    async def chunk(self) -> bytes:
        """The next chunk of a chunked body; empty at its end."""
        size = int(await self.reader.readuntil(b"\r\n"), 16)
        data = await self.reader.readexactly(size)
        assert await self.reader.readexactly(2) == b"\r\n"
        return data

    async def frame(self) -> tuple[int, bytes]:
        """The next WebSocket frame; a server's is never masked."""
        first, second = await self.reader.readexactly(2)
        assert not second & 0x80
        size = second & 0x7F
        if size == 126:
            size = int.from_bytes(await self.reader.readexactly(2), "big")
        elif size == 127:
            size = int.from_bytes(await self.reader.readexactly(8), "big")
        return first & 0x0F, await self.reader.readexactly(size)

    def send_frame(self, opcode: int, payload: bytes, *, fin: bool = True) -> None:
        """A masked client frame (the mask is zero, which is a mask like any other)."""
        size = len(payload)
        head = bytes([(0x80 if fin else 0) | opcode])
        if size < 126:
            head += bytes([0x80 | size])
        elif size < 65_536:
            head += bytes([0x80 | 126]) + size.to_bytes(2, "big")
        else:
            head += bytes([0x80 | 127]) + size.to_bytes(8, "big")
        self.writer.write(head + bytes(4) + payload)

    async def upgrade(self, path: str, *headers: str) -> tuple[int, dict[str, str]]:
        fields = [
            f"GET {path} HTTP/1.1",
            "Host: yaohe.test",
            "Upgrade: websocket",
            "Connection: keep-alive, Upgrade",
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
            "Sec-WebSocket-Version: 13",
            *headers,
        ]
        self.send("\r\n".join(fields) + "\r\n\r\n")
        return await self.head()

    async def at_end(self) -> bool:
        try:
            return await self.reader.read(1) == b""
        except ConnectionResetError:
            return True

    async def close(self) -> None:
        self.writer.close()
        try:
            await self.writer.wait_closed()
        except (ConnectionError, OSError):
            return


@asynccontextmanager
async def dialled(server: WireServer, *, limit: int = 1 << 16) -> AsyncIterator[Peer]:
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port, limit=limit)
    peer = Peer(reader, writer)
    try:
        yield peer
    finally:
        await peer.close()


async def until(true: Callable[[], bool], *, timeout_s: float = PATIENCE_S) -> None:
    """Wait for a condition; fail when it does not come."""
    deadline = asyncio.get_running_loop().time() + timeout_s
    while not true():
        assert asyncio.get_running_loop().time() < deadline, "it did not happen in time"
        await asyncio.sleep(0.01)


@dataclass(eq=False)
class Block:
    data: bytes
    number: int


@dataclass(eq=False)
class Tape:
    """A log for tests: every piece stays, a cursor may be told to jump."""

    init: bytes = b"INIT"
    greeting: str = '{"epoch":1}'
    headers: Sequence[tuple[str, str]] = (("content-type", "video/mp4"), ("x-epoch", "1"))
    ended: bool = False
    revoked: bool = False
    blocks: list[Block] = field(default_factory=list)
    wakes: dict[int, Callable[[], None]] = field(default_factory=dict)
    lag_max: int = 1 << 30

    def append(self, data: bytes) -> None:
        self.blocks.append(Block(data, len(self.blocks)))
        self._wake()

    def end(self) -> None:
        self.ended = True
        self._wake()

    def _wake(self) -> None:
        for wake in tuple(self.wakes.values()):
            wake()

    def subscribe(self, wake: Callable[[], None], /) -> TapeSubscription:
        key = id(wake) + len(self.wakes)
        self.wakes[key] = wake
        return TapeSubscription(self, key)

    def open_cursor(self) -> TapeCursor:
        return TapeCursor(self)


@dataclass
class TapeSubscription:
    tape: Tape
    key: int

    def close(self) -> None:
        self.tape.wakes.pop(self.key, None)


@dataclass
class TapeCursor:
    tape: Tape
    at: int = 0

    def next(self) -> Sequence[Block]:
        end = len(self.tape.blocks)
        if end - self.at > self.tape.lag_max:
            self.at = end - 1
        found = self.tape.blocks[self.at : end]
        self.at = end
        return found
