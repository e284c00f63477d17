"""Captions on their way: to who watches now, and into the table for who watches later.

A caption reaches viewers as the field `caption` of the room's state, so it waits with everything
else for the moment of the video it belongs to. It is kept as long as recordings are, written in
batches behind the path; with the database away the oldest are given up before memory is.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Final

import structlog

from yaohe.kernel.clock import Clock
from yaohe.kernel.db import Database
from yaohe.live.captions import store
from yaohe.live.captions.model import CaptionLine
from yaohe.live.media import MediaOrigin
from yaohe.live.media.origin import Caption

FLUSH_EVERY_S: Final = 1.0
FORGET_EVERY_S: Final = 3_600.0
WAITING_MAX: Final = 10_000
LINES_MAX: Final = 2_000

log = structlog.get_logger(__name__)


class Captions:
    """`tell(room_id, text)` puts a caption into the room's state; `keep_s` is how long it is kept,
    0 not at all."""

    def __init__(
        self,
        db: Database,
        origin: MediaOrigin,
        clock: Clock,
        *,
        tell: Callable[[str, str], None],
        keep_s: int,
    ) -> None:
        self._db, self._clock, self._tell, self._keep_s = db, clock, tell, keep_s
        self._waiting: dict[tuple[str, int], str] = {}
        origin.on_caption.append(self._came)

    async def between(self, room_id: str, begin: datetime, end: datetime) -> list[CaptionLine]:
        """What could be read during a stretch of video, in its order."""
        async with self._db.connect() as conn:
            return await store.between(conn, room_id, begin, end, limit=LINES_MAX)

    async def run(self) -> None:
        forgot = -FORGET_EVERY_S
        try:
            while True:
                try:
                    await self.flush()
                    if self._clock.monotonic() - forgot >= FORGET_EVERY_S:
                        forgot = self._clock.monotonic()
                        await self.forget()
                except Exception as error:
                    log.warning("captions_wait", waiting=len(self._waiting), reason=repr(error))
                await asyncio.sleep(FLUSH_EVERY_S)
        finally:
            await self.flush()

    async def flush(self) -> None:
        """Write what came; when that fails it waits for the next time."""
        if not self._waiting:
            return
        batch, self._waiting = self._waiting, {}
        lines = [
            (room_id, CaptionLine(datetime.fromtimestamp(at_ms / 1000, UTC), text))
            for (room_id, at_ms), text in batch.items()
        ]
        try:
            async with self._db.begin() as tx:
                await store.write(tx.conn, lines)
        except BaseException:
            self._waiting = batch | self._waiting
            raise

    async def forget(self) -> None:
        """Let go of what recordings are gone for."""
        async with self._db.begin() as tx:
            await store.forget(tx.conn, self._clock.now() - timedelta(seconds=self._keep_s))

    def _came(self, caption: Caption) -> None:
        self._tell(caption.room_id, caption.text)
        if self._keep_s:
            if len(self._waiting) >= WAITING_MAX:
                del self._waiting[next(iter(self._waiting))]
            self._waiting[caption.room_id, caption.at_ms] = caption.text
