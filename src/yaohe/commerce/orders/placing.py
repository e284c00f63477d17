"""Placing orders, many at a time, in the coalescer's transaction.

First the rows everybody wants are locked, each kind in key order (the order in which every
statement of commerce takes them: products, which stand for their variants, then live prices, then
coupons). Then one statement (`deciding`) decides a whole batch. Who lost only to somebody in the
same batch is asked once more after the winners are written, so that a big order that does not fit
never keeps a small one behind it from what is left.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Any, Final

import asyncpg

from yaohe.commerce.errors import KeyReused, SoldOut
from yaohe.commerce.events import OrderPaid, ProductChanged
from yaohe.commerce.orders.deciding import REFUSALS, decide
from yaohe.commerce.orders.model import Buyer, Order, Shipment, Wish
from yaohe.kernel.arrays import cut, pack
from yaohe.kernel.errors import AppError
from yaohe.kernel.ids import new_ids
from yaohe.kernel.outbox import record_raw

COLUMNS: Final = """id, shop_id, visitor_id, room_id, product_id, title, title_en, picture_key,
    quantity, unit_price_minor, discount_minor, payable_minor, paid_minor, currency, coupon_id,
    status, buyer_name, buyer_phone, buyer_address, created_at, deadline_at, paid_at, closed_at,
    carrier, tracking, shipped_at, completed_at, staff_note, live_price_id,
    variant_id, refunded_minor, delivery, fee_minor, buyer_note, pickup_place, pickup_place_en,
    pickup_code, digital_text"""

_LOCK_PRODUCTS: Final = """
select id, shop_id, picture_key, currency
from commerce.products where id = any($1::text[]) order by id for no key update
"""
_LOCK_LIVE_PRICES: Final = """
select 1 from commerce.live_prices where id = any($1::text[]) order by id for no key update
"""
_LOCK_COUPONS: Final = """
select 1 from commerce.coupons where id = any($1::text[]) order by id for no key update
"""

_EXISTING: Final = f"""
select o.* from unnest({cut(1)}, {cut(2)}) as t (visitor_id, key)
cross join lateral (
    select {COLUMNS}, idempotency_key from commerce.orders o
    where o.visitor_id = t.visitor_id and o.idempotency_key = t.key limit 1
) o
"""  # noqa: S608 - constant text


def order_of(row: Mapping[Any, Any]) -> Order:
    """The order in a row that holds `COLUMNS`."""
    name = row["buyer_name"]
    return Order(
        id=row["id"],
        shop_id=row["shop_id"],
        visitor_id=row["visitor_id"],
        room_id=row["room_id"],
        product_id=row["product_id"],
        title=row["title"],
        title_en=row["title_en"],
        picture_key=row["picture_key"],
        quantity=row["quantity"],
        unit_price_minor=row["unit_price_minor"],
        discount_minor=row["discount_minor"],
        payable_minor=row["payable_minor"],
        paid_minor=row["paid_minor"],
        refunded_minor=row["refunded_minor"],
        currency=row["currency"],
        coupon_id=row["coupon_id"],
        status=row["status"],
        buyer=None
        if name is None
        else Buyer(name=name, phone=row["buyer_phone"], address=row["buyer_address"] or ""),
        created_at=row["created_at"],
        deadline_at=row["deadline_at"],
        paid_at=row["paid_at"],
        closed_at=row["closed_at"],
        shipment=Shipment(carrier=row["carrier"], tracking=row["tracking"]),
        shipped_at=row["shipped_at"],
        completed_at=row["completed_at"],
        staff_note=row["staff_note"],
        live_price_id=row["live_price_id"],
        variant_id=row["variant_id"],
        delivery=row["delivery"],
        fee_minor=row["fee_minor"],
        buyer_note=row["buyer_note"],
        pickup_place=row["pickup_place"],
        pickup_place_en=row["pickup_place_en"],
        pickup_code=row["pickup_code"],
        digital_text=row["digital_text"],
    )


def _placed(order_id: str, wish: Wish, product: asyncpg.Record, row: asyncpg.Record) -> Order:
    """The order that a granted wish has become."""
    payable_minor = row["payable_minor"]
    return Order(
        id=order_id,
        shop_id=product["shop_id"],
        visitor_id=wish.visitor_id,
        room_id=wish.room_id,
        product_id=wish.product_id,
        title=row["title"],
        title_en=row["title_en"],
        picture_key=product["picture_key"],
        quantity=wish.quantity,
        unit_price_minor=row["unit_minor"],
        discount_minor=row["discount_minor"],
        payable_minor=payable_minor,
        paid_minor=0,
        currency=product["currency"],
        coupon_id=wish.coupon_id,
        status="created" if payable_minor else "paid",
        buyer=wish.buyer,
        created_at=row["at"],
        deadline_at=row["deadline_at"],
        paid_at=None if payable_minor else row["at"],
        closed_at=None,
        live_price_id=wish.live_price_id,
        variant_id=wish.variant_id,
        delivery=row["delivery"],
        fee_minor=row["fee_minor"],
        buyer_note=wish.note,
        pickup_place=row["place"],
        pickup_place_en=row["place_en"],
        pickup_code=row["pickup_code"],
    )


def paid_fact(order: Order) -> OrderPaid:
    return OrderPaid(
        shop_id=order.shop_id,
        order_id=order.id,
        visitor_id=order.visitor_id,
        room_id=order.room_id,
        product_id=order.product_id,
        quantity=order.quantity,
        paid_minor=order.paid_minor,
        currency=order.currency,
        coupon_id=order.coupon_id,
    )


def stock_facts(orders: Iterable[Order]) -> list[ProductChanged]:
    """One for each product whose stock these orders took or gave back, however many they are."""
    shops = {order.product_id: order.shop_id for order in orders}
    return [
        ProductChanged(shop_id=shop_id, product_id=product_id)
        for product_id, shop_id in sorted(shops.items())
    ]


class Placing:
    """The coalescer's `run`, with how long an order is held."""

    def __init__(self, *, hold: timedelta) -> None:
        self.hold = hold

    async def place(self, conn: asyncpg.Connection, wishes: list[Wish]) -> list[Order | AppError]:
        """One answer per wish, in order."""
        found = await conn.fetch(_LOCK_PRODUCTS, sorted({w.product_id for w in wishes}))
        products = {row["id"]: row for row in found}
        live_price_ids = sorted({w.live_price_id for w in wishes if w.live_price_id is not None})
        if live_price_ids:
            await conn.execute(_LOCK_LIVE_PRICES, live_price_ids)
        coupon_ids = sorted({w.coupon_id for w in wishes if w.coupon_id is not None})
        if coupon_ids:
            await conn.execute(_LOCK_COUPONS, coupon_ids)
        known = await self._existing(conn, wishes)
        # The same key twice in a batch is one order with two askers.
        first: dict[tuple[str, str], Wish] = {}
        for wish in wishes:
            first.setdefault((wish.visitor_id, wish.idempotency_key), wish)
        fresh = [wish for key, wish in first.items() if key not in known]
        answers = await self._decide(conn, fresh, products)
        return [_answer(wish, known, answers) for wish in wishes]

    @staticmethod
    async def _existing(
        conn: asyncpg.Connection, wishes: Sequence[Wish]
    ) -> dict[tuple[str, str], Order]:
        rows = await conn.fetch(
            _EXISTING,
            pack([w.visitor_id for w in wishes]),
            pack([w.idempotency_key for w in wishes]),
        )
        return {(row["visitor_id"], row["idempotency_key"]): order_of(row) for row in rows}

    async def _decide(
        self, conn: asyncpg.Connection, wishes: list[Wish], products: Mapping[str, asyncpg.Record]
    ) -> dict[tuple[str, str], Order | type[AppError]]:
        answers: dict[tuple[str, str], Order | type[AppError]] = {}
        placed: list[Order] = []
        # Each round settles at least the first of those still waiting.
        while wishes:
            waiting: list[Wish] = []
            ids = new_ids("ord", len(wishes))
            rows = await decide(conn, ids, wishes, self.hold)
            for order_id, wish, row in zip(ids, wishes, rows, strict=True):
                key = (wish.visitor_id, wish.idempotency_key)
                if row["granted"]:
                    placed.append(_placed(order_id, wish, products[wish.product_id], row))
                    answers[key] = placed[-1]
                elif row["refusal"] is not None:
                    answers[key] = REFUSALS[row["refusal"]]
                elif row["left_over"] < wish.quantity:
                    answers[key] = SoldOut
                else:
                    waiting.append(wish)
            wishes = waiting
        paid = [paid_fact(order) for order in placed if order.status == "paid"]
        await record_raw(conn, [*paid, *stock_facts(placed)])
        return answers


def _answer(
    wish: Wish,
    known: dict[tuple[str, str], Order],
    answers: dict[tuple[str, str], Order | type[AppError]],
) -> Order | AppError:
    key = (wish.visitor_id, wish.idempotency_key)
    answer = known.get(key) or answers[key]
    if isinstance(answer, type):
        return answer()  # one error for each asker
    names = ("product_id", "variant_id", "quantity", "coupon_id", "live_price_id")
    same = all(getattr(wish, name) == getattr(answer, name) for name in names)
    # An address that was corrected between two presses must not end in a parcel to the old one.
    if not same or (wish.buyer, wish.note) != (answer.buyer, answer.buyer_note):
        return KeyReused()
    return answer
