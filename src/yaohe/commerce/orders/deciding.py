"""The one statement that decides a batch of orders, and the errors behind its refusals.

`placing` has locked what it reads. Stock and live prices are decided by running sums, coupons and
open orders by rank; nothing is checked outside of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from itertools import islice
from typing import Final

import asyncpg

from yaohe.commerce.delivery.model import FEE, new_pickup_codes
from yaohe.commerce.errors import (
    AddressMissing,
    CouponElsewhere,
    CouponExpired,
    CouponNotFound,
    CouponNothing,
    CouponSpent,
    CouponTooSmallOrder,
    LivePriceGone,
    LivePriceLimit,
    LivePriceOver,
    OrderLimit,
    OrderSeparately,
    PriceChanged,
    ProductHidden,
    ProductNotFound,
    SoldOut,
    VariantMissing,
    VariantNotFound,
)
from yaohe.commerce.orders.lines import WishLine
from yaohe.commerce.orders.model import OPEN_ORDERS_MAX, Buyer, Wish
from yaohe.commerce.prices.stacking import COUPON_AT_LIVE_PRICE
from yaohe.kernel.arrays import cut, pack
from yaohe.kernel.errors import AppError

# Orders that have what they were made with: their stock, their live price.
HOLDING: Final = """(status in ('created', 'paid', 'shipped', 'completed')
    or status = 'refunded' and shipped_at is not null)"""

# A line's share of the coupon, by largest remainder: the floors first, then one more for each of
# the lines with the largest rests until all is given; `splitting.shares` is the same in words.
_FLOOR: Final = "div(goods_off_minor::numeric * line_minor, nullif(couponed_minor, 0))::bigint"
_REST: Final = "mod(goods_off_minor::numeric * line_minor, nullif(couponed_minor, 0))"

# Look-ups are lateral with a limit, so that they can only be index look-ups, and the batch runs
# through window functions, because the planner takes a batch for ten rows and joins it in loops.
# A row is a line; what belongs to its order stands in every one of them, and `n` is the order.
# Up to here nothing is written: a quote is this part alone, so it says what an order would.
JUDGED: Final = f"""
with item as (
    select n::int, line::int, id, visitor_id, key, room_id, product_id, quantity::int,
        needed::int, live_needed::int, coupon_id, expected::bigint, buyer_name, buyer_phone,
        buyer_address, live_price_id, variant_id, coalesce(note, '') as buyer_note, code
    from unnest({", ".join(cut(number) for number in range(1, 20))})
        as t (n, line, id, visitor_id, key, room_id, product_id, quantity, needed, live_needed,
              coupon_id, expected, buyer_name, buyer_phone, buyer_address, live_price_id,
              variant_id, note, code)
), looked as materialized (
    select i.*, p.shop_id, p.title || coalesce(' · ' || v.title, '') as title, p.picture_key,
        case when p.title_en = '' and v.title_en is null then ''
             else coalesce(nullif(p.title_en, ''), p.title)
                  || coalesce(' · ' || coalesce(nullif(v.title_en, ''), v.title), '')
        end as title_en, p.currency, v.id as found_variant_id, his_variants.many as varied,
        case when i.variant_id is null then p.stock else v.stock end as stock,
        p.status as shown, price.unit_minor, price.unit_minor * i.quantity as line_minor,
        l.total as live_total, l.taken as live_taken, l.per_person as live_each, his_live.held,
        l.product_id = i.product_id and l.room_id = i.room_id
            and l.starts_at <= now.at and now.at < l.ends_at as live_now,
        c.id as found_coupon_id, c.state as coupon_state, c.threshold_minor,
        c.expires_at <= now.at as coupon_over,
        c.currency = p.currency and c.shop_id = p.shop_id as coupon_fits,
        c.amount_minor as coupon_minor, t.kind, t.percent,
        (i.live_price_id is null or {COUPON_AT_LIVE_PRICE})
            and (t.product_ids is null or i.product_id = any(t.product_ids)) as takes,
        his.open_orders, now.at, p.delivery,
        case when p.delivery = 'pickup' then i.code end as pickup_code,
        case when p.delivery = 'pickup' then coalesce(r.pickup_place, '') else '' end
            as pickup_place,
        case when p.delivery = 'pickup' then coalesce(r.pickup_place_en, '') else '' end
            as pickup_place_en,
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
        select coalesce(sum(his.quantity), 0) as held
        from commerce.orders
        cross join lateral (
            select sum(quantity) as quantity from commerce.order_lines
            where order_id = orders.id and live_price_id = i.live_price_id
        ) his
        where i.live_price_id is not null and visitor_id = i.visitor_id and {HOLDING}
    ) his_live
    left join lateral (
        select * from commerce.coupons where id = i.coupon_id and visitor_id = i.visitor_id limit 1
    ) c on true
    left join lateral (
        select kind, percent, product_ids from commerce.coupon_templates
        where id = c.template_id limit 1
    ) t on true
    cross join lateral (
        select count(*) as open_orders from commerce.orders
        where visitor_id = i.visitor_id and status = 'created'
    ) his
), summed as (
    select *, (sum(line_minor) over whole)::bigint as goods_minor,
        coalesce(sum(line_minor) filter (where takes) over whole, 0)::bigint as couponed_minor,
        bool_or(takes) over whole as any_takes,
        min(delivery) over whole <> max(delivery) over whole
            or min(currency) over whole <> max(currency) over whole
            or min(shop_id) over whole <> max(shop_id) over whole as mixed
    from looked window whole as (partition by n)
), lowered as (
    select *, case kind when 'shipping' then 0
             when 'percent' then least(coupon_minor, couponed_minor * percent / 100)
             else least(coalesce(coupon_minor, 0), couponed_minor) end as goods_off_minor,
        case kind when 'shipping' then coupon_minor else 0 end as fee_off_minor
    from summed
), charged as (
    select *, {FEE} as fee_minor,
        case when takes then coalesce({_FLOOR}, 0) else 0 end as floor_minor,
        case when takes then coalesce({_REST}, 0) else 0 end as rest
    from lowered
), shared as (
    select *, floor_minor + case when row_number() over (partition by n order by rest desc, line)
            <= goods_off_minor - sum(floor_minor) over (partition by n) then 1 else 0 end
            as line_off_minor,
        goods_off_minor + least(fee_off_minor, fee_minor) as discount_minor
    from charged
), judged as (
    select *, goods_minor + fee_minor - discount_minor as payable_minor, case
        when shop_id is null then 'product_not_found'
        when shown <> 'on_sale' then 'product_hidden'
        when variant_id is not null and found_variant_id is null then 'variant_not_found'
        when variant_id is null and varied then 'variant_missing'
        when stock < needed then 'sold_out'
        when live_price_id is not null then case
            when live_now is not true then 'live_price_over'
            when live_taken + live_needed > live_total then 'live_price_gone'
            when held + live_needed > live_each then 'live_price_limit' end
        end as line_refusal, case
        when mixed then 'order_separately'
        when delivery = 'ship' and buyer_name is not null and buyer_address is null
            then 'address_missing'
        when open_orders >= {OPEN_ORDERS_MAX} then 'order_limit'
        when coupon_id is not null then case
            when found_coupon_id is null or not coupon_fits then 'coupon_not_found'
            when coupon_state in ('locked', 'used') then 'coupon_spent'
            when coupon_state <> 'claimed' or coupon_over then 'coupon_expired'
            when not any_takes then 'coupon_scope'
            when couponed_minor < threshold_minor then 'coupon_threshold'
            when kind = 'shipping' and fee_minor = 0 then 'coupon_nothing' end
        end as first_refusal
    from shared
)
"""  # noqa: S608 - constant text

_DECIDE: Final = f"""{JUDGED}, priced as (
    select *, coalesce(first_refusal,
                       case when expected <> payable_minor then 'price_changed' end) as refusal
    from judged
), heard as (
    select *, bool_or(coalesce(line_refusal, refusal) is not null) over (partition by n) as refused
    from priced
), ranked as (
    select *,
        sum(quantity) filter (where not refused)
            over (partition by product_id, variant_id order by n) as reach,
        count(*) filter (where not refused and line = 0)
            over (partition by coalesce(coupon_id, id) order by n) as turn,
        live_taken + sum(quantity) filter (where not refused)
            over (partition by live_price_id order by n) as live_reach,
        held + sum(quantity) filter (where not refused)
            over (partition by live_price_id, visitor_id order by n) as live_held,
        open_orders + count(*) filter (where not refused and line = 0)
            over (partition by visitor_id order by n) as standing
    from heard
), decided as materialized (
    select *, bool_and(not refused
        and reach <= stock and turn = 1 and standing <= {OPEN_ORDERS_MAX}
        and (live_reach > live_total) is not true and (live_held > live_each) is not true)
        over (partition by n) as granted
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
    from decided g where g.granted and g.line = 0 and c.id = g.coupon_id and c.state = 'claimed'
      and c.id = any(array(select coupon_id from decided where granted))
), written as (
    insert into commerce.orders (id, shop_id, visitor_id, room_id, goods_minor, discount_minor,
        payable_minor, currency, coupon_id, status, buyer_name, buyer_phone, buyer_address,
        idempotency_key, delivery, fee_minor, buyer_note, pickup_place, pickup_place_en,
        pickup_code, created_at, deadline_at, paid_at)
    select id, shop_id, visitor_id, room_id, goods_minor, discount_minor,
        payable_minor, currency, coupon_id,
        case when payable_minor = 0 then 'paid' else 'created' end,
        buyer_name, buyer_phone, buyer_address, key, delivery, fee_minor, buyer_note,
        pickup_place, pickup_place_en, pickup_code, at, at + $20::interval,
        case when payable_minor = 0 then at end
    from decided where granted and line = 0
), lined as (
    insert into commerce.order_lines (order_id, place, product_id, variant_id, title, title_en,
        picture_key, quantity, unit_price_minor, discount_minor, live_price_id)
    select id, line, product_id, variant_id, title, title_en, picture_key, quantity, unit_minor,
        line_off_minor, live_price_id
    from decided where granted
)
select granted, refusal, line_refusal, needed,
    stock - coalesce(sum(quantity) filter (where granted)
        over (partition by product_id, variant_id), 0) as left_over,
    title, title_en, picture_key, unit_minor, line_off_minor, shop_id, currency, goods_minor,
    discount_minor, fee_minor, payable_minor, delivery, pickup_place, pickup_place_en,
    pickup_code, at, at + $20::interval as deadline_at
from decided order by n, line
"""  # noqa: S608 - constant text

REFUSALS: Final[dict[str, type[AppError]]] = {
    error.code: error
    for error in (
        ProductNotFound,
        ProductHidden,
        OrderSeparately,
        VariantNotFound,
        VariantMissing,
        AddressMissing,
        SoldOut,
        OrderLimit,
        CouponNotFound,
        CouponSpent,
        CouponExpired,
        CouponElsewhere,
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
) -> list[list[asyncpg.Record]]:
    """For each wish one row per line, in order: granted, or why not."""
    try:
        rows = iter(await conn.fetch(_DECIDE, *parameters(ids, wishes), hold))
    except asyncpg.UniqueViolationError as error:
        # Another process took the same key for another product at this moment, or a pick-up code
        # is taken. Asked again, the batch finds that order, or has another code.
        raise asyncpg.SerializationError("the same key at the same moment") from error
    return [list(islice(rows, len(wish.lines))) for wish in wishes]


def parameters(ids: list[str], wishes: Sequence[Wish]) -> tuple[str, ...]:
    """Those of `JUDGED`: one column each, one element per line; what is the order's stands at
    each."""
    codes = new_pickup_codes(len(wishes))
    buyers = [wish.buyer or _NOBODY for wish in wishes]
    rows = [
        (number, place, wish, line)
        for number, wish in enumerate(wishes)
        for place, line in enumerate(wish.lines)
    ]
    return (
        pack([str(number) for number, _, _, _ in rows]),
        pack([str(place) for _, place, _, _ in rows]),
        pack([ids[number] for number, _, _, _ in rows]),
        pack([wish.visitor_id for _, _, wish, _ in rows]),
        pack([wish.idempotency_key for _, _, wish, _ in rows]),
        pack([wish.room_id for _, _, wish, _ in rows]),
        pack([line.product_id for _, _, _, line in rows]),
        pack([str(line.quantity) for _, _, _, line in rows]),
        pack([str(_needed(wish, line)) for _, _, wish, line in rows]),
        pack([str(_live_needed(wish, line)) for _, _, wish, line in rows]),
        pack([wish.coupon_id for _, _, wish, _ in rows]),
        pack([_number(wish.expected_minor) for _, _, wish, _ in rows]),
        pack([buyers[number].name or None for number, _, _, _ in rows]),
        pack([buyers[number].phone or None for number, _, _, _ in rows]),
        pack([buyers[number].address or None for number, _, _, _ in rows]),
        pack([line.live_price_id for _, _, _, line in rows]),
        pack([line.variant_id for _, _, _, line in rows]),
        pack([wish.note for _, _, wish, _ in rows]),
        pack([codes[number] for number, _, _, _ in rows]),
    )


_NOBODY: Final = Buyer(name="", phone="")


def _number(amount: int | None) -> str | None:
    return None if amount is None else str(amount)


def _needed(wish: Wish, line: WishLine) -> int:
    """How many pieces of the same thing the whole order wants."""
    if len(wish.lines) == 1:
        return line.quantity
    return sum(
        one.quantity
        for one in wish.lines
        if (one.product_id, one.variant_id) == (line.product_id, line.variant_id)
    )


def _live_needed(wish: Wish, line: WishLine) -> int:
    """How many pieces the whole order wants at the live price of this line."""
    if len(wish.lines) == 1:
        return line.quantity
    return sum(one.quantity for one in wish.lines if one.live_price_id == line.live_price_id)
