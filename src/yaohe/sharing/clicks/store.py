"""All SQL about clicks. Locks are taken in one order everywhere: clicks, visits, then shares."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import asyncpg

from yaohe.kernel.arrays import cut, pack
from yaohe.sharing.clicks.model import ClickAsked

# The page's own fetch is the proof, and tells where the page is open; a prefetch that a person's
# browser made counts here, because the beacon only speaks once the page is shown.
_CONFIRM = f"""
with known as (
    select a.token, a.visitor_id, s.shop_id, s.room_id, s.sharer_id,
           coalesce(h.env, a.env) as env,
           s.sharer_id <> a.visitor_id and (a.joined or h.env is not null) as proven
      from (select token, visitor_id, env, joined = 'y' as joined
              from unnest({cut(1)}, {cut(2)}, {cut(3)}, {cut(4)})
                   as u (token, visitor_id, env, joined)) a
     cross join lateral (
            select s.shop_id, s.room_id, s.sharer_id
              from sharing.shares s where s.token = a.token limit 1
           ) s
      left join lateral (
            select h.env from sharing.hits h
             where h.token = a.token and h.visitor_id = a.visitor_id and h.room_id = s.room_id
               and not h.is_bot and h.method = 'GET' and h.visitor_id <> ''
             order by h.at desc limit 1
           ) h on true
), written as (
    insert into sharing.clicks as c (token, visitor_id, shop_id, room_id, sharer_id, env)
    select token, visitor_id, shop_id, room_id, sharer_id, env
      from known where proven order by token, visitor_id
        on conflict (token, visitor_id) do update set last_at = greatest(c.first_at, now())
    returning c.token, c.visitor_id, c.xmax = 0 as new
)
select k.token, k.visitor_id, k.shop_id, k.room_id, k.sharer_id, k.env, w.new
  from known k join written w using (token, visitor_id)
"""  # noqa: S608

_ARRIVE = f"""
insert into sharing.visits (room_id, visitor_id, token, shop_id, visible)
select room_id, visitor_id, token, shop_id, false
  from unnest({cut(1)}, {cut(2)}, {cut(3)}, {cut(4)})
       as t (room_id, visitor_id, token, shop_id)
 order by room_id, visitor_id, token
    on conflict do nothing
returning token, visitor_id
"""  # noqa: S608

_EFFECTIVE = """
with due as (
    select token from sharing.shares
     where token = any($1::text[]) and effective_at is null
     order by token for no key update
)
update sharing.shares s set effective_at = now() from due where s.token = due.token
"""

# The lock makes us wait for a tick of this moment, and the next tick for us: else each would miss
# what the other one writes, and a share that earned it would never be productive.
_WATCHED = f"""
select p.token, p.visitor_id
  from (select * from unnest({cut(1)}, {cut(2)}, {cut(3)}) as t (token, visitor_id, room_id)
         order by room_id, visitor_id, token) p
 cross join lateral (
        select v.watch_ms, v.interacted_at from sharing.visits v
         where v.room_id = p.room_id and v.visitor_id = p.visitor_id and v.token = p.token
         limit 1 for no key update
       ) v
 where v.watch_ms >= $4 or v.interacted_at is not null
"""  # noqa: S608

_FRIENDS = """
select room_id, sharer_id, count(distinct visitor_id) as friends
  from sharing.clicks
 where (sharer_id, room_id) in (select * from unnest($1::text[], $2::text[]))
 group by room_id, sharer_id
"""

_LATEST = f"""
select l.token
  from unnest({cut(1)}, {cut(2)}) with ordinality as p (room_id, visitor_id, nth)
  left join lateral (
        select c.token from sharing.clicks c
         where c.visitor_id = p.visitor_id and c.room_id = p.room_id
         order by c.last_at desc, c.token limit 1
       ) l on true
 order by p.nth
"""  # noqa: S608


async def confirm(conn: asyncpg.Connection, asked: Sequence[ClickAsked]) -> list[asyncpg.Record]:
    """Write the clicks that are proven; rows only for those, `new` on the first time."""
    rows = await conn.fetch(
        _CONFIRM,
        pack([a.token for a in asked]),
        pack([a.visitor_id for a in asked]),
        pack([a.env for a in asked]),
        pack(["y" if a.joined else "n" for a in asked]),
    )
    return list(rows)


async def arrive(
    conn: asyncpg.Connection, clicks: Sequence[asyncpg.Record]
) -> list[asyncpg.Record]:
    """Begin the visits of new clicks; returns the clicks of those who were here before."""
    columns = ("room_id", "visitor_id", "token", "shop_id")
    begun = await conn.fetch(_ARRIVE, *(pack([c[name] for c in clicks]) for name in columns))
    fresh = {(row["token"], row["visitor_id"]) for row in begun}
    return [c for c in clicks if (c["token"], c["visitor_id"]) not in fresh]


async def mark_effective(conn: asyncpg.Connection, clicks: Sequence[Mapping[str, Any]]) -> None:
    """Mark the shares of new clicks effective."""
    await conn.execute(_EFFECTIVE, sorted({c["token"] for c in clicks}))


async def already_earned(
    conn: asyncpg.Connection, clicks: Sequence[asyncpg.Record], *, watch_ms: int
) -> list[tuple[str, str]]:
    """Of new clicks those whose visitor had watched long enough or taken part before. Locks their
    visits until the end of the transaction."""
    if not clicks:
        return []
    columns = (pack([c[name] for c in clicks]) for name in ("token", "visitor_id", "room_id"))
    rows = await conn.fetch(_WATCHED, *columns, watch_ms)
    return [(row["token"], row["visitor_id"]) for row in rows]


async def friends(
    conn: asyncpg.Connection, sharers: Sequence[tuple[str, str]]
) -> dict[tuple[str, str], int]:
    """How many different friends each (room, sharer) brought so far."""
    rows = await conn.fetch(_FRIENDS, [s[1] for s in sharers], [s[0] for s in sharers])
    return {(row["room_id"], row["sharer_id"]): row["friends"] for row in rows}


async def latest(conn: asyncpg.Connection, asked: Sequence[tuple[str, str]]) -> list[str | None]:
    """For each (room, visitor) the share through which they last came."""
    rows = await conn.fetch(_LATEST, pack([a[0] for a in asked]), pack([a[1] for a in asked]))
    return [row["token"] for row in rows]
