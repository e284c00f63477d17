"""The table of visitors that did something: written in batches, never on the way of a request."""

from __future__ import annotations

from collections.abc import Sequence

import asyncpg

_REMEMBER = """
insert into identity.visitors (id, shop_id, first_seen_at, last_seen_at)
select id, $2, now(), now() from unnest($1::text[]) as t (id) order by id
on conflict (id) do update set last_seen_at = now()
"""


async def remember(conn: asyncpg.Connection, visitor_ids: Sequence[str], shop_id: str) -> None:
    """Insert or refresh many visitors in one statement; ids must be distinct."""
    await conn.execute(_REMEMBER, list(visitor_ids), shop_id)
