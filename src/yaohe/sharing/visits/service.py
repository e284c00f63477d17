"""Watching, taking part, and what follows for the share that brought the visitor."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from typing import Final

import asyncpg

from yaohe.kernel.clock import Clock
from yaohe.kernel.coalesce import Coalescer
from yaohe.kernel.db import Database
from yaohe.kernel.errors import AppError
from yaohe.kernel.ids import is_token
from yaohe.kernel.outbox import record_raw
from yaohe.sharing.events import ShareProductive
from yaohe.sharing.shares import store as shares_store
from yaohe.sharing.visits import store
from yaohe.sharing.visits.model import PRODUCTIVE_MS, Arrival, Visit, WatchTick, check_tick

LANES: Final = 2
INTERACT_AGAIN_S: Final = 30.0
REMEMBERED_MAX: Final = 50_000


async def note_productive(conn: asyncpg.Connection, arrivals: Sequence[tuple[str, str]]) -> None:
    """Mark the shares of these (token, visitor) pairs productive and record it, once each."""
    rows = await shares_store.mark_productive(conn, arrivals)
    facts = [
        ShareProductive(
            shop_id=row["shop_id"],
            token=row["token"],
            room_id=row["room_id"],
            sharer_id=row["sharer_id"],
            visitor_id=row["visitor_id"],
        )
        for row in rows
    ]
    await record_raw(conn, facts)


class Visits:
    def __init__(self, db: Database, clock: Clock, *, shop_id: str) -> None:
        self._db, self._clock, self._shop_id = db, clock, shop_id
        self._took_part: OrderedDict[tuple[str, str], float] = OrderedDict()
        # One lane per visitor: nobody else touches the rows of a visit.
        self._tick: Coalescer[WatchTick, int] = Coalescer(
            "visit.tick", self._run_ticks, db=db, key=_visitor, lanes=LANES, check=check_tick
        )
        self._interact: Coalescer[WatchTick, None] = Coalescer(
            "visit.interact", self._run_interact, db=db, key=_visitor, check=check_tick
        )
        self.coalescers = (self._tick, self._interact)

    async def tick(self, tick: WatchTick) -> int:
        """Note that the page is (or is no longer) visible; returns the watched ms of this visit."""
        return await self._tick.submit(tick)

    async def interact(self, room_id: str, visitor_id: str) -> None:
        """Note that the visitor took part (chat, like, help). Cheap to call on every tap."""
        who, now = (room_id, visitor_id), self._clock.monotonic()
        if self._took_part.get(who, now) > now:
            return
        await self._interact.submit(WatchTick(room_id=room_id, visitor_id=visitor_id))
        self._took_part[who] = now + INTERACT_AGAIN_S
        self._took_part.move_to_end(who)
        if len(self._took_part) > REMEMBERED_MAX:
            self._took_part.popitem(last=False)

    async def visit(self, room_id: str, visitor_id: str, *, token: str = "") -> Visit | None:
        async with self._db.raw() as conn:
            return await store.visit(conn, room_id, visitor_id, token)

    async def arrival(self, token: str, visitor_id: str) -> Arrival | None:
        """Whether this visitor clicked this share, and how long they watched since, by now."""
        if not is_token(token):
            return None
        async with self._db.raw() as conn:
            return await store.arrival(conn, token, visitor_id)

    async def _run_ticks(
        self, conn: asyncpg.Connection, ticks: list[WatchTick]
    ) -> list[int | AppError]:
        rows = await store.tick(conn, ticks, self._shop_id)
        earned = {
            (row["token"], row["visitor_id"])
            for row in rows
            if row["open"] and row["watch_ms"] >= PRODUCTIVE_MS
        }
        if earned:
            await note_productive(conn, sorted(earned))
        return [row["watch_ms"] for row in rows]

    async def _run_interact(
        self, conn: asyncpg.Connection, people: list[WatchTick]
    ) -> list[AppError | None]:
        pairs = sorted({(p.room_id, p.visitor_id) for p in people})
        earned = await store.interact(conn, pairs, self._shop_id)
        if earned:
            await note_productive(conn, sorted(earned))
        return [None] * len(people)


def _visitor(tick: WatchTick) -> str:
    return tick.visitor_id
