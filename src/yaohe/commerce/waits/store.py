"""All SQL about waits.

Who decides whom to tell about a product holds a lock in its name, so that two who decide at once do
not both give out the same pieces.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from yaohe.commerce.waits.events import BackInStock
from yaohe.commerce.waits.model import KEPT, TOLD_PER_PIECE, TURN, WAITS_MAX, Wait, Waiting


class Goods(msgspec.Struct, frozen=True):
    """What somebody would wait for: whether it can be bought, and what is left of it."""

    on_sale: bool
    variant_found: bool
    stock: int


_STOCK: Final = """
    case when {variant} <> '' then coalesce((
             select v.stock from commerce.variants v
             where v.id = {variant} and v.product_id = p.id and v.shown), 0)
         else coalesce((
             select sum(v.stock)::int from commerce.variants v
             where v.product_id = p.id and v.shown), p.stock)
    end
"""

_LOOK = text(
    f"""
    select p.status = 'on_sale' as on_sale, :variant_id = '' or exists (
        select from commerce.variants v
        where v.id = :variant_id and v.product_id = p.id and v.shown) as variant_found,
        {_STOCK.format(variant="cast(:variant_id as text)")} as stock
    from commerce.products p where p.id = :product_id
    """  # noqa: S608 - constant text
)

# One statement: whether there is room for one more is decided where it is written. Who was told
# before and asks again stands at the end.
_ASK = text(
    f"""
    insert into commerce.waits (visitor_id, product_id, variant_id, shop_id, room_id, asked_at)
    select cast(:visitor_id as text), p.id, cast(:variant_id as text), p.shop_id,
           cast(:room_id as text), now()
      from commerce.products p
     where p.id = :product_id
       and (select count(*) from commerce.waits w
             where w.visitor_id = :visitor_id and w.seen_at is null) < {WAITS_MAX}
    on conflict (visitor_id, product_id, variant_id) do update
       set place = excluded.place, asked_at = excluded.asked_at, room_id = excluded.room_id,
           told_at = null, seen_at = null
     where waits.told_at is not null
    returning 1
    """  # noqa: S608 - constant text
)

_WAITS = text(
    """
    select exists (select from commerce.waits
     where (visitor_id, product_id, variant_id) = (:visitor_id, :product_id, :variant_id)
       and told_at is null) as waits
    """
)

_LEAVE = text(
    """
    delete from commerce.waits
     where (visitor_id, product_id, variant_id) = (:visitor_id, :product_id, :variant_id)
    """
)

_SEEN = text(
    """
    update commerce.waits set seen_at = now()
     where visitor_id = :visitor_id and product_id = :product_id
       and told_at is not null and seen_at is null
    """
)

_MINE = text(
    f"""
    select w.product_id, w.variant_id, w.room_id, p.title, p.title_en, p.picture_key,
           coalesce(v.title, '') as variant_title, coalesce(v.title_en, '') as variant_title_en,
           {_STOCK.format(variant="w.variant_id")} as stock, w.asked_at, w.told_at
      from commerce.waits w
      join commerce.products p on p.id = w.product_id
      left join commerce.variants v on v.id = w.variant_id
     where w.visitor_id = :visitor_id and w.seen_at is null and p.status = 'on_sale'
     order by w.place
    """  # noqa: S608 - constant text
)

_COUNTS = text(
    """
    select product_id, variant_id, count(*) as waiting from commerce.waits
     where shop_id = :shop_id and told_at is null group by 1, 2 order by 3 desc, 1, 2
    """
)

_WANTED = text(
    """
    select distinct product_id from commerce.waits
     where told_at is null and product_id = any(cast(:product_ids as text[]))
    """
)

_ALL_WANTED = text("select distinct product_id from commerce.waits where told_at is null")

_LOCK = text("select pg_advisory_xact_lock(hashtextextended('wait:' || :product_id, 11))")

# Who was told within a turn and has not bought stands for pieces that are promised already.
_TELL = text(
    f"""
    with wanted as (
        select product_id, variant_id from commerce.waits
        where told_at is null and product_id = any(cast(:product_ids as text[])) group by 1, 2
    ), goods as (
        select w.product_id, w.variant_id, {_STOCK.format(variant="w.variant_id")} as stock
        from wanted w join commerce.products p on p.id = w.product_id and p.status = 'on_sale'
    ), promised as (
        select g.*, {TOLD_PER_PIECE} * g.stock::bigint - (
            select count(*) from commerce.waits o
            where o.product_id = g.product_id and o.variant_id = g.variant_id
              and o.told_at > now() - cast(:turn as interval)
              and not exists (
                  select from commerce.orders b
                  join commerce.order_lines l on l.order_id = b.id
                  where b.visitor_id = o.visitor_id and l.product_id = o.product_id
                    and b.created_at >= o.told_at and b.status not in ('expired', 'canceled'))
        ) as free
        from goods g where g.stock > 0
    ), turn as (
        select w.* from promised r cross join lateral (
            select visitor_id, product_id, variant_id from commerce.waits w
            where w.product_id = r.product_id and w.variant_id = r.variant_id
              and w.told_at is null
            order by w.place limit greatest(r.free, 0)
        ) w
    ), told as (
        update commerce.waits w set told_at = now() from turn t
        where (w.visitor_id, w.product_id, w.variant_id)
            = (t.visitor_id, t.product_id, t.variant_id) and w.told_at is null
        returning w.shop_id, w.visitor_id, w.product_id, w.variant_id, w.place
    )
    select shop_id, visitor_id, product_id, variant_id from told order by place
    """  # noqa: S608 - constant text
)

_FORGET = text("delete from commerce.waits where told_at < now() - cast(:kept as interval)")


async def look(conn: AsyncConnection, product_id: str, variant_id: str) -> Goods | None:
    given = {"product_id": product_id, "variant_id": variant_id}
    row = (await conn.execute(_LOOK, given)).first()
    return None if row is None else Goods(**row._mapping)


async def ask(
    conn: AsyncConnection, visitor_id: str, product_id: str, variant_id: str, room_id: str | None
) -> bool:
    """Stand in line; standing there already is fine. False when this visitor waits for too many."""
    key = {"visitor_id": visitor_id, "product_id": product_id, "variant_id": variant_id}
    asked = await conn.execute(_ASK, key | {"room_id": room_id})
    return asked.first() is not None or bool((await conn.execute(_WAITS, key)).scalar_one())


async def leave(conn: AsyncConnection, visitor_id: str, product_id: str, variant_id: str) -> None:
    key = {"visitor_id": visitor_id, "product_id": product_id, "variant_id": variant_id}
    await conn.execute(_LEAVE, key)


async def seen(conn: AsyncConnection, visitor_id: str, product_id: str) -> None:
    await conn.execute(_SEEN, {"visitor_id": visitor_id, "product_id": product_id})


async def of_visitor(conn: AsyncConnection, visitor_id: str) -> list[Wait]:
    rows = await conn.execute(_MINE, {"visitor_id": visitor_id})
    return [Wait(**row._mapping) for row in rows]


async def counts(conn: AsyncConnection, shop_id: str) -> list[Waiting]:
    rows = await conn.execute(_COUNTS, {"shop_id": shop_id})
    return [Waiting(**row._mapping) for row in rows]


async def wanted(conn: AsyncConnection, product_ids: Sequence[str] | None) -> list[str]:
    """Which of these products (None: of all) somebody waits for."""
    if product_ids is None:
        rows = await conn.execute(_ALL_WANTED)
    else:
        rows = await conn.execute(_WANTED, {"product_ids": list(product_ids)})
    return sorted(rows.scalars())


async def tell(conn: AsyncConnection, product_ids: Sequence[str]) -> list[BackInStock]:
    """Note whose turn it is now, in the order in which they asked."""
    for product_id in sorted(product_ids):
        await conn.execute(_LOCK, {"product_id": product_id})
    rows = await conn.execute(_TELL, {"product_ids": list(product_ids), "turn": TURN})
    return [BackInStock(**row._mapping) for row in rows]


async def forget_old(conn: AsyncConnection) -> int:
    return (await conn.execute(_FORGET, {"kept": KEPT})).rowcount
