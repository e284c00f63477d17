"""The verbs of a cart: put in, take out, empty, show it as it is now, note what was ordered."""

from __future__ import annotations

from collections.abc import Sequence

from yaohe.commerce.cart import store
from yaohe.commerce.cart.errors import CartFull
from yaohe.commerce.cart.model import CartLine
from yaohe.commerce.errors import ProductHidden, ProductNotFound, VariantMissing, VariantNotFound
from yaohe.commerce.orders.lines import check_key, check_quantity
from yaohe.commerce.orders.service import RoomExists
from yaohe.kernel.db import Database


class Cart:
    """`room_exists` knows the rooms in which somebody may put something in."""

    def __init__(self, db: Database, *, room_exists: RoomExists) -> None:
        self._db, self._room_exists = db, room_exists

    async def of(self, visitor_id: str, *, room_id: str | None = None) -> list[CartLine]:
        """What is in a cart, everything as it is now; `room_id` is where the buyer is."""
        room_id = await self._known(room_id)
        async with self._db.connect() as conn:
            return await store.of(conn, visitor_id, room_id)

    async def put(
        self,
        visitor_id: str,
        product_id: str,
        quantity: int,
        *,
        variant_id: str = "",
        room_id: str | None = None,
    ) -> list[CartLine]:
        """So many pieces of this are in the cart from now on, however often it is asked.

        It need not be in stock: nothing is held. `room_id` is where the buyer is; a room that is
        not there is not kept."""
        _check(product_id, variant_id)
        check_quantity(quantity)
        room_id = await self._known(room_id)
        async with self._db.begin() as tx:
            goods = await store.look(tx.conn, product_id, variant_id)
            if goods is None:
                raise ProductNotFound
            if not goods.on_sale:
                raise ProductHidden
            if not goods.variant_found:
                raise VariantNotFound
            if goods.has_variants and not variant_id:
                raise VariantMissing
            await store.hold(tx.conn, visitor_id)
            await store.drop_bought(tx.conn, visitor_id)
            if not await store.put(
                tx.conn, visitor_id, product_id, variant_id, quantity=quantity, room_id=room_id
            ):
                raise CartFull
            return await store.of(tx.conn, visitor_id, room_id)

    async def remove(
        self,
        visitor_id: str,
        product_id: str,
        *,
        variant_id: str = "",
        room_id: str | None = None,
    ) -> list[CartLine]:
        """Out of the cart; also what was not in it."""
        _check(product_id, variant_id)
        room_id = await self._known(room_id)
        async with self._db.begin() as tx:
            await store.remove(tx.conn, visitor_id, product_id, variant_id)
            return await store.of(tx.conn, visitor_id, room_id)

    async def empty(self, visitor_id: str) -> None:
        async with self._db.begin() as tx:
            await store.empty(tx.conn, visitor_id)

    async def ordered(
        self, visitor_id: str, order_id: str, goods: Sequence[tuple[str, str | None]]
    ) -> None:
        """These (product, variant) went from the cart into this order: once it is paid they are
        bought; when it ends unpaid they are in the cart as before."""
        async with self._db.begin() as tx:
            pairs = [(product_id, variant_id or "") for product_id, variant_id in goods]
            await store.ordered(tx.conn, visitor_id, order_id, pairs)

    async def sweep(self) -> int:
        """Forget what was bought, and what nobody touched for long."""
        async with self._db.begin() as tx:
            return await store.sweep(tx.conn)

    async def _known(self, room_id: str | None) -> str | None:
        if room_id is None:
            return None
        check_key(room_id, field="room_id")
        return room_id if await self._room_exists(room_id) else None


def _check(product_id: str, variant_id: str) -> None:
    check_key(product_id, field="product_id")
    if variant_id:
        check_key(variant_id, field="variant_id")
