"""All SQL about credits. Runs inside the transaction of a flow step."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import RowMapping, text
from sqlalchemy.ext.asyncio import AsyncConnection

from yaohe.sharing.attribution.model import Credit, CreditModel, PaidOrder

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

_REVERSE = text(
    """
    update sharing.credits set reversed_at = now()
     where order_id = :order_id and reversed_at is null
    returning order_id
    """
)


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
    return row is not None
