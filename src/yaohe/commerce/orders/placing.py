"""Placing orders, many at a time, in the coalescer's transaction.

First the rows everybody wants are locked: products in key order, then coupons in key order (the
order in which every statement of commerce takes them). Then one statement decides a whole batch:
stock by running sum, coupons by rank, open orders by rank. Who lost only to somebody in the same
batch is asked once more after the winners are written, so that a big order that does not fit never
keeps a small one behind it from what is left.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Any, Final

import asyncpg

from yaohe.commerce.errors import (
    CouponExpired,
    CouponNotFound,
    CouponSpent,
    CouponTooSmallOrder,
    KeyReused,
    OrderLimit,
    PriceChanged,
    ProductHidden,
    ProductNotFound,
    SoldOut,
)
from yaohe.commerce.events import OrderPaid, ProductChanged
from yaohe.commerce.orders.model import OPEN_ORDERS_MAX, Buyer, Order, Shipment, Wish
from yaohe.kernel.arrays import cut, pack
from yaohe.kernel.errors import AppError
from yaohe.kernel.ids import new_ids
from yaohe.kernel.outbox import record_raw

COLUMNS: Final = """id, shop_id, visitor_id, room_id, product_id, title, title_en, picture_key,
    quantity, unit_price_minor, discount_minor, payable_minor, paid_minor, currency, coupon_id,
    status, buyer_name, buyer_phone, buyer_address, created_at, deadline_at, paid_at, closed_at,
    carrier, tracking, shipped_at, completed_at, staff_note"""

_LOCK_PRODUCTS: Final = """
select id, shop_id, title, title_en, picture_key, price_minor, currency
from commerce.products where id = any($1::text[]) order by id for no key update
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

# Look-ups are lateral with a limit, so that they can only be index look-ups, and the batch runs
# through window functions, because the planner takes a batch for ten rows and joins it in loops.
_PLACE: Final = f"""
with item as (
    select n, id, visitor_id, key, room_id, product_id, quantity::int, coupon_id,
        expected::bigint, buyer_name, buyer_phone, buyer_address
    from unnest({cut(1)}, {cut(2)}, {cut(3)}, {cut(4)}, {cut(5)}, {cut(6)}, {cut(7)}, {cut(8)},
                {cut(9)}, {cut(10)}, {cut(11)}) with ordinality
        as t (id, visitor_id, key, room_id, product_id, quantity, coupon_id, expected,
              buyer_name, buyer_phone, buyer_address, n)
), looked as materialized (
    select i.*, p.shop_id, p.title, p.title_en, p.picture_key, p.price_minor, p.currency,
        p.stock, p.status as shown, p.price_minor * i.quantity as goods_minor,
        c.id as found_coupon_id, c.state as coupon_state, c.threshold_minor,
        c.expires_at <= now.at as coupon_over,
        c.currency = p.currency and c.shop_id = p.shop_id as coupon_fits,
        least(coalesce(c.amount_minor, 0), p.price_minor * i.quantity) as discount_minor,
        his.open_orders, now.at
    from item i
    cross join (select statement_timestamp() as at) now
    left join lateral (select * from commerce.products where id = i.product_id limit 1) p on true
    left join lateral (
        select * from commerce.coupons where id = i.coupon_id and visitor_id = i.visitor_id limit 1
    ) c on true
    cross join lateral (
        select count(*) as open_orders from commerce.orders
        where visitor_id = i.visitor_id and status = 'created'
    ) his
), judged as (
    select *, case
        when shop_id is null then 'product_not_found'
        when shown <> 'on_sale' then 'product_hidden'
        when stock < quantity then 'sold_out'
        when open_orders >= {OPEN_ORDERS_MAX} then 'order_limit'
        when coupon_id is not null then case
            when found_coupon_id is null or not coupon_fits then 'coupon_not_found'
            when coupon_state in ('locked', 'used') then 'coupon_spent'
            when coupon_state <> 'claimed' or coupon_over then 'coupon_expired'
            when goods_minor < threshold_minor then 'coupon_threshold' end
        end as first_refusal
    from looked
), priced as (
    select *, case when first_refusal is null and expected <> goods_minor - discount_minor
                   then 'price_changed' else first_refusal end as refusal
    from judged
), ranked as (
    select *,
        sum(quantity) filter (where refusal is null)
            over (partition by product_id order by n) as reach,
        count(*) filter (where refusal is null)
            over (partition by coalesce(coupon_id, id) order by n) as turn,
        open_orders + count(*) filter (where refusal is null)
            over (partition by visitor_id order by n) as standing
    from priced
), decided as materialized (
    select *, goods_minor - discount_minor as payable_minor, refusal is null
        and reach <= stock and turn = 1 and standing <= {OPEN_ORDERS_MAX} as granted
    from ranked
), taken as (
    update commerce.products p set stock = p.stock - g.quantity, sold = p.sold + g.quantity
    from (select product_id, sum(quantity)::int as quantity from decided where granted
          group by 1) g
    where p.id = g.product_id and p.stock >= g.quantity
      and p.id = any(array(select product_id from decided where granted))
), locked as (
    update commerce.coupons c
    set order_id = g.id, state = case when g.payable_minor = 0 then 'used' else 'locked' end,
        used_at = case when g.payable_minor = 0 then g.at end
    from decided g where g.granted and c.id = g.coupon_id and c.state = 'claimed'
      and c.id = any(array(select coupon_id from decided where granted))
), written as (
    insert into commerce.orders (id, shop_id, visitor_id, room_id, product_id, title, title_en,
        picture_key, quantity, unit_price_minor, discount_minor, payable_minor, currency,
        coupon_id, status, buyer_name, buyer_phone, buyer_address, idempotency_key, created_at,
        deadline_at, paid_at)
    select id, shop_id, visitor_id, room_id, product_id, title, title_en,
        picture_key, quantity, price_minor, discount_minor, payable_minor, currency,
        coupon_id, case when payable_minor = 0 then 'paid' else 'created' end,
        buyer_name, buyer_phone, buyer_address, key, at, at + $12::interval,
        case when payable_minor = 0 then at end
    from decided where granted
)
select granted, refusal,
    stock - coalesce(sum(quantity) filter (where granted) over (partition by product_id), 0)
        as left_over,
    discount_minor, at, at + $12::interval as deadline_at
from decided order by n
"""  # noqa: S608 - constant text

_REFUSALS: Final[dict[str, type[AppError]]] = {
    error.code: error
    for error in (
        ProductNotFound,
        ProductHidden,
        SoldOut,
        OrderLimit,
        CouponNotFound,
        CouponSpent,
        CouponExpired,
        CouponTooSmallOrder,
        PriceChanged,
    )
}


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
        currency=row["currency"],
        coupon_id=row["coupon_id"],
        status=row["status"],
        buyer=None
        if name is None
        else Buyer(name=name, phone=row["buyer_phone"], address=row["buyer_address"]),
        created_at=row["created_at"],
        deadline_at=row["deadline_at"],
        paid_at=row["paid_at"],
        closed_at=row["closed_at"],
        shipment=Shipment(carrier=row["carrier"], tracking=row["tracking"]),
        shipped_at=row["shipped_at"],
        completed_at=row["completed_at"],
        staff_note=row["staff_note"],
    )


def _placed(order_id: str, wish: Wish, product: asyncpg.Record, row: asyncpg.Record) -> Order:
    """The order that a granted wish has become."""
    payable_minor = product["price_minor"] * wish.quantity - row["discount_minor"]
    return Order(
        id=order_id,
        shop_id=product["shop_id"],
        visitor_id=wish.visitor_id,
        room_id=wish.room_id,
        product_id=wish.product_id,
        title=product["title"],
        title_en=product["title_en"],
        picture_key=product["picture_key"],
        quantity=wish.quantity,
        unit_price_minor=product["price_minor"],
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
            rows = await self._round(conn, ids, wishes)
            for order_id, wish, row in zip(ids, wishes, rows, strict=True):
                key = (wish.visitor_id, wish.idempotency_key)
                if row["granted"]:
                    placed.append(_placed(order_id, wish, products[wish.product_id], row))
                    answers[key] = placed[-1]
                elif row["refusal"] is not None:
                    answers[key] = _REFUSALS[row["refusal"]]
                elif row["left_over"] < wish.quantity:
                    answers[key] = SoldOut
                else:
                    waiting.append(wish)
            wishes = waiting
        paid = [paid_fact(order) for order in placed if order.status == "paid"]
        await record_raw(conn, [*paid, *stock_facts(placed)])
        return answers

    async def _round(
        self, conn: asyncpg.Connection, ids: list[str], wishes: Sequence[Wish]
    ) -> list[asyncpg.Record]:
        parameters = (
            pack(ids),
            pack([w.visitor_id for w in wishes]),
            pack([w.idempotency_key for w in wishes]),
            pack([w.room_id for w in wishes]),
            pack([w.product_id for w in wishes]),
            pack([str(w.quantity) for w in wishes]),
            pack([w.coupon_id for w in wishes]),
            pack([None if w.expected_minor is None else str(w.expected_minor) for w in wishes]),
            pack([w.buyer.name if w.buyer else None for w in wishes]),
            pack([w.buyer.phone if w.buyer else None for w in wishes]),
            pack([w.buyer.address if w.buyer else None for w in wishes]),
            self.hold,
        )
        try:
            rows: list[asyncpg.Record] = await conn.fetch(_PLACE, *parameters)
        except asyncpg.UniqueViolationError as error:
            # Another process took the same key for another product at this moment. Asked again,
            # the batch finds that order.
            raise asyncpg.SerializationError("the same key at the same moment") from error
        return rows


def _answer(
    wish: Wish,
    known: dict[tuple[str, str], Order],
    answers: dict[tuple[str, str], Order | type[AppError]],
) -> Order | AppError:
    key = (wish.visitor_id, wish.idempotency_key)
    answer = known.get(key) or answers[key]
    if isinstance(answer, type):
        return answer()  # one error for each asker
    asked = (wish.product_id, wish.quantity, wish.coupon_id)
    if asked != (answer.product_id, answer.quantity, answer.coupon_id):
        return KeyReused()
    return answer
