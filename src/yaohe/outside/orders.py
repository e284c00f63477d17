"""Orders taken elsewhere: told by a server, credited to shares, reversed when they go back."""

from __future__ import annotations

from typing import Final

from yaohe.identity import Visitor
from yaohe.identity.keys import App
from yaohe.kernel.db import Database, Tx
from yaohe.kernel.ids import new_id
from yaohe.outside import store
from yaohe.outside.errors import OrderDiffers, OutsideOrderNotFound
from yaohe.outside.events import OutsideOrderPaid, OutsideOrderRefunded
from yaohe.outside.model import OutsideOrder, OutsideRoom, clean_amount, clean_ref
from yaohe.sharing import Sharing
from yaohe.sharing.attribution import Credit, PaidOrder

ORDER_PREFIX: Final = "oord"


class OutsideOrders:
    def __init__(self, db: Database, sharing: Sharing) -> None:
        self._db, self._sharing = db, sharing

    async def tell(
        self,
        app: App,
        ref: str,
        *,
        visitor: Visitor,
        room: OutsideRoom | None,
        amount_minor: int,
        currency: str,
    ) -> tuple[OutsideOrder, Credit | None]:
        """Keep a paid order and credit its share, in one transaction. Told again it is the same;
        told differently it is refused."""
        values = {
            "id": new_id(ORDER_PREFIX),
            "book": app.book,
            "ref": clean_ref(ref),
            "room_id": "" if room is None else room.id,
            "visitor_id": visitor.id,
            "amount_minor": amount_minor,
            "currency": clean_amount(amount_minor, currency),
        }
        async with self._db.begin() as tx:
            order = await store.add_order(tx.conn, values)
            if order is not None:
                return order, await self._credit(tx, order)
            told = await store.order(tx.conn, app.book, ref)
        assert told is not None, "an order that was in the way is there"
        if not told.is_as_told(values):
            raise OrderDiffers(field="ref")
        return told, (await self._sharing.credits_of([told.id])).get(told.id)

    async def _credit(self, tx: Tx, order: OutsideOrder) -> Credit | None:
        paid = PaidOrder(
            order_id=order.id,
            shop_id=order.book,
            visitor_id=order.visitor_id,
            amount_minor=order.amount_minor,
            currency=order.currency,
            at=order.at,
        )
        credit = (await self._sharing.credit_orders(tx, [paid])).get(order.id)
        await tx.record(
            OutsideOrderPaid(
                shop_id=order.book,
                order_id=order.id,
                ref=order.ref,
                amount_minor=order.amount_minor,
                currency=order.currency,
                visitor_id=order.visitor_id,
                room_id=order.room_id,
                token="" if credit is None else credit.token,
                sharer_id="" if credit is None else credit.sharer_id,
            )
        )
        return credit

    async def refund(self, app: App, ref: str) -> OutsideOrder:
        """The order went back as a whole; told again, nothing more happens."""
        async with self._db.begin() as tx:
            order = await store.refund(tx.conn, app.book, clean_ref(ref))
            if order is not None:
                await self._sharing.reverse_credit(tx, order.id)
                await tx.record(
                    OutsideOrderRefunded(
                        shop_id=order.book,
                        order_id=order.id,
                        ref=order.ref,
                        amount_minor=order.amount_minor,
                        currency=order.currency,
                    )
                )
                return order
            told = await store.order(tx.conn, app.book, ref)
        if told is None:
            raise OutsideOrderNotFound
        return told
