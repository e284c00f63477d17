"""The verbs of orders: place, cancel, expire, show."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from typing import Final
from zoneinfo import ZoneInfo

from yaohe.commerce.coupons.days import ZoneOf
from yaohe.commerce.errors import OrderNotFound, OrderRoomNotFound
from yaohe.commerce.orders import closing, store
from yaohe.commerce.orders.lines import WishLine, check_key, wished_lines
from yaohe.commerce.orders.listing import shop_orders
from yaohe.commerce.orders.model import (
    Buyer,
    Order,
    OrderFilter,
    OrderPage,
    RoomSales,
    ShopOrder,
    Wish,
    check_expected,
    cleaned_buyer,
    cleaned_note,
)
from yaohe.commerce.orders.placing import Placing
from yaohe.commerce.prices.stacking import check_together
from yaohe.identity import SHOP_ID
from yaohe.kernel.coalesce import Coalescer
from yaohe.kernel.db import Database

ORDERS_MAX: Final = 100
PAGE_MAX: Final = 200
EXPIRE_AT_ONCE: Final = 200
GRACE: Final = timedelta(seconds=30)

RoomExists = Callable[[str], Awaitable[bool]]


class Orders:
    """`deadline_s` is how long a buyer has; the sweep waits `grace` longer, because a payment made
    in the last second is still on its way. `room_exists` is asked before an order is taken,
    `time_zone` when days are filtered by."""

    def __init__(
        self,
        db: Database,
        *,
        room_exists: RoomExists,
        time_zone: ZoneOf,
        deadline_s: float,
        grace: timedelta = GRACE,
    ) -> None:
        self._db, self._grace, self._room_exists = db, grace, room_exists
        self._time_zone = time_zone
        self.placing: Coalescer[Wish, Order] = Coalescer(
            "orders",
            Placing(hold=timedelta(seconds=deadline_s)).place,
            db=db,
            key=lambda wish: min(line.product_id for line in wish.lines),
        )

    async def create(
        self,
        visitor_id: str,
        room_id: str | None,
        product_id: str | None,
        quantity: int,
        coupon_id: str | None,
        idempotency_key: str,
        buyer: Buyer | None = None,
        *,
        expected_minor: int | None = None,
        live_price_id: str | None = None,
        variant_id: str | None = None,
        note: str = "",
        lines: Sequence[WishLine] | None = None,
    ) -> Order:
        """Place an order: takes stock and holds the coupon, or says why not.

        It is of one product, or, when `product_id` is None, of `lines`. All of them are taken or
        none is; a refusal names its line.
        The same key of the same visitor answers the same order. `expected_minor` is what the
        buyer was shown, the fee for delivery included; another sum is refused. With nothing left
        to pay it is paid at once.
        `live_price_id` asks for a live price of this product in this room; what may not be taken
        off together is refused.
        """
        wish = Wish(
            visitor_id=check_key(visitor_id, field="visitor_id"),
            room_id=None if room_id is None else check_key(room_id, field="room_id"),
            lines=wished_lines(
                lines,
                product_id=product_id,
                quantity=quantity,
                variant_id=variant_id,
                live_price_id=live_price_id,
            ),
            coupon_id=None if coupon_id is None else check_key(coupon_id, field="coupon_id"),
            idempotency_key=check_key(idempotency_key, field="idempotency_key"),
            expected_minor=check_expected(expected_minor),
            buyer=cleaned_buyer(buyer),
            note=cleaned_note(note),
        )
        check_together([line.live_price_id for line in wish.lines], coupon_id=wish.coupon_id)
        if wish.room_id is not None and not await self._room_exists(wish.room_id):
            raise OrderRoomNotFound
        return await self.placing.submit(wish)

    async def cancel(self, order_id: str, visitor_id: str) -> Order:
        """Give up one's own unpaid order; stock and coupon go back."""
        async with self._db.raw(writes=True) as conn:
            return await closing.cancel(conn, order_id, visitor_id)

    async def expire(self) -> int:
        """End orders whose time is over; returns how many."""
        ended = 0
        while True:
            async with self._db.raw() as conn:
                orders = await closing.expire(conn, grace=self._grace, limit=EXPIRE_AT_ONCE)
            ended += len(orders)
            if len(orders) < EXPIRE_AT_ONCE:
                return ended

    async def order(self, order_id: str, visitor_id: str) -> Order:
        """One's own order."""
        async with self._db.connect() as conn:
            found = await store.order(conn, order_id)
        if found is None or found.visitor_id != visitor_id:
            raise OrderNotFound
        return found

    async def orders_of(self, visitor_id: str) -> list[Order]:
        async with self._db.connect() as conn:
            return await store.orders_of(conn, visitor_id, limit=ORDERS_MAX)

    async def has_bought(self, visitor_id: str, product_id: str) -> bool:
        """Whether this person paid for this product and kept it."""
        async with self._db.connect() as conn:
            return await store.has_bought(conn, visitor_id, product_id)

    async def shop_orders(self, wanted: OrderFilter, *, shop_id: str = SHOP_ID) -> OrderPage:
        """Orders for staff, newest first, a page at a time."""
        limit = max(1, min(wanted.limit, PAGE_MAX))
        found = await self.found(wanted, limit=limit + 1, shop_id=shop_id)
        more = len(found) > limit
        items = found[:limit]
        return OrderPage(items=items, next=items[-1].order.id if more else None)

    async def found(
        self, wanted: OrderFilter, *, limit: int, shop_id: str = SHOP_ID
    ) -> list[ShopOrder]:
        """As many of the orders staff want, newest first, from one moment."""
        zone = ZoneInfo(await self._time_zone())
        async with self._db.connect() as conn:
            return await shop_orders(conn, shop_id, wanted, zone, limit=limit)

    async def room_sales(self, room_id: str) -> RoomSales:
        """What a room has sold so far."""
        async with self._db.connect() as conn:
            return await store.room_sales(conn, room_id)
