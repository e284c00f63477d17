"""All SQL about one person's data. Taking it away may be asked again: what is gone is there no
more."""

from __future__ import annotations

from typing import Any, Final

import asyncpg

from yaohe.kernel.kept import rows_of

_KEPT: Final = {
    "known_as": "select user_ref, name, at from outside.people where visitor_id = $1 order by at",
    "came": "select at from outside.landings where visitor_id = $1 order by at",
    "did": """
        select room_id, name, source, properties, at
          from outside.events where visitor_id = $1 order by at""",
    "orders": """
        select ref, room_id, amount_minor, currency, at, refunded_at
          from outside.orders where visitor_id = $1 order by at""",
}

# Who they are at the other site goes; that something was done or bought stays, without them.
_ERASE: Final = (
    "delete from outside.people where visitor_id = $1",
    "delete from outside.landings where visitor_id = $1",
)
_RENAME: Final = (
    "update outside.events set visitor_id = $2, properties = '{}' where visitor_id = $1",
    "update outside.orders set visitor_id = $2 where visitor_id = $1",
)


async def kept(conn: asyncpg.Connection, visitor_id: str) -> dict[str, Any]:
    """Every row that names this visitor, by what it is."""
    return await rows_of(conn, _KEPT, visitor_id)


async def erase(conn: asyncpg.Connection, visitor_id: str, made: str) -> None:
    """Take away who this visitor is elsewhere, inside a transaction."""
    for statement in _ERASE:
        await conn.execute(statement, visitor_id)
    for statement in _RENAME:
        await conn.execute(statement, visitor_id, made)
