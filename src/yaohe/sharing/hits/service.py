"""Recording hits: durable in the database when the call returns."""

from __future__ import annotations

from yaohe.kernel.clock import Clock
from yaohe.kernel.coalesce import Coalescer
from yaohe.kernel.db import Database
from yaohe.sharing.hits import store
from yaohe.sharing.hits.model import Fetch, HitRecord, check_hit, hit_of
from yaohe.sharing.hits.salts import Salts
from yaohe.sharing.shares.model import Share


class Hits:
    def __init__(
        self, db: Database, clock: Clock, *, shop_id: str, headless_is_person: bool
    ) -> None:
        self._clock, self._shop_id = clock, shop_id
        self._headless_is_person = headless_is_person
        self.salts = Salts(db, clock)
        # One lane: larger batches beat a second connection, and the running total of a token is
        # never waited for.
        self._record: Coalescer[HitRecord, None] = Coalescer(
            "hit.record", store.record, db=db, key=_token, check=check_hit
        )
        self.coalescers = (self._record,)

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

    async def record(self, hit: HitRecord) -> None:
        """Keep this hit. It is on disk when this returns."""
        await self._record.submit(hit)


def _token(hit: HitRecord) -> str:
    return hit.token
