"""Forgetting people after so many days, in small batches beside the traffic."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Final

from yaohe.kernel.db import Database
from yaohe.kernel.sweep import every
from yaohe.sharing.retention import store

EVERY_S: Final = 3_600.0
PAUSE_S: Final = 0.05
HITS_MAX: Final = 2_000
PEOPLE_MAX: Final = 500
DUE_MAX: Final = 50_000
SWEEPS_A_DAY: Final = 24
_BEGIN: Final = datetime(1970, 1, 1, tzinfo=UTC)


class Retention:
    """`keep_days` 0 keeps everything. A batch takes so many hits or people at once."""

    def __init__(
        self, db: Database, *, keep_days: int, hits: int = HITS_MAX, people: int = PEOPLE_MAX
    ) -> None:
        self._db, self._days = db, keep_days
        self._hits_max, self._people_max = hits, people
        self._done_until, self._sweeps = _BEGIN, 0

    async def sweep(self) -> int:
        """Forget whom it is time to forget; how many rows of hits and how many people.
        Once a day from the oldest on: a hit that somebody held, or that came late, was passed."""
        if self._sweeps % SWEEPS_A_DAY == 0:
            self._done_until = _BEGIN
        self._sweeps += 1
        return await self._hits() + await self._people()

    async def _hits(self) -> int:
        done = 0
        while True:
            async with self._db.raw(writes=True) as conn, conn.transaction():
                before = await store.cutoff(conn, self._days)
                hits, until = await store.strip_hits(
                    conn, since=self._done_until, before=before, most=self._hits_max
                )
            done += hits
            self._done_until = until or self._done_until
            if hits < self._hits_max:
                return done
            await asyncio.sleep(PAUSE_S)

    async def _people(self) -> int:
        """Who is due is looked for once, for that is one reading of everything; the next sweep
        finds who was too many for this one."""
        async with self._db.raw(writes=True) as conn, conn.transaction():
            before = await store.cutoff(conn, self._days)
            due = await store.people(conn, before=before, most=DUE_MAX)
        done = 0
        for at in range(0, len(due), self._people_max):
            async with self._db.raw(writes=True) as conn, conn.transaction():
                if not await store.is_ours(conn):
                    return done
                whom = due[at : at + self._people_max]
                done += len(await store.rename(conn, whom, before=before))
            await asyncio.sleep(PAUSE_S)
        return done

    async def run(self) -> None:
        """Again and again until cancelled; nothing where everything is kept."""
        if self._days:
            await every(EVERY_S, "people_forgotten", self.sweep)
        else:
            await asyncio.Event().wait()
