"""All SQL about one person's data. Taking it away may be asked again: what is gone is there no
more."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import asyncpg

from yaohe.commerce.merging.store import merge
from yaohe.kernel.kept import rows_of

_KEPT: Final = {
    "orders": """
        select id, room_id, payable_minor, paid_minor, refunded_minor, currency,
               status, buyer_name, buyer_phone, buyer_address, buyer_note, carrier, tracking,
               created_at, paid_at, shipped_at, completed_at
          from commerce.orders where visitor_id = $1 order by created_at""",
    "order_lines": """
        select l.order_id, l.title, l.quantity, l.unit_price_minor, l.discount_minor
          from commerce.order_lines l join commerce.orders o on o.id = l.order_id
         where o.visitor_id = $1 order by o.created_at, l.place""",
    "coupons": """
        select id, state, amount_minor, threshold_minor, currency, source, claimed_at, expires_at,
               order_id, used_at
          from commerce.coupons where visitor_id = $1 order by claimed_at""",
    "waits": """
        select product_id, variant_id, asked_at, told_at
          from commerce.waits where visitor_id = $1 order by asked_at""",
    "cart": """
        select product_id, variant_id, quantity, room_id, seen_minor, put_at, changed_at
          from commerce.cart_lines where visitor_id = $1 order by put_at""",
    "addresses": """
        select name, phone, address, created_at, used_at
          from commerce.addresses where visitor_id = $1 order by created_at""",
    "messages": """
        select m.order_id, m.side, m.body, m.at
          from commerce.messages m join commerce.threads t using (order_id)
         where t.visitor_id = $1 order by m.id""",
    "aftersales": """
        select a.order_id, a.kind, a.reason, a.body, a.amount_minor, a.currency, a.status,
               a.answer, a.carrier, a.tracking, a.asked_at, a.moved_at
          from commerce.aftersales a join commerce.orders o on o.id = a.order_id
         where o.visitor_id = $1 order by a.id""",
    "reviews": """
        select order_id, product_id, stars, body, answer, at
          from commerce.reviews where visitor_id = $1 order by at""",
}

# A refund the bank did not take is settled by hand, and no news of it comes: nobody waits for it.
_UNDER_WAY: Final = """
select exists (select from commerce.orders
                where visitor_id = any($1)
                  and status in ('created', 'paid', 'paid_late', 'shipped'))
    or exists (select from commerce.aftersales a join commerce.orders o on o.id = a.order_id
                where o.visitor_id = any($1)
                  and a.status in ('asked', 'agreed', 'sent_back', 'refunding')
                  and not exists (select from commerce.refunds r
                                   where r.id = a.refund_id and r.state = 'failed'))
"""

# Coupons that were taken back count for what one person may have, so merging leaves them behind;
# here they come along under a name of their own.
_REVOKED: Final = """
update commerce.coupons
   set visitor_id = $2 || '-taken', claimed_by = md5(claimed_by || gen_random_uuid())
 where visitor_id = $1
"""

# The order, its payments and the ledger stay, as books must; who bought, and where it went, goes.
_STRIP: Final = (
    # What proves the money of a notice: ids, states, sums and times; not who paid from where.
    """
    update commerce.payment_notices n
       set body = case when left(n.body, 1) = '{' then (
               select coalesce(jsonb_object_agg(t.key, t.value), '{}')::text
                 from jsonb_each(n.body::jsonb) t
                where t.key in ('appid', 'mchid', 'out_trade_no', 'transaction_id', 'trade_type',
                                'trade_state', 'out_refund_no', 'refund_id', 'refund_status',
                                'success_time', 'amount', 'type', 'payment_id', 'amount_minor',
                                'currency', 'at')
           ) else '' end
      from commerce.payments p join commerce.orders o on o.id = p.order_id
     where n.payment_id = p.id and n.gateway = p.gateway and o.visitor_id = $1
    """,
    """
    update commerce.coupons
       set state = case state when 'claimed' then 'revoked' else state end,
           claimed_by = md5(claimed_by || gen_random_uuid())
     where visitor_id = $1
    """,
    "delete from commerce.waits where visitor_id = $1",
    "delete from commerce.cart_lines where visitor_id = $1",
    "delete from commerce.addresses where visitor_id = $1",
    """
    update commerce.orders o
       set buyer_name = null, buyer_phone = null, buyer_address = null, buyer_note = '',
           staff_note = '', carrier = '', tracking = '',
           placed_by = md5(o.placed_by || made.random)
      from (select gen_random_uuid()::text as random) made
     where visitor_id = $1
    """,
    """
    update commerce.messages m set body = '' from commerce.threads t
     where t.order_id = m.order_id and t.visitor_id = $1 and m.side = 'buyer'
    """,
    """
    update commerce.aftersales a set body = '', answer = '', carrier = '', tracking = ''
      from commerce.orders o where o.id = a.order_id and o.visitor_id = $1
    """,
    "update commerce.reviews set body = '' where visitor_id = $1",
)


async def kept(conn: asyncpg.Connection, visitor_id: str) -> dict[str, Any]:
    """Every row that names this visitor, by what it is."""
    return await rows_of(conn, _KEPT, visitor_id)


async def erase(conn: asyncpg.Connection, made: Mapping[str, str]) -> bool:
    """Put a made-up name in place of each of one person's, inside a transaction; False when an
    order of theirs is under way."""
    if await conn.fetchval(_UNDER_WAY, list(made)):
        return False
    for visitor_id, made_up in made.items():
        await merge(conn, visitor_id, made_up)
        await conn.execute(_REVOKED, visitor_id, made_up)
        for statement in _STRIP:
            await conn.execute(statement, made_up)
    return True
