"""The verbs of waits: ask to be told, leave, tell those whose turn it is."""

from __future__ import annotations

from collections.abc import Sequence

from yaohe.commerce.errors import ProductHidden, ProductNotFound, VariantNotFound
from yaohe.commerce.orders.lines import check_key
from yaohe.commerce.orders.service import RoomExists
from yaohe.commerce.waits import store
from yaohe.commerce.waits.errors import StillThere, WaitsFull
from yaohe.commerce.waits.model import Wait, Waiting
from yaohe.identity import SHOP_ID
from yaohe.kernel.db import Database, Tx


class Waits:
    """`room_exists` knows the rooms in which somebody may ask."""

    def __init__(self, db: Database, *, room_exists: RoomExists) -> None:
        self._db, self._room_exists = db, room_exists

    async def ask(
        self, visitor_id: str, product_id: str, *, variant_id: str = "", room_id: str | None = None
    ) -> None:
        """Put a visitor on the list of what is sold out; asking twice is asking once.

        `room_id` is where they are; a room that is not there is not kept."""
        check_key(product_id, field="product_id")
        if variant_id:
            check_key(variant_id, field="variant_id")
        if room_id is not None:
            check_key(room_id, field="room_id")
            room_id = room_id if await self._room_exists(room_id) else None
        async with self._db.begin() as tx:
            goods = await store.look(tx.conn, product_id, variant_id)
            if goods is None:
                raise ProductNotFound
            if not goods.on_sale:
                raise ProductHidden
            if not goods.variant_found:
                raise VariantNotFound
            if goods.stock > 0:
                raise StillThere
            if not await store.ask(tx.conn, visitor_id, product_id, variant_id, room_id):
                raise WaitsFull

    async def leave(self, visitor_id: str, product_id: str, *, variant_id: str = "") -> None:
        """Off the list, at once; also who was not on it."""
        check_key(product_id, field="product_id")
        if variant_id:
            check_key(variant_id, field="variant_id")
        async with self._db.begin() as tx:
            await store.leave(tx.conn, visitor_id, product_id, variant_id)

    async def seen(self, visitor_id: str, product_id: str) -> None:
        """The visitor knows that it is back."""
        check_key(product_id, field="product_id")
        async with self._db.begin() as tx:
            await store.seen(tx.conn, visitor_id, product_id)

    async def mine(self, visitor_id: str) -> list[Wait]:
        """What a visitor waits for, and what is back and not seen yet."""
        async with self._db.connect() as conn:
            return await store.of_visitor(conn, visitor_id)

    async def counts(self, shop_id: str = SHOP_ID) -> list[Waiting]:
        """How many wait, by product and variant."""
        async with self._db.connect() as conn:
            return await store.counts(conn, shop_id)

    async def tell(self, tx: Tx, product_ids: Sequence[str] | None) -> int:
        """Tell those whose turn it is for these products (None: for all), in a transaction of
        the caller's; returns how many."""
        wanted = await store.wanted(tx.conn, product_ids)
        told = await store.tell(tx.conn, wanted) if wanted else []
        if told:
            await tx.record(*told)
        return len(told)

    async def tell_next(self) -> int:
        """A turn may be over, or something may have come back unnoticed: tell the next."""
        async with self._db.begin() as tx:
            told = await self.tell(tx, None)
            await store.forget_old(tx.conn)
        return told
