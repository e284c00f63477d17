"""What happens to a paid order: staff ship it or hand it over, what is digital is delivered by
the house, the buyer (or time) says that it arrived."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from yaohe.commerce.delivery.model import cleaned_pickup_code
from yaohe.commerce.errors import ForbiddenMove, OrderNotFound, PickupDone, PickupNotFound
from yaohe.commerce.events import OrderCompleted, OrderShipped
from yaohe.commerce.orders import moves, store
from yaohe.commerce.orders.model import (
    NOTE_CHARS_MAX,
    Order,
    Shipment,
    cleaned_shipment,
)
from yaohe.identity import Staff, audit
from yaohe.kernel.db import Database, Tx
from yaohe.kernel.text import clean_text

ARRIVED_AFTER: Final = timedelta(days=15)
COMPLETE_AT_ONCE: Final = 200


class Shipping:
    def __init__(self, db: Database) -> None:
        self._db = db

    async def ship(self, order_id: str, shipment: Shipment, *, by: Staff) -> Order:
        """Send a paid order on its way. On a shipped one this corrects carrier and number."""
        given = cleaned_shipment(shipment)
        async with self._db.begin() as tx:
            return await self.ship_in(tx, await self.held(tx, order_id, by), given, by=by)

    async def ship_in(self, tx: Tx, held: Order, given: Shipment, *, by: Staff) -> Order:
        """The same within a transaction that holds the order; `given` is cleaned."""
        if held.delivery != "ship":
            raise ForbiddenMove("Only what goes to an address is shipped.")
        shipped = await store.ship(tx.conn, held.id, given)
        order = shipped or await store.correct_shipment(tx.conn, held.id, given)
        if order is None:
            raise ForbiddenMove
        if shipped is not None:
            await tx.record(
                OrderShipped(shop_id=order.shop_id, order_id=order.id, visitor_id=order.visitor_id)
            )
        detail = {"carrier": given.carrier, "tracking": given.tracking}
        await audit(tx, staff=by, action="order.ship", subject=order.id, detail=detail)
        return order

    async def hand_over(self, code: str, *, by: Staff) -> Order:
        """The buyer is here with the code of a paid order: it is theirs, once."""
        code = cleaned_pickup_code(code)
        async with self._db.begin() as tx:
            held = await store.locked_by_code(tx.conn, by.shop_id, code)
            if held is None:
                raise PickupNotFound
            if held.status == moves.after("hand_over"):
                raise PickupDone
            order = await store.hand_over(tx.conn, held.id)
            if order is None:
                raise ForbiddenMove("This order is not paid, or its money is going back.")
            await audit(tx, staff=by, action="order.hand_over", subject=order.id)
            await self._record(tx, order)
        return order

    async def deliver(self, tx: Tx, order_ids: Sequence[str]) -> None:
        """Of these paid orders, give the buyers of what is digital what they bought."""
        await self._record(tx, *await store.deliver(tx.conn, order_ids))

    async def complete(self, order_id: str, visitor_id: str) -> Order:
        """The buyer has it. Saying so twice is no error."""
        async with self._db.begin() as tx:
            order = await store.locked_order(tx.conn, order_id)
            if order is None or order.visitor_id != visitor_id:
                raise OrderNotFound
            if order.status == moves.after("complete"):
                return order
            (completed,) = await store.complete(tx.conn, [order_id]) or (None,)
            if completed is None:
                raise ForbiddenMove
            await self._record(tx, completed)
        return completed

    async def complete_old(self) -> int:
        """Orders shipped long ago have arrived; returns how many."""
        async with self._db.begin() as tx:
            due = await store.long_shipped(tx.conn, since=ARRIVED_AFTER, limit=COMPLETE_AT_ONCE)
            completed = await store.complete(tx.conn, due)
            await self._record(tx, *completed)
        return len(completed)

    async def note(self, order_id: str, text: str, *, by: Staff) -> Order:
        """Write a note for other staff; it replaces the one before."""
        text = clean_text(text, field="note", chars_max=NOTE_CHARS_MAX, empty=True, lines=True)
        async with self._db.begin() as tx:
            await self.held(tx, order_id, by)
            order = await store.set_note(tx.conn, order_id, text)
            await audit(tx, staff=by, action="order.note", subject=order_id)
        return order

    @staticmethod
    async def held(tx: Tx, order_id: str, by: Staff) -> Order:
        """An order of the shop, held until the transaction ends."""
        order = await store.locked_order(tx.conn, order_id)
        if order is None or order.shop_id != by.shop_id:
            raise OrderNotFound
        return order

    @staticmethod
    async def _record(tx: Tx, *completed: Order) -> None:
        facts = [
            OrderCompleted(shop_id=order.shop_id, order_id=order.id, visitor_id=order.visitor_id)
            for order in completed
        ]
        if facts:
            await tx.record(*facts)
