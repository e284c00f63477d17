"""The verbs of live prices: start one, stop it, show what runs in a room."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from yaohe.commerce.errors import (
    LivePriceNotFound,
    OrderRoomNotFound,
    ProductHidden,
    ProductNotFound,
    VariantsDiffer,
)
from yaohe.commerce.events import ProductChanged
from yaohe.commerce.orders.service import RoomExists
from yaohe.commerce.prices import store
from yaohe.commerce.prices.model import LivePrice, NewLivePrice, checked_live_price
from yaohe.commerce.variants.model import cost_the_same
from yaohe.commerce.variants.store import shown
from yaohe.identity import SHOP_ID, Staff, audit
from yaohe.kernel.db import Database, Tx
from yaohe.kernel.errors import BadInput
from yaohe.kernel.ids import new_id


class Prices:
    def __init__(self, db: Database, *, room_exists: RoomExists) -> None:
        self._db, self._room_exists = db, room_exists

    async def start(
        self, new: NewLivePrice, *, by: Staff | None = None, shop_id: str = SHOP_ID
    ) -> LivePrice:
        """A lower price from now on; the one before it, of the same product there, ends."""
        checked_live_price(new)
        if not await self._room_exists(new.room_id):
            raise OrderRoomNotFound("There is no such room.")
        async with self._db.begin() as tx:
            product = await store.locked_product(tx.conn, new.product_id, shop_id)
            if product is None:
                raise ProductNotFound
            if product.status != "on_sale":
                raise ProductHidden
            if new.price_minor >= product.price_minor:
                raise BadInput(
                    "A live price is below the price the product has.", field="price_minor"
                )
            variants = await shown(tx.conn, [new.product_id])
            if not cost_the_same(variants.get(new.product_id, [])):
                raise VariantsDiffer
            await store.end_running(tx.conn, new.room_id, new.product_id)
            made = await store.insert_live_price(tx.conn, new_id("lvp"), shop_id, new)
            await _tell(tx, made)
            if by is not None:
                detail = {"product": new.product_id, "price_minor": new.price_minor}
                await audit(tx, staff=by, action="live_price.start", subject=made.id, detail=detail)
        return made

    async def stop(
        self, live_price_id: str, *, by: Staff | None = None, shop_id: str = SHOP_ID
    ) -> LivePrice:
        """The regular price holds again; orders already made keep theirs."""
        async with self._db.begin() as tx:
            stopped = await store.stop(tx.conn, live_price_id, shop_id)
            if stopped is None:
                raise LivePriceNotFound
            await _tell(tx, stopped)
            if by is not None:
                await audit(tx, staff=by, action="live_price.stop", subject=live_price_id)
        return stopped

    async def running(self, room_id: str) -> list[LivePrice]:
        """What runs in a room now, also when all of it is taken."""
        async with self._db.connect() as conn:
            return await store.running(conn, room_id)

    async def end_in_rooms(self, tx: Tx, ended: Mapping[str, datetime]) -> None:
        """The shows in these rooms were over then, and so were the prices begun until then."""
        await _tell(tx, *await store.end_in_rooms(tx.conn, ended))


async def _tell(tx: Tx, *changed: LivePrice) -> None:
    facts = [ProductChanged(shop_id=one.shop_id, product_id=one.product_id) for one in changed]
    if facts:
        await tx.record(*facts)
