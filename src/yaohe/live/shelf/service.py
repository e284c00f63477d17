"""What staff put on a room's shelf and pin on its picture; viewers see it at once.

Changes are told on the bus: as `room.<id>.state` the product that is pinned now, and as
`room.<id>.goods` that other products are on the shelf.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

import msgspec

from yaohe.commerce import Commerce, Product
from yaohe.commerce.prices import LivePrice
from yaohe.identity import SHOP_ID, Staff, audit
from yaohe.kernel.bus import Bus
from yaohe.kernel.db import Database
from yaohe.kernel.errors import BadInput
from yaohe.live.rooms import RoomNotFound
from yaohe.live.shelf import store
from yaohe.live.shelf.errors import ProductNotOnShelf, ShelfTooLong

SHELF_MAX: Final = 100


class ShelfState(msgspec.Struct, frozen=True, kw_only=True):
    """`live` is what runs in the room now, by product."""

    items: list[Product]
    pinned: str | None
    pinned_at: datetime | None
    live: dict[str, LivePrice]


class Shelf:
    def __init__(
        self, db: Database, bus: Bus, commerce: Commerce, *, shop_id: str = SHOP_ID
    ) -> None:
        self._db, self._bus, self._commerce, self._shop_id = db, bus, commerce, shop_id

    async def state(self, room_id: str, *, all_products: bool = False) -> ShelfState:
        """The shelf in order; viewers see what is on sale, the studio sees all of it."""
        async with self._db.connect() as conn:
            ids = await store.product_ids(conn, room_id)
            pin = await store.pinned(conn, room_id)
        products = await self._commerce.products_by_id(ids)
        live = {price.product_id: price for price in await self._commerce.live_prices(room_id)}
        items = [
            products[product_id]
            for product_id in ids
            if product_id in products and (all_products or products[product_id].status == "on_sale")
        ]
        shown = {product.id for product in items}
        if pin is None or pin[0] not in shown:
            return ShelfState(items=items, pinned=None, pinned_at=None, live=live)
        return ShelfState(items=items, pinned=pin[0], pinned_at=pin[1], live=live)

    async def pinned_between(
        self, room_id: str, begin: datetime, end: datetime
    ) -> list[tuple[Product, datetime]]:
        """What was shown in a stretch of time and can be named still, with since when."""
        async with self._db.connect() as conn:
            found = await store.pins_between(conn, room_id, begin, end)
        products = await self._commerce.products_by_id(list({one for one, _ in found}))
        return [(products[one], at) for one, at in found if one in products]

    async def rooms_with(self, product_ids: Sequence[str]) -> list[str]:
        """The rooms in whose shelves any of these products stands."""
        async with self._db.connect() as conn:
            return await store.rooms_with(conn, product_ids)

    async def replace(
        self, room_id: str, product_ids: Sequence[str], *, by: Staff | None = None
    ) -> ShelfState:
        """Put exactly these products on the shelf, in this order."""
        wanted = list(dict.fromkeys(product_ids))
        if len(wanted) > SHELF_MAX:
            raise ShelfTooLong
        known = await self._commerce.products_by_id(wanted)
        missing = [product_id for product_id in wanted if product_id not in known]
        if missing:
            raise BadInput(f"There is no product {missing[0][:40]!r}.", field="product_ids")
        async with self._db.begin() as tx:
            if not await store.lock_room(tx.conn, room_id, self._shop_id):
                raise RoomNotFound
            await store.replace(tx.conn, room_id, self._shop_id, wanted)
            pin = await store.pinned(tx.conn, room_id)
            if pin is not None and pin[0] not in known:
                await store.unpin(tx.conn, room_id)
            if by is not None:
                await audit(tx, staff=by, action="shelf.replace", subject=room_id)
        state = await self.state(room_id, all_products=True)
        self._tell(room_id, pinned=state.pinned)
        self._bus.publish(f"room.{room_id}.goods", b"")
        return state

    async def pin(self, room_id: str, product_id: str, *, by: Staff | None = None) -> ShelfState:
        async with self._db.begin() as tx:
            if not await store.lock_room(tx.conn, room_id, self._shop_id):
                raise RoomNotFound
            await store.unpin(tx.conn, room_id)
            if not await store.pin(tx.conn, room_id, self._shop_id, product_id):
                raise ProductNotOnShelf
            if by is not None:
                await audit(
                    tx, staff=by, action="shelf.pin", subject=room_id, detail={"to": product_id}
                )
        self._tell(room_id, pinned=product_id)
        return await self.state(room_id, all_products=True)

    async def unpin(self, room_id: str, *, by: Staff | None = None) -> ShelfState:
        async with self._db.begin() as tx:
            if not await store.lock_room(tx.conn, room_id, self._shop_id):
                raise RoomNotFound
            await store.unpin(tx.conn, room_id)
            if by is not None:
                await audit(tx, staff=by, action="shelf.unpin", subject=room_id)
        self._tell(room_id, pinned=None)
        return await self.state(room_id, all_products=True)

    def _tell(self, room_id: str, *, pinned: str | None) -> None:
        self._bus.publish(f"room.{room_id}.state", msgspec.json.encode({"pinned": pinned}))
