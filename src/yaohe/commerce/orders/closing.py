"""Ending orders nobody paid: stock, live price and coupon go back exactly once.

The one statement that ends orders also gives back what they held, and only for orders that were
open in that very statement. The rows it touches were locked before in the order everybody keeps:
orders, products, live prices, coupons. Payments come after their order: those nobody took to the
cashier end with it, the gateway is asked about the others.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final, Literal

import asyncpg

from yaohe.commerce.errors import ForbiddenMove, OrderNotFound
from yaohe.commerce.events import OrderCanceled, OrderExpired
from yaohe.commerce.orders.model import Order
from yaohe.commerce.orders.placing import sold_lines, stock_facts
from yaohe.commerce.orders.rows import COLUMNS, order_of
from yaohe.kernel.outbox import record_raw

# While the gateway may still take money for an order, it waits for the gateway's word; but one that
# is away for long does not keep the goods: money that comes all the same goes back.
PATIENCE: Final = timedelta(seconds=120)

_DUE: Final = """
select id, coupon_id from commerce.orders o
where status = 'created' and deadline_at <= statement_timestamp() - $1::interval
  and (deadline_at <= statement_timestamp() - $1::interval - $3::interval
       or not exists (select from commerce.payments p
                       where p.order_id = o.id and p.state = 'open' and p.way is not null))
order by deadline_at limit $2 for no key update skip locked
"""

_MINE: Final = """
select id, coupon_id from commerce.orders
where id = $1 and visitor_id = $2 for no key update
"""

_LINES: Final = """
select product_id, live_price_id from commerce.order_lines where order_id = any($1::text[])
"""
_LOCK_PRODUCTS: Final = """
select 1 from commerce.products where id = any($1::text[]) order by id for no key update
"""
_LOCK_LIVE_PRICES: Final = """
select 1 from commerce.live_prices where id = any($1::text[]) order by id for no key update
"""
_LOCK_COUPONS: Final = """
select 1 from commerce.coupons where id = any($1::text[]) order by id for no key update
"""

_CLOSE: Final = f"""
with closed as (
    update commerce.orders set status = $2, closed_at = statement_timestamp()
    where id = any($1::text[]) and status = 'created'
    returning {COLUMNS}
), freed_line as materialized (
    select product_id, variant_id, live_price_id, quantity from commerce.order_lines
    where order_id = any(array(select id from closed))
), stocked as (
    update commerce.products p set stock = p.stock + c.plain, sold = p.sold - c.quantity
    from (select product_id, sum(quantity)::int as quantity,
                 coalesce(sum(quantity) filter (where variant_id is null), 0)::int as plain
          from freed_line group by 1) c
    where p.id = c.product_id and p.id = any(array(select product_id from freed_line))
), unvaried as (
    update commerce.variants v set stock = v.stock + c.quantity, sold = v.sold - c.quantity
    from (select variant_id, sum(quantity)::int as quantity from freed_line
          where variant_id is not null group by 1) c
    where v.id = c.variant_id and v.id = any(array(select variant_id from freed_line))
), unpromised as (
    update commerce.live_prices l set taken = l.taken - c.quantity
    from (select live_price_id, sum(quantity)::int as quantity from freed_line
          where live_price_id is not null group by 1) c
    where l.id = c.live_price_id and l.id = any(array(select live_price_id from freed_line))
), freed as (
    update commerce.coupons k set order_id = null,
        state = case when k.expires_at <= statement_timestamp() then 'expired' else 'claimed' end
    from closed c where k.id = c.coupon_id and k.order_id = c.id and k.state = 'locked'
      and k.id = any(array(select coupon_id from closed))
), unpaid as (
    update commerce.payments set ask_at = statement_timestamp(),
        state = case when way is null then 'canceled' else state end
    where state = 'open' and order_id = any(array(select id from closed))
)
select * from closed order by id
"""  # noqa: S608 - constant text


async def expire(conn: asyncpg.Connection, *, grace: timedelta, limit: int) -> list[Order]:
    """End orders whose deadline is over by `grace`; those somebody is paying now are skipped."""
    async with conn.transaction():
        due = await conn.fetch(_DUE, grace, limit, PATIENCE)
        return await _close(conn, due, "expired") if due else []


async def cancel(conn: asyncpg.Connection, order_id: str, visitor_id: str) -> Order:
    """End one's own open order."""
    async with conn.transaction():
        row = await conn.fetchrow(_MINE, order_id, visitor_id)
        if row is None:
            raise OrderNotFound
        closed = await _close(conn, [row], "canceled")
        if not closed:
            raise ForbiddenMove
        return closed[0]


async def _close(
    conn: asyncpg.Connection,
    rows: list[asyncpg.Record],
    status: Literal["expired", "canceled"],
) -> list[Order]:
    order_ids = [row["id"] for row in rows]
    lines = await conn.fetch(_LINES, order_ids)
    await conn.execute(_LOCK_PRODUCTS, sorted({line["product_id"] for line in lines}))
    live_price_ids = sorted({line["live_price_id"] for line in lines if line["live_price_id"]})
    if live_price_ids:
        await conn.execute(_LOCK_LIVE_PRICES, live_price_ids)
    coupon_ids = sorted({row["coupon_id"] for row in rows if row["coupon_id"] is not None})
    if coupon_ids:
        await conn.execute(_LOCK_COUPONS, coupon_ids)
    closed = await conn.fetch(_CLOSE, order_ids, status)
    orders = [order_of(row) for row in closed]
    kind = OrderExpired if status == "expired" else OrderCanceled
    ended = [
        kind(
            shop_id=order.shop_id,
            order_id=order.id,
            visitor_id=order.visitor_id,
            room_id=order.room_id,
            product_id=order.first.product_id,
            quantity=order.quantity,
            lines=sold_lines(order),
            coupon_id=order.coupon_id,
        )
        for order in orders
    ]
    await record_raw(conn, [*ended, *stock_facts(orders)])
    return orders
