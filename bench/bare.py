"""The yardstick: the same page from memory by uvicorn alone, with no routing, no cookie, no hit.

How much of a machine's slowness is the machine's: our figures are read beside this one.
"""

from __future__ import annotations

import contextlib
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import uvicorn

from bench.machine import SERVER_CORE, pin
from bench.shop import CACHE, free_port


@dataclass
class Bare:
    pid: int
    address: tuple[str, int]


@contextlib.contextmanager
def serving(body: bytes) -> Iterator[Bare]:
    page = CACHE / "page.gz"
    page.write_bytes(body)
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-m", "bench.bare", str(page), str(port)],
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        process.stdout.readline()
        _wait_until_listening(port)
        pin(process.pid, SERVER_CORE)
        yield Bare(process.pid, ("127.0.0.1", port))
    finally:
        process.terminate()
        process.wait()


def _wait_until_listening(port: int) -> None:
    """The line comes from the lifespan, a moment before the socket is bound."""
    until = time.monotonic() + 10
    while True:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
            return
        except ConnectionRefusedError:
            if time.monotonic() > until:
                raise
            time.sleep(0.02)


def main(page: str, port: str) -> None:
    body = Path(page).read_bytes()
    headers = [
        (b"content-type", b"text/html; charset=utf-8"),
        (b"content-encoding", b"gzip"),
        (b"cache-control", b"private, no-store"),
        (b"content-length", str(len(body)).encode()),
    ]

    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            await receive()
            await send({"type": "lifespan.startup.complete"})
            print("ready", flush=True)
            await receive()
            await send({"type": "lifespan.shutdown.complete"})
            return
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    uvicorn.run(app, port=int(port), log_config=None, access_log=False, loop="uvloop")


if __name__ == "__main__":
    main(*sys.argv[1:])
