"""Reading reports."""

from __future__ import annotations

from typing import Final

from yaohe.kernel.db import Database
from yaohe.sharing.reports import store
from yaohe.sharing.reports.model import MyShare, ShareReport

SHARE_ROWS_MAX: Final = 200
MY_ROWS_MAX: Final = 100


class Reports:
    def __init__(self, db: Database) -> None:
        self._db = db

    async def share_report(self, room_id: str, *, rows_max: int = SHARE_ROWS_MAX) -> ShareReport:
        """What the shares of this room brought, as of now."""
        async with self._db.raw() as conn:
            return await store.share_report(conn, room_id, rows_max=rows_max)

    async def effective_shares(self, room_id: str) -> dict[str, str]:
        """The channel of each effective share of a room, by token."""
        async with self._db.raw() as conn:
            return await store.effective(conn, room_id)

    async def shares_of(self, sharer_id: str) -> list[MyShare]:
        """What this sharer's shares brought: numbers, and nobody's name."""
        async with self._db.raw() as conn:
            return await store.shares_of(conn, sharer_id, rows_max=MY_ROWS_MAX)
