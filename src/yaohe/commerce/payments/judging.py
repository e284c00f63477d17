"""What a gateway's word does: believed once, applied in one transaction, whoever brought it.

News are noted, judged and applied in one transaction, so a twin that arrives at the same moment
waits and then finds it done. Whatever moves a payment holds its order first: pressing "pay" and the
gateway's word about it come one after the other, and never wait for each other crosswise. Recording
money and its fact `OrderPaid` is all that happens here; what follows is the flows' work and cannot
veto the money.
"""

from __future__ import annotations

from typing import TypeVar

import msgspec
import structlog

from yaohe.commerce.errors import PaymentMismatch, PaymentNotFound
from yaohe.commerce.events import OrderRefunded, PaymentLate, PaymentRefunded
from yaohe.commerce.orders import store as orders
from yaohe.commerce.orders.model import Order
from yaohe.commerce.orders.placing import paid_fact, stock_facts
from yaohe.commerce.orders.returning import put_back
from yaohe.commerce.payments import bookkeeping, refund_store, store
from yaohe.commerce.payments.model import (
    Outcome,
    Payment,
    Refund,
    effect_of,
    refund_of,
    refund_pause,
)
from yaohe.kernel.db import Database, Tx
from yaohe.kernel.ids import new_id
from yaohe.ledger import Ledger
from yaohe.platforms.payments import News, PaymentNotice

log = structlog.get_logger(__name__)


class Judge:
    """`gateway` is the name of who speaks."""

    def __init__(self, db: Database, ledger: Ledger, *, gateway: str) -> None:
        self._db, self._ledger, self._gateway = db, ledger, gateway

    async def hear(self, notice: PaymentNotice) -> Outcome:
        """Believe a notice, once; raises `PaymentMismatch` for one that cannot be."""
        news = notice.news
        async with self._db.begin() as tx:
            known = await store.note_notice(tx.conn, self._gateway, notice)
            outcome = known if known is not None else await self._judge(tx, news)
            if known is None:
                await store.set_outcome(tx.conn, self._gateway, notice.id, outcome)
        if outcome == "mismatch":
            log.error(
                "payment_mismatch",
                payment_id=news.payment_id,
                amount_minor=news.amount_minor,
                currency=news.currency,
            )
            raise PaymentMismatch
        return outcome

    async def heard(self, news: News) -> Outcome:
        """Believe what the gateway answered when it was asked; noted as if it had told it. Raises
        `PaymentMismatch` as `hear` does."""
        about = news.refund_id or news.payment_id
        told = f"asked:{news.type}:{about}:{news.amount_minor}{news.currency}"
        text = msgspec.json.encode(news).decode()
        return await self.hear(PaymentNotice(id=told, news=news, text=text))

    async def _judge(self, tx: Tx, news: News) -> Outcome:
        order_id = await store.order_id_of(tx.conn, news.payment_id, self._gateway)
        if order_id is None:
            raise PaymentNotFound
        order = await orders.locked_order(tx.conn, order_id)
        payment = await store.locked_payment(tx.conn, news.payment_id)
        assert order is not None, "a payment belongs to an order"
        assert payment is not None, "payments are never deleted"
        if news.type == "payment.paid":
            if (news.amount_minor, news.currency) != (payment.amount_minor, payment.currency):
                return await _mismatch(tx, payment, news)
            return await self._paid(tx, order, payment, news)
        refund_id, round_ = refund_of(news.refund_id or "")
        refund = await refund_store.refund(tx.conn, refund_id)
        if refund is None or refund.payment_id != payment.id:
            raise PaymentNotFound
        if (news.amount_minor, news.currency) != (refund.amount_minor, refund.currency):
            return await _mismatch(tx, payment, news)
        if news.type == "refund.closed":
            pause = refund_pause(round_)
            again = await refund_store.refund_again(tx.conn, refund.id, round_, pause)
            return "again" if again else "nothing"
        if news.type == "refund.failed":
            failed = await refund_store.fail_refund(tx.conn, refund.id, round_)
            return "failed" if failed else "nothing"
        return await self._refunded(tx, order, payment, refund.id, news)

    async def _paid(self, tx: Tx, order: Order, payment: Payment, news: News) -> Outcome:
        if not await store.capture(tx.conn, payment.id, at=news.at):
            return "nothing"  # this money was counted when earlier news told of it
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
        claimed = await refund_store.claim_back(tx.conn, payment.id, payment.amount_minor)
        assert claimed, "it only just came"
        refund = await refund_store.insert_refund(
            tx.conn, new_id("ref"), payment, reason, amount_minor=payment.amount_minor
        )
        await self._ledger.transfer(tx, bookkeeping.to_give_back(payment))
        await self._ledger.hold(tx, bookkeeping.asked(refund))
        await tx.record(_of(PaymentLate, order, refund))

    async def _refunded(
        self, tx: Tx, order: Order, payment: Payment, refund_id: str, news: News
    ) -> Outcome:
        refund = await refund_store.finish_refund(tx.conn, refund_id, at=news.at)
        if refund is None:
            return "nothing"
        whole = await store.give_back(tx.conn, payment.id)
        if refund.reason != "double":
            await orders.give_back(tx.conn, order.id, refund.amount_minor)
        if refund.reason == "late":
            await orders.move(tx.conn, order.id, "give_back")
        elif refund.reason == "shop":
            await _undo(tx, order, refund, whole=whole)
        await self._ledger.post(tx, bookkeeping.done(refund))
        await tx.record(_of(PaymentRefunded, order, refund))
        return "refunded"


Fact = TypeVar("Fact", PaymentLate, PaymentRefunded)


def _of(kind: type[Fact], order: Order, refund: Refund) -> Fact:
    """The fact about money that goes back."""
    return kind(
        shop_id=order.shop_id,
        order_id=order.id,
        visitor_id=order.visitor_id,
        room_id=order.room_id,
        payment_id=refund.payment_id,
        refund_id=refund.id,
        amount_minor=refund.amount_minor,
        currency=refund.currency,
    )


async def _mismatch(tx: Tx, payment: Payment, news: News) -> Outcome:
    problem = f"{news.type}: {news.amount_minor} {news.currency}"
    await store.set_problem(tx.conn, payment.id, problem)
    return "mismatch"


async def _undo(tx: Tx, order: Order, refund: Refund, *, whole: bool) -> None:
    """Money of an order went back. Once all of it has, the order is refunded, and what was never
    shipped goes back on the shelf."""
    if whole:
        moved = await orders.move(tx.conn, order.id, "refund")
        assert moved is not None, "a paid order stays one until all its money went back"
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
    if whole and order.shipped_at is None:
        await put_back(tx.conn, order)
        await tx.record(*stock_facts([order]))
