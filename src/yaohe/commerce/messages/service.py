"""The verbs of messages. `own_order` says whether an order is this visitor's; it is asked before
anything of a thread is shown or written."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from yaohe.commerce.errors import OrderNotFound
from yaohe.commerce.messages import store
from yaohe.commerce.messages.errors import ThreadFull, TooFast
from yaohe.commerce.messages.events import MessageWritten
from yaohe.commerce.messages.model import (
    MESSAGES_MAX,
    Message,
    Side,
    Thread,
    ThreadLine,
    Unread,
    cleaned_answers,
    cleaned_message,
)
from yaohe.commerce.orders import store as order_store
from yaohe.commerce.orders.lines import check_key
from yaohe.commerce.orders.model import Order
from yaohe.identity import SHOP_ID, Staff, audit
from yaohe.kernel.db import Database, Tx

THREADS_MAX: Final = 200
WAIT_S: Final = 6  # what is said to who writes too fast

OwnOrder = Callable[[str, str], Awaitable[Order]]


class Messages:
    def __init__(self, db: Database, *, own_order: OwnOrder) -> None:
        self._db, self._own_order = db, own_order

    async def write(self, order_id: str, visitor_id: str, text: str, key: str) -> Message:
        """The buyer writes. The same key is one message, however often it is sent."""
        body, key = cleaned_message(text), check_key(key, field="idempotency_key")
        order = await self._own_order(order_id, visitor_id)
        async with self._db.begin() as tx:
            return await self._write(tx, order, "buyer", body, key)

    async def answer(self, order_id: str, text: str, key: str, *, by: Staff) -> Message:
        """Staff write to the buyer of an order of theirs."""
        body, key = cleaned_message(text), check_key(key, field="idempotency_key")
        async with self._db.begin() as tx:
            order = await self._of_shop(tx, order_id, by.shop_id)
            written = await self._write(tx, order, "shop", body, key, by=by)
            await audit(tx, staff=by, action="order.message", subject=order_id)
        return written

    async def _write(
        self, tx: Tx, order: Order, side: Side, body: str, key: str, by: Staff | None = None
    ) -> Message:
        thread = await store.open_thread(tx.conn, order.id)
        found = await store.known(tx.conn, order.id, side, key)
        if found is not None:
            return found
        if thread.messages >= MESSAGES_MAX:
            raise ThreadFull
        if side == "buyer" and await store.wrote_much(tx.conn, order.id):
            raise TooFast(retry_after_s=WAIT_S)
        staff_id = None if by is None else by.id
        written = await store.write(tx.conn, order.id, side, body, key, staff_id)
        await store.read(tx.conn, order.id, side, written.id)  # who answers has read
        await tx.record(
            MessageWritten(
                shop_id=order.shop_id, order_id=order.id, visitor_id=order.visitor_id, side=side
            )
        )
        return written

    async def thread(self, order_id: str, visitor_id: str) -> Thread:
        """One's own thread; empty when nobody wrote yet."""
        await self._own_order(order_id, visitor_id)
        return await self._thread(order_id, "buyer")

    async def shop_thread(self, order_id: str, *, shop_id: str = SHOP_ID) -> Thread:
        async with self._db.begin() as tx:
            await self._of_shop(tx, order_id, shop_id)
        return await self._thread(order_id, "shop")

    async def _thread(self, order_id: str, side: Side) -> Thread:
        async with self._db.connect() as conn:
            return Thread(
                order_id=order_id,
                messages=await store.messages(conn, order_id),
                unread=await store.unread(conn, order_id, side),
            )

    async def read(self, order_id: str, visitor_id: str, up_to: int) -> None:
        """The buyer has seen everything up to this message."""
        await self._own_order(order_id, visitor_id)
        async with self._db.begin() as tx:
            await store.read(tx.conn, order_id, "buyer", up_to)

    async def shop_read(self, order_id: str, up_to: int, *, shop_id: str = SHOP_ID) -> None:
        """Somebody of the shop has."""
        async with self._db.begin() as tx:
            await self._of_shop(tx, order_id, shop_id)
            await store.read(tx.conn, order_id, "shop", up_to)

    async def unread_of(self, visitor_id: str) -> list[Unread]:
        async with self._db.connect() as conn:
            return await store.of_buyer(conn, visitor_id)

    async def threads(self, shop_id: str = SHOP_ID) -> list[ThreadLine]:
        """The threads of a shop, where something was said last first."""
        async with self._db.connect() as conn:
            return await store.of_shop(conn, shop_id, limit=THREADS_MAX)

    async def answers(self, shop_id: str = SHOP_ID) -> list[str]:
        """The shop's canned answers, in order."""
        async with self._db.connect() as conn:
            return await store.answers(conn, shop_id)

    async def keep_answers(self, given: Sequence[str], *, by: Staff) -> list[str]:
        """Exactly these, in this order."""
        bodies = cleaned_answers(given)
        async with self._db.begin() as tx:
            await store.keep_answers(tx.conn, by.shop_id, bodies)
            await audit(tx, staff=by, action="answers.keep", subject=by.shop_id)
        return bodies

    @staticmethod
    async def _of_shop(tx: Tx, order_id: str, shop_id: str) -> Order:
        order = await order_store.order(tx.conn, order_id)
        if order is None or order.shop_id != shop_id:
            raise OrderNotFound
        return order
