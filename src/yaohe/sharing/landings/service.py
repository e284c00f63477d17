"""Noting landings, off the way of the page."""

from __future__ import annotations

import asyncio

import asyncpg

from yaohe.kernel.coalesce import Coalescer
from yaohe.kernel.db import Database
from yaohe.kernel.errors import AppError
from yaohe.sharing.landings import store
from yaohe.sharing.landings.model import Landing, Source, check_landing


class Landings:
    def __init__(self, db: Database, *, shop_id: str) -> None:
        self._shop_id = shop_id
        self._land: Coalescer[Landing, None] = Coalescer(
            "landing.note", self._run, db=db, key=lambda landing: landing.visitor_id,
            check=check_landing,
        )  # fmt: skip
        self.coalescers = (self._land,)

    def land(self, room_id: str, visitor_id: str, source: Source, name: str) -> None:
        """Note a way in. Never waits: the page is worth more than the note."""
        landing = Landing(room_id=room_id, visitor_id=visitor_id, source=source, name=name)
        try:
            self._land.enter(landing).add_done_callback(_forget)
        except AppError:
            return

    async def _run(
        self, conn: asyncpg.Connection, landings: list[Landing]
    ) -> list[AppError | None]:
        return await store.land(conn, landings, self._shop_id)


def _forget(note: asyncio.Future[None]) -> None:
    if not note.cancelled():
        note.exception()
