"""The verbs of payments: ask for money, lead the buyer to the cashier, believe signed notices, and
let nothing be paid that has ended: the gateway is asked before an order is given up."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import timedelta
from typing import Final

import structlog

from yaohe.commerce.errors import (
    OrderNotFound,
    OrderNotPayable,
    PaymentMismatch,
    PaymentNotFound,
)
from yaohe.commerce.orders import store as orders
from yaohe.commerce.payments import store
from yaohe.commerce.payments.judging import Judge
from yaohe.commerce.payments.model import (
    SETTLE_AGAIN_S,
    SETTLE_PROBLEM_AGAIN_S,
    Arrival,
    Entrance,
    Outcome,
    Payment,
    check_return_path,
    return_url,
)
from yaohe.commerce.payments.refunding import Refunds
from yaohe.kernel.db import Database
from yaohe.kernel.errors import TryAgain
from yaohe.kernel.ids import new_id
from yaohe.ledger import Ledger
from yaohe.platforms.outgoing import PlatformRefused
from yaohe.platforms.payments import (
    GatewayUnknown,
    PaymentGateway,
    PaymentRequest,
    PaymentStanding,
    Way,
)

CALLBACK_PATH: Final = "/api/v1/payments/{gateway}/callback"
SETTLE_AT_ONCE: Final = 50

log = structlog.get_logger(__name__)


class Payments:
    """`base_url` is where people come back to, `notify_url` where the gateway reaches us."""

    def __init__(
        self,
        db: Database,
        gateway: PaymentGateway,
        ledger: Ledger,
        *,
        base_url: str,
        notify_url: str,
    ) -> None:
        self._db, self._gateway = db, gateway
        self.base_url = base_url.rstrip("/")
        path = CALLBACK_PATH.format(gateway=gateway.name)
        self._notify_url = notify_url.rstrip("/") + path
        self._judge = Judge(db, ledger, gateway=gateway.name)
        refunds = Refunds(db, gateway, ledger, self._judge, notify_url=self._notify_url)
        self.refund, self.refund_in = refunds.refund, refunds.refund_in
        self.ask_for_refunds = refunds.ask

    @property
    def ways(self) -> frozenset[Way]:
        return self._gateway.ways

    @property
    def ways_in_app(self) -> frozenset[Way]:
        return self._gateway.ways_in_app

    async def start(self, order_id: str, visitor_id: str) -> Payment:
        """The open payment of one's own order; asking twice is safe, and no gateway is asked."""
        async with self._db.begin() as tx:
            order = await orders.locked_order(tx.conn, order_id)
            if order is None or order.visitor_id != visitor_id:
                raise OrderNotFound
            if order.status != "created":
                raise OrderNotPayable
            return await store.open_payment(tx.conn, new_id("pay"), order, self._gateway.name)

    async def of(self, payment_id: str, visitor_id: str) -> Payment:
        """One's own payment, whatever became of it."""
        async with self._db.connect() as conn:
            payment = await store.payment(conn, payment_id)
            order = None if payment is None else await orders.order(conn, payment.order_id)
        if payment is None or order is None or order.visitor_id != visitor_id:
            raise PaymentNotFound
        return payment

    async def enter(self, payment_id: str, visitor_id: str, arrival: Arrival) -> Entrance:
        """Lead a buyer to the cashier. A payment that was begun by another way ends, and a new one
        takes its place: gateways know an order by one way only."""
        path = check_return_path(arrival.return_path)
        order_id = (await self.of(payment_id, visitor_id)).order_id
        payment = await self._begun(order_id, visitor_id, arrival)
        back = return_url(arrival.site or self.base_url, path, order_id)
        async with self._db.connect() as conn:
            order = await orders.order(conn, order_id)
        assert order is not None, "a payment belongs to an order"
        try:
            # Outside of a transaction: the gateway is another house. It knows our payment id, so
            # whoever comes here again after a crash gets the same payment there.
            text = await self._gateway.create(
                PaymentRequest(
                    payment_id=payment.id,
                    amount_minor=payment.amount_minor,
                    currency=payment.currency,
                    subject=payment.subject or order.title,
                    shop_name=arrival.shop_name,
                    site=arrival.site or self.base_url,
                    return_url=back,
                    notify_url=self._notify_url,
                    expires_at=order.deadline_at,
                    way=arrival.way,
                    payer_address=arrival.payer_address,
                    payer_id=arrival.payer_id,
                )
            )
        except PlatformRefused as refusal:
            # It was paid, or ended, without our knowing: then there is no way in, but news.
            if await self._found_ended(payment.id):
                raise OrderNotPayable from None
            log.warning("payment_refused", payment_id=payment.id, reason=refusal.reason)
            raise
        return Entrance(payment=payment, way=arrival.way, text=text, return_url=back)

    async def _begun(self, order_id: str, visitor_id: str, arrival: Arrival) -> Payment:
        payment = await self.start(order_id, visitor_id)
        if payment.way not in {None, arrival.way}:
            if not await self.settle(payment.id):
                raise TryAgain
            payment = await self.start(order_id, visitor_id)
        async with self._db.begin() as tx:
            order = await orders.locked_order(tx.conn, order_id)
            assert order is not None, "it was there"
            begun = await store.begin(
                tx.conn, payment.id, arrival.way, subject=order.title_in(arrival.lang)
            )
        if begun is None or begun.way != arrival.way:
            raise TryAgain  # somebody else began it otherwise at this very moment
        return begun

    # The end of payments --------------------------------------------------------------------

    async def settle(self, payment_id: str) -> bool:
        """Let nobody pay this any more, unless somebody did; whether it has ended either way.

        The gateway is asked first, so money that came and was not told of is found here. Raises
        `PaymentMismatch` where another sum came than was asked for.
        """
        standing = await self._gateway.ask(payment_id)
        if standing.state == "open":
            standing = await self._closed(payment_id)
        if standing.state == "open":
            return False
        await self._end_as(payment_id, standing)
        return True

    async def _found_ended(self, payment_id: str) -> bool:
        """Whether it has ended at the gateway. One the gateway never took in has not: its no was
        about something else."""
        standing = await self._gateway.ask(payment_id)
        if standing.state not in {"paid", "closed"}:
            return False
        await self._end_as(payment_id, standing)
        return True

    async def _end_as(self, payment_id: str, standing: PaymentStanding) -> None:
        if standing.news is not None:
            await self._judge.heard(standing.news)
            return
        async with self._db.begin() as tx:
            await store.cancel(tx.conn, payment_id)

    async def _closed(self, payment_id: str) -> PaymentStanding:
        try:
            await self._gateway.close(payment_id)
        except PlatformRefused:
            return await self._gateway.ask(payment_id)  # paid, or closed, in this very moment
        return PaymentStanding(state="closed")

    async def settle_ended(self, *, grace: timedelta) -> int:
        """End the payments of orders that have ended or whose time is over; returns how many."""
        async with self._db.begin() as tx:
            await store.mark_overdue(tx.conn, grace=grace, limit=SETTLE_AT_ONCE)
            due = await store.take_ending(
                tx.conn,
                self._gateway.name,
                again_s=SETTLE_AGAIN_S,
                problem_again_s=SETTLE_PROBLEM_AGAIN_S,
                limit=SETTLE_AT_ONCE,
            )
        return sum(await asyncio.gather(*[self._end(payment_id) for payment_id in due]))

    async def close(self, order_id: str) -> None:
        """Take no money for an order that ended; what cannot be said now is said by the sweep.

        Money that comes all the same is late money and goes back.
        """
        async with self._db.connect() as conn:
            payment_ids = await store.open_payments_of(conn, order_id)
        await asyncio.gather(*[self._end(payment_id) for payment_id in payment_ids])

    async def warnings(self) -> dict[str, str]:
        """What gateways of before have open: only a shop that names them again can end it."""
        async with self._db.connect() as conn:
            left = await store.unfinished_elsewhere(conn, self._gateway.name)
        return {
            f"payments.{gateway}": f"{payments} open payments, {refunds} unfinished refunds"
            for gateway, (payments, refunds) in left.items()
        }

    async def _end(self, payment_id: str) -> bool:
        try:
            return await self.settle(payment_id)
        except PaymentMismatch:
            return False  # the shop has been told
        except Exception:
            log.warning("payment_not_ended", payment_id=payment_id, exc_info=True)
            return False

    # Notices --------------------------------------------------------------------------------

    async def take_notice(self, gateway: str, headers: Mapping[str, str], raw: bytes) -> Outcome:
        """Believe a signed notice, once. Answers what was made of it; "nothing" also of one that
        is no news of money."""
        if gateway != self._gateway.name:
            raise GatewayUnknown
        notice = await self._gateway.open_notice(headers, raw)
        return "nothing" if notice is None else await self._judge.hear(notice)

    def thanks(self, gateway: str) -> str:
        """The word this gateway wants to hear once a notice of it was taken in."""
        return self._gateway.thanks if gateway == self._gateway.name else ""
