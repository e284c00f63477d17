"""A line with a delay, on loopback: what a phone a few hundred kilometres away feels.

A TCP proxy that adds half a round trip each way. The handshake costs one round trip before the
first byte passes, and what the server sends is released as a fresh TCP connection would: ten
segments at first, then twice as many per round trip. Bandwidth itself is not limited.
"""

from __future__ import annotations

import asyncio
import sys
from collections import deque

WINDOW = 10 * 1460


class _Way:
    """One direction of one connection."""

    def __init__(self, delay_s: float, writer: asyncio.StreamWriter, *, slow_start: bool) -> None:
        self._delay_s, self._writer = delay_s, writer
        self._window = WINDOW if slow_start else 1 << 40
        self._flying = 0
        self._waiting: deque[bytes] = deque()

    def send(self, data: bytes) -> None:
        self._waiting.append(data)
        self._release()

    def _release(self) -> None:
        loop = asyncio.get_running_loop()
        while self._waiting and self._flying < self._window:
            data = self._waiting.popleft()
            room = self._window - self._flying
            if len(data) > room:
                self._waiting.appendleft(data[room:])
                data = data[:room]
            self._flying += len(data)
            loop.call_later(self._delay_s, self._write, data)
            loop.call_later(self._delay_s * 2, self._acknowledged, len(data))

    def _write(self, data: bytes) -> None:
        if not self._writer.is_closing():
            self._writer.write(data)

    def _acknowledged(self, size: int) -> None:
        self._flying -= size
        self._window += size
        self._release()


async def _pump(reader: asyncio.StreamReader, way: _Way, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(65_536):
            way.send(data)
    except ConnectionError:
        pass
    finally:
        await asyncio.sleep(1.0)  # what is under way still arrives
        writer.close()


async def serve(target: int, delay_s: float) -> None:
    """Listen on a port of our own (printed) and pass everything on to `target`."""

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(delay_s * 2)  # the handshake
        inner_reader, inner_writer = await asyncio.open_connection("127.0.0.1", target)
        up = _Way(delay_s, inner_writer, slow_start=False)
        down = _Way(delay_s, writer, slow_start=True)
        await asyncio.gather(_pump(reader, up, inner_writer), _pump(inner_reader, down, writer))

    server = await asyncio.start_server(accept, "127.0.0.1", 0, limit=1 << 20)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1]), float(sys.argv[2])))
