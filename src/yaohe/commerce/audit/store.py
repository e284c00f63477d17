"""Commerce asked whether it is right: stock, coupons, orders, money, and the ledger beside them.

Every question is answered with the rows that break it. All of it is read in the caller's
transaction, so that one moment is judged.
"""

# ruff: noqa: S608 - SQL put together from our own words

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import asyncpg
import msgspec

from yaohe.commerce.audit.bills import BILLS
from yaohe.commerce.audit.lines import misplit
from yaohe.commerce.payments.bookkeeping import Booked, expected
from yaohe.ledger import Journal

FINDINGS_MAX: Final = 100
PAGE: Final = 5_000

Findings = list[dict[str, object]]

# Lines of orders that have what they were made with: their stock, their live price.
_HELD: Final = """(
    select l.*, o.visitor_id, o.placed_by
      from commerce.order_lines l join commerce.orders o on o.id = l.order_id
     where o.status in ('created', 'paid', 'shipped', 'completed')
        or o.status = 'refunded' and o.shipped_at is not null
)"""

_OVERSOLD: Final[Mapping[str, str]] = {
    "less than nothing is left": """
        select id as product, stock, sold from commerce.products where stock < 0 or sold < 0
    """,
    "sold is not what orders hold": f"""
        select p.id as product, p.stock, p.sold, coalesce(sum(o.quantity), 0) as held
          from commerce.products p
          left join {_HELD} o on o.product_id = p.id
         group by p.id having p.sold <> coalesce(sum(o.quantity), 0)
    """,
    "a variant sold otherwise than orders hold": f"""
        select v.id as variant, v.stock, v.sold, coalesce(sum(o.quantity), 0) as held
          from commerce.variants v
          left join {_HELD} o on o.variant_id = v.id
         group by v.id having v.sold <> coalesce(sum(o.quantity), 0) or v.stock < 0
    """,
    "an order of another product's variant": """
        select l.order_id as order, v.id as variant
          from commerce.order_lines l join commerce.variants v on v.id = l.variant_id
         where v.product_id <> l.product_id
    """,
    "a live price went to other orders than it counts": f"""
        select l.id as live_price, l.taken, l.total, coalesce(sum(o.quantity), 0) as held
          from commerce.live_prices l
          left join {_HELD} o on o.live_price_id = l.id
         group by l.id having l.taken <> coalesce(sum(o.quantity), 0) or l.taken > l.total
    """,
    "somebody has more at a live price than one may": f"""
        select l.id as live_price, coalesce(o.placed_by, o.visitor_id) as visitor,
               sum(o.quantity) as held
          from commerce.live_prices l
          join {_HELD} o on o.live_price_id = l.id
         group by l.id, coalesce(o.placed_by, o.visitor_id)
        having sum(o.quantity) > l.per_person
    """,
    "an order at a live price that is not its own": """
        select o.id as order, l.id as live_price
          from commerce.orders o join commerce.order_lines i on i.order_id = o.id
          left join commerce.live_prices l on l.id = i.live_price_id
         where i.live_price_id is not null
           and (i.product_id = l.product_id and o.room_id = l.room_id
                and i.unit_price_minor = l.price_minor and i.discount_minor = 0
                and o.created_at >= l.starts_at) is not true
    """,
}

_OVERCLAIMED: Final[Mapping[str, str]] = {
    "more coupons than there are": """
        select t.id as template, t.claimed, t.total, count(c.id) as coupons
          from commerce.coupon_templates t
          left join commerce.coupons c on c.template_id = t.id
         group by t.id having t.claimed <> count(c.id) or count(c.id) > t.total
    """,
    "a room gave more coupons than its part": """
        select r.template_id as template, r.room_id as room, r.claimed, r.total,
               count(c.id) as coupons
          from commerce.coupon_rooms r
          left join commerce.coupons c on c.template_id = r.template_id and c.room_id = r.room_id
         group by 1, 2 having r.claimed <> count(c.id) or count(c.id) > r.total
    """,
    "a show gave more coupons than its part": """
        select s.template_id as template, s.room_id as room, s.show, s.claimed, s.total,
               count(c.id) as coupons
          from commerce.coupon_shows s
          left join commerce.coupons c on c.template_id = s.template_id
               and c.room_id = s.room_id and c.show = s.show
         group by s.template_id, s.room_id, s.show
        having s.claimed <> count(c.id) or count(c.id) > s.total
    """,
    "more coupons in a day than one person may have": """
        select c.template_id as template, coalesce(c.claimed_by, c.visitor_id) as visitor,
               c.day::text, count(*) as coupons
          from commerce.coupons c join commerce.coupon_templates t on t.id = c.template_id
         group by 1, 2, c.day, t.per_day having c.day is not null and count(*) > t.per_day
    """,
    "more coupons in a show than one person may have": """
        select c.template_id as template, coalesce(c.claimed_by, c.visitor_id) as visitor,
               c.room_id as room, c.show, count(*) as coupons
          from commerce.coupons c join commerce.coupon_templates t on t.id = c.template_id
         group by 1, 2, 3, 4, t.per_show having c.show is not null and count(*) > t.per_show
    """,
    "more coupons than one person may have": """
        select c.template_id as template, c.visitor_id as visitor, count(*) as coupons
          from commerce.coupons c join commerce.coupon_templates t on t.id = c.template_id
         group by c.template_id, c.visitor_id, t.per_person having count(*) > t.per_person
    """,
    "a coupon took off something else than it says": """
        select o.id as order, c.id as coupon, t.kind, c.amount_minor, o.discount_minor
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
    """,
    "a coupon that is not its order's": """
        select c.id as coupon, c.state, o.id as order, o.status
          from commerce.coupons c
          full join (select * from commerce.orders
                      where coupon_id is not null
                        and (status in ('created', 'paid', 'shipped', 'completed')
                             or status = 'refunded' and shipped_at is not null)) o
            on o.coupon_id = c.id
         where c.id is null or (o.id is not null or c.order_id is not null)
           and (c.order_id = o.id
                and c.state = case o.status when 'created' then 'locked' else 'used' end)
               is not true
    """,
}

# Time in which the database was not there does not count.
_STUCK: Final[Mapping[str, str]] = {
    "an order outlived its deadline": """
        select id as order, deadline_at::text from commerce.orders
         where status = 'created'
           and greatest(deadline_at, pg_postmaster_start_time()) < now() - interval '5 minutes'
    """,
    "a refund has been on its way for more than a day": """
        select id as refund, payment_id as payment, state, attempts, amount_minor
          from commerce.refunds where state <> 'done' and created_at < now() - interval '1 day'
    """,
}

_DIFFERENCES: Final[Mapping[str, str]] = {
    "an order is not the sum of its lines": """
        select o.id as order, o.goods_minor, o.discount_minor, l.goods_minor as lines
          from commerce.orders o
          left join commerce.coupons c on c.id = o.coupon_id
          left join commerce.coupon_templates t on t.id = c.template_id
         cross join lateral (
               select sum(unit_price_minor * quantity) as goods_minor,
                      sum(discount_minor) as discount_minor, count(*) as many, max(place) as last
                 from commerce.order_lines where order_id = o.id) l
         where l.goods_minor is distinct from o.goods_minor or l.many <> l.last + 1
            or l.discount_minor <> case t.kind when 'shipping' then 0 else o.discount_minor end
    """,
    "the gateway told of another amount": """
        select id as payment, order_id as order, amount_minor, problem
          from commerce.payments where problem is not null
    """,
    "an order says it was paid otherwise than its payments": """
        select o.id as order, o.status, o.payable_minor, o.paid_minor, m.kept_minor
          from commerce.orders o
         cross join lateral (
               select coalesce(sum(p.amount_minor), 0) as kept_minor
                 from commerce.payments p
                where p.order_id = o.id and p.state in ('paid', 'refunded')
                  and not exists (select from commerce.refunds r
                                   where r.payment_id = p.id and r.reason = 'double')) m
         where o.paid_minor <> m.kept_minor
            or o.status in ('paid', 'shipped', 'completed') and o.paid_minor <> o.payable_minor
    """,
    "late money has no refund": """
        select o.id as order, o.status from commerce.orders o
         where o.status in ('paid_late', 'refunded')
           and not exists (select from commerce.refunds r where r.order_id = o.id)
    """,
    "an order says otherwise than its refunds what went back": """
        select o.id as order, o.refunded_minor, coalesce(sum(r.amount_minor), 0) as back
          from commerce.orders o
          left join commerce.refunds r on r.order_id = o.id and r.state = 'done'
               and r.reason <> 'double'
         group by o.id having o.refunded_minor <> coalesce(sum(r.amount_minor), 0)
    """,
    "a refund is not what was paid": """
        select p.id as payment, p.state, p.amount_minor, coalesce(sum(r.amount_minor), 0) as back
          from commerce.payments p
          left join commerce.refunds r on r.payment_id = p.id
         group by p.id
        having coalesce(sum(r.amount_minor), 0) > p.amount_minor
            or coalesce(sum(r.amount_minor), 0) <> p.given_back_minor
            or (p.state = 'refunded') <> (coalesce(sum(r.amount_minor) filter (
                    where r.state = 'done'), 0) = p.amount_minor)
    """,
}

_PAYMENTS: Final = """
    select p.id, p.shop_id, p.gateway, p.amount_minor, p.currency,
           exists (select from commerce.refunds r
                    where r.payment_id = p.id and r.reason in ('late', 'double')) as too_late
      from commerce.payments p
     where p.state in ('paid', 'refunded') and p.id > $1 order by p.id limit $2
"""
_REFUNDS: Final = """
    select id, shop_id, gateway, amount_minor, currency, state = 'done' as done,
           reason = 'shop' as decided
      from commerce.refunds where id > $1 order by id limit $2
"""
_KNOWN: Final[Mapping[str, str]] = {
    "payment:": """
        select id from commerce.payments
         where id = any($1::text[]) and state in ('paid', 'refunded')
    """,
    "owed:": "select id from commerce.refunds where id = any($1::text[]) and reason = 'shop'",
    "refund:": "select id from commerce.refunds where id = any($1::text[])",
    "refunded:": "select id from commerce.refunds where id = any($1::text[]) and state = 'done'",
}


class CommerceReport(msgspec.Struct, frozen=True, kw_only=True):
    oversold: Findings
    overclaimed: Findings
    stuck: Findings
    differences: Findings


async def audit(conn: asyncpg.Connection) -> CommerceReport:
    """What is not as it must be; at most a hundred findings of each kind."""
    differences = await _ask(conn, {**_DIFFERENCES, **BILLS})
    journal = Journal(conn)
    differences += await _unbooked(conn, journal)
    differences += await _unknown(conn, journal)
    return CommerceReport(
        oversold=await _ask(conn, _OVERSOLD),
        overclaimed=[
            *await _ask(conn, _OVERCLAIMED),
            *await misplit(conn, limit=FINDINGS_MAX),
        ],
        stuck=await _ask(conn, _STUCK),
        differences=differences,
    )


async def _ask(conn: asyncpg.Connection, questions: Mapping[str, str]) -> Findings:
    findings: Findings = []
    for what, question in questions.items():
        rows = await conn.fetch(f"{question} limit {FINDINGS_MAX}")
        findings += [{"what": what, **dict(row)} for row in rows]
    return findings


async def _unbooked(conn: asyncpg.Connection, journal: Journal) -> Findings:
    """Money of payments and refunds that the ledger does not have, or has otherwise."""
    findings: Findings = []
    for question in (_PAYMENTS, _REFUNDS):
        last = ""
        while rows := await conn.fetch(question, last, PAGE):
            last = rows[-1]["id"]
            lines = [line for row in rows for line in expected(msgspec.convert(dict(row), Booked))]
            there = await journal.lines([line.id for line in lines])
            findings += [
                {"what": "money is not in the ledger as it was paid", "transfer": line.id}
                for line in lines
                if there.get(line.id) != line
            ]
            if len(findings) >= FINDINGS_MAX:
                break
    return findings[:FINDINGS_MAX]


async def _unknown(conn: asyncpg.Connection, journal: Journal) -> Findings:
    """Money in the ledger that no payment and no refund knows."""
    findings: Findings = []
    for prefix, question in _KNOWN.items():
        last = ""
        while ids := await journal.ids(prefix, after=last, limit=PAGE):
            last = ids[-1]
            bare = [one.removeprefix(prefix) for one in ids]
            known = {row["id"] for row in await conn.fetch(question, bare)}
            findings += [
                {"what": "the ledger has money nobody paid", "transfer": prefix + one}
                for one in bare
                if one not in known
            ]
    return findings[:FINDINGS_MAX]
