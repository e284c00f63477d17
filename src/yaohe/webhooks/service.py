"""`Webhooks`: endpoints, what is told to them, and the part that sends it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Final

from yaohe.kernel.clock import Clock
from yaohe.kernel.db import Database, Tx
from yaohe.kernel.seal import Sealer
from yaohe.kernel.sweep import every
from yaohe.platforms.outgoing import PublicOutgoing
from yaohe.webhooks.deliveries import Deliveries, Sender
from yaohe.webhooks.deliveries.store import sweep
from yaohe.webhooks.endpoints import Endpoints
from yaohe.webhooks.model import Happened

SWEEP_EVERY_S: Final = 600.0


class Webhooks:
    def __init__(self, db: Database, clock: Clock, secret: bytes, outgoing: PublicOutgoing) -> None:
        sealer = Sealer(secret, "webhooks.v1")
        self._db, self.outgoing = db, outgoing
        self.endpoints = Endpoints(db, sealer, private=outgoing.private)
        self.deliveries = Deliveries(db, clock)
        self._sender = Sender(db, clock, sealer, outgoing)

    async def tell(self, tx: Tx, happened: Sequence[Happened]) -> None:
        """Tell every endpoint that asked for it, once per fact and endpoint."""
        await self.deliveries.tell(tx, happened)

    async def run(self) -> None:
        """Send and tidy up until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._sender.run())
            group.create_task(every(SWEEP_EVERY_S, "webhooks_swept", self._sweep))

    async def _sweep(self) -> int:
        async with self._db.begin() as tx:
            return await sweep(tx.conn)

    async def close(self) -> None:
        await self.outgoing.close()
