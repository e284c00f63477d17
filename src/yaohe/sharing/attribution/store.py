"""All SQL about credits. Runs inside the transaction of a flow step."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import RowMapping, text
from sqlalchemy.ext.asyncio import AsyncConnection

from yaohe.sharing.attribution.model import (
    WINDOW_DAYS_MAX,
    Credit,
    CreditModel,
    PaidOrder,
    Touch,
    TouchedOrder,
)
from yaohe.sharing.merging.store import LOCK_KEY

# A link opened again is a touch again, so the last touch goes by the last time it was opened; what
# was opened only after the order is no touch of it.
_CREDIT = text(
    """
    insert into sharing.credits (
        order_id, shop_id, room_id, visitor_id, first_token, last_token, token, model,
        amount_minor, currency, at)
    select o.order_id, o.shop_id, s.room_id, o.visitor_id, f.token, l.token, s.token, :model,
           o.amount_minor, o.currency, o.at
      from unnest(cast(:orders as text[]), cast(:shops as text[]), cast(:visitors as text[]),
                  cast(:amounts as bigint[]), cast(:currencies as text[]),
                  cast(:times as timestamptz[]))
           as o (order_id, shop_id, visitor_id, amount_minor, currency, at)
     cross join lateral (
            select c.token from sharing.clicks c
             where c.visitor_id = o.visitor_id and c.shop_id = o.shop_id
               and c.sharer_id <> o.visitor_id
               and c.first_at <= o.at and c.last_at > o.at - make_interval(days => :days)
             order by c.first_at, c.token limit 1
           ) f
     cross join lateral (
            select c.token from sharing.clicks c
             where c.visitor_id = o.visitor_id and c.shop_id = o.shop_id
               and c.sharer_id <> o.visitor_id
               and c.first_at <= o.at and c.last_at > o.at - make_interval(days => :days)
             order by least(c.last_at, o.at) desc, c.first_at desc, c.token limit 1
           ) l
      join sharing.shares s on s.token = case when :model = 'first' then f.token else l.token end
     order by o.order_id
        on conflict (order_id) do nothing
    """
)

_HOLD = text("select pg_advisory_xact_lock_shared(:key)")

_NAMES = text(
    "select from_id, into_id from sharing.merges where from_id = any(cast(:ids as text[]))"
)

_READ = text(
    """
    select c.order_id, c.visitor_id, c.room_id, c.token, c.first_token, c.last_token, c.model,
           s.sharer_id, s.sharer_name, s.channel, c.amount_minor, c.currency, c.reversed_at
      from sharing.credits c join sharing.shares s on s.token = c.token
     where c.order_id = any(cast(:orders as text[]))
    """
)

_PRODUCTIVE = text(
    """
    with due as (
        select s.token, c.visitor_id
          from sharing.shares s
          join lateral (
                select c.visitor_id from sharing.credits c
                 where c.token = s.token and c.order_id = any(cast(:orders as text[]))
                 order by c.at, c.order_id limit 1
               ) c on true
         where s.productive_at is null
           and s.token in (select token from sharing.credits
                            where order_id = any(cast(:orders as text[])))
         order by s.token
           for no key update of s
    )
    update sharing.shares s
       set productive_at = now(), effective_at = coalesce(s.effective_at, now())
      from due where s.token = due.token and s.productive_at is null
    returning s.token, s.shop_id, s.room_id, s.sharer_id, due.visitor_id
    """
)

# A share of a person is of the class share; a link of staff is of the class they gave it.
# A link or a way in counts as a touch when it was first opened and when it was last opened: what
# lies between is the same person coming back the same way.
_AGAIN = "interval '30 minutes'"
_KEEP_TOUCHES = text(
    f"""
    with kept as (
        insert into sharing.paid_orders (
            order_id, shop_id, room_id, visitor_id, amount_minor, currency, at)
        select order_id, shop_id, room_id, visitor_id, amount_minor, currency, at
          from unnest(cast(:orders as text[]), cast(:shops as text[]), cast(:rooms as text[]),
                      cast(:visitors as text[]), cast(:amounts as bigint[]),
                      cast(:currencies as text[]), cast(:times as timestamptz[]))
               as o (order_id, shop_id, room_id, visitor_id, amount_minor, currency, at)
         order by order_id
            on conflict (order_id) do nothing
        returning order_id, shop_id, visitor_id, at
    )
    insert into sharing.touches (order_id, at, source, token, name)
    select distinct o.order_id, t.at, t.source, t.token, t.name
      from kept o
     cross join lateral (
            select first_at as at, coalesce(k.source, 'share') as source, c.token, '' as name
              from sharing.clicks c left join sharing.links k on k.token = c.token
             where c.visitor_id = o.visitor_id and c.shop_id = o.shop_id
               and c.sharer_id <> o.visitor_id and c.first_at <= o.at
            union all
            select least(last_at, o.at), coalesce(k.source, 'share'), c.token, ''
              from sharing.clicks c left join sharing.links k on k.token = c.token
             where c.visitor_id = o.visitor_id and c.shop_id = o.shop_id
               and c.sharer_id <> o.visitor_id and c.first_at <= o.at
               and c.last_at > c.first_at + {_AGAIN}
            union all
            select first_at, source, '', name
              from sharing.landings l
             where l.visitor_id = o.visitor_id and l.shop_id = o.shop_id and l.first_at <= o.at
            union all
            select least(last_at, o.at), source, '', name
              from sharing.landings l
             where l.visitor_id = o.visitor_id and l.shop_id = o.shop_id and l.first_at <= o.at
               and l.last_at > l.first_at + {_AGAIN}
             order by 1 desc limit 100
           ) t
     where t.at > o.at - make_interval(days => {WINDOW_DAYS_MAX})
    """  # noqa: S608
)

_TOUCHED = text(
    """
    select o.order_id, o.amount_minor - o.refunded_minor as net_minor, o.at,
           t.at as touched_at, t.source, t.token, t.name
      from sharing.paid_orders o left join sharing.touches t using (order_id)
     where o.room_id = :room_id and o.amount_minor > o.refunded_minor
     order by o.order_id, t.at, t.source, t.token, t.name
    """
)

_SHARERS = text(
    """
    select token, sharer_id, sharer_name, channel
      from sharing.shares where token = any(cast(:tokens as text[]))
    """
)

# A refund is taken off once, however often it is told, and never more than was paid.
_REFUND = text(
    """
    with fresh as (
        insert into sharing.order_refunds (refund_id, order_id, amount_minor)
        values (:refund_id, :order_id, :amount_minor) on conflict do nothing
        returning amount_minor
    ), credit as (
        update sharing.credits c
           set refunded_minor = least(c.amount_minor, c.refunded_minor + fresh.amount_minor),
               reversed_at = case when c.refunded_minor + fresh.amount_minor >= c.amount_minor
                                  then coalesce(c.reversed_at, now()) else c.reversed_at end
          from fresh where c.order_id = :order_id
    )
    update sharing.paid_orders o
       set refunded_minor = least(o.amount_minor, o.refunded_minor + fresh.amount_minor)
      from fresh where o.order_id = :order_id
    returning o.order_id
    """
)

_REVERSE_ORDER = text(
    "update sharing.paid_orders set refunded_minor = amount_minor where order_id = :order_id"
)

_REVERSE = text(
    """
    update sharing.credits set reversed_at = now()
     where order_id = :order_id and reversed_at is null
    returning order_id
    """
)


async def names_now(conn: AsyncConnection, visitor_ids: Sequence[str]) -> dict[str, str]:
    """Who these visitors have become; nobody becomes anybody before this transaction ends."""
    await conn.execute(_HOLD, {"key": LOCK_KEY})
    rows = await conn.execute(_NAMES, {"ids": list(visitor_ids)})
    return {row.from_id: row.into_id for row in rows}


async def credit(
    conn: AsyncConnection, orders: Sequence[PaidOrder], *, model: CreditModel, days: int
) -> None:
    """Pin the touches of these orders; an order that has its credit keeps it."""
    await conn.execute(
        _CREDIT,
        {
            "orders": [o.order_id for o in orders],
            "shops": [o.shop_id for o in orders],
            "visitors": [o.visitor_id for o in orders],
            "amounts": [o.amount_minor for o in orders],
            "currencies": [o.currency for o in orders],
            "times": [o.at for o in orders],
            "model": model,
            "days": days,
        },
    )


async def credits_of(conn: AsyncConnection, order_ids: Sequence[str]) -> dict[str, Credit]:
    rows = await conn.execute(_READ, {"orders": list(order_ids)})
    return {row["order_id"]: Credit(**row) for row in rows.mappings()}


async def mark_productive(conn: AsyncConnection, order_ids: Sequence[str]) -> list[RowMapping]:
    """Mark the credited shares productive; rows only for those that were not before."""
    rows = await conn.execute(_PRODUCTIVE, {"orders": list(order_ids)})
    return list(rows.mappings())


async def reverse(conn: AsyncConnection, order_id: str) -> bool:
    row = (await conn.execute(_REVERSE, {"order_id": order_id})).first()
    await conn.execute(_REVERSE_ORDER, {"order_id": order_id})
    return row is not None


async def keep_touches(conn: AsyncConnection, orders: Sequence[PaidOrder]) -> None:
    """Keep these orders with all their touches; an order that was kept stays as it was."""
    await conn.execute(
        _KEEP_TOUCHES,
        {
            "orders": [o.order_id for o in orders],
            "shops": [o.shop_id for o in orders],
            "rooms": [o.room_id for o in orders],
            "visitors": [o.visitor_id for o in orders],
            "amounts": [o.amount_minor for o in orders],
            "currencies": [o.currency for o in orders],
            "times": [o.at for o in orders],
        },
    )


async def refund(
    conn: AsyncConnection, order_id: str, *, refund_id: str, amount_minor: int
) -> bool:
    """Take a part of an order back; False when this refund was told before."""
    asked = {"order_id": order_id, "refund_id": refund_id, "amount_minor": amount_minor}
    return (await conn.execute(_REFUND, asked)).first() is not None


async def touched_orders(conn: AsyncConnection, room_id: str) -> list[TouchedOrder]:
    """The paid orders of a room that were not given back whole, with their touches in order."""
    orders: dict[str, TouchedOrder] = {}
    for row in await conn.execute(_TOUCHED, {"room_id": room_id}):
        order = orders.setdefault(
            row.order_id,
            TouchedOrder(order_id=row.order_id, net_minor=row.net_minor, at=row.at, touches=[]),
        )
        if row.touched_at is not None:
            order.touches.append(Touch(row.touched_at, row.source, row.token, row.name))
    return list(orders.values())


async def sharers(conn: AsyncConnection, tokens: Sequence[str]) -> dict[str, RowMapping]:
    """Who gave these shares, and where to, by token."""
    rows = await conn.execute(_SHARERS, {"tokens": list(tokens)})
    return {row["token"]: row for row in rows.mappings()}
