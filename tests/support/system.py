"""The whole system as `yaohe serve` builds it, in this process: asked without a socket, with the
parts that work behind an answer running."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from yaohe.app.build import System, build
from yaohe.app.roles import lasting
from yaohe.app.settings import load


@asynccontextmanager
async def running_system(
    data: Path, database_url: str, **settings: object
) -> AsyncIterator[System]:
    """Built on a database that exists; ended in order, so that it can be started again."""
    given = load({}, **{"data": str(data), "public_url": "http://yaohe.test", **settings})
    system = build(given, database_url=database_url, notify_url="http://127.0.0.1:1")
    await system.db.open()
    await system.privacy.open()
    system.spool.open()
    parts = {
        "sharing": system.sharing.run,
        "commerce": system.commerce.run,
        "hub": system.hub.run,
        "webhooks": system.webhooks.run,
        "relay": system.relay.run,
    }
    tasks = [asyncio.create_task(lasting(name, part)) for name, part in parts.items()]
    try:
        yield system
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for close in system.closers:
            await close()
