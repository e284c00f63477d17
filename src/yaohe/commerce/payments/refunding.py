"""Giving money back: decided once by the shop, asked of the gateway until it is done."""

from __future__ import annotations

import asyncio
import contextlib
from datetime import timedelta
from typing import Final

import structlog

from yaohe.commerce.errors import (
    ForbiddenMove,
    KeyReused,
    OrderNotFound,
    PaymentMismatch,
    RefundElsewhere,
    RefundTooMuch,
    RefundUnderWay,
)
from yaohe.commerce.orders import moves
from yaohe.commerce.orders import store as orders
from yaohe.commerce.orders.lines import QUANTITY_MAX, check_key, line_field
from yaohe.commerce.orders.model import Order
from yaohe.commerce.orders.returning import all_taken, take_pieces
from yaohe.commerce.payments import bookkeeping, refund_store, store
from yaohe.commerce.payments.judging import Judge
from yaohe.commerce.payments.model import REFUND_ASK_AGAIN_S, Refund, RefundWish, refund_pause
from yaohe.identity import Staff, audit
from yaohe.kernel.db import Database, Tx
from yaohe.kernel.errors import BadInput
from yaohe.kernel.ids import new_id
from yaohe.kernel.money import AMOUNT_MINOR_MAX
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

    async def refund(self, order_id: str, wish: RefundWish | None = None, *, by: Staff) -> Order:
        """Give money of a paid order back: some, or all that is left. Once the gateway has given
        back everything, the order is `refunded`. The same key is one refund."""
        async with self._db.begin() as tx:
            order = await orders.locked_order(tx.conn, order_id)
            if order is None or order.shop_id != by.shop_id:
                raise OrderNotFound
            await self.refund_in(tx, order, wish or RefundWish(), by)
            asked = await orders.order(tx.conn, order_id)
        assert asked is not None, "it was held"
        return asked

    async def refund_in(self, tx: Tx, order: Order, wish: RefundWish, by: Staff) -> Refund:
        """The same inside a transaction that holds the order."""
        _check(wish)
        known = await refund_store.refund_by_key(tx.conn, order.id, wish.key) if wish.key else None
        if known is not None:
            if (
                wish.amount_minor not in {None, known.amount_minor}
                or wish.pieces_text != known.pieces
            ):
                raise KeyReused
            return known
        payment = await store.captured(tx.conn, order.id)
        if order.status not in moves.before("refund") or payment is None:
            raise ForbiddenMove("There is no money of this order to give back.")
        if payment.gateway != self._gateway.name:
            raise RefundElsewhere
        left_minor = payment.amount_minor - payment.given_back_minor
        if left_minor == 0:
            raise RefundUnderWay
        amount_minor = await _amount(tx, order, wish, left_minor)
        if not await refund_store.claim_back(tx.conn, payment.id, amount_minor):
            raise RefundTooMuch
        refund = await refund_store.insert_refund(
            tx.conn,
            new_id("ref"),
            payment,
            "shop",
            amount_minor=amount_minor,
            key=wish.key,
            pieces=wish.pieces_text,
        )
        detail = {"refund_id": refund.id, "amount_minor": refund.amount_minor}
        await audit(tx, staff=by, action="order.refund", subject=order.id, detail=detail)
        await self._ledger.transfer(tx, bookkeeping.owed(refund))
        await self._ledger.hold(tx, bookkeeping.asked(refund))
        return refund

    async def ask(self) -> int:
        """Ask the gateway for the refunds that are due; returns how many were asked for."""
        async with self._db.begin() as tx:
            due = await refund_store.take_refunds(
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
                await refund_store.refund_later(tx.conn, refund, refund_pause(refund.attempts))
            return
        async with self._db.begin() as tx:
            again = timedelta(seconds=REFUND_ASK_AGAIN_S)
            await refund_store.refund_asked(tx.conn, refund, again=again)
        if news is not None:
            with contextlib.suppress(PaymentMismatch):  # noted with the payment; the shop was told
                await self._judge.heard(news)

    async def _word_on(self, refund: Refund) -> News | None:
        """What the gateway says of it: asked to do it first, then what became of it."""
        request = RefundRequest(
            refund_id=refund.number,
            payment_id=refund.payment_id,
            amount_minor=refund.amount_minor,
            paid_minor=refund.paid_minor,
            currency=refund.currency,
            notify_url=self._notify_url,
        )
        if refund.state != "due":
            return await self._gateway.ask_refund(request)
        return await self._gateway.refund(request)


async def _amount(tx: Tx, order: Order, wish: RefundWish, left_minor: int) -> int:
    """What is to go back; the pieces it is for are counted. With the last piece of what never left
    the shop all the rest goes back, its fee too."""
    if wish.pieces is None:
        return left_minor if wish.amount_minor is None else wish.amount_minor
    cost_minor = 0
    for given in wish.pieces:
        if not 0 <= given.place < len(order.lines):
            raise BadInput("This order has no such line.", field="lines")
        before = await take_pieces(tx.conn, order.id, given.place, given.quantity)
        if before is None:
            raise RefundTooMuch(
                "That is more pieces than are left of this line.", field=line_field(given.place)
            )
        cost_minor += order.lines[given.place].worth_minor(given.quantity, after=before)
    if wish.amount_minor is not None:
        return wish.amount_minor
    if order.shipped_at is None and await all_taken(tx.conn, order.id):
        return left_minor
    if cost_minor == 0:
        raise RefundTooMuch("Nothing was paid for these pieces.", field="lines")
    return cost_minor


def _check(wish: RefundWish) -> None:
    places = [given.place for given in wish.pieces or ()]
    if wish.pieces is not None and (not places or len(set(places)) < len(places)):
        raise BadInput("Name some lines, each of them once.", field="lines")
    if any(not 1 <= given.quantity <= QUANTITY_MAX for given in wish.pieces or ()):
        raise BadInput("Give back at least one piece of each line named.", field="lines")
    if wish.amount_minor is not None and wish.amount_minor < 1:
        raise BadInput("Give back at least one cent.", field="amount_minor")
    if wish.amount_minor is not None and wish.amount_minor > AMOUNT_MINOR_MAX:
        raise RefundTooMuch(field="amount_minor")
    if wish.key is not None:
        check_key(wish.key, field="idempotency_key")
