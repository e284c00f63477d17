"""All SQL about landings."""

from __future__ import annotations

from collections.abc import Sequence

import asyncpg

from yaohe.kernel.arrays import cut, pack
from yaohe.kernel.errors import AppError
from yaohe.sharing.landings.model import Landing

_LAND = f"""
insert into sharing.landings as l (visitor_id, room_id, source, name, shop_id)
select distinct visitor_id, room_id, source, coalesce(name, ''), $5
  from unnest({cut(1)}, {cut(2)}, {cut(3)}, {cut(4)}) as t (visitor_id, room_id, source, name)
 order by 1, 2, 3, 4
    on conflict (visitor_id, room_id, source, name) do update set last_at = now()
"""  # noqa: S608


async def land(
    conn: asyncpg.Connection, landings: Sequence[Landing], shop_id: str
) -> list[AppError | None]:
    """Note many landings; the same way in again is the same row, seen later."""
    await conn.execute(
        _LAND,
        pack([one.visitor_id for one in landings]),
        pack([one.room_id for one in landings]),
        pack([one.source for one in landings]),
        pack([one.name for one in landings]),
        shop_id,
    )
    return [None] * len(landings)
