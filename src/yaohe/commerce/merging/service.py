"""Merging a guest into the visitor of their account."""

from __future__ import annotations

from yaohe.commerce.merging import store
from yaohe.kernel.db import Database


class Merging:
    def __init__(self, db: Database) -> None:
        self._db = db

    async def merge(self, from_id: str, into_id: str) -> None:
        """Everything of one visitor becomes the other's, once however often it is asked."""
        async with self._db.raw(writes=True) as conn, conn.transaction():
            await store.merge(conn, from_id, into_id)
