"""Reading the spread of a room."""

from __future__ import annotations

from yaohe.kernel.db import Database
from yaohe.sharing.spread import store
from yaohe.sharing.spread.model import Spread, k_of


class Spreading:
    def __init__(self, db: Database) -> None:
        self._db = db

    async def spread(self, room_id: str) -> Spread:
        """How far the shares of this room went, as of now."""
        async with (
            self._db.raw() as conn,
            conn.transaction(isolation="repeatable_read", readonly=True),
        ):
            # The pool's connections look for rows one by one; here all of a room are wanted.
            await conn.execute("set local enable_seqscan = on; set local work_mem = '128MB'")
            generations = await store.generations(conn, room_id)
            watched, waited = await store.waits(conn, room_id)
        observed, corrected = k_of(watched, waited)
        return Spread(
            sharers=sum(watched.values()),
            brought=sum(waited.values()),
            k_observed=round(observed, 4),
            k=round(corrected, 4),
            generations=generations,
        )
