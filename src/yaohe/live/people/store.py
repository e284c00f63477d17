"""All SQL about one person's data. Taking it away may be asked again: what is gone is there no
more."""

from __future__ import annotations

from typing import Any, Final

import asyncpg

from yaohe.kernel.kept import rows_of

_KEPT: Final = {
    "lines": """
        select room_id, text, at from live.chat_lines
         where visitor_id = $1 and visitor_id is not null order by at""",
    "follows": "select room_id, at from live.follows where visitor_id = $1 order by at",
    "blocks": "select blocked_id, name, at from live.blocks where visitor_id = $1 order by at",
    "reports": """
        select room_id, line_id, reason, note, at
          from live.chat_reports where visitor_id = $1 order by at""",
    "penalties": """
        select room_id, kind, until, at from live.chat_penalties where visitor_id = $1""",
    "invitations": "select invitation_id, came_at from live.invited where visitor_id = $1",
}

# What they said goes; that a report was made, or an invitation used, stays without them.
_UNSAY: Final = """
with gone as (
    delete from live.chat_lines where visitor_id = $1 and visitor_id is not null returning room_id
)
select distinct room_id from gone
"""
_ERASE: Final = (
    "delete from live.follows where visitor_id = $1",
    "delete from live.blocks where visitor_id = $1",
    "delete from live.blocks where blocked_id = $1",
    "delete from live.chat_penalties where visitor_id = $1",
    "delete from live.chat_moderators where visitor_id = $1",
)
_RENAME: Final = (
    "update live.chat_reports set visitor_id = $2, note = '' where visitor_id = $1",
    "update live.invited set visitor_id = $2 where visitor_id = $1",
)


async def kept(conn: asyncpg.Connection, visitor_id: str) -> dict[str, Any]:
    """Every row that names this visitor, by what it is."""
    return await rows_of(conn, _KEPT, visitor_id)


async def erase(conn: asyncpg.Connection, visitor_id: str, made: str) -> list[str]:
    """Take away what this visitor said and chose, inside a transaction; the rooms they spoke in."""
    rooms = await conn.fetch(_UNSAY, visitor_id)
    for statement in _ERASE:
        await conn.execute(statement, visitor_id)
    for statement in _RENAME:
        await conn.execute(statement, visitor_id, made)
    return [row["room_id"] for row in rooms]
