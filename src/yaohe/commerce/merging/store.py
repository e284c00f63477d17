"""All SQL about merging; every statement may be run again.

One person has as many coupons of a kind as one person may, and one for one reason: of those nobody
used, the account's own stay first and the rest is taken back. What was used stays used. An order
keeps in `placed_by` whose limits it was judged by, a coupon in `claimed_by`: what one may have in a
day or a show is judged when it is claimed, and not again.
"""

from __future__ import annotations

from typing import Final

import asyncpg

from yaohe.commerce.cart.model import LINES_MAX
from yaohe.commerce.cart.store import BOUGHT

# As everybody else in commerce: orders before their coupons.
_LOCK_ORDERS: Final = """
select id from commerce.orders where visitor_id = $1 order by id for no key update
"""

_LOCK: Final = """
select id from commerce.coupon_templates
 where id in (select template_id from commerce.coupons where visitor_id = $1)
 order by id for no key update
"""

# For one reason one coupon: of two the account's stays. They go before anything is counted.
_TWINS: Final = """
update commerce.coupons c set state = 'revoked'
 where c.visitor_id = $1 and c.state = 'claimed'
   and exists (select from commerce.coupons m
                where m.visitor_id = $2 and m.template_id = c.template_id and m.slot = c.slot)
"""

_SURPLUS: Final = """
with both_theirs as (
    select c.id, c.state, t.per_person,
           count(*) filter (where c.state in ('locked', 'used', 'expired'))
               over (partition by c.template_id) as spent,
           row_number() over (partition by c.template_id, c.state = 'claimed'
                              order by c.visitor_id = $1, c.claimed_at, c.id) as nth
      from commerce.coupons c join commerce.coupon_templates t on t.id = c.template_id
     where c.visitor_id in ($1, $2)
       and c.template_id in (select template_id from commerce.coupons where visitor_id = $1)
)
update commerce.coupons c set state = 'revoked'
  from both_theirs b
 where c.id = b.id and c.state = 'claimed' and b.nth > greatest(b.per_person - b.spent, 0)
returning c.id
"""

# Taken back from the account because the guest spends one: it makes room for that one, which is
# then the account's, so that it comes back to them if its order ends.
_MAKE_ROOM: Final = """
update commerce.coupons c
   set visitor_id = $1, slot = c.id, claimed_by = coalesce(c.claimed_by, c.visitor_id),
       ordinal = n.ordinal
  from (select m.id, row_number() over (partition by m.template_id order by m.id) + coalesce(
                   (select max(g.ordinal) from commerce.coupons g
                     where g.visitor_id = $1 and g.template_id = m.template_id), 0) as ordinal
          from commerce.coupons m where m.visitor_id = $2 and m.id = any($3::text[])) n
 where c.id = n.id
"""

_COUPONS: Final = """
with mine as (
    select template_id, count(*) as held, max(ordinal) as last
      from commerce.coupons where visitor_id = $2 group by template_id
), theirs as (
    select c.id, c.template_id, case when s.taken then c.id else c.slot end as slot,
           row_number() over (partition by c.template_id
                              order by c.state <> 'claimed', c.claimed_at, c.id) as nth
      from commerce.coupons c
     cross join lateral (
            select exists (select from commerce.coupons m
                            where m.visitor_id = $2 and m.template_id = c.template_id
                              and m.slot = c.slot) as taken
           ) s
     where c.visitor_id = $1 and c.state <> 'revoked'
)
update commerce.coupons c
   set visitor_id = $2, ordinal = coalesce(m.last, 0) + g.nth, slot = g.slot,
       claimed_by = coalesce(c.claimed_by, c.visitor_id)
  from theirs g join commerce.coupon_templates t on t.id = g.template_id
  left join mine m on m.template_id = g.template_id
 where c.id = g.id and coalesce(m.held, 0) + g.nth <= t.per_person
"""

_REST: Final = """
update commerce.coupons set state = 'revoked' where visitor_id = $1 and state = 'claimed'
"""

_ORDERS: Final = """
update commerce.orders o
   set visitor_id = $2, placed_by = coalesce(o.placed_by, o.visitor_id),
       idempotency_key = case when exists (select from commerce.orders m
                                            where m.visitor_id = $2
                                              and m.idempotency_key = o.idempotency_key)
                              then o.id else o.idempotency_key end
 where o.visitor_id = $1
"""

# Who still waits under one of the names waits.
_WAITS: Final = """
with gone as (delete from commerce.waits where visitor_id = $1 returning *)
insert into commerce.waits as m
       (visitor_id, product_id, variant_id, shop_id, room_id, place, asked_at, told_at, seen_at)
select $2, product_id, variant_id, shop_id, room_id, place, asked_at, told_at, seen_at
  from gone order by product_id, variant_id
    on conflict (visitor_id, product_id, variant_id) do update
   set (place, room_id, asked_at, told_at, seen_at) = (
           select place, room_id, asked_at, told_at, seen_at
             from (values (m.place, m.room_id, m.asked_at, m.told_at, m.seen_at),
                          (excluded.place, excluded.room_id, excluded.asked_at, excluded.told_at,
                           excluded.seen_at)) t (place, room_id, asked_at, told_at, seen_at)
            order by told_at is not null, place limit 1)
"""


# The account's own default stays the default.
_ADDRESSES: Final = """
with gone as (delete from commerce.addresses where visitor_id = $1 returning *)
insert into commerce.addresses as m
       (id, shop_id, visitor_id, name, phone, address, is_default, created_at, used_at)
select id, shop_id, $2, name, phone, address,
       is_default and not exists (select from commerce.addresses d
                                   where d.visitor_id = $2 and d.is_default),
       created_at, used_at
  from gone order by id
    on conflict (visitor_id, name, phone, address) do update
   set used_at = greatest(m.used_at, excluded.used_at)
"""

# As who puts something into a cart: one after the other.
_HOLD_CARTS: Final = """
select pg_advisory_xact_lock(hashtextextended('cart ' || who, 0))
  from (select who from unnest(array[$1, $2]::text[]) as t (who) order by who) t
"""

# What was bought is nobody's line any more, and must not meet one that is.
_DROP_BOUGHT: Final = f"""
delete from commerce.cart_lines c where c.visitor_id in ($1, $2) and {BOUGHT}
"""  # noqa: S608 - constant text

# Of what is in both carts the larger number stays, and the unpaid order that either is part of; a
# full cart takes what was put in last.
_CART: Final = f"""
with gone as (delete from commerce.cart_lines where visitor_id = $1 returning *),
held as (
    select count(*) as lines from commerce.cart_lines where visitor_id = $2
), theirs as (
    select g.*, m.product_id is not null as twin,
           count(*) filter (where m.product_id is null)
               over (order by g.put_at desc, g.product_id, g.variant_id) as nth
      from gone g left join commerce.cart_lines m
        on (m.visitor_id, m.product_id, m.variant_id) = ($2, g.product_id, g.variant_id)
)
insert into commerce.cart_lines as m
       (visitor_id, product_id, variant_id, shop_id, room_id, quantity, seen_minor, order_id,
        put_at, changed_at)
select $2, product_id, variant_id, shop_id, room_id, quantity, seen_minor, order_id, put_at,
       changed_at
  from theirs cross join held where twin or lines + nth <= {LINES_MAX}
 order by product_id, variant_id
    on conflict (visitor_id, product_id, variant_id) do update
   set quantity = greatest(m.quantity, excluded.quantity),
       order_id = case when exists (select from commerce.orders o
                                     where o.id = m.order_id and o.status = 'created')
                       then m.order_id else coalesce(excluded.order_id, m.order_id) end,
       changed_at = greatest(m.changed_at, excluded.changed_at)
"""  # noqa: S608 - constant text

_TALK: Final = (
    "update commerce.threads set visitor_id = $2 where visitor_id = $1",
    "update commerce.reviews set visitor_id = $2 where visitor_id = $1",
)


async def merge(conn: asyncpg.Connection, from_id: str, into_id: str) -> None:
    """Make all rows of one visitor another's, inside a transaction."""
    await conn.execute(_LOCK_ORDERS, from_id)
    await conn.execute(_LOCK, from_id)
    await conn.execute(_TWINS, from_id, into_id)
    surplus = [row["id"] for row in await conn.fetch(_SURPLUS, from_id, into_id)]
    await conn.execute(_MAKE_ROOM, from_id, into_id, surplus)
    await conn.execute(_COUPONS, from_id, into_id)
    await conn.execute(_REST, from_id)
    await conn.execute(_HOLD_CARTS, from_id, into_id)
    for statement in (_ORDERS, _WAITS, _DROP_BOUGHT, _CART, _ADDRESSES, *_TALK):
        await conn.execute(statement, from_id, into_id)
