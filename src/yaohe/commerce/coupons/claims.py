"""Claiming coupons, many at a time, in the coalescer's transaction.

First the templates are locked in key order; only after that has it been decided who else is inside,
so what follows, with a fresh snapshot, sees every coupon that exists. One statement decides a whole
batch: who has theirs already, who is beyond their limit, how far the rest reaches. Nothing is
checked outside of it, and the unique keys stand behind it.

The statement has two forms. Where no template of the batch knows days, shows or parts of rooms,
the short one decides; the long one narrows the batch step by step, from the smaller limit to the
greater: who passes one is counted for the next, and nobody else.
"""

from __future__ import annotations

from datetime import date
from typing import Final
from zoneinfo import ZoneInfo

import asyncpg
import msgspec

from yaohe.commerce.coupons.model import Claim, Coupon
from yaohe.commerce.errors import (
    CouponDayLimit,
    CouponGone,
    CouponGoneRoom,
    CouponGoneShow,
    CouponLimit,
    CouponOver,
    CouponShowLimit,
    TemplateNotFound,
)
from yaohe.commerce.events import CouponSupplyChanged
from yaohe.kernel.arrays import cut, pack
from yaohe.kernel.errors import AppError
from yaohe.kernel.ids import new_ids
from yaohe.kernel.outbox import record_raw

_LOCK: Final = """
select id, shop_id, title, title_en, amount_minor, threshold_minor, currency, kind, percent,
    product_ids, per_day, per_show, statement_timestamp() as at
from commerce.coupon_templates where id = any($1::text[]) order by id for no key update
"""

_PARTED: Final = """
select exists (select from commerce.coupon_rooms where template_id = any($1::text[]))
"""

_ITEMS: Final = f"""
with item as (
    select n, id, template_id, visitor_id, slot, source, coalesce(source_ref, '') as source_ref,
        room_id, show, day::date as day
    from unnest({cut(1)}, {cut(2)}, {cut(3)}, {cut(4)}, {cut(5)}, {cut(6)}, {cut(7)}, {cut(8)},
                {cut(9)}) with ordinality
        as t (id, template_id, visitor_id, slot, source, source_ref, room_id, show, day, n)
)"""  # noqa: S608 - constant text

_WRITE: Final = """, written as (
    insert into commerce.coupons (id, shop_id, template_id, visitor_id, slot, ordinal, state,
        amount_minor, threshold_minor, currency, source, source_ref, claimed_at, expires_at,
        room_id, show, day)
    select id, shop_id, template_id, visitor_id, slot, ordinal, 'claimed',
        amount_minor, threshold_minor, currency, source, source_ref, at, expires_at,
        room_id, show, day
    from decided where outcome = 'granted'
), spent as (
    update commerce.coupon_templates t set claimed = t.claimed + d.times
    from (select template_id, count(*) as times from decided
          where outcome = 'granted' group by template_id) d
    where t.id = d.template_id
)"""

_ANSWER: Final = """
select outcome, mine, at, expires_at from decided order by n
"""

_SHORT: Final = f"""{_ITEMS}, looked as materialized (
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
){_WRITE}{_ANSWER}"""  # noqa: S608 - constant text

_LONG: Final = f"""{_ITEMS}, looked as materialized (
    select item.*, t.shop_id, t.amount_minor, t.threshold_minor, t.currency, t.per_person,
        t.per_day, t.per_show, t.total, t.claimed,
        least(t.valid_until, now.at + make_interval(days => t.valid_days)) as expires_at, now.at,
        t.status = 'active' and t.valid_from <= now.at
            and (t.valid_until is null or now.at < t.valid_until) as open,
        his.mine, his.held, his.today, his.in_show, r.template_id is not null as parted,
        r.total as room_total, r.claimed as room_claimed, r.show_total,
        coalesce(s.claimed, 0) as show_claimed
    from item
    cross join (select statement_timestamp() as at) now
    left join commerce.coupon_templates t on t.id = item.template_id
    left join lateral (
        select * from commerce.coupon_rooms
        where template_id = item.template_id and room_id = item.room_id limit 1
    ) r on true
    left join lateral (
        select * from commerce.coupon_shows
        where template_id = item.template_id and room_id = item.room_id and show = item.show limit 1
    ) s on true
    cross join lateral (
        select count(*) as held, min(c.id) filter (where c.slot = item.slot) as mine,
            count(*) filter (where c.day = item.day) as today,
            count(*) filter (where c.room_id = item.room_id and c.show = item.show) as in_show
        from commerce.coupons c
        where c.visitor_id = item.visitor_id and c.template_id = item.template_id
    ) his
), showed as (
    select *, case when mine is not null then 'mine' when open is not true then 'over' end as known,
        in_show + sum((mine is null)::int)
            over (partition by template_id, visitor_id, room_id, show order by n) as nth_in_show
    from looked
), counted as (
    select *, count(*)
            filter (where known is null and (show is null or (nth_in_show > per_show) is not true))
            over (partition by template_id, visitor_id order by n) as more
    from showed
), judged as (
    select *, held + more as ordinal, coalesce(known, case
        when held + more > per_person and (per_day - today < per_person - held) is not true
            then 'limit'
        when today + more > per_day then 'day_limit'
        when show is not null and nth_in_show > per_show then 'show_limit' end) as refused
    from counted
), of_show as (
    select *, show_claimed + count(*) filter (where refused is null)
        over (partition by template_id, room_id, show order by n) as show_place
    from judged
), of_room as (
    select *, room_claimed
        + count(*) filter (where refused is null and (show_place > show_total) is not true)
            over (partition by template_id, room_id order by n) as room_place
    from of_show
), placed as (
    select *, claimed + count(*) filter (where refused is null
            and (show_place > show_total) is not true and (room_place > room_total) is not true)
        over (partition by template_id order by n) as place
    from of_room
), decided as materialized (
    select *, case when refused is not null then refused
                   when place > total or place = total
                        and (room_place > room_total or show_place > show_total) then 'gone'
                   when room_place > room_total
                        or room_place = room_total and show_place > show_total then 'gone_room'
                   when show_place > show_total then 'gone_show' else 'granted' end as outcome
    from placed
){_WRITE}, rooms as (
    update commerce.coupon_rooms r set claimed = r.claimed + d.times
    from (select template_id, room_id, count(*) as times from decided
          where outcome = 'granted' and parted group by 1, 2) d
    where r.template_id = d.template_id and r.room_id = d.room_id
), shows as (
    insert into commerce.coupon_shows as s (template_id, room_id, show, shop_id, total, claimed)
    select template_id, room_id, show, shop_id, show_total, count(*) from decided
    where outcome = 'granted' and parted and show is not null group by 1, 2, 3, 4, 5
    on conflict (template_id, room_id, show) do update
        set claimed = s.claimed + excluded.claimed, total = excluded.total
){_ANSWER}"""  # noqa: S608 - constant text

_MINE: Final = """
select id, state, amount_minor, threshold_minor, currency, source, source_ref, order_id,
    claimed_at, expires_at
from commerce.coupons where id = any($1::text[])
"""

_REFUSALS: Final[dict[str, type[AppError]]] = {
    "over": CouponOver,
    "limit": CouponLimit,
    "day_limit": CouponDayLimit,
    "show_limit": CouponShowLimit,
    "gone": CouponGone,
    "gone_room": CouponGoneRoom,
    "gone_show": CouponGoneShow,
}
_LIMITS: Final = frozenset({"limit", "day_limit", "show_limit"})


async def claim(
    conn: asyncpg.Connection, items: list[Claim], *, zone: ZoneInfo
) -> list[Coupon | AppError]:
    """One answer per item, in order. Runs inside the transaction of a coalescer."""
    template_ids = list({item.template_id for item in items})
    templates = {row["id"]: row for row in await conn.fetch(_LOCK, template_ids)}
    counting = any(row["per_day"] or row["per_show"] for row in templates.values())
    if counting:
        days = {name: row["at"].astimezone(zone).date() for name, row in templates.items()}
        items = [_in_its_time(item, templates.get(item.template_id), days) for item in items]
    # The same person asking twice in a batch for the same slot is one request with two askers.
    first: dict[tuple[str, str, str], int] = {}
    asked = [
        first.setdefault((item.template_id, item.visitor_id, item.slot), len(first))
        for item in items
    ]
    wanted = [items[n] for n in _first_places(asked)]
    ids = new_ids("cpn", len(wanted))
    if counting or await conn.fetchval(_PARTED, template_ids):
        rows = await _decided_narrowly(conn, wanted, ids)
    else:
        rows = await _decided(conn, _SHORT, wanted, ids)
    await _record_supply(conn, wanted, rows, templates)
    held = [row["mine"] for row in rows if row["outcome"] == "mine"]
    mine = {row["id"]: row for row in await conn.fetch(_MINE, held)} if held else {}
    return [_answer(wanted[n], ids[n], rows[n], templates, mine) for n in asked]


def _in_its_time(item: Claim, template: asyncpg.Record | None, days: dict[str, date]) -> Claim:
    """The claim as one of its day, by the clock of the shop, and of its show."""
    if template is None or not (template["per_day"] or template["per_show"]):
        return item
    day, slot = days[item.template_id].isoformat(), item.slot
    if item.repeats:
        in_show = template["per_show"] and item.show is not None
        if in_show:
            slot += f":{item.room_id}:{item.show}"
        if template["per_day"] or not in_show:
            slot += f":{day}"
    return msgspec.structs.replace(item, day=day, slot=slot)


async def _decided(
    conn: asyncpg.Connection, statement: str, wanted: list[Claim], ids: list[str]
) -> list[asyncpg.Record]:
    rows: list[asyncpg.Record] = await conn.fetch(
        statement,
        pack(ids),
        pack([item.template_id for item in wanted]),
        pack([item.visitor_id for item in wanted]),
        pack([item.slot for item in wanted]),
        pack([item.source for item in wanted]),
        pack([item.source_ref for item in wanted]),
        pack([item.room_id for item in wanted]),
        pack([item.show for item in wanted]),
        pack([item.day for item in wanted]),
    )
    return rows


async def _decided_narrowly(
    conn: asyncpg.Connection, wanted: list[Claim], ids: list[str]
) -> list[asyncpg.Record]:
    """By the long statement. Who is beyond a limit only because of a claim of their own that got
    nothing, as its room had none left, is asked about again: each turn answers one of them."""
    rows = await _decided(conn, _LONG, wanted, ids)
    turn = list(range(len(wanted)))
    while turn := _crowded_out(wanted, rows, turn):
        again = await _decided(conn, _LONG, [wanted[n] for n in turn], [ids[n] for n in turn])
        for place, row in zip(turn, again, strict=True):
            rows[place] = row
    return rows


def _crowded_out(wanted: list[Claim], rows: list[asyncpg.Record], turn: list[int]) -> list[int]:
    empty: set[tuple[str, str]] = set()
    found = []
    for n in turn:
        outcome, person = rows[n]["outcome"], (wanted[n].template_id, wanted[n].visitor_id)
        if outcome in _LIMITS and person in empty:
            found.append(n)
        elif outcome in _REFUSALS and outcome not in _LIMITS:
            empty.add(person)
    return found


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
            product_ids=template["product_ids"],
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
        product_ids=template["product_ids"],
        **known,
    )
