"""The verbs of payments: ask for money, believe signed notices, give back what came too late.

A notice is noted, judged and applied in one transaction, so a twin that arrives at the same moment
waits and then finds it done. Whatever moves a payment holds its order first: pressing "pay" and the
gateway's word about it come one after the other, and never wait for each other crosswise. Recording
money and its fact `OrderPaid` is all that happens here; what follows is the flows' work and cannot
veto the money.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import timedelta
from typing import Final

import msgspec
import structlog

from yaohe.commerce.errors import (
    ForbiddenMove,
    OrderNotFound,
    OrderNotPayable,
    PaymentMismatch,
    PaymentNotFound,
    RefundUnderWay,
)
from yaohe.commerce.events import OrderRefunded, PaymentLate, PaymentRefunded
from yaohe.commerce.orders import moves
from yaohe.commerce.orders import store as orders
from yaohe.commerce.orders.model import Order
from yaohe.commerce.orders.placing import paid_fact, stock_facts
from yaohe.commerce.payments import bookkeeping, store
from yaohe.commerce.payments.model import (
    REFUND_ASK_AGAIN_S,
    Outcome,
    Payment,
    PayPage,
    Refund,
    check_return_path,
    effect_of,
    refund_pause,
    return_url,
)
from yaohe.identity import Staff, audit
from yaohe.kernel.clock import Clock
from yaohe.kernel.db import Database, Tx
from yaohe.kernel.ids import new_id
from yaohe.ledger import Ledger
from yaohe.platforms import PaymentGateway, PaymentNotice, PaymentRequest, RefundRequest

REFUND_LEASE_S: Final = 60
REFUNDS_AT_ONCE: Final = 20
CALLBACK_PATH: Final = "/api/v1/payments/{gateway}/callback"

log = structlog.get_logger(__name__)


class Payments:
    """`base_url` is where people come back to, `notify_url` where the gateway reaches us."""

    def __init__(
        self,
        db: Database,
        clock: Clock,
        gateway: PaymentGateway,
        ledger: Ledger,
        *,
        base_url: str,
        notify_url: str,
    ) -> None:
        self._db, self._clock, self._gateway, self._ledger = db, clock, gateway, ledger
        self.base_url = base_url.rstrip("/")
        path = CALLBACK_PATH.format(gateway=gateway.name)
        self._notify_url = notify_url.rstrip("/") + path

    async def start(
        self, order_id: str, visitor_id: str, *, page: PayPage | None = None
    ) -> Payment:
        """The open payment of one's own order, with its cashier page; asking twice is safe."""
        page = page or PayPage()
        path = check_return_path(page.return_path)
        async with self._db.begin() as tx:
            order = await orders.locked_order(tx.conn, order_id)
            if order is None or order.visitor_id != visitor_id:
                raise OrderNotFound
            if order.status != "created":
                raise OrderNotPayable
            payment = await store.open_payment(tx.conn, new_id("pay"), order, self._gateway.name)
        if payment.cashier_url is not None:
            return payment
        # Outside of the transaction: the gateway is another house. It knows our payment id, so
        # whoever comes here again after a crash gets the same payment there.
        cashier_url = await self._gateway.create(
            PaymentRequest(
                payment_id=payment.id,
                amount_minor=payment.amount_minor,
                currency=payment.currency,
                subject=order.title_in(page.lang),
                shop_name=page.shop_name,
                return_url=return_url(page.site or self.base_url, path, order.id),
                notify_url=self._notify_url,
                expires_at=order.deadline_at,
            )
        )
        async with self._db.begin() as tx:
            await store.set_cashier(tx.conn, payment.id, cashier_url)
        return msgspec.structs.replace(payment, cashier_url=cashier_url)

    async def close(self, order_id: str) -> None:
        """Tell the gateway to take no money for an order that ended.

        Best effort: money that comes all the same is late money and goes back.
        """
        async with self._db.connect() as conn:
            payment_ids = await store.open_payments_of(conn, order_id)
        for payment_id in payment_ids:
            try:
                await self._gateway.close(payment_id)
            except Exception:
                log.warning("payment_not_closed", payment_id=payment_id, exc_info=True)

    # Notices ------------------------------------------------------------------------------

    async def take_notice(self, headers: Mapping[str, str], raw: bytes) -> Outcome:
        """Believe a signed notice, once. Answers what was made of it."""
        notice = self._gateway.open_notice(headers, raw)
        async with self._db.begin() as tx:
            known = await store.note_notice(tx.conn, self._gateway.name, notice)
            outcome = known if known is not None else await self._judge(tx, notice)
            if known is None:
                await store.set_outcome(tx.conn, self._gateway.name, notice.id, outcome)
        if outcome == "mismatch":
            log.error(
                "payment_mismatch",
                payment_id=notice.body.payment_id,
                amount_minor=notice.body.amount_minor,
                currency=notice.body.currency,
            )
            raise PaymentMismatch
        return outcome

    async def _judge(self, tx: Tx, notice: PaymentNotice) -> Outcome:
        body = notice.body
        order_id = await store.order_id_of(tx.conn, body.payment_id, self._gateway.name)
        if order_id is None:
            raise PaymentNotFound
        order = await orders.locked_order(tx.conn, order_id)
        payment = await store.locked_payment(tx.conn, body.payment_id)
        assert order is not None, "a payment belongs to an order"
        assert payment is not None, "payments are never deleted"
        if (body.amount_minor, body.currency) != (payment.amount_minor, payment.currency):
            problem = f"{body.type}: {body.amount_minor} {body.currency}"
            await store.set_problem(tx.conn, payment.id, problem)
            return "mismatch"
        if body.type == "payment.canceled":
            moved = await store.move(tx.conn, payment.id, before={"open"}, after="canceled")
            return "canceled" if moved else "nothing"
        if body.type == "refund.done":
            return await self._refunded(tx, order, payment)
        return await self._paid(tx, order, payment)

    async def _paid(self, tx: Tx, order: Order, payment: Payment) -> Outcome:
        if not await store.move(tx.conn, payment.id, before={"open", "canceled"}, after="paid"):
            return "nothing"  # this money was counted when an earlier notice told of it
        effect = effect_of(order.status)
        if effect == "pays":
            paid = await orders.move(tx.conn, order.id, "pay", paid_minor=payment.amount_minor)
            assert paid is not None, "the order was locked"
            await orders.use_coupon(tx.conn, order.id)
            await self._ledger.transfer(tx, bookkeeping.sold(payment))
            await tx.record(paid_fact(paid))
            return "paid"
        if effect == "late":
            await orders.move(tx.conn, order.id, "pay_late", paid_minor=payment.amount_minor)
        await self._give_back(tx, order, payment, reason=effect)
        return "late"

    async def _give_back(self, tx: Tx, order: Order, payment: Payment, *, reason: str) -> None:
        refund = await store.insert_refund(tx.conn, new_id("ref"), payment, reason)
        await self._ledger.transfer(tx, bookkeeping.to_give_back(payment))
        await self._ledger.hold(tx, bookkeeping.asked(refund))
        await tx.record(
            PaymentLate(
                shop_id=order.shop_id,
                order_id=order.id,
                visitor_id=order.visitor_id,
                room_id=order.room_id,
                payment_id=payment.id,
                refund_id=refund.id,
                amount_minor=payment.amount_minor,
                currency=payment.currency,
            )
        )

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

    async def _refunded(self, tx: Tx, order: Order, payment: Payment) -> Outcome:
        refund = await store.finish_refund(tx.conn, payment.id)
        if refund is None:
            return "nothing"
        await store.move(tx.conn, payment.id, before={"paid"}, after="refunded")
        if refund.reason == "late":
            await orders.move(tx.conn, order.id, "give_back")
        elif refund.reason == "shop":
            await self._undo(tx, order, refund)
        await self._ledger.post(tx, bookkeeping.done(refund))
        await tx.record(
            PaymentRefunded(
                shop_id=order.shop_id,
                order_id=order.id,
                visitor_id=order.visitor_id,
                room_id=order.room_id,
                payment_id=payment.id,
                refund_id=refund.id,
                amount_minor=refund.amount_minor,
                currency=refund.currency,
            )
        )
        return "refunded"

    @staticmethod
    async def _undo(tx: Tx, order: Order, refund: Refund) -> None:
        """The order is refunded; what was never shipped goes back on the shelf."""
        moved = await orders.move(tx.conn, order.id, "refund")
        assert moved is not None, "a paid order stays one until its refund is done"
        await tx.record(
            OrderRefunded(
                shop_id=order.shop_id,
                order_id=order.id,
                visitor_id=order.visitor_id,
                refund_id=refund.id,
                amount_minor=refund.amount_minor,
                currency=refund.currency,
            )
        )
        if order.shipped_at is None:
            await orders.put_back(tx.conn, order)
            await tx.record(*stock_facts([order]))

    # Refunds ------------------------------------------------------------------------------

    async def ask_for_refunds(self) -> int:
        """Ask the gateway for the refunds that are due; returns how many were asked for."""
        async with self._db.begin() as tx:
            due = await store.take_refunds(
                tx.conn, self._gateway.name, lease_s=REFUND_LEASE_S, limit=REFUNDS_AT_ONCE
            )
        await asyncio.gather(*[self._ask(refund) for refund in due])
        return len(due)

    async def _ask(self, refund: Refund) -> None:
        try:
            await self._gateway.refund(
                RefundRequest(
                    refund_id=refund.id,
                    payment_id=refund.payment_id,
                    amount_minor=refund.amount_minor,
                    currency=refund.currency,
                    reason=refund.reason,
                )
            )
        except Exception:
            log.warning("refund_not_taken", refund_id=refund.id, exc_info=True)
            async with self._db.begin() as tx:
                await store.refund_later(tx.conn, refund.id, refund_pause(refund.attempts))
            return
        async with self._db.begin() as tx:
            again = timedelta(seconds=REFUND_ASK_AGAIN_S)
            await store.refund_asked(tx.conn, refund.id, again=again)
