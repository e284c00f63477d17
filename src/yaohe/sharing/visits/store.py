"""All SQL about visits. Time is the database's; rows are locked in the order of their key."""

from __future__ import annotations

from collections.abc import Sequence

import asyncpg

from yaohe.kernel.arrays import cut, pack
from yaohe.sharing.visits.model import GAP_MS_MAX, Arrival, Visit, WatchTick

_SILENCE_MS = f"""
least(greatest((extract(epoch from statement_timestamp() - v.last_at) * 1000)::bigint, 0),
      {GAP_MS_MAX})"""
_WATCHED_MS = f"v.watch_ms + case when v.visible then {_SILENCE_MS} else 0 end"

# A token counts only in its own room and not for the sharer: anything else is a direct visit. Two
# ticks of one visit in one batch are one tick whose last word on visibility holds.
_TICK = f"""
with asked as (
    select t.nth, t.room_id, t.visitor_id, coalesce(s.token, '') as token,
           t.visible = 'y' as visible, s.productive_at is null as open
      from unnest({cut(1)}, {cut(2)}, {cut(3)}, {cut(4)})
           with ordinality as t (room_id, visitor_id, token, visible, nth)
      left join lateral (
            select s.token, s.productive_at from sharing.shares s
             where s.token = t.token and s.room_id = t.room_id and s.sharer_id <> t.visitor_id
             limit 1
           ) s on true
), last as (
    select distinct on (room_id, visitor_id, token) room_id, visitor_id, token, visible
      from asked order by room_id, visitor_id, token, nth desc
), written as (
    insert into sharing.visits as v
        (room_id, visitor_id, token, shop_id, first_at, last_at, visible)
    select room_id, visitor_id, token, $5, statement_timestamp(), statement_timestamp(), visible
      from last order by room_id, visitor_id, token
        on conflict (room_id, visitor_id, token) do update
           set watch_ms = {_WATCHED_MS}, last_at = excluded.last_at, visible = excluded.visible
    returning v.room_id, v.visitor_id, v.token, v.watch_ms
)
select a.token, a.visitor_id, w.watch_ms, a.open and a.token <> '' as open
  from asked a join written w using (room_id, visitor_id, token)
 order by a.nth
"""  # noqa: S608

# Taking part is credited to the way they are in the room now: the visit that spoke last, else the
# click that brought them, else nobody.
_INTERACT = """
with asked as (
    select t.room_id, t.visitor_id,
           coalesce(
               (select v.token from sharing.visits v
                 where v.room_id = t.room_id and v.visitor_id = t.visitor_id
                 order by v.last_at desc, v.token desc limit 1),
               (select c.token from sharing.clicks c
                 where c.room_id = t.room_id and c.visitor_id = t.visitor_id
                 order by c.last_at desc, c.token limit 1),
               '') as token
      from unnest($1::text[], $2::text[]) as t (room_id, visitor_id)
)
insert into sharing.visits as v
    (room_id, visitor_id, token, shop_id, visible, interacted_at)
select room_id, visitor_id, token, $3, false, now()
  from asked order by room_id, visitor_id, token
    on conflict (room_id, visitor_id, token) do update
       set interacted_at = coalesce(v.interacted_at, now())
returning v.token, v.visitor_id
"""

_VISIT = f"""
select v.room_id, v.visitor_id, v.token, v.first_at, {_WATCHED_MS} as watch_ms, v.interacted_at
  from sharing.visits v
 where v.room_id = $1 and v.visitor_id = $2 and v.token = $3
"""  # noqa: S608

# Links of staff have no sharer whom a help could help.
_ARRIVAL = f"""
select s.token, s.room_id, s.shop_id, s.sharer_id,
       exists (select from sharing.clicks c
                where c.token = s.token and c.visitor_id = $2) as clicked,
       coalesce((select {_WATCHED_MS} from sharing.visits v
                  where v.room_id = s.room_id and v.visitor_id = $2 and v.token = s.token), 0)
           as watch_ms
  from sharing.shares s
 where s.token = $1 and not exists (select from sharing.links l where l.token = s.token)
"""  # noqa: S608


async def tick(
    conn: asyncpg.Connection, ticks: Sequence[WatchTick], shop_id: str
) -> list[asyncpg.Record]:
    """Accrue time for many ticks; one row per tick, in order, with its visit's watched time."""
    rows = await conn.fetch(
        _TICK,
        pack([t.room_id for t in ticks]),
        pack([t.visitor_id for t in ticks]),
        pack([t.token for t in ticks]),
        pack(["y" if t.visible else "n" for t in ticks]),
        shop_id,
    )
    return list(rows)


async def interact(
    conn: asyncpg.Connection, people: Sequence[tuple[str, str]], shop_id: str
) -> list[tuple[str, str]]:
    """Note that (room, visitor) took part; returns the (token, visitor) this counts for."""
    rows = await conn.fetch(_INTERACT, [p[0] for p in people], [p[1] for p in people], shop_id)
    return [(row["token"], row["visitor_id"]) for row in rows if row["token"]]


async def visit(
    conn: asyncpg.Connection, room_id: str, visitor_id: str, token: str
) -> Visit | None:
    row = await conn.fetchrow(_VISIT, room_id, visitor_id, token)
    return None if row is None else Visit(**dict(row))


async def arrival(conn: asyncpg.Connection, token: str, visitor_id: str) -> Arrival | None:
    row = await conn.fetchrow(_ARRIVAL, token, visitor_id)
    return None if row is None else Arrival(**dict(row))
