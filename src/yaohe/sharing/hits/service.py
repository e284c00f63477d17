"""Recording hits: on disk when the call returns, in the database or, while that is slow, spooled.

A page must not wait for a database that has trouble. A hit that has no answer within a moment goes
to the spool; as long as there is trouble the next ones go there at once. What was spooled is
replayed by id, so a hit that reached the database after all is not counted twice.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence
from typing import Final

import asyncpg
import msgspec
import structlog

from yaohe.kernel.clock import Clock
from yaohe.kernel.coalesce import Coalescer
from yaohe.kernel.db import Database
from yaohe.kernel.errors import AppError, TryAgain
from yaohe.kernel.spool import Spool, SpoolRecord
from yaohe.platforms.ua import Env, classify
from yaohe.sharing.hits import store
from yaohe.sharing.hits.model import Fetch, HitRecord, check_hit, hit_of
from yaohe.sharing.hits.salts import Salts
from yaohe.sharing.hits.seen import Place, Seen
from yaohe.sharing.shares.model import Share

PATIENCE_S: Final = 0.12
TROUBLE_S: Final = 1.0
REPLAY_EVERY_S: Final = 1.0
SALTS_EVERY_S: Final = 600.0
RETRY_S: Final = 5.0

log = structlog.get_logger(__name__)

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(HitRecord).decode


class Patience:
    """Waits for many futures, each no longer than `seconds`, with one timer for all of them.

    `asyncio.timeout` makes and cancels a timer per call, a tenth of the price of a landing page.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._waited_for: deque[tuple[float, asyncio.Future[None]]] = deque()
        self._timer: asyncio.TimerHandle | None = None

    async def wait(self, future: asyncio.Future[None]) -> None:
        """Raises `TimeoutError`; the statement behind the future goes on."""
        loop = asyncio.get_running_loop()
        until = loop.time() + self._seconds
        self._waited_for.append((until, future))
        if self._timer is None:
            self._timer = loop.call_at(until, self._look)
        await future

    def _look(self) -> None:
        loop = asyncio.get_running_loop()
        waited_for, now = self._waited_for, loop.time()
        while waited_for and (waited_for[0][0] <= now or waited_for[0][1].done()):
            _, future = waited_for.popleft()
            if not future.done():
                future.set_exception(TimeoutError())
        self._timer = loop.call_at(waited_for[0][0], self._look) if waited_for else None


class Hits:
    def __init__(
        self,
        db: Database,
        clock: Clock,
        *,
        shop_id: str,
        spool: Spool | None,
        headless_is_person: bool,
    ) -> None:
        self._db, self._clock, self._shop_id, self._spool = db, clock, shop_id, spool
        self._headless_is_person = headless_is_person
        self._trouble_until = 0.0
        self._seen = Seen()
        self.salts = Salts(db, clock)
        # One lane: larger batches beat a second connection, and the running total of a token is
        # never waited for.
        self._record: Coalescer[HitRecord, None] = Coalescer(
            "hit.record",
            store.record,
            db=db,
            key=_token,
            check=check_hit,
            patience_s=5.0 if spool is None else TROUBLE_S,
        )
        self._patient = Patience(PATIENCE_S)
        self._came: Coalescer[tuple[str, str], Place | None] = Coalescer(
            "hit.came", _came, db=db, key=lambda who: who
        )
        self.coalescers = (self._record, self._came)

    def hit(self, fetch: Fetch, *, token: str, share: Share | None, visitor_id: str) -> HitRecord:
        """The row for one fetch of a link; `share` is None for a token nobody knows."""
        return hit_of(
            fetch,
            token=token,
            shop_id=self._shop_id if share is None else share.shop_id,
            room_id="" if share is None else share.room_id,
            visitor_id=visitor_id,
            at=self._clock.now(),
            salt=self.salts.today(),
            headless_is_person=self._headless_is_person,
        )

    def is_program(self, user_agent: str) -> bool:
        """Whether nobody is there to see a page, however much of it is run."""
        ua = classify(user_agent)
        return ua.is_bot and not (self._headless_is_person and ua.app == "headless")

    async def record(self, hit: HitRecord) -> None:
        """Keep this hit. It is on disk when this returns."""
        if self._spool is None:
            await self._record.submit(hit)
            return
        if self._clock.monotonic() >= self._trouble_until:
            try:
                await self._patient.wait(self._record.enter(hit))
                return
            except (TimeoutError, TryAgain) as trouble:
                # The statement may still succeed; the id makes the replay harmless.
                if self._clock.monotonic() >= self._trouble_until:
                    log.warning("hits_go_to_the_spool", reason=type(trouble).__name__)
                self._trouble_until = self._clock.monotonic() + TROUBLE_S
        await self._spool.append(hit.hit_id, _encode(hit))
        self._seen.add(hit)

    def spooled_env(self, token: str, visitor_id: str) -> str | None:
        """Where a person opened this share whose hit went to the spool: the database may not know
        of it yet. None when there is no such hit."""
        return self._seen.opened(token, visitor_id)

    async def last_env(self, room_id: str, visitor_id: str) -> Env | None:
        """Where the page of this visitor is open, as their last hit in this room told; None when
        no share ever led them there. How a link was opened stands in its address then, and in no
        later request."""
        known = [
            self._seen.came(room_id, visitor_id),
            await self._came.submit((room_id, visitor_id)),
        ]
        places = [place for place in known if place is not None]
        return Env(max(places)[1]) if places else None

    async def replay(self) -> int:
        """Bring spooled hits into the database; returns how many were handed over."""
        if self._spool is None or not self._spool.bytes_waiting:
            return 0
        return await self._spool.replay(self._take_back)

    async def _take_back(self, records: Sequence[SpoolRecord]) -> None:
        async with self._db.raw() as conn, conn.transaction():
            await store.record(conn, [_decode(record.payload) for record in records])

    async def run(self) -> None:
        """Keep the salts current and the spool empty until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._refresh_salts())
            group.create_task(self._replay_often())

    async def _refresh_salts(self) -> None:
        while True:
            pause_s = SALTS_EVERY_S
            try:
                await self.salts.refresh()
            except Exception:
                log.warning("address_salts_not_refreshed", exc_info=True)
                pause_s = RETRY_S
            await asyncio.sleep(pause_s)

    async def _replay_often(self) -> None:
        while True:
            await asyncio.sleep(REPLAY_EVERY_S)
            try:
                if count := await self.replay():
                    log.info("spooled_hits_replayed", hits=count)
            except Exception as error:
                log.warning("spooled_hits_wait", reason=str(error))
                await asyncio.sleep(RETRY_S)


def _token(hit: HitRecord) -> str:
    return hit.token


async def _came(
    conn: asyncpg.Connection, asked: list[tuple[str, str]]
) -> list[Place | AppError | None]:
    return list(await store.last_places(conn, asked))
