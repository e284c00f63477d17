"""Claiming coupons, many at a time: two statements in the coalescer's transaction.

The first locks the templates in key order; only after that has it been decided who else is inside,
so the second, with a fresh snapshot, sees every coupon that exists. It decides a whole batch: who
has theirs already, who is beyond their limit, how far the rest reaches. Nothing is checked outside
of it, and the unique keys stand behind it.
"""

from __future__ import annotations

from typing import Final

import asyncpg

from yaohe.commerce.coupons.model import Claim, Coupon
from yaohe.commerce.errors import CouponGone, CouponLimit, CouponOver, TemplateNotFound
from yaohe.commerce.events import CouponSupplyChanged
from yaohe.kernel.arrays import cut, pack
from yaohe.kernel.errors import AppError
from yaohe.kernel.ids import new_ids
from yaohe.kernel.outbox import record_raw

_LOCK: Final = """
select id, shop_id, title, title_en, amount_minor, threshold_minor, currency, kind, percent
from commerce.coupon_templates where id = any($1::text[]) order by id for no key update
"""

_CLAIM: Final = f"""
with item as (
    select n, id, template_id, visitor_id, slot, source, coalesce(source_ref, '') as source_ref
    from unnest({cut(1)}, {cut(2)}, {cut(3)}, {cut(4)}, {cut(5)}, {cut(6)})
        with ordinality as t (id, template_id, visitor_id, slot, source, source_ref, n)
), looked as materialized (
    select item.*, t.shop_id, t.amount_minor, t.threshold_minor, t.currency, t.per_person,
        t.total, t.claimed, least(t.valid_until, now.at + make_interval(days => t.valid_days))
            as expires_at, now.at,
        t.status = 'active' and t.valid_from <= now.at
            and (t.valid_until is null or now.at < t.valid_until) as open,
        his.mine, his.held
    from item
    cross join (select statement_timestamp() as at) now
    left join commerce.coupon_templates t on t.id = item.template_id
    cross join lateral (
        select count(*) as held, min(c.id) filter (where c.slot = item.slot) as mine
        from commerce.coupons c
        where c.visitor_id = item.visitor_id and c.template_id = item.template_id
    ) his
), counted as (
    select *, held + sum((mine is null)::int)
        over (partition by template_id, visitor_id order by n) as ordinal
    from looked
), judged as (
    select *, case when mine is not null then 'mine'
                   when open is not true then 'over'
                   when ordinal > per_person then 'limit' end as known
    from counted
), placed as (
    select *, claimed + sum((known is null)::int)
        over (partition by template_id order by n) as place
    from judged
), decided as (
    select *, case when known is not null then known
                   when place > total then 'gone' else 'granted' end as outcome
    from placed
), written as (
    insert into commerce.coupons (id, shop_id, template_id, visitor_id, slot, ordinal, state,
        amount_minor, threshold_minor, currency, source, source_ref, claimed_at, expires_at)
    select id, shop_id, template_id, visitor_id, slot, ordinal, 'claimed',
        amount_minor, threshold_minor, currency, source, source_ref, at, expires_at
    from decided where outcome = 'granted'
), spent as (
    update commerce.coupon_templates t set claimed = t.claimed + d.times
    from (select template_id, count(*) as times from decided
          where outcome = 'granted' group by template_id) d
    where t.id = d.template_id
)
select outcome, mine, at, expires_at from decided order by n
"""  # noqa: S608 - constant text

_MINE: Final = """
select id, state, amount_minor, threshold_minor, currency, source, source_ref, order_id,
    claimed_at, expires_at
from commerce.coupons where id = any($1::text[])
"""

_REFUSALS: Final[dict[str, type[AppError]]] = {
    "over": CouponOver,
    "limit": CouponLimit,
    "gone": CouponGone,
}


async def claim(conn: asyncpg.Connection, items: list[Claim]) -> list[Coupon | AppError]:
    """One answer per item, in order. Runs inside the transaction of a coalescer."""
    # The same person asking twice in a batch for the same slot is one request with two askers.
    first: dict[tuple[str, str, str], int] = {}
    asked = [
        first.setdefault((item.template_id, item.visitor_id, item.slot), len(first))
        for item in items
    ]
    wanted = [items[n] for n in _first_places(asked)]
    ids = new_ids("cpn", len(wanted))
    template_ids = list({item.template_id for item in wanted})
    templates = {row["id"]: row for row in await conn.fetch(_LOCK, template_ids)}
    rows = await conn.fetch(
        _CLAIM,
        pack(ids),
        pack([item.template_id for item in wanted]),
        pack([item.visitor_id for item in wanted]),
        pack([item.slot for item in wanted]),
        pack([item.source for item in wanted]),
        pack([item.source_ref for item in wanted]),
    )
    await _record_supply(conn, wanted, rows, templates)
    held = [row["mine"] for row in rows if row["outcome"] == "mine"]
    mine = {row["id"]: row for row in await conn.fetch(_MINE, held)} if held else {}
    return [_answer(wanted[n], ids[n], rows[n], templates, mine) for n in asked]


async def _record_supply(
    conn: asyncpg.Connection,
    wanted: list[Claim],
    rows: list[asyncpg.Record],
    templates: dict[str, asyncpg.Record],
) -> None:
    """One fact per coupon of which fewer are left, however many were given."""
    fewer = {
        item.template_id
        for item, row in zip(wanted, rows, strict=True)
        if row["outcome"] == "granted"
    }
    facts = [
        CouponSupplyChanged(shop_id=templates[template_id]["shop_id"], template_id=template_id)
        for template_id in sorted(fewer)
    ]
    await record_raw(conn, facts)


def _first_places(asked: list[int]) -> list[int]:
    """Where each new number first appears."""
    places: list[int] = []
    for place, number in enumerate(asked):
        if number == len(places):
            places.append(place)
    return places


def _answer(
    item: Claim,
    coupon_id: str,
    row: asyncpg.Record,
    templates: dict[str, asyncpg.Record],
    mine: dict[str, asyncpg.Record],
) -> Coupon | AppError:
    template = templates.get(item.template_id)
    if template is None:
        return TemplateNotFound()
    outcome = row["outcome"]
    if outcome in _REFUSALS:
        return _REFUSALS[outcome]()
    if outcome == "granted":
        return Coupon(
            id=coupon_id,
            shop_id=template["shop_id"],
            template_id=item.template_id,
            visitor_id=item.visitor_id,
            title=template["title"],
            title_en=template["title_en"],
            state="claimed",
            amount_minor=template["amount_minor"],
            threshold_minor=template["threshold_minor"],
            currency=template["currency"],
            kind=template["kind"],
            percent=template["percent"],
            source=item.source,
            source_ref=item.source_ref,
            claimed_at=row["at"],
            expires_at=row["expires_at"],
            new=True,
        )
    known = mine[row["mine"]]
    return Coupon(
        shop_id=template["shop_id"],
        template_id=item.template_id,
        visitor_id=item.visitor_id,
        title=template["title"],
        title_en=template["title_en"],
        kind=template["kind"],
        percent=template["percent"],
        **known,
    )
