"""One person's data, and its end."""

from __future__ import annotations

from typing import Any

from yaohe.kernel.db import Database
from yaohe.live.people import store
from yaohe.live.realtime import Hub


class People:
    def __init__(self, db: Database, hub: Hub) -> None:
        self._db, self._hub = db, hub

    async def kept(self, visitor_id: str) -> dict[str, Any]:
        async with self._db.raw() as conn:
            return await store.kept(conn, visitor_id)

    async def erase(self, visitor_id: str, made: str) -> None:
        """Also from the lines that open rooms still show, and show to those who come in."""
        await self._hub.kept()
        async with self._db.raw(writes=True) as conn, conn.transaction():
            rooms = await store.erase(conn, visitor_id, made)
        for room_id in rooms:
            self._hub.unsay(room_id, visitor_id)
