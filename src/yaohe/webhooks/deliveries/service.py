"""`Deliveries`: writing messages for those who asked for them, the log, replays and tests."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import msgspec

from yaohe.kernel.clock import Clock
from yaohe.kernel.db import Database, Tx
from yaohe.kernel.ids import new_id, new_ids
from yaohe.webhooks.deliveries import store
from yaohe.webhooks.errors import DeliveryNotFound, WebhookPaused
from yaohe.webhooks.model import (
    TEST_EVENT,
    Delivery,
    Endpoint,
    Happened,
    State,
    Try,
    message_body,
)

MESSAGE_PREFIX: Final = "msg"
PAGE_MAX: Final = 50


class DeliveryWhole(msgspec.Struct, frozen=True, kw_only=True):
    """A delivery with what is sent and every try, newest first."""

    delivery: Delivery
    body: str
    tries: list[Try]


class Deliveries:
    def __init__(self, db: Database, clock: Clock) -> None:
        self._db, self._clock = db, clock

    async def tell(self, tx: Tx, happened: Sequence[Happened]) -> None:
        """Write a message for each fact and a delivery for each endpoint that asked for it, in
        the transaction that notes the facts."""
        if not happened:
            return
        rows: dict[str, list[Any]] = {
            "ids": new_ids(MESSAGE_PREFIX, len(happened)),
            "event_ids": [one.event_id for one in happened],
            "books": [one.book for one in happened],
            "types": [one.type for one in happened],
            "bodies": [message_body(one.type, one.at, one.data) for one in happened],
            "ats": [one.at for one in happened],
        }
        await store.tell(tx.conn, rows)

    async def test(self, endpoint: Endpoint) -> Delivery:
        """Send a message that says nothing but that it arrives."""
        if endpoint.paused_at is not None:
            raise WebhookPaused
        message_id, at = new_id(MESSAGE_PREFIX), self._clock.now()
        body = message_body(TEST_EVENT, at, {"endpoint_id": endpoint.id})
        async with self._db.begin() as tx:
            await store.tell_one(
                tx.conn, endpoint.id, message_id=message_id, type_name=TEST_EVENT, body=body, at=at
            )
        return await self._one(endpoint, message_id)

    async def log(
        self, endpoint: Endpoint, *, state: State | None = None, before: str | None = None
    ) -> list[Delivery]:
        """A page of the log, newest first; the next one is `before` its last message."""
        async with self._db.connect() as conn:
            return await store.log(conn, endpoint.id, state=state, before=before, rows_max=PAGE_MAX)

    async def whole(self, endpoint: Endpoint, message_id: str) -> DeliveryWhole:
        delivery = await self._one(endpoint, message_id)
        async with self._db.connect() as conn:
            body = await store.body(conn, message_id)
            tries = await store.tries(conn, endpoint.id, message_id)
        return DeliveryWhole(delivery=delivery, body=body, tries=tries)

    async def replay(self, endpoint: Endpoint, message_id: str) -> Delivery:
        """Send this once more, under the same id, whatever became of it."""
        if endpoint.paused_at is not None:
            raise WebhookPaused
        async with self._db.begin() as tx:
            if not await store.replay(tx.conn, endpoint.id, message_id):
                raise DeliveryNotFound
        return await self._one(endpoint, message_id)

    async def replay_failed(self, endpoint: Endpoint) -> int:
        """Send again all that did not arrive; how many that is."""
        if endpoint.paused_at is not None:
            raise WebhookPaused
        async with self._db.begin() as tx:
            return await store.replay_failed(tx.conn, endpoint.id)

    async def _one(self, endpoint: Endpoint, message_id: str) -> Delivery:
        async with self._db.connect() as conn:
            found = await store.log(conn, endpoint.id, message_id=message_id)
        if not found:
            raise DeliveryNotFound
        return found[0]
