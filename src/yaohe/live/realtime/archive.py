"""What is kept of a room's talk: every line, for moderation and for those who come later.

Lines are written in batches a moment after they were said. When the database is away they wait,
bounded; the oldest are given up before memory is.
"""

from __future__ import annotations

import asyncio
from collections import deque
from datetime import datetime
from itertools import islice
from typing import Final

import asyncpg
import msgspec
import structlog

from yaohe.identity import SHOP_ID, audit
from yaohe.kernel.db import Database
from yaohe.kernel.raw import is_clash, is_lost
from yaohe.live.moderation import Moderator
from yaohe.live.realtime import store
from yaohe.live.realtime.errors import ChatLineNotFound
from yaohe.live.realtime.model import ChatLine
from yaohe.live.realtime.store import KeptLine
from yaohe.live.realtime.stream import HISTORY_MAX

FLUSH_EVERY_S: Final = 0.2
RETRY_S: Final = 1.0
BATCH_MAX: Final = 1_000
WAITING_MAX: Final = 20_000

log = structlog.get_logger(__name__)


class Past(msgspec.Struct, frozen=True):
    """What a room begins with when it is opened."""

    lines: list[bytes]
    likes: int


class Archive:
    def __init__(self, db: Database, *, shop_id: str = SHOP_ID) -> None:
        self._db, self._shop_id = db, shop_id
        self._waiting: deque[tuple[str, ChatLine]] = deque(maxlen=WAITING_MAX)
        self._counts: dict[str, tuple[int, int]] = {}
        self._written: dict[str, tuple[int, int]] = {}
        self._wake = asyncio.Event()
        self._writing = asyncio.Lock()

    def keep(self, room_id: str, line: ChatLine) -> None:
        """Note a line; never waits."""
        if len(self._waiting) == WAITING_MAX:
            log.warning("chat_line_given_up", room=self._waiting[0][0])
        self._waiting.append((room_id, line))
        self._wake.set()

    def note(self, room_id: str, *, likes: int, peak: int) -> None:
        """Note a room's likes and its fullest moment, written with the next batch."""
        if self._written.get(room_id) != (likes, peak):
            self._counts[room_id] = (likes, peak)
            self._wake.set()

    async def past(self, room_id: str) -> Past:
        """The last visible lines, oldest first, and the likes counted so far."""
        await self.flush()
        async with self._db.connect() as conn:
            lines = await store.visible_lines(conn, room_id, limit=HISTORY_MAX)
            likes = await store.likes(conn, room_id)
        return Past([msgspec.json.encode(line) for line in lines], likes)

    async def between(
        self, room_id: str, begin: datetime, end: datetime, *, limit: int
    ) -> list[ChatLine]:
        """What was said about a stretch of video, for who watches it later."""
        async with self._db.connect() as conn:
            return await store.lines_between(conn, room_id, begin, end, limit=limit)

    async def recent(self, room_id: str, *, limit: int) -> list[KeptLine]:
        """The last lines with the hidden ones, oldest first, for the studio."""
        await self.flush()
        async with self._db.connect() as conn:
            return await store.recent_lines(conn, room_id, self._shop_id, limit=limit)

    async def hide(self, room_id: str, line_id: str, *, by: Moderator) -> None:
        await self.flush()
        async with self._db.begin() as tx:
            if not await store.hide(tx.conn, room_id, self._shop_id, line_id, by=by.name):
                raise ChatLineNotFound
            noted = {"line": line_id, "by": by.name}
            await audit(tx, staff=by, action="chat.hide", subject=room_id, detail=noted)

    async def hide_person(self, room_id: str, visitor_id: str, *, by: Moderator) -> None:
        """Hide everything a visitor said; why is in the trail already (their ban)."""
        await self.flush()
        async with self._db.begin() as tx:
            await store.hide_person(tx.conn, room_id, self._shop_id, visitor_id, by=by.name)

    async def flush(self) -> None:
        """Write everything noted so far; on failure it waits for the next time."""
        async with self._writing:
            while self._waiting:
                batch = list(islice(self._waiting, BATCH_MAX))
                await self._write(batch)
                # Lines that came meanwhile stand behind; a full queue may have lost its front.
                written = {line.id for _, line in batch}
                while self._waiting and self._waiting[0][1].id in written:
                    self._waiting.popleft()
            if self._counts:
                counts, self._counts = self._counts, {}
                try:
                    async with self._db.raw() as conn:
                        await store.write_counts(conn, self._shop_id, counts)
                except BaseException:
                    self._counts = counts | self._counts
                    raise
                self._written |= counts

    async def _write(self, batch: list[tuple[str, ChatLine]]) -> None:
        """Write a batch; a line that cannot be stored must not stop the others."""
        try:
            async with self._db.raw() as conn:
                await store.insert_lines(conn, self._shop_id, batch)
        except (ValueError, asyncpg.PostgresError) as error:
            if is_lost(error) or is_clash(error):
                raise
            if len(batch) == 1:
                log.warning("chat_line_refused", line=batch[0][1].id, reason=repr(error))
                return
            middle = len(batch) // 2
            await self._write(batch[:middle])
            await self._write(batch[middle:])

    async def run(self) -> None:
        try:
            while True:
                await self._wake.wait()
                self._wake.clear()
                try:
                    await self.flush()
                    await asyncio.sleep(FLUSH_EVERY_S)
                except Exception as error:
                    log.warning("chat_not_kept_yet", waiting=len(self._waiting), reason=repr(error))
                    self._wake.set()
                    await asyncio.sleep(RETRY_S)
        finally:
            await self.close()

    async def close(self) -> None:
        try:
            async with asyncio.timeout(2):
                await self.flush()
        except Exception as error:
            log.warning("chat_lines_lost", lines=len(self._waiting), reason=repr(error))
