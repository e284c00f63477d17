"""Merging a guest into the visitor of their account."""

from __future__ import annotations

from collections.abc import Callable

from yaohe.kernel.db import Database
from yaohe.sharing.merging import store
from yaohe.sharing.visits.service import note_productive


class Merging:
    """`forget` drops what is remembered of shares."""

    def __init__(self, db: Database, *, forget: Callable[[], None]) -> None:
        self._db, self._forget = db, forget

    async def merge(self, from_id: str, into_id: str) -> None:
        """Everything of one visitor becomes the other's, once however often it is asked."""
        async with self._db.raw(writes=True) as conn, conn.transaction():
            earned = await store.merge(conn, from_id, into_id)
            if earned:
                await note_productive(conn, earned)
        self._forget()
