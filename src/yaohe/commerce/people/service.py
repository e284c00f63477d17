"""One person's data, and its end."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from yaohe.commerce.people import store
from yaohe.kernel.db import Database


class People:
    def __init__(self, db: Database) -> None:
        self._db = db

    async def kept(self, visitor_id: str) -> dict[str, Any]:
        async with self._db.raw() as conn:
            return await store.kept(conn, visitor_id)

    async def erase(self, made: Mapping[str, str]) -> bool:
        """Put made-up names in place of one person's; False when an order of theirs is under way,
        and then nothing is done."""
        async with self._db.raw(writes=True) as conn, conn.transaction():
            return await store.erase(conn, made)
