"""All SQL about hits: appended in batches, with running totals per token."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

import asyncpg

from yaohe.kernel.arrays import cut, pack
from yaohe.kernel.errors import AppError
from yaohe.sharing.hits.model import HitRecord

# Totals are kept in the same statement: counting millions of hits for a report takes minutes
# elsewhere. A replayed hit is not inserted and so not counted again.
_TEXTS = (
    "hit_id", "address_hash", "shop_id", "room_id", "token", "visitor_id", "method", "ua_kind",
    "ua_app", "ua", "env", "referer", "flags",
)  # fmt: skip
_CUT = ", ".join(cut(number) for number in range(2, 2 + len(_TEXTS)))
_RECORD = f"""
with landed as (
    insert into sharing.hits (
        hit_id, address_hash, shop_id, room_id, token, visitor_id, method, ua_kind, ua_app, ua,
        env, referer, at, is_bot, is_prefetch)
    select hit_id::uuid, decode(coalesce(address_hash, ''), 'hex'), shop_id, coalesce(room_id, ''),
           coalesce(token, ''), coalesce(visitor_id, ''), method, ua_kind, coalesce(ua_app, ''),
           coalesce(ua, ''), env, coalesce(referer, ''),
           at, flags in ('b', 'bp'), flags in ('p', 'bp')
      from unnest($1::timestamptz[], {_CUT}) as t (at, {", ".join(_TEXTS)})
        on conflict do nothing
    returning token, method, is_bot or is_prefetch as flagged
)
insert into sharing.hit_totals as t (token, hits, bot_hits)
select token, count(*), count(*) filter (where flagged)
  from landed where method = 'GET' group by token order by token
    on conflict (token) do update
       set hits = t.hits + excluded.hits, bot_hits = t.bot_hits + excluded.bot_hits
"""  # noqa: S608

_REBUILD = """
insert into sharing.hit_totals as t (token, hits, bot_hits, openings)
select h.token, count(*), count(*) filter (where is_bot or is_prefetch),
       (select count(*) from sharing.openings o where o.token = h.token)
  from sharing.hits h where method = 'GET' group by h.token order by h.token
"""

_LAST_PLACES = f"""
select h.at, h.env
  from unnest({cut(1)}, {cut(2)}) with ordinality as p (room_id, visitor_id, nth)
  left join lateral (
        select h.at, h.env from sharing.hits h
         where h.visitor_id = p.visitor_id and h.room_id = p.room_id
           and not h.is_bot and h.method = 'GET' and h.visitor_id <> ''
         order by h.at desc limit 1
       ) h on true
 order by p.nth
"""  # noqa: S608

_SALT = """
with made as (
    insert into sharing.address_salts (day, salt) values ($1, $2)
        on conflict do nothing returning salt
)
select salt from made union all select salt from sharing.address_salts where day = $1 limit 1
"""

_FORGET_SALTS = "delete from sharing.address_salts where day < $1"


async def record(conn: asyncpg.Connection, hits: Sequence[HitRecord]) -> list[AppError | None]:
    """Append many hits; those already there are left alone."""
    await conn.execute(
        _RECORD,
        [h.at for h in hits],
        *(pack([getattr(h, name) for h in hits]) for name in _TEXTS),
    )
    return [None] * len(hits)


async def last_places(
    conn: asyncpg.Connection, asked: Sequence[tuple[str, str]]
) -> list[tuple[datetime, str] | None]:
    """For each (room, visitor) when and where they last opened a share of it."""
    rows = await conn.fetch(_LAST_PLACES, pack([a[0] for a in asked]), pack([a[1] for a in asked]))
    return [None if row["at"] is None else (row["at"], row["env"]) for row in rows]


async def rebuild_totals(conn: asyncpg.Connection) -> None:
    """Count every total afresh from the rows; for repairs, while nothing is recorded."""
    async with conn.transaction():
        await conn.execute("lock table sharing.hits in share mode")
        await conn.execute("delete from sharing.hit_totals")
        await conn.execute(_REBUILD)


async def salt_of(conn: asyncpg.Connection, day: date, proposed: bytes) -> bytes:
    """The one salt of this day, the same in every process."""
    salt = await conn.fetchval(_SALT, day, proposed)
    if salt is None:  # another process made it between the two halves of the statement
        salt = await conn.fetchval(_SALT, day, proposed)
    assert isinstance(salt, bytes)
    return salt


async def forget_salts(conn: asyncpg.Connection, *, before: date) -> None:
    await conn.execute(_FORGET_SALTS, before)
