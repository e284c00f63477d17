"""A line whose speed a test sets: a TCP relay on loopback that lets so many bytes a second pass."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

STEP_S = 0.02
FULL_BYTES_S = 50_000_000
# So little is hidden in the kernel that the speed is felt at once.
BUFFER_BYTES = 16_384


class SlowLine:
    def __init__(self, port: int) -> None:
        self._to = port
        self.port = 0
        self.bytes_per_s = FULL_BYTES_S

    async def relay(self, near: asyncio.StreamReader, out: asyncio.StreamWriter) -> None:
        with socket.socket() as raw:
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER_BYTES)
            raw.setblocking(False)
            await asyncio.get_running_loop().sock_connect(raw, ("127.0.0.1", self._to))
            far, up = await asyncio.open_connection(sock=raw, limit=BUFFER_BYTES)
            out.transport.set_write_buffer_limits(high=BUFFER_BYTES)
            asking = asyncio.create_task(self._ask(near, up))
            try:
                with suppress(ConnectionError):
                    while data := await far.read(max(int(self.bytes_per_s * STEP_S), 1)):
                        out.write(data)
                        await out.drain()
                        await asyncio.sleep(len(data) / self.bytes_per_s)
            finally:
                asking.cancel()
                out.close()
                up.close()

    @staticmethod
    async def _ask(near: asyncio.StreamReader, up: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            while data := await near.read(65_536):
                up.write(data)
        up.close()


@asynccontextmanager
async def slow_line(port: int) -> AsyncIterator[SlowLine]:
    """A line to `port` of this machine, fast until told otherwise."""
    line = SlowLine(port)
    server = await asyncio.start_server(line.relay, "127.0.0.1", 0)
    line.port = server.sockets[0].getsockname()[1]
    try:
        yield line
    finally:
        server.close()
