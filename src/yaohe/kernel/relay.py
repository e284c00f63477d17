"""The relay: gives committed facts their dense position and carries them to the flow steps.

One relay leads at a time, by an advisory lock on a connection of its own; others stand by and ring
for it. Positions follow the commits without gaps, so a reader that remembers the last position it
saw misses nothing. A fact is on its way some milliseconds after its commit: in this process by a
call, from others by NOTIFY, and in the worst case by the poll each second.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
import zlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import asyncpg
import structlog

from yaohe.kernel.db import Database
from yaohe.kernel.errors import AppError
from yaohe.kernel.events import Fact
from yaohe.kernel.raw import RawConnection, is_lost
from yaohe.kernel.steps import Lane, Pending, Step

__all__ = ["Bell", "Relay", "Step"]

log = structlog.get_logger(__name__)

CHANNEL = "yaohe_facts"
_LOCK = 0x9A0_4E00_0002
_PAGE = 1000
_UNFINISHED_MAX = 20_000
_PRUNE_EVERY_S = 3600.0

_ASSIGN = """
    WITH fresh AS (
        SELECT event_id, row_number() OVER (ORDER BY event_id) AS nth
          FROM (SELECT event_id FROM kernel.outbox
                 WHERE position IS NULL ORDER BY event_id LIMIT $1) waiting
    ), place AS (
        UPDATE kernel.relay SET assigned = assigned + (SELECT count(*) FROM fresh)
         WHERE EXISTS (SELECT FROM fresh)
        RETURNING assigned - (SELECT count(*) FROM fresh) AS before
    ), placed AS (
        UPDATE kernel.outbox o SET position = place.before + fresh.nth
          FROM fresh, place WHERE o.event_id = fresh.event_id
        RETURNING o.event_id, o.position, o.aggregate, o.type, o.at, o.body
    )
    SELECT * FROM placed ORDER BY position
"""

_UNDONE = """
    SELECT o.event_id, o.position, o.aggregate, o.type, o.at, o.body,
           ARRAY(SELECT step FROM kernel.inbox i WHERE i.event_id = o.event_id) AS noted
      FROM kernel.outbox o
     WHERE o.position > $1
     ORDER BY o.position
     LIMIT $2
"""

# What every step has applied: first the notes of it, long after them the facts themselves. Facts
# lie in the order of their positions, so the oldest page tells whether there is anything to do.
_PRUNE = (
    """
    DELETE FROM kernel.inbox WHERE (event_id, step) IN (
        SELECT i.event_id, i.step
          FROM kernel.inbox i JOIN kernel.outbox o USING (event_id)
         WHERE i.at < now() - interval '3 days' AND o.position <= $1
         ORDER BY i.event_id LIMIT 10000)
    """,
    """
    DELETE FROM kernel.outbox o USING (
        SELECT event_id FROM kernel.outbox
         WHERE position <= $1 ORDER BY position LIMIT 10000) oldest
     WHERE o.event_id = oldest.event_id AND o.at < now() - interval '30 days'
       AND NOT EXISTS (SELECT FROM kernel.inbox i WHERE i.event_id = o.event_id)
    """,
)


class Bell:
    """Tells relays in other processes about facts committed here; rings at most every 5 ms."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._pulled = asyncio.Event()

    async def run(self) -> None:
        take_back = self._db.on_recorded(self._pulled.set)
        try:
            while True:
                await self._pulled.wait()
                self._pulled.clear()
                with contextlib.suppress(AppError, asyncpg.PostgresError, OSError):
                    async with self._db.raw() as conn:
                        await conn.execute("SELECT pg_notify($1, '')", CHANNEL)
                await asyncio.sleep(0.005)
        finally:
            take_back()


class Relay:
    """Carries facts to `steps`; the order of steps for one fact type is the order given."""

    def __init__(
        self,
        db: Database,
        steps: Iterable[Step[Any]],
        *,
        lanes: int = 4,
        batch_max: int = 256,
        poll_s: float = 1.0,
    ) -> None:
        self._db = db
        self._types: dict[str, type[Fact]] = {}
        self._steps: dict[type[Fact], list[Step[Any]]] = {}
        names: set[str] = set()
        for step in steps:
            assert step.name not in names, f"two steps are named {step.name}"
            names.add(step.name)
            self._types[step.fact.type_name()] = step.fact
            self._steps.setdefault(step.fact, []).append(step)
        self._lane_count = lanes
        self._batch_max = batch_max
        self._poll_s = poll_s
        self._lanes: list[Lane] = []
        self._woken = asyncio.Event()
        self._room = asyncio.Event()
        self._unfinished: dict[int, Pending] = {}  # by position, ascending
        self._sent = -1  # the last position handed to a lane
        self._done = -1  # the last `done` written
        self.leading = False

    @property
    def unfinished(self) -> int:
        """Facts on their way, for `/metrics`."""
        return len(self._unfinished)

    @property
    def held(self) -> int:
        """Facts that wait for a failing step."""
        return sum(lane.held for lane in self._lanes)

    async def run(self) -> None:
        """Lead when nobody else does; take over when the leader goes."""
        pause_s = 0.05
        while True:
            try:
                conn = await self._db.dedicated(application_name="yaohe relay")
                try:
                    await self._stand_by(conn)
                    pause_s = 0.05
                    await self._lead(conn)
                finally:
                    conn.terminate()
            except Exception as error:
                if is_lost(error) or isinstance(error, AppError):
                    log.warning("relay_lost_its_connection", reason=str(error))
                else:
                    log.exception("relay_fell")
            await asyncio.sleep(pause_s)
            pause_s = min(pause_s * 2, 2.0)

    async def drained(self, *, timeout_s: float = 15.0) -> None:
        """Wait until every fact committed so far, and what its steps recorded, is applied."""
        deadline = time.monotonic() + timeout_s
        while True:
            self._woken.set()
            if self.leading and not self._unfinished:
                async with self._db.raw() as conn:
                    row = await conn.fetchrow(
                        "SELECT (SELECT assigned FROM kernel.relay) AS assigned,"
                        " EXISTS (SELECT FROM kernel.outbox WHERE position IS NULL) AS waiting"
                    )
                if not row["waiting"] and row["assigned"] == self._sent and not self._unfinished:
                    return
            if time.monotonic() > deadline:
                held = [name for lane in self._lanes for name in lane.held_aggregates()]
                raise TimeoutError(
                    f"facts are not drained: {len(self._unfinished)} on their way, waiting: {held}"
                )
            await asyncio.sleep(0.005)

    async def _stand_by(self, conn: RawConnection) -> None:
        """Return as soon as the lock is ours."""
        bell = asyncio.create_task(Bell(self._db).run())
        try:
            while not await conn.fetchval("SELECT pg_try_advisory_lock($1)", _LOCK):  # noqa: ASYNC110
                await asyncio.sleep(self._poll_s)
        finally:
            bell.cancel()

    async def _lead(self, conn: RawConnection) -> None:
        lost: asyncio.Future[None] = asyncio.get_running_loop().create_future()

        def note_loss(_: object) -> None:
            if not lost.done():
                lost.set_exception(ConnectionResetError("the relay's connection was closed"))

        conn.add_termination_listener(note_loss)
        await conn.add_listener(CHANNEL, lambda *_: self._woken.set())
        take_back = self._db.on_recorded(self._woken.set)
        self._unfinished.clear()
        self._lanes = [
            Lane(self._db, self._steps, batch_max=self._batch_max, finished=self._finish)
            for _ in range(self._lane_count)
        ]
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(_raise(lost))
                for lane in self._lanes:
                    group.create_task(lane.run())
                group.create_task(self._feed(conn))
        except ExceptionGroup as fallen:
            _, rest = fallen.split(is_lost)
            if rest is not None:
                raise
            raise ConnectionResetError("the relay's connection was closed") from fallen
        finally:
            self.leading = False
            take_back()
            lost.cancel()

    async def _feed(self, conn: RawConnection) -> None:
        await self._resume(conn)
        self.leading = True
        log.info("relay_leads", position=self._sent, unfinished=len(self._unfinished))
        prune_at = 0.0
        while True:
            self._woken.clear()
            # Everything that is committed by now; what comes meanwhile sets `_woken` again.
            while rows := await conn.fetch(_ASSIGN, _PAGE):
                for row in rows:
                    self._send(row, ())
                await self._wait_for_room()
            await self._write_done(conn)
            if time.monotonic() > prune_at:
                went = {await conn.execute(statement, self._done) for statement in _PRUNE}
                prune_at = time.monotonic() + (_PRUNE_EVERY_S if went == {"DELETE 0"} else 0)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._poll_s):
                    await self._woken.wait()

    async def _resume(self, conn: RawConnection) -> None:
        """Take up what an earlier leader left between position and last step."""
        place = await conn.fetchrow("SELECT assigned, done FROM kernel.relay")
        self._sent = self._done = place["done"]
        while rows := await conn.fetch(_UNDONE, self._sent, _PAGE):
            for row in rows:
                self._send(row, row["noted"])
            await self._wait_for_room()
        assert self._sent == place["assigned"], "positions are dense"

    def _send(self, row: Mapping[str, Any], noted: Sequence[str]) -> None:
        self._sent = row["position"]
        fact_type = self._types.get(row["type"])
        steps = [s for s in self._steps.get(fact_type, ()) if s.name not in noted]  # type: ignore[arg-type]
        if fact_type is None or not steps:
            return
        pending = Pending(
            event_id=row["event_id"],
            position=row["position"],
            aggregate=row["aggregate"],
            at=row["at"],
            fact_type=fact_type,
            body=row["body"],
            steps=steps,
        )
        self._unfinished[pending.position] = pending
        self._lanes[zlib.crc32(pending.aggregate.encode()) % len(self._lanes)].put(pending)

    async def _wait_for_room(self) -> None:
        while len(self._unfinished) - self.held > _UNFINISHED_MAX:
            self._room.clear()
            await self._room.wait()

    def _finish(self, pending: Pending) -> None:
        del self._unfinished[pending.position]
        self._room.set()

    async def _write_done(self, conn: RawConnection) -> None:
        """Remember how far everything is applied; only a start reads it, so it may lag."""
        done = next(iter(self._unfinished)) - 1 if self._unfinished else self._sent
        if done != self._done:
            self._done = done
            await conn.execute("UPDATE kernel.relay SET done = $1", done)


async def _raise(lost: asyncio.Future[None]) -> None:
    await lost
