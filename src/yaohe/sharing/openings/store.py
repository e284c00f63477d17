"""All SQL about openings. Tables are locked in one order: openings, then the totals of hits."""

from __future__ import annotations

from collections.abc import Sequence

import asyncpg

from yaohe.kernel.arrays import cut, pack
from yaohe.sharing.openings.model import OpeningAsked

# A link has no more openings than people fetched it, however often a page speaks up: the total is
# raised under its row's lock, or not at all. Of several in a batch the first ones find room.
_RECORD = f"""
with asked as (
    select a.opening_id, a.token, a.env, s.shop_id, s.room_id,
           row_number() over (partition by a.token order by a.nth) as rank
      from unnest({cut(1)}, {cut(2)}, {cut(3)}) with ordinality as a (opening_id, token, env, nth)
      join sharing.shares s on s.token = a.token
), wanted as (
    select token, count(*) as n from asked group by token
), due as (
    select t.token, least(w.n, t.hits - t.bot_hits - t.openings) as n
      from sharing.hit_totals t join wanted w using (token)
     where t.hits - t.bot_hits > t.openings
     order by t.token for no key update of t
), raised as (
    update sharing.hit_totals t set openings = t.openings + due.n
      from due where due.token = t.token
    returning t.token, due.n
)
insert into sharing.openings (opening_id, token, shop_id, room_id, env)
select a.opening_id::uuid, a.token, a.shop_id, a.room_id, a.env
  from asked a join raised r on r.token = a.token and a.rank <= r.n
returning opening_id, token
"""  # noqa: S608

_TAKE = """
with gone as (
    delete from sharing.openings o
     using unnest($1::uuid[], $2::text[]) as t (opening_id, token)
     where o.opening_id = t.opening_id and o.token = t.token
    returning o.opening_id, o.token
), due as (
    select t.token, g.n
      from sharing.hit_totals t join (select token, count(*) as n from gone group by token) g
           using (token)
     order by t.token for no key update of t
), lowered as (
    update sharing.hit_totals t set openings = t.openings - due.n
      from due where due.token = t.token
)
select opening_id from gone
"""


async def record(conn: asyncpg.Connection, asked: Sequence[OpeningAsked]) -> dict[str, str]:
    """Note openings; which of them counted, with their tokens."""
    rows = await conn.fetch(
        _RECORD,
        pack([a.opening_id for a in asked]),
        pack([a.token for a in asked]),
        pack([a.env for a in asked]),
    )
    return {row["opening_id"].hex: row["token"] for row in rows}


async def take(conn: asyncpg.Connection, openings: Sequence[tuple[str, str]]) -> set[str]:
    """Take these (id, token) out of the count; which of them were still there."""
    wanted = sorted(set(openings))
    rows = await conn.fetch(_TAKE, [one[0] for one in wanted], [one[1] for one in wanted])
    return {row["opening_id"].hex for row in rows}
