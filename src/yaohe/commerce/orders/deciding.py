"""The one statement that decides a batch of orders, and the errors behind its refusals.

`placing` has locked what it reads. Stock and live prices are decided by running sums, coupons and
open orders by rank; nothing is checked outside of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Final

import asyncpg

from yaohe.commerce.delivery.model import FEE, new_pickup_codes
from yaohe.commerce.errors import (
    AddressMissing,
    CouponExpired,
    CouponNotFound,
    CouponNothing,
    CouponSpent,
    CouponTooSmallOrder,
    LivePriceGone,
    LivePriceLimit,
    LivePriceOver,
    OrderLimit,
    PriceChanged,
    ProductHidden,
    ProductNotFound,
    SoldOut,
    VariantMissing,
    VariantNotFound,
)
from yaohe.commerce.orders.model import OPEN_ORDERS_MAX, Wish
from yaohe.kernel.arrays import cut, pack
from yaohe.kernel.errors import AppError

# Orders that have what they were made with: their stock, their live price.
HOLDING: Final = """(status in ('created', 'paid', 'shipped', 'completed')
    or status = 'refunded' and shipped_at is not null)"""

# Look-ups are lateral with a limit, so that they can only be index look-ups, and the batch runs
# through window functions, because the planner takes a batch for ten rows and joins it in loops.
_DECIDE: Final = f"""
with item as (
    select n, id, visitor_id, key, room_id, product_id, quantity::int, coupon_id,
        expected::bigint, buyer_name, buyer_phone, buyer_address, live_price_id,
        variant_id, coalesce(note, '') as buyer_note, code
    from unnest({cut(1)}, {cut(2)}, {cut(3)}, {cut(4)}, {cut(5)}, {cut(6)}, {cut(7)}, {cut(8)},
                {cut(9)}, {cut(10)}, {cut(11)}, {cut(12)}, {cut(13)}, {cut(14)}, {cut(15)})
        with ordinality
        as t (id, visitor_id, key, room_id, product_id, quantity, coupon_id, expected,
              buyer_name, buyer_phone, buyer_address, live_price_id, variant_id, note, code, n)
), looked as materialized (
    select i.*, p.shop_id, p.title || coalesce(' · ' || v.title, '') as title, p.picture_key,
        case when p.title_en = '' and v.title_en is null then ''
             else coalesce(nullif(p.title_en, ''), p.title)
                  || coalesce(' · ' || coalesce(nullif(v.title_en, ''), v.title), '')
        end as title_en, p.currency, v.id as found_variant_id, his_variants.many as varied,
        case when i.variant_id is null then p.stock else v.stock end as stock,
        p.status as shown, price.unit_minor, price.unit_minor * i.quantity as goods_minor,
        l.total as live_total, l.taken as live_taken, l.per_person as live_each, his_live.held,
        l.product_id = i.product_id and l.room_id = i.room_id
            and l.starts_at <= now.at and now.at < l.ends_at as live_now,
        c.id as found_coupon_id, c.state as coupon_state, c.threshold_minor,
        c.expires_at <= now.at as coupon_over,
        c.currency = p.currency and c.shop_id = p.shop_id as coupon_fits,
        case t.kind when 'shipping' then 0
             when 'percent' then least(c.amount_minor,
                                       price.unit_minor * i.quantity * t.percent / 100)
             else least(coalesce(c.amount_minor, 0), price.unit_minor * i.quantity)
        end as goods_off_minor,
        case t.kind when 'shipping' then c.amount_minor else 0 end as fee_off_minor, t.kind,
        his.open_orders, now.at, p.delivery,
        case when p.delivery = 'pickup' then i.code end as pickup_code,
        case when p.delivery = 'pickup' then coalesce(r.pickup_place, '') else '' end as place,
        case when p.delivery = 'pickup' then coalesce(r.pickup_place_en, '') else '' end
            as place_en,
        r.fee_minor as rule_fee_minor, r.free_from_minor
    from item i
    cross join (select statement_timestamp() as at) now
    left join lateral (select * from commerce.products where id = i.product_id limit 1) p on true
    left join lateral (
        select * from commerce.delivery_rules where shop_id = p.shop_id limit 1
    ) r on true
    left join lateral (
        select * from commerce.variants
        where id = i.variant_id and product_id = i.product_id and shown limit 1
    ) v on true
    cross join lateral (
        select exists (select from commerce.variants where product_id = i.product_id and shown)
    ) his_variants (many)
    left join lateral (
        select * from commerce.live_prices where id = i.live_price_id limit 1
    ) l on true
    cross join lateral (
        select coalesce(l.price_minor, v.price_minor, p.price_minor) as unit_minor
    ) price
    cross join lateral (
        select coalesce(sum(quantity), 0) as held from commerce.orders
        where live_price_id = i.live_price_id and visitor_id = i.visitor_id and {HOLDING}
    ) his_live
    left join lateral (
        select * from commerce.coupons where id = i.coupon_id and visitor_id = i.visitor_id limit 1
    ) c on true
    left join lateral (
        select kind, percent from commerce.coupon_templates where id = c.template_id limit 1
    ) t on true
    cross join lateral (
        select count(*) as open_orders from commerce.orders
        where visitor_id = i.visitor_id and status = 'created'
    ) his
), charged as materialized (
    select *, {FEE} as fee_minor from looked
), reduced as (
    select *, goods_off_minor + least(fee_off_minor, fee_minor) as discount_minor from charged
), judged as (
    select *, case
        when shop_id is null then 'product_not_found'
        when shown <> 'on_sale' then 'product_hidden'
        when variant_id is not null and found_variant_id is null then 'variant_not_found'
        when variant_id is null and varied then 'variant_missing'
        when delivery = 'ship' and buyer_name is not null and buyer_address is null
            then 'address_missing'
        when stock < quantity then 'sold_out'
        when open_orders >= {OPEN_ORDERS_MAX} then 'order_limit'
        when coupon_id is not null then case
            when found_coupon_id is null or not coupon_fits then 'coupon_not_found'
            when coupon_state in ('locked', 'used') then 'coupon_spent'
            when coupon_state <> 'claimed' or coupon_over then 'coupon_expired'
            when goods_minor < threshold_minor then 'coupon_threshold'
            when kind = 'shipping' and fee_minor = 0 then 'coupon_nothing' end
        when live_price_id is not null then case
            when live_now is not true then 'live_price_over'
            when live_taken + quantity > live_total then 'live_price_gone'
            when held + quantity > live_each then 'live_price_limit' end
        end as first_refusal
    from reduced
), priced as (
    select *, goods_minor + fee_minor - discount_minor as payable_minor,
              case when first_refusal is null
                        and expected <> goods_minor + fee_minor - discount_minor
                   then 'price_changed' else first_refusal end as refusal
    from judged
), ranked as (
    select *,
        sum(quantity) filter (where refusal is null)
            over (partition by product_id, variant_id order by n) as reach,
        count(*) filter (where refusal is null)
            over (partition by coalesce(coupon_id, id) order by n) as turn,
        live_taken + sum(quantity) filter (where refusal is null)
            over (partition by live_price_id order by n) as live_reach,
        held + sum(quantity) filter (where refusal is null)
            over (partition by live_price_id, visitor_id order by n) as live_held,
        open_orders + count(*) filter (where refusal is null)
            over (partition by visitor_id order by n) as standing
    from priced
), decided as materialized (
    select *, refusal is null
        and reach <= stock and turn = 1 and standing <= {OPEN_ORDERS_MAX}
        and (live_reach > live_total) is not true and (live_held > live_each) is not true as granted
    from ranked
), taken as (
    update commerce.products p set stock = p.stock - g.plain, sold = p.sold + g.quantity
    from (select product_id, sum(quantity)::int as quantity,
                 coalesce(sum(quantity) filter (where variant_id is null), 0)::int as plain
          from decided where granted group by 1) g
    where p.id = g.product_id and p.stock >= g.plain
      and p.id = any(array(select product_id from decided where granted))
), varied as (
    update commerce.variants v set stock = v.stock - g.quantity, sold = v.sold + g.quantity
    from (select variant_id, sum(quantity)::int as quantity from decided
          where granted and variant_id is not null group by 1) g
    where v.id = g.variant_id and v.id = any(array(select variant_id from decided where granted))
), promised as (
    update commerce.live_prices l set taken = l.taken + g.quantity
    from (select live_price_id, sum(quantity)::int as quantity from decided
          where granted and live_price_id is not null group by 1) g
    where l.id = g.live_price_id
      and l.id = any(array(select live_price_id from decided where granted))
), locked as (
    update commerce.coupons c
    set order_id = g.id, state = case when g.payable_minor = 0 then 'used' else 'locked' end,
        used_at = case when g.payable_minor = 0 then g.at end
    from decided g where g.granted and c.id = g.coupon_id and c.state = 'claimed'
      and c.id = any(array(select coupon_id from decided where granted))
), written as (
    insert into commerce.orders (id, shop_id, visitor_id, room_id, product_id, title, title_en,
        picture_key, quantity, unit_price_minor, discount_minor, payable_minor, currency,
        coupon_id, status, buyer_name, buyer_phone, buyer_address, idempotency_key,
        live_price_id, variant_id, delivery, fee_minor, buyer_note, pickup_place,
        pickup_place_en, pickup_code, created_at, deadline_at, paid_at)
    select id, shop_id, visitor_id, room_id, product_id, title, title_en,
        picture_key, quantity, unit_minor, discount_minor, payable_minor, currency,
        coupon_id, case when payable_minor = 0 then 'paid' else 'created' end,
        buyer_name, buyer_phone, buyer_address, key, live_price_id, variant_id, delivery,
        fee_minor, buyer_note, place, place_en, pickup_code, at, at + $16::interval,
        case when payable_minor = 0 then at end
    from decided where granted
)
select granted, refusal,
    stock - coalesce(sum(quantity) filter (where granted)
        over (partition by product_id, variant_id), 0) as left_over,
    title, title_en,
    unit_minor, discount_minor, fee_minor, payable_minor, delivery, place, place_en, pickup_code,
    at, at + $16::interval as deadline_at
from decided order by n
"""  # noqa: S608 - constant text

REFUSALS: Final[dict[str, type[AppError]]] = {
    error.code: error
    for error in (
        ProductNotFound,
        ProductHidden,
        VariantNotFound,
        VariantMissing,
        AddressMissing,
        SoldOut,
        OrderLimit,
        CouponNotFound,
        CouponSpent,
        CouponExpired,
        CouponTooSmallOrder,
        CouponNothing,
        LivePriceOver,
        LivePriceGone,
        LivePriceLimit,
        PriceChanged,
    )
}


async def decide(
    conn: asyncpg.Connection, ids: list[str], wishes: Sequence[Wish], hold: timedelta
) -> list[asyncpg.Record]:
    """One row per wish, in order: granted, or why not."""
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
        pack([w.buyer.address or None if w.buyer else None for w in wishes]),
        pack([w.live_price_id for w in wishes]),
        pack([w.variant_id for w in wishes]),
        pack([w.note for w in wishes]),
        pack(new_pickup_codes(len(wishes))),
        hold,
    )
    try:
        rows: list[asyncpg.Record] = await conn.fetch(_DECIDE, *parameters)
    except asyncpg.UniqueViolationError as error:
        # Another process took the same key for another product at this moment, or a pick-up code
        # is taken. Asked again, the batch finds that order, or has another code.
        raise asyncpg.SerializationError("the same key at the same moment") from error
    return rows
