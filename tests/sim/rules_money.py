"""What must be true of stock, coupons, orders and money. Each rule is a question in plain SQL;
every row it answers breaks the rule. `told_…` is what the crowd was told (see `auditor.py`)."""

# ruff: noqa: S608 - SQL put together from our own words

from __future__ import annotations

from typing import Final

# Lines of orders that have what they were made with.
_HELD: Final = """(
    select l.*, o.visitor_id from commerce.order_lines l join commerce.orders o on o.id = l.order_id
     where o.status in ('created', 'paid', 'shipped', 'completed')
        or o.status = 'refunded' and o.shipped_at is not null
)"""

STOCK: Final = {
    "stock is never negative": """
        select id, stock, sold from commerce.products where stock < 0 or sold < 0
    """,
    "put up = left + reserved + sold": f"""
        select p.id, t.put, p.stock as left, o.held
          from commerce.products p join told_stock t on t.product_id = p.id
         cross join lateral (
                select coalesce(sum(quantity), 0) as held from {_HELD} h where product_id = p.id
               ) o
         where t.put <> p.stock + o.held
    """,
    "sold is what orders hold": f"""
        select p.id, p.sold, coalesce(sum(o.quantity), 0) as held
          from commerce.products p
          left join {_HELD} o on o.product_id = p.id
         group by p.id having p.sold <> coalesce(sum(o.quantity), 0)
    """,
}

LIVE_PRICES: Final = {
    "a live price was taken by the orders that hold it": f"""
        select l.id, l.taken, l.total, coalesce(sum(o.quantity), 0) as held
          from commerce.live_prices l
          left join {_HELD} o on o.live_price_id = l.id
         group by l.id having l.taken <> coalesce(sum(o.quantity), 0) or l.taken > l.total
    """,
    "nobody holds more at a live price than allowed": f"""
        select l.id, o.visitor_id, sum(o.quantity) as held from commerce.live_prices l
          join {_HELD} o on o.live_price_id = l.id
         group by l.id, o.visitor_id having sum(o.quantity) > l.per_person
    """,
    "a live price is paid where it holds, and no coupon beside it": """
        select o.id as order, i.unit_price_minor, l.id, l.price_minor from commerce.orders o
          join commerce.order_lines i on i.order_id = o.id
          left join commerce.live_prices l on l.id = i.live_price_id
         where i.live_price_id is not null
           and (l.product_id = i.product_id and l.room_id = o.room_id
                and l.price_minor = i.unit_price_minor and i.discount_minor = 0) is not true
    """,
}

COUPONS: Final = {
    "no more coupons than there are": """
        select t.id, t.claimed, t.total, count(c.id) as coupons
          from commerce.coupon_templates t
          left join commerce.coupons c on c.template_id = t.id
         group by t.id having t.claimed <> count(c.id) or count(c.id) > t.total
    """,
    "nobody has more coupons than allowed": """
        select c.template_id, c.visitor_id, count(*) as coupons, t.per_person
          from commerce.coupons c join commerce.coupon_templates t on t.id = c.template_id
         group by c.template_id, c.visitor_id, t.per_person
        having count(*) > t.per_person or count(distinct c.slot) <> count(*)
    """,
    "a coupon is locked or used by exactly its order": """
        select c.id as coupon, c.state, c.order_id, o.id as order, o.status
          from commerce.coupons c
          full join (select * from commerce.orders
                      where coupon_id is not null
                        and (status in ('created', 'paid', 'shipped', 'completed')
                             or status = 'refunded' and shipped_at is not null)) o
            on o.coupon_id = c.id
         where c.id is null
            or case when o.status = 'created' then c.state = 'locked' and c.order_id = o.id
                    when o.id is not null then c.state = 'used' and c.order_id = o.id
                    else c.state in ('claimed', 'expired', 'revoked') and c.order_id is null
               end is not true
    """,
    "a coupon takes off what it says, for its owner": """
        select o.id as order, o.discount_minor, c.id as coupon, c.amount_minor, c.threshold_minor
          from commerce.orders o left join commerce.coupons c on c.id = o.coupon_id
          left join commerce.coupon_templates t on t.id = c.template_id
         cross join lateral (
               select coalesce(sum(unit_price_minor * quantity), 0)::bigint as minor
                 from commerce.order_lines where order_id = o.id and live_price_id is null
                  and (t.product_ids is null or product_id = any(t.product_ids))) goods
         where o.discount_minor <> case t.kind
                   when 'percent' then least(c.amount_minor, goods.minor * t.percent / 100)
                   when 'shipping' then least(c.amount_minor, o.fee_minor)
                   else least(coalesce(c.amount_minor, 0), goods.minor) end
            or o.coupon_id is not null and (
                    c.id is null or c.visitor_id <> o.visitor_id or c.currency <> o.currency
                    or c.threshold_minor > goods.minor)
    """,
    "a coupon that was given is there": """
        select t.coupon_id, t.visitor_id from told_coupons t
          left join commerce.coupons c on c.id = t.coupon_id and c.visitor_id = t.visitor_id
         where c.id is null
    """,
}

ORDERS: Final = {
    "an order that was accepted is there, once": """
        select t.order_id, t.visitor_id, t.key from told_orders t
          left join commerce.orders o
            on o.id = t.order_id and o.visitor_id = t.visitor_id and o.idempotency_key = t.key
         where o.id is null
        union all
        select min(id), visitor_id, idempotency_key from commerce.orders
         group by visitor_id, idempotency_key having count(*) > 1
    """,
    "nobody ordered what nobody asked for": """
        select o.id, o.visitor_id, o.idempotency_key from commerce.orders o
         where exists (select from told_keys) and not exists (
               select from told_keys t
                where t.visitor_id = o.visitor_id and t.key = o.idempotency_key)
    """,
    "a price is quantity times unit price and the fee minus discount": """
        select id, payable_minor from commerce.orders
         cross join lateral (
               select sum(unit_price_minor * quantity) as minor from commerce.order_lines
                where order_id = orders.id) goods
         where payable_minor is distinct from goods.minor + fee_minor - discount_minor
            or goods_minor <> goods.minor or payable_minor < 0
    """,
    "what a coupon took off the goods is what it took off the lines": """
        select o.id, o.discount_minor, l.minor as lines
          from commerce.orders o
          left join commerce.coupons c on c.id = o.coupon_id
          left join commerce.coupon_templates t on t.id = c.template_id
         cross join lateral (
               select sum(discount_minor) as minor from commerce.order_lines
                where order_id = o.id) l
         where l.minor <> case t.kind when 'shipping' then 0 else o.discount_minor end
    """,
    "a paid order has exactly one captured payment of its amount": """
        select o.id, o.payable_minor, o.paid_minor, count(p.id) as captured,
               coalesce(sum(p.amount_minor), 0) as money
          from commerce.orders o
          left join commerce.payments p on p.order_id = o.id and p.state = 'paid'
         where o.status in ('paid', 'shipped', 'completed') group by o.id
        having o.paid_minor <> o.payable_minor or o.paid_at is null
            or count(p.id) <> (o.payable_minor > 0)::int
            or coalesce(sum(p.amount_minor), 0) <> o.payable_minor
    """,
    "an unpaid order has no money": """
        select o.id, o.status, o.paid_minor, p.id as payment, p.state
          from commerce.orders o
          left join commerce.payments p
            on p.order_id = o.id and p.state in ('paid', 'refunded')
         where o.status in ('created', 'expired', 'canceled')
           and (p.id is not null or o.paid_minor <> 0)
    """,
    "late money is noted, and goes back": """
        select o.id, o.status, o.paid_minor, count(r.id) as refunds
          from commerce.orders o
          left join commerce.payments p on p.order_id = o.id
               and p.state = case o.status when 'refunded' then 'refunded' else 'paid' end
          left join commerce.refunds r on r.payment_id = p.id
               and r.reason = case when o.closed_at is null then 'shop' else 'late' end
               and (r.state = 'done') = (o.status = 'refunded')
         where o.status in ('paid_late', 'refunded') group by o.id
        having count(r.id) <> 1 or o.paid_minor <> o.payable_minor
    """,
    "a payment asks for what its order costs": """
        select p.id, p.amount_minor, o.payable_minor from commerce.payments p
          join commerce.orders o on o.id = p.order_id
         where p.amount_minor <> o.payable_minor or p.currency <> o.currency
    """,
    "a refund gives back one payment, whole": """
        select p.id as payment, p.state, r.id as refund, r.state as refund_state, r.amount_minor
          from commerce.refunds r full join commerce.payments p on p.id = r.payment_id
         where case when r.id is null then p.state <> 'refunded'
                    else r.amount_minor = p.amount_minor and r.order_id = p.order_id
                         and p.state = case r.state when 'done' then 'refunded' else 'paid' end
               end is not true
    """,
    "a captured payment was told by exactly one notice": """
        select p.id, p.state, count(n.notice_id) as notices
          from commerce.payments p
          left join commerce.payment_notices n on n.payment_id = p.id
               and n.kind = 'payment.paid' and n.outcome in ('paid', 'late')
         group by p.id
        having count(n.notice_id) <> (p.state in ('paid', 'refunded'))::int
    """,
}

# Money the gateway told a wrong amount of stays in its books alone, under the staff's eyes.
GATEWAY: Final = {
    "the gateway and the shop agree": """
        select p.id, g.state as gateway, p.state as shop, g.amount_minor, p.amount_minor as shops
          from commerce.payments p left join sandbox_pay.payments g on g.id = p.id
         where p.problem is null
           and (coalesce(g.state in ('paid', 'refunded'), false) <>
                    (p.state in ('paid', 'refunded'))
                or coalesce(g.state = 'refunded', false) <> (p.state = 'refunded')
                or g.amount_minor <> p.amount_minor)
    """,
    "the gateway knows no payment the shop does not": """
        select g.id, g.state from sandbox_pay.payments g
         where not exists (select from commerce.payments p where p.id = g.id)
    """,
    "the till holds what paid orders cost": """
        select g.money as gateway, o.money as orders
          from (select coalesce(sum(g.amount_minor), 0) as money from sandbox_pay.payments g
                  join commerce.payments p on p.id = g.id
                 where g.state = 'paid' and (p.problem is null or p.state = 'paid')) g,
               (select coalesce(sum(paid_minor), 0) as money from commerce.orders
                 where status in ('paid', 'shipped', 'completed', 'paid_late')) o
         where g.money <> o.money
    """,
    "money the cashier took is in the books": """
        select t.payment_id, g.state, p.state as shop from told_money t
          left join sandbox_pay.payments g on g.id = t.payment_id
          left join commerce.payments p on p.id = t.payment_id
         where coalesce(g.state, '') not in ('paid', 'refunded')
            or p.problem is null and coalesce(p.state, '') not in ('paid', 'refunded')
    """,
}

STUCK: Final = {
    "no order waits for ever": """
        select id, deadline_at from commerce.orders where status = 'created' or status = 'paid_late'
    """,
    "no refund waits for ever": """
        select id, payment_id, state, attempts from commerce.refunds where state <> 'done'
    """,
    "no notice waits for ever": """
        select n.id, n.payment_id, n.attempts, n.last_result from sandbox_pay.notices n
          left join commerce.payments p on p.id = n.payment_id
         where n.delivered_at is null and p.problem is null
    """,
}
