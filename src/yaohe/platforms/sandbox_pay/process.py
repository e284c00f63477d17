"""What runs in the gateway's own process: its application on a port, and its delivery."""

from __future__ import annotations

import asyncio
import signal
import socket
from pathlib import Path
from typing import Final

import uvicorn
import uvloop

from yaohe.kernel.clock import SystemClock
from yaohe.kernel.db import Database
from yaohe.platforms.sandbox_pay.application import SandboxApplication
from yaohe.platforms.sandbox_pay.keys import installation_keys
from yaohe.platforms.sandbox_pay.service import SandboxGateway

CONNECTIONS: Final = 4  # to PostgreSQL


def run_gateway(
    data: Path, database_url: str, *, listening: socket.socket, notify_origin: str | None
) -> None:
    """Answer on this socket until told to stop."""
    uvloop.run(_run(data, database_url, listening, notify_origin))


async def _run(
    data: Path, database_url: str, listening: socket.socket, notify_origin: str | None
) -> None:
    db = Database(database_url, pool_size=CONNECTIONS)
    gateway = SandboxGateway(
        db, SystemClock(), installation_keys(data), notify_origin=notify_origin
    )
    config = uvicorn.Config(
        SandboxApplication(gateway), http="httptools", ws="none", lifespan="off", log_config=None,
        server_header=False, timeout_graceful_shutdown=5,
    )  # fmt: skip
    server = uvicorn.Server(config)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, lambda: setattr(server, "should_exit", True))
    delivery = asyncio.create_task(gateway.run())
    try:
        await server._serve([listening])  # serve() would take the signals for itself
    finally:
        delivery.cancel()
        await asyncio.gather(delivery, return_exceptions=True)
        await db.close()
