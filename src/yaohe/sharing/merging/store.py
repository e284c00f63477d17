"""All SQL about merging. Every statement may be run again: what is moved is there no more.

Two visitors who turn out to be one person count once where a person counts once: two clicks of one
share become one, the time both watched is added up. What one of them did by a share of the other
stays under the name they did it with: it was counted then, and nobody clicks their own share.
"""

from __future__ import annotations

from typing import Final

import asyncpg

from yaohe.sharing.visits.model import PRODUCTIVE_MS

LOCK_KEY: Final = 0x9A0_4E00_0005

_MERGE: Final = (
    """
    insert into sharing.merges (from_id, into_id) values ($1, $2)
        on conflict (from_id) do update set into_id = excluded.into_id
    """,
    "update sharing.merges set into_id = $2 where into_id = $1",
    """
    update sharing.clicks m
       set first_at = least(m.first_at, g.first_at), last_at = greatest(m.last_at, g.last_at)
      from sharing.clicks g
     where g.visitor_id = $1 and m.visitor_id = $2 and m.token = g.token
    """,
    """
    delete from sharing.clicks g
     where g.visitor_id = $1
       and exists (select from sharing.clicks m where m.visitor_id = $2 and m.token = g.token)
    """,
    "update sharing.clicks set visitor_id = $2 where visitor_id = $1 and sharer_id <> $2",
    "update sharing.clicks set sharer_id = $2 where sharer_id = $1 and visitor_id <> $2",
    """
    with gone as (
        delete from sharing.visits v
         where v.visitor_id = $1
           and not exists (select from sharing.shares s
                            where s.token = v.token and s.sharer_id = $2)
        returning *
    )
    insert into sharing.visits as m (room_id, visitor_id, token, shop_id, first_at, last_at,
                                     visible, watch_ms, interacted_at)
    select room_id, $2, token, shop_id, first_at, last_at, visible, watch_ms, interacted_at
      from gone order by room_id, token
        on conflict (room_id, visitor_id, token) do update
       set first_at = least(m.first_at, excluded.first_at),
           last_at = greatest(m.last_at, excluded.last_at),
           visible = m.visible or excluded.visible,
           watch_ms = m.watch_ms + excluded.watch_ms,
           interacted_at = least(m.interacted_at, excluded.interacted_at)
    """,
    """
    with gone as (delete from sharing.landings where visitor_id = $1 returning *)
    insert into sharing.landings as m (visitor_id, room_id, source, name, shop_id, first_at,
                                       last_at)
    select $2, room_id, source, name, shop_id, first_at, last_at
      from gone order by room_id, source, name
        on conflict (visitor_id, room_id, source, name) do update
       set first_at = least(m.first_at, excluded.first_at),
           last_at = greatest(m.last_at, excluded.last_at)
    """,
    """
    update sharing.credits k set visitor_id = $2
      from sharing.shares s
     where k.visitor_id = $1 and s.token = k.token and s.sharer_id <> $2
    """,
    "update sharing.paid_orders set visitor_id = $2 where visitor_id = $1",
    """
    update sharing.hits set visitor_id = $2
     where visitor_id = $1 and not is_bot and method = 'GET' and visitor_id <> ''
    """,
    "update sharing.shares set sharer_id = $2 where sharer_id = $1",
)

_EARNED = """
select c.token, c.visitor_id
  from sharing.clicks c
  join sharing.shares s on s.token = c.token and s.productive_at is null
  join sharing.visits v on v.room_id = c.room_id and v.token = c.token
                       and v.visitor_id = c.visitor_id
 where c.visitor_id = $1 and (v.watch_ms >= $2 or v.interacted_at is not null)
 order by c.token
"""


async def merge(conn: asyncpg.Connection, from_id: str, into_id: str) -> list[tuple[str, str]]:
    """Make all rows of one visitor another's. Returns the (token, visitor) by whom a share became
    productive, because both watched it."""
    await conn.execute("select pg_advisory_xact_lock($1)", LOCK_KEY)
    for statement in _MERGE:
        await conn.execute(statement, from_id, into_id)
    rows = await conn.fetch(_EARNED, into_id, PRODUCTIVE_MS)
    return [(row["token"], row["visitor_id"]) for row in rows]
