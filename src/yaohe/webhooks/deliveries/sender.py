"""`Sender`: takes what is due and sends it. Every endpoint has a line of its own, so one that is
slow or dead keeps nobody else waiting.

A delivery is taken for a minute, in the database: several processes share the work, and what a
killed one had taken is taken again, with the same id.
"""

from __future__ import annotations

import asyncio
import random
import time
from typing import Final

import structlog

from yaohe import __version__
from yaohe.kernel.clock import Clock
from yaohe.kernel.db import Database
from yaohe.kernel.errors import TryAgain
from yaohe.kernel.seal import Sealer
from yaohe.platforms.outgoing import NotReached, PublicOutgoing
from yaohe.webhooks.deliveries import store
from yaohe.webhooks.model import Due, Met, next_pause_s, retry_after_s
from yaohe.webhooks.signing import signed_headers

AT_ONCE_PER_ENDPOINT: Final = 8
LOOK_EVERY_S: Final = 0.25

log = structlog.get_logger(__name__)


class Sender:
    def __init__(
        self, db: Database, clock: Clock, sealer: Sealer, outgoing: PublicOutgoing
    ) -> None:
        self._db, self._clock, self._sealer, self._outgoing = db, clock, sealer, outgoing
        self._lines: dict[str, asyncio.Task[None]] = {}
        self._chance = random.Random()

    async def run(self) -> None:
        """Send until cancelled."""
        try:
            while True:
                try:
                    await self._look()
                except TryAgain as error:
                    log.warning("webhooks_wait", reason=error.code)
                await asyncio.sleep(LOOK_EVERY_S)
        finally:
            lines = [*self._lines.values()]
            for line in lines:
                line.cancel()
            await asyncio.gather(*lines, return_exceptions=True)

    async def _look(self) -> None:
        async with self._db.connect() as conn:
            waiting = await store.waited_for(conn)
        for endpoint_id in waiting:
            if endpoint_id not in self._lines:
                line = asyncio.create_task(self._line(endpoint_id), name=f"webhook {endpoint_id}")
                self._lines[endpoint_id] = line

    async def _line(self, endpoint_id: str) -> None:
        """Everything that is due for one endpoint, a few at once; a slow one takes one place."""
        going: set[asyncio.Task[None]] = set()
        try:
            while True:
                going |= await self._begin(endpoint_id, AT_ONCE_PER_ENDPOINT - len(going))
                if not going:
                    return
                done, going = await asyncio.wait(
                    going, timeout=LOOK_EVERY_S, return_when=asyncio.FIRST_COMPLETED
                )
                for delivered in done:
                    delivered.result()
        except TryAgain as error:
            log.warning("webhook_waits", endpoint=endpoint_id, reason=error.code)
        except Exception:
            log.exception("webhook_line_fell", endpoint=endpoint_id)
        finally:
            for delivery in going:
                delivery.cancel()
            await asyncio.gather(*going, return_exceptions=True)
            del self._lines[endpoint_id]

    async def _begin(self, endpoint_id: str, places: int) -> set[asyncio.Task[None]]:
        if not places:
            return set()
        async with self._db.begin() as tx:
            taken = await store.take(tx.conn, endpoint_id, places)
        return {asyncio.create_task(self._deliver(due)) for due in taken}

    async def _deliver(self, due: Due) -> None:
        met = await self._try(due)
        asked_s = retry_after_s(met.retry_after, self._clock.now())
        pause_s = next_pause_s(due.tries, asked_s=asked_s, chance=self._chance.random())
        async with self._db.begin() as tx:
            await store.settle(tx.conn, due, met, pause_s)

    async def _try(self, due: Due) -> Met:
        body, began = due.body.encode(), time.monotonic()
        headers = signed_headers(
            due.message_id, body, at_s=int(self._clock.now().timestamp()), keys=self._keys(due)
        )
        headers |= {"content-type": "application/json", "user-agent": f"Yaohe/{__version__}"}
        try:
            answered = await self._outgoing.post(due.url, body, headers)
        except NotReached as missed:
            return Met(took_ms=_ms_since(began), why=missed.why)
        return Met(
            took_ms=_ms_since(began),
            status=answered.status,
            answer=answered.start.decode("utf-8", "replace"),
            retry_after=answered.retry_after,
        )

    def _keys(self, due: Due) -> list[bytes]:
        opened = [self._sealer.open(sealed) for sealed in (due.secret, due.old_secret) if sealed]
        keys = [key for key in opened if key is not None]
        assert keys, "the installation's secret has changed: no webhook can be signed"
        return keys


def _ms_since(began: float) -> int:
    return round((time.monotonic() - began) * 1_000)
