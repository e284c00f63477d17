"""All SQL about merging; every statement may be run again."""

from __future__ import annotations

from typing import Final

import asyncpg

_FOLLOWS: Final = """
with gone as (delete from live.follows where visitor_id = $1 returning *)
insert into live.follows as m (room_id, visitor_id, shop_id, at)
select room_id, $2, shop_id, at from gone order by room_id
    on conflict (room_id, visitor_id) do update set at = least(m.at, excluded.at)
returning room_id
"""

_PENALTIES: Final = """
with gone as (delete from live.chat_penalties where visitor_id = $1 returning *)
insert into live.chat_penalties as m
       (room_id, shop_id, visitor_id, name, kind, until, by_name, at)
select room_id, shop_id, $2, name, kind, until, by_name, at from gone order by room_id
    on conflict (room_id, visitor_id) do update
   set kind = excluded.kind, until = excluded.until, by_name = excluded.by_name, at = excluded.at
 where coalesce(excluded.until, 'infinity') > coalesce(m.until, 'infinity')
    or coalesce(excluded.until, 'infinity') = coalesce(m.until, 'infinity')
       and excluded.kind = 'ban'
returning room_id
"""

_MODERATORS: Final = """
with gone as (delete from live.chat_moderators where visitor_id = $1 returning *)
insert into live.chat_moderators (room_id, shop_id, visitor_id, name, by_name, at)
select room_id, shop_id, $2, name, by_name, at from gone order by room_id
    on conflict (room_id, visitor_id) do nothing
returning room_id
"""

# Whom they block, and who blocks them. Nobody blocks themselves.
_BLOCKS: Final = (
    """
    with gone as (delete from live.blocks where visitor_id = $1 returning *)
    insert into live.blocks (visitor_id, shop_id, blocked_id, name, at)
    select $2, shop_id, blocked_id, name, at from gone where blocked_id <> $2 order by blocked_id
        on conflict (visitor_id, blocked_id) do nothing
    """,
    """
    with gone as (delete from live.blocks where blocked_id = $1 returning *)
    insert into live.blocks (visitor_id, shop_id, blocked_id, name, at)
    select visitor_id, shop_id, $2, name, at from gone where visitor_id <> $2 order by visitor_id
        on conflict (visitor_id, blocked_id) do nothing
    """,
)

_REPORTS: Final = """
update live.chat_reports r set visitor_id = $2
 where r.visitor_id = $1
   and not exists (select from live.chat_reports m
                    where m.visitor_id = $2 and m.room_id = r.room_id and m.closed_at is null
                      and coalesce(m.line_id, '') = coalesce(r.line_id, '')
                      and r.closed_at is null)
"""

_LINES: Final = """
update live.chat_lines set visitor_id = $2 where visitor_id = $1 and visitor_id is not null
"""

_INVITED: Final = """
with gone as (delete from live.invited where visitor_id = $1 returning *)
insert into live.invited (invitation_id, visitor_id, shop_id, came_at)
select invitation_id, $2, shop_id, came_at from gone order by invitation_id
    on conflict (invitation_id, visitor_id) do nothing
"""


async def merge(
    conn: asyncpg.Connection, from_id: str, into_id: str
) -> tuple[list[str], list[str], list[str]]:
    """Make all rows of one visitor another's. Returns the rooms they follow by that, are held back
    in, and moderate."""
    follows = await _rooms(conn, _FOLLOWS, from_id, into_id)
    penalties = await _rooms(conn, _PENALTIES, from_id, into_id)
    moderates = await _rooms(conn, _MODERATORS, from_id, into_id)
    for statement in (*_BLOCKS, _REPORTS, _LINES, _INVITED):
        await conn.execute(statement, from_id, into_id)
    return follows, penalties, moderates


async def _rooms(conn: asyncpg.Connection, statement: str, from_id: str, into_id: str) -> list[str]:
    return [row["room_id"] for row in await conn.fetch(statement, from_id, into_id)]
