"""All SQL about one person's data. Taking it away may be asked again: what is gone is there no
more."""

from __future__ import annotations

from typing import Any, Final

import asyncpg

from yaohe.kernel.kept import rows_of
from yaohe.sharing.merging.store import merge

_KEPT: Final = {
    "shares": """
        select token, room_id, channel, content, note, sharer_name, created_at, intended_at
          from sharing.shares where sharer_id = $1 order by created_at""",
    "opened": """
        select token, room_id, first_at, last_at from sharing.clicks
         where visitor_id = $1 order by first_at""",
    "watched": """
        select room_id, token, first_at, last_at, watch_ms, interacted_at from sharing.visits
         where visitor_id = $1 order by first_at""",
    "came": """
        select room_id, source, name, first_at, last_at from sharing.landings
         where visitor_id = $1 order by first_at""",
    "fetched": """
        select at, token, room_id, ua as browser, referer, env from sharing.hits
         where visitor_id = $1 and not is_bot and method = 'GET' and visitor_id <> ''
         order by at""",
    "credited": """
        select order_id, token, amount_minor, refunded_minor, currency, at
          from sharing.credits where visitor_id = $1 order by at""",
}

# The person is a made-up name by now; what they said and how they came goes as well.
_STRIP: Final = (
    """
    update sharing.hits set visitor_id = '', address_hash = ''::bytea, ua = '', referer = ''
     where visitor_id = $1 and not is_bot and method = 'GET' and visitor_id <> ''
    """,
    "update sharing.shares set sharer_name = '', note = '' where sharer_id = $1",
    "delete from sharing.merges where into_id = $1",
)


async def kept(conn: asyncpg.Connection, visitor_id: str) -> dict[str, Any]:
    """Every row that names this visitor, by what it is."""
    return await rows_of(conn, _KEPT, visitor_id)


async def erase(conn: asyncpg.Connection, visitor_id: str, made: str) -> None:
    """Put a made-up name in place of this visitor, inside a transaction."""
    await conn.execute(
        "update sharing.merges set into_id = $2 where into_id = $1", visitor_id, made
    )
    await merge(conn, visitor_id, made)
    for statement in _STRIP:
        await conn.execute(statement, made)
