"""All SQL about carts.

Whoever puts something in holds the cart (`hold`), so that it is never fuller than it may be; the
rest is one statement each. A line whose order was paid is bought: nobody sees it any more, and it
goes when its owner next puts something in, or with the sweep.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from yaohe.commerce.cart.model import KEPT, LINES_MAX, CartLine
from yaohe.commerce.orders.moves import PAID


class Goods(msgspec.Struct, frozen=True):
    """What somebody would put in."""

    on_sale: bool
    variant_found: bool
    has_variants: bool


BOUGHT: Final = f"""exists (
    select from commerce.orders o where o.id = c.order_id
       and o.status in ({", ".join(f"'{status}'" for status in sorted({*PAID, "refunded"}))}))"""

_MINE: Final = (
    "(c.visitor_id, c.product_id, c.variant_id) = (:visitor_id, :product_id, :variant_id)"
)

# The live price that holds for a product in a room, as orders judge it.
_LIVE: Final = """
    left join lateral (
        select l.* from commerce.live_prices l
         where l.product_id = p.id and l.room_id = {room}
           and l.starts_at <= statement_timestamp() and statement_timestamp() < l.ends_at
           and l.price_minor < coalesce(v.price_minor, p.price_minor)
           and (l.total is null or l.taken < l.total)
         order by l.id desc limit 1
    ) l on true
"""

_HOLD = text("select pg_advisory_xact_lock(hashtextextended('cart ' || :visitor_id, 0))")

_LOOK = text(
    """
    select p.status = 'on_sale' as on_sale,
           :variant_id = '' or exists (
               select from commerce.variants v
               where v.id = :variant_id and v.product_id = p.id and v.shown) as variant_found,
           exists (select from commerce.variants v where v.product_id = p.id and v.shown)
               as has_variants
      from commerce.products p where p.id = :product_id
    """
)

# The number of pieces is absolute, so the same request twice changes nothing the second time; what
# it cost when it was put in stays.
_PUT = text(
    f"""
    insert into commerce.cart_lines as c
           (visitor_id, product_id, variant_id, shop_id, room_id, quantity, seen_minor, put_at,
            changed_at)
    select cast(:visitor_id as text), p.id, cast(:variant_id as text), p.shop_id,
           cast(:room_id as text), cast(:quantity as int),
           coalesce(l.price_minor, v.price_minor, p.price_minor), clock_timestamp(), now()
      from commerce.products p
      left join commerce.variants v on v.id = :variant_id and v.product_id = p.id
      {_LIVE.format(room="cast(:room_id as text)")}
     where p.id = :product_id
       and (exists (select from commerce.cart_lines c where {_MINE})
            or (select count(*) from commerce.cart_lines m where m.visitor_id = :visitor_id)
               < {LINES_MAX})
    on conflict (visitor_id, product_id, variant_id) do update
       set quantity = excluded.quantity, order_id = null, changed_at = now()
     where c.quantity <> excluded.quantity or c.order_id is not null
    returning 1
    """  # noqa: S608 - constant text
)

_THERE = text(f"select exists (select from commerce.cart_lines c where {_MINE})")  # noqa: S608

_REMOVE = text(f"delete from commerce.cart_lines c where {_MINE}")  # noqa: S608

_EMPTY = text("delete from commerce.cart_lines where visitor_id = :visitor_id")

_DROP_BOUGHT = text(
    f"delete from commerce.cart_lines c where c.visitor_id = :visitor_id and {BOUGHT}"  # noqa: S608
)

_SWEEP = text(
    f"""
    delete from commerce.cart_lines c
     where c.changed_at < now() - cast(:kept as interval) or {BOUGHT}
    """  # noqa: S608 - constant text
)

_ORDERED = text(
    """
    update commerce.cart_lines c set order_id = :order_id
      from unnest(cast(:product_ids as text[]), cast(:variant_ids as text[]))
           as t (product_id, variant_id)
     where c.visitor_id = :visitor_id
       and (c.product_id, c.variant_id) = (t.product_id, t.variant_id)
    """
)

_OF = text(
    f"""
    select c.product_id, c.variant_id, c.room_id, c.quantity, c.seen_minor, c.put_at,
           p.title, p.title_en, coalesce(v.title, '') as variant_title,
           coalesce(v.title_en, '') as variant_title_en, p.picture_key, p.delivery, p.currency,
           coalesce(v.price_minor, p.price_minor) as price_minor,
           coalesce(v.stock, p.stock) as stock, p.status = 'on_sale' as on_sale,
           case when c.variant_id = '' then not exists (
                    select from commerce.variants n where n.product_id = p.id and n.shown)
                else coalesce(v.shown, false) end as variant_found,
           l.id as live_price_id, l.price_minor as live_price_minor,
           l.ends_at as live_price_until, l.total - l.taken as live_price_left,
           l.per_person as live_price_each,
           (select o.id from commerce.orders o where o.id = c.order_id and o.status = 'created')
               as order_id
      from commerce.cart_lines c
      join commerce.products p on p.id = c.product_id
      left join commerce.variants v on v.id = c.variant_id and v.product_id = p.id
      {_LIVE.format(room="coalesce(cast(:room_id as text), c.room_id)")}
     where c.visitor_id = :visitor_id and not {BOUGHT}
     order by c.put_at desc, c.product_id, c.variant_id
    """  # noqa: S608 - constant text
)


async def hold(conn: AsyncConnection, visitor_id: str) -> None:
    """This cart is ours until the transaction ends; there may be no row to lock yet."""
    await conn.execute(_HOLD, {"visitor_id": visitor_id})


async def look(conn: AsyncConnection, product_id: str, variant_id: str) -> Goods | None:
    given = {"product_id": product_id, "variant_id": variant_id}
    row = (await conn.execute(_LOOK, given)).first()
    return None if row is None else Goods(**row._mapping)


async def put(
    conn: AsyncConnection,
    visitor_id: str,
    product_id: str,
    variant_id: str,
    *,
    quantity: int,
    room_id: str | None,
) -> bool:
    """So many pieces are in the cart; the caller holds it. False when there is no room for it."""
    key = {"visitor_id": visitor_id, "product_id": product_id, "variant_id": variant_id}
    done = await conn.execute(_PUT, key | {"quantity": quantity, "room_id": room_id})
    return done.first() is not None or bool((await conn.execute(_THERE, key)).scalar_one())


async def remove(conn: AsyncConnection, visitor_id: str, product_id: str, variant_id: str) -> None:
    key = {"visitor_id": visitor_id, "product_id": product_id, "variant_id": variant_id}
    await conn.execute(_REMOVE, key)


async def empty(conn: AsyncConnection, visitor_id: str) -> None:
    await conn.execute(_EMPTY, {"visitor_id": visitor_id})


async def drop_bought(conn: AsyncConnection, visitor_id: str) -> None:
    await conn.execute(_DROP_BOUGHT, {"visitor_id": visitor_id})


async def ordered(
    conn: AsyncConnection, visitor_id: str, order_id: str, goods: Sequence[tuple[str, str]]
) -> None:
    """These (product, variant) of the cart are in this order."""
    await conn.execute(
        _ORDERED,
        {
            "visitor_id": visitor_id,
            "order_id": order_id,
            "product_ids": [product_id for product_id, _ in goods],
            "variant_ids": [variant_id for _, variant_id in goods],
        },
    )


async def of(conn: AsyncConnection, visitor_id: str, room_id: str | None) -> list[CartLine]:
    """What is in the cart, the last put in first, with the live prices of this room (None: of the
    room each came from)."""
    rows = await conn.execute(_OF, {"visitor_id": visitor_id, "room_id": room_id})
    return [CartLine(**row._mapping) for row in rows]


async def sweep(conn: AsyncConnection) -> int:
    """What was bought, and what nobody touched for long, goes."""
    return (await conn.execute(_SWEEP, {"kept": KEPT})).rowcount
