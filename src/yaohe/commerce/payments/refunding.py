"""Giving money back: decided once by the shop, asked of the gateway until it is done."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Final

import structlog

from yaohe.commerce.errors import ForbiddenMove, OrderNotFound, RefundUnderWay
from yaohe.commerce.orders import moves
from yaohe.commerce.orders import store as orders
from yaohe.commerce.orders.model import Order
from yaohe.commerce.payments import bookkeeping, store
from yaohe.commerce.payments.judging import Judge
from yaohe.commerce.payments.model import REFUND_ASK_AGAIN_S, Refund, refund_pause
from yaohe.identity import Staff, audit
from yaohe.kernel.db import Database
from yaohe.kernel.ids import new_id
from yaohe.ledger import Ledger
from yaohe.platforms.payments import News, PaymentGateway, RefundRequest

REFUND_LEASE_S: Final = 60
REFUNDS_AT_ONCE: Final = 20

log = structlog.get_logger(__name__)


class Refunds:
    """`notify_url` is where the gateway tells us of them."""

    def __init__(
        self,
        db: Database,
        gateway: PaymentGateway,
        ledger: Ledger,
        judge: Judge,
        *,
        notify_url: str,
    ) -> None:
        self._db, self._gateway, self._ledger, self._judge = db, gateway, ledger, judge
        self._notify_url = notify_url

    async def refund(self, order_id: str, *, by: Staff) -> Order:
        """Give the whole price of a paid order back; it is `refunded` once the gateway has.

        Whoever refunds holds the order, so of many only one does.
        """
        async with self._db.begin() as tx:
            order = await orders.locked_order(tx.conn, order_id)
            if order is None or order.shop_id != by.shop_id:
                raise OrderNotFound
            payment = await store.captured(tx.conn, order_id)
            if order.status not in moves.before("refund") or payment is None:
                raise ForbiddenMove("There is no money of this order to give back.")
            if await store.under_way(tx.conn, payment.id):
                raise RefundUnderWay
            refund = await store.insert_refund(tx.conn, new_id("ref"), payment, "shop")
            detail = {"refund_id": refund.id, "amount_minor": refund.amount_minor}
            await audit(tx, staff=by, action="order.refund", subject=order_id, detail=detail)
            await self._ledger.transfer(tx, bookkeeping.owed(refund))
            await self._ledger.hold(tx, bookkeeping.asked(refund))
        return order

    async def ask(self) -> int:
        """Ask the gateway for the refunds that are due; returns how many were asked for."""
        async with self._db.begin() as tx:
            due = await store.take_refunds(
                tx.conn, self._gateway.name, lease_s=REFUND_LEASE_S, limit=REFUNDS_AT_ONCE
            )
        await asyncio.gather(*[self._ask(refund) for refund in due])
        return len(due)

    async def _ask(self, refund: Refund) -> None:
        try:
            news = await self._word_on(refund)
        except Exception:
            log.warning("refund_not_taken", refund_id=refund.id, exc_info=True)
            async with self._db.begin() as tx:
                await store.refund_later(tx.conn, refund.id, refund_pause(refund.attempts))
            return
        async with self._db.begin() as tx:
            again = timedelta(seconds=REFUND_ASK_AGAIN_S)
            await store.refund_asked(tx.conn, refund.id, again=again)
        if news is not None:
            await self._judge.heard(news)

    async def _word_on(self, refund: Refund) -> News | None:
        """What the gateway says of it: asked to do it first, then what became of it."""
        if refund.state != "due":
            return await self._gateway.ask_refund(refund.id)
        return await self._gateway.refund(
            RefundRequest(
                refund_id=refund.id,
                payment_id=refund.payment_id,
                amount_minor=refund.amount_minor,
                paid_minor=refund.paid_minor,
                currency=refund.currency,
                reason=refund.reason,
                notify_url=self._notify_url,
            )
        )
