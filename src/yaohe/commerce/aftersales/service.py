"""The verbs of after-sale requests: the buyer asks, the shop answers, the money goes back.

Every verb first takes the lock of the order, as whoever ships or refunds it does, so that of two
who answer at once one comes second and finds the request moved on. The money goes through the same
door as a refund staff make themselves, in the same transaction as the move.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Final

from yaohe.commerce.aftersales import moves, store
from yaohe.commerce.aftersales.errors import (
    AftersaleLimit,
    AftersaleMove,
    AftersaleNotFound,
    AftersaleOpen,
    AftersaleOver,
)
from yaohe.commerce.aftersales.events import AftersaleMoved
from yaohe.commerce.aftersales.model import (
    REQUESTS_MAX,
    Aftersale,
    AftersalePage,
    AftersaleRule,
    AftersaleWish,
    OrderAftersales,
    cleaned_answer,
    cleaned_rule,
    cleaned_wish,
    kinds_for,
)
from yaohe.commerce.aftersales.moves import AftersaleStatus
from yaohe.commerce.errors import ForbiddenMove, KeyReused, OrderNotFound, RefundTooMuch
from yaohe.commerce.orders import store as order_store
from yaohe.commerce.orders.lines import check_key
from yaohe.commerce.orders.model import Order, Shipment, cleaned_shipment
from yaohe.commerce.orders.moves import PAID
from yaohe.commerce.payments.model import Refund, RefundWish
from yaohe.identity import SHOP_ID, Staff, audit
from yaohe.kernel.db import Database, Tx
from yaohe.kernel.errors import BadInput
from yaohe.kernel.ids import new_id

PAGE: Final = 50

RefundIn = Callable[[Tx, Order, RefundWish, Staff], Awaitable[Refund]]


class Aftersales:
    """`refund_in` gives money of an order back inside a transaction that holds the order."""

    def __init__(self, db: Database, *, refund_in: RefundIn) -> None:
        self._db, self._refund_in = db, refund_in

    async def ask(self, order_id: str, visitor_id: str, wish: AftersaleWish) -> Aftersale:
        """The buyer of a paid order asks for money back. The same key is one request."""
        wish = cleaned_wish(wish)
        check_key(wish.key, field="idempotency_key")
        async with self._db.begin() as tx:
            order = await self._own(tx, order_id, visitor_id)
            known = await store.by_key(tx.conn, order.id, wish.key)
            if known is not None:
                if (known.kind, known.amount_minor) != (wish.kind, wish.amount_minor):
                    raise KeyReused
                return known
            await self._check(tx, order, wish)
            made = await store.ask(tx.conn, new_id("aft"), order, wish)
            if made is None:
                raise AftersaleOpen
            await self._record(tx, order, made)
        return made

    async def _check(self, tx: Tx, order: Order, wish: AftersaleWish) -> None:
        if order.status not in PAID:
            raise ForbiddenMove("Only what is paid has money to give back.")
        rule = await store.rule(tx.conn, order.shop_id)
        room = await store.room(tx.conn, order.id, rule.days)
        if room.over:
            raise AftersaleOver
        if room.requests >= REQUESTS_MAX:
            raise AftersaleLimit
        if wish.kind not in kinds_for(order):
            raise BadInput("What was not sent cannot be sent back.", field="kind")
        if wish.amount_minor > room.left_minor:
            raise RefundTooMuch(field="amount_minor")

    async def withdraw(self, request_id: str, visitor_id: str) -> Aftersale:
        """The buyer does not want it any more."""
        return await self._by_buyer(request_id, visitor_id, "withdraw", {})

    async def send_back(self, request_id: str, visitor_id: str, parcel: Shipment) -> Aftersale:
        """The goods are on their way to the shop; both words may be empty when brought back."""
        given = cleaned_shipment(parcel)
        values = {"carrier": given.carrier, "tracking": given.tracking}
        return await self._by_buyer(request_id, visitor_id, "send_back", values)

    async def agree(self, request_id: str, answer: str, *, by: Staff) -> Aftersale:
        """Money goes back now; for goods the buyer reads in `answer` where they go."""
        async with self._db.begin() as tx:
            order, held = await self._of_shop(tx, request_id, by)
            said = cleaned_answer(answer, empty=held.kind == "money")
            return await self._by_staff(tx, order, held, "agree", by, said)

    async def receive(self, request_id: str, *, by: Staff) -> Aftersale:
        """The goods are back: so is the money."""
        async with self._db.begin() as tx:
            order, held = await self._of_shop(tx, request_id, by)
            return await self._by_staff(tx, order, held, "receive", by)

    async def decline(self, request_id: str, answer: str, *, by: Staff) -> Aftersale:
        """No, and why not."""
        said = cleaned_answer(answer, empty=False)
        async with self._db.begin() as tx:
            order, held = await self._of_shop(tx, request_id, by)
            return await self._by_staff(tx, order, held, "decline", by, said)

    async def settle(self, tx: Tx, order_id: str, refund_id: str) -> None:
        """A refund of this order was done: the request it was made for has ended; and when all
        the money is back, so has one that still waits for an answer."""
        order = await order_store.locked_order(tx.conn, order_id)
        if order is None:
            return
        made_for = await store.of_refund(tx.conn, refund_id)
        if made_for is not None and moves.find("give_back", made_for.status, made_for.kind):
            await self._move(tx, order, made_for, "give_back", {})
        if order.status != "refunded":
            return
        for held in await store.of_order(tx.conn, order_id):
            if moves.find("overtake", held.status, held.kind):
                await self._move(tx, order, held, "overtake", {})

    async def of_order(self, order_id: str, visitor_id: str) -> OrderAftersales:
        """The requests of one's own order, and what may be asked for now."""
        async with self._db.connect() as conn:
            order = await order_store.order(conn, order_id)
            if order is None or order.visitor_id != visitor_id:
                raise OrderNotFound
            rule = await store.rule(conn, order.shop_id)
            room = await store.room(conn, order_id, rule.days)
            items = await store.of_order(conn, order_id)
        may = (
            order.status in PAID
            and room.left_minor > 0
            and not room.over
            and room.requests < REQUESTS_MAX
            and not any(one.status in moves.OPEN for one in items)
        )
        return OrderAftersales(
            items=items,
            kinds=kinds_for(order) if may else [],
            left_minor=room.left_minor,
            currency=order.currency,
            days=rule.days,
            until=room.until,
        )

    async def page(
        self,
        shop_id: str = SHOP_ID,
        *,
        statuses: tuple[AftersaleStatus, ...] = (),
        order_id: str | None = None,
        before: str | None = None,
    ) -> AftersalePage:
        """Requests of a shop, newest first."""
        before = None if before is None else check_key(before, field="before")
        order_id = None if order_id is None else check_key(order_id, field="order_id")
        async with self._db.connect() as conn:
            found = await store.of_shop(
                conn, shop_id, statuses=statuses, order_id=order_id, before=before, limit=PAGE + 1
            )
            waiting = await store.count_open(conn, shop_id)
        items = found[:PAGE]
        more = len(found) > PAGE
        return AftersalePage(items=items, next=items[-1].request.id if more else None, open=waiting)

    async def rule(self, shop_id: str = SHOP_ID) -> AftersaleRule:
        async with self._db.connect() as conn:
            return await store.rule(conn, shop_id)

    async def set_rule(self, given: AftersaleRule, *, by: Staff) -> AftersaleRule:
        """Another number of days from now on, also for orders that were made before."""
        rule = cleaned_rule(given)
        async with self._db.begin() as tx:
            await store.set_rule(tx.conn, by.shop_id, rule)
            await audit(
                tx, staff=by, action="aftersale.rule", subject=by.shop_id,
                detail={"days": rule.days},
            )  # fmt: skip
        return rule

    @staticmethod
    async def _own(tx: Tx, order_id: str, visitor_id: str) -> Order:
        order = await order_store.locked_order(tx.conn, order_id)
        if order is None or order.visitor_id != visitor_id:
            raise OrderNotFound
        return order

    @staticmethod
    async def _held(tx: Tx, request_id: str) -> tuple[Order, Aftersale]:
        """A request and its order, locked; read again, because it may have moved on meanwhile."""
        check_key(request_id, field="request_id")
        found = await store.request(tx.conn, request_id)
        if found is None:
            raise AftersaleNotFound
        order = await order_store.locked_order(tx.conn, found.order_id)
        held = await store.request(tx.conn, request_id)
        if order is None or held is None:
            raise AftersaleNotFound
        return order, held

    async def _of_shop(self, tx: Tx, request_id: str, by: Staff) -> tuple[Order, Aftersale]:
        order, held = await self._held(tx, request_id)
        if order.shop_id != by.shop_id:
            raise AftersaleNotFound
        return order, held

    async def _by_buyer(
        self, request_id: str, visitor_id: str, step: moves.Step, values: Mapping[str, object]
    ) -> Aftersale:
        async with self._db.begin() as tx:
            order, held = await self._held(tx, request_id)
            if order.visitor_id != visitor_id:
                raise AftersaleNotFound
            return await self._move(tx, order, held, step, values)

    async def _by_staff(
        self, tx: Tx, order: Order, held: Aftersale, step: moves.Step, by: Staff, answer: str = ""
    ) -> Aftersale:
        values: dict[str, object] = {"answer": answer} if answer else {}
        move = moves.find(step, held.status, held.kind)
        if move is not None and move.after == "refunding":
            wish = RefundWish(amount_minor=held.amount_minor, key=f"aftersale:{held.id}")
            refund = await self._refund_in(tx, order, wish, by)
            values["refund_id"] = refund.id
        moved = await self._move(tx, order, held, step, values)
        detail = {"order_id": order.id, "amount_minor": held.amount_minor}
        await audit(tx, staff=by, action=f"aftersale.{step}", subject=held.id, detail=detail)
        return moved

    async def _move(
        self, tx: Tx, order: Order, held: Aftersale, step: moves.Step,
        values: Mapping[str, object],
    ) -> Aftersale:  # fmt: skip
        move = moves.find(step, held.status, held.kind)
        moved = move and await store.move(tx.conn, held.id, move, values)
        if not moved:
            raise AftersaleMove
        await self._record(tx, order, moved)
        return moved

    @staticmethod
    async def _record(tx: Tx, order: Order, moved: Aftersale) -> None:
        await tx.record(
            AftersaleMoved(
                shop_id=order.shop_id,
                aftersale_id=moved.id,
                order_id=order.id,
                visitor_id=order.visitor_id,
                kind=moved.kind,
                reason=moved.reason,
                status=moved.status,
                amount_minor=moved.amount_minor,
                currency=moved.currency,
            )
        )
