"""Merging a guest into the visitor of their account, and telling the rooms."""

from __future__ import annotations

from yaohe.kernel.db import Database
from yaohe.live.follows import Follows
from yaohe.live.merging import store
from yaohe.live.moderation import Moderation


class Merging:
    def __init__(self, db: Database, follows: Follows, moderation: Moderation) -> None:
        self._db, self._follows, self._moderation = db, follows, moderation

    async def merge(self, from_id: str, into_id: str) -> None:
        """Everything of one visitor becomes the other's, once however often it is asked."""
        async with self._db.raw(writes=True) as conn, conn.transaction():
            follows, held, moderates = await store.merge(conn, from_id, into_id)
        for room_id in follows:
            self._follows.tell(room_id, into_id)
        for room_id in sorted({*held, *moderates}):
            await self._moderation.tell_of(room_id, into_id)
