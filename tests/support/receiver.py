"""A server that is told: it checks every signature by its own arithmetic, keeps what came, and
misbehaves on request. It shares no code with the sender.

`moods[path]` lists how the next requests of a path are met: a status, `503 after 7` (with
Retry-After), `slow`, `reset`, `redirect`, `huge`, `drip`. Without a mood it answers 204.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import hashlib
import hmac
import json
import time
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from tests.support.patience import PATIENCE_S


@dataclass
class Came:
    path: str
    headers: dict[str, str]
    body: bytes
    mood: str

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]

    @property
    def event(self) -> dict[str, Any]:
        told: dict[str, Any] = json.loads(self.body)
        return told

    def signed_by(self, secret: str) -> bool:
        """As the specification says it, from the other side."""
        assert abs(time.time() - int(self.headers["webhook-timestamp"])) < 60
        key = base64.b64decode(secret.split("_", 1)[1])
        text = self.id.encode() + b"." + self.headers["webhook-timestamp"].encode() + b"."
        mac = base64.b64encode(hmac.new(key, text + self.body, hashlib.sha256).digest()).decode()
        return f"v1,{mac}" in self.headers["webhook-signature"].split(" ")


@dataclass
class Receiver:
    port: int = 0
    came: list[Came] = field(default_factory=list)
    moods: defaultdict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    _news: asyncio.Condition = field(default_factory=asyncio.Condition)

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.port}{path}"

    def at(self, path: str) -> list[Came]:
        return [one for one in self.came if one.path == path]

    async def until(self, path: str, count: int, *, timeout_s: float = PATIENCE_S) -> list[Came]:
        """Wait for so many requests on a path."""
        async with asyncio.timeout(timeout_s), self._news:
            await self._news.wait_for(lambda: len(self.at(path)) >= count)
        return self.at(path)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
                headers = {
                    name.lower(): value.strip()
                    for name, _, value in (line.partition(":") for line in head[1:] if line)
                }
                body = await reader.readexactly(int(headers["content-length"]))
                path = head[0].split()[1]
                mood = self.moods[path].pop(0) if self.moods[path] else "204"
                async with self._news:
                    self.came.append(Came(path, headers, body, mood))
                    self._news.notify_all()
                if not await _answer(writer, mood):
                    break
        writer.close()


async def _answer(writer: asyncio.StreamWriter, mood: str) -> bool:
    """Whether the connection goes on."""
    if mood == "reset":
        writer.transport.abort()
        return False
    if mood == "slow":
        await asyncio.sleep(600)
    if mood == "huge":
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 1000000000\r\n\r\n")
        while True:
            writer.write(b"x" * 65_536)
            await writer.drain()
    if mood == "drip":
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n")
        while True:
            writer.write(b".")
            await writer.drain()
            await asyncio.sleep(0.5)
    status, more = mood, ""
    if mood == "redirect":
        status, more = "302", "location: /elsewhere\r\n"
    elif " after " in mood:
        status, _, after = mood.partition(" after ")
        more = f"retry-after: {after}\r\n"
    writer.write(f"HTTP/1.1 {status} X\r\n{more}content-length: 0\r\n\r\n".encode())
    await writer.drain()
    return True


@asynccontextmanager
async def receiving() -> AsyncIterator[Receiver]:
    receiver = Receiver()
    tasks: set[asyncio.Task[None]] = set()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        try:
            await receiver.serve(reader, writer)
        finally:
            tasks.discard(task)
            writer.transport.abort()

    server = await asyncio.start_server(connected, "127.0.0.1", 0)
    receiver.port = server.sockets[0].getsockname()[1]
    try:
        yield receiver
    finally:
        server.close()
        for task in [*tasks]:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
