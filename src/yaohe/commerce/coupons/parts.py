"""All SQL about parts: what a room and its shows may give of a template's total.

Whoever writes here has locked the template first, as every claim does, so that nothing is given
between a count and its writing.
"""

from __future__ import annotations

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from yaohe.commerce.coupons.model import Part, PartGiven

_LOCK = text("select total from commerce.coupon_templates where id = :template for no key update")

_DROP = text("delete from commerce.coupon_rooms where template_id = :template and room_id = :room")

# What the room gave before it had a part counts as well.
_SET = text("""
    insert into commerce.coupon_rooms as r
        (template_id, room_id, shop_id, total, show_total, claimed)
    select :template, :room, t.shop_id, cast(:total as integer), cast(:show_total as integer), n
      from commerce.coupon_templates t
     cross join (select count(*) as n from commerce.coupons
                  where template_id = :template and room_id = :room) given
     where t.id = :template and (n > cast(:total as integer)) is not true
        on conflict (template_id, room_id) do update
           set total = excluded.total, show_total = excluded.show_total
    returning r.room_id
""")

_COUNT_SHOWS = text("""
    insert into commerce.coupon_shows (template_id, room_id, show, shop_id, claimed)
    select template_id, room_id, show, shop_id, count(*) from commerce.coupons
     where template_id = :template and room_id = :room and show is not null
     group by 1, 2, 3, 4
        on conflict do nothing
""")

_GIVEN = text("""
    select r.total, r.show_total, r.claimed, coalesce(s.claimed, 0) as show_claimed
      from commerce.coupon_rooms r
      left join commerce.coupon_shows s
        on s.template_id = r.template_id and s.room_id = r.room_id and s.show = :show
     where r.template_id = :template and r.room_id = :room
""")


async def lock_template(conn: AsyncConnection, template_id: str) -> int | None:
    """Keep claims out until the transaction ends; its total, or None when it is not there."""
    found: int | None = await conn.scalar(_LOCK, {"template": template_id})
    return found


async def set_part(conn: AsyncConnection, template_id: str, room_id: str, part: Part) -> bool:
    """Write a room's part; False when the room has given more than that already."""
    keys = {"template": template_id, "room": room_id}
    if part == Part():
        await conn.execute(_DROP, keys)
        return True
    values = {"total": part.total, "show_total": part.show_total}
    if (await conn.execute(_SET, keys | values)).first() is None:
        return False
    await conn.execute(_COUNT_SHOWS, keys)
    return True


async def part_given(
    conn: AsyncConnection, template_id: str, room_id: str, show: str
) -> PartGiven | None:
    row = (
        await conn.execute(_GIVEN, {"template": template_id, "room": room_id, "show": show})
    ).first()
    return None if row is None else PartGiven(**row._mapping)
