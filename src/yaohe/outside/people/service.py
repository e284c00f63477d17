"""One person's data, and its end."""

from __future__ import annotations

from typing import Any

from yaohe.kernel.db import Database
from yaohe.outside.people import store


class People:
    def __init__(self, db: Database) -> None:
        self._db = db

    async def kept(self, visitor_id: str) -> dict[str, Any]:
        async with self._db.raw() as conn:
            return await store.kept(conn, visitor_id)

    async def erase(self, visitor_id: str, made: str) -> None:
        async with self._db.raw(writes=True) as conn, conn.transaction():
            await store.erase(conn, visitor_id, made)
