"""All SQL of campaigns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

import asyncpg
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from yaohe.campaigns.model import Assist, ShareOffer
from yaohe.kernel.arrays import cut, pack

_OFFER_COLUMNS = ", ".join(ShareOffer.__struct_fields__)

_OFFERS = f"""
select {_OFFER_COLUMNS} from campaigns.share_offers where room_id = any($1::text[])
"""  # noqa: S608

_ROOMS_OFFERING = """
select room_id from campaigns.share_offers where active and friend_template_id = any($1::text[])
"""

_CONFIGURE = text(
    f"""
    insert into campaigns.share_offers as o
        (room_id, shop_id, friend_template_id, sharer_template_id, active, show_at)
    values (:room_id, :shop_id, :friend_template_id, :sharer_template_id, :active,
            cast(:show_at as timestamptz))
        on conflict (room_id) do update
           set friend_template_id = excluded.friend_template_id,
               sharer_template_id = excluded.sharer_template_id,
               active = excluded.active, updated_at = now(),
               show_at = greatest(o.show_at, excluded.show_at)
         where o.shop_id = excluded.shop_id
    returning {_OFFER_COLUMNS}
    """  # noqa: S608
)

_CLOSE_HELP = text(
    "update campaigns.share_offers set help_closed_at = now(), updated_at = now()"
    " where room_id = any(cast(:rooms as text[])) and help_closed_at is null"
)

_BEGIN_SHOWS = text(
    """
    update campaigns.share_offers o
       set help_closed_at = null, show_at = greatest(o.show_at, s.at), updated_at = now()
      from unnest(cast(:rooms as text[]), cast(:starts as timestamptz[])) as s (room_id, at)
     where o.room_id = s.room_id
    """
)

_ASSIST_COLUMNS = ", ".join(Assist.__struct_fields__)
_CUT = ", ".join(cut(number) for number in range(1, 1 + len(Assist.__struct_fields__)))
_PICKED = _ASSIST_COLUMNS.replace("watch_ms", "watch_ms::bigint")
_COUNT = f"""
insert into campaigns.assists ({_ASSIST_COLUMNS})
select {_PICKED} from unnest({_CUT}) as t ({_ASSIST_COLUMNS})
 order by room_id, sharer_id, helper_id, assist_id
    on conflict (room_id, sharer_id, helper_id) do nothing
returning assist_id
"""  # noqa: S608

_KNOWN = "select assist_id from campaigns.assists where assist_id = any($1::text[])"

_PER_SHARE = "select token, count(*) as n from campaigns.assists where room_id = $1 group by token"

_PER_SHARER = """
select room_id, sharer_id, count(*) as n from campaigns.assists
 where (room_id, sharer_id) in (select * from unnest($1::text[], $2::text[]))
 group by room_id, sharer_id
"""


# A help stays with whom it counted for; the same help of the same person counts once.
_MERGE = (
    """
    update campaigns.assists a set helper_id = $2
     where a.helper_id = $1 and a.sharer_id <> $2
       and not exists (select from campaigns.assists m where m.room_id = a.room_id
                          and m.sharer_id = a.sharer_id and m.helper_id = $2)
    """,
    """
    update campaigns.assists a set sharer_id = $2
     where a.sharer_id = $1 and a.helper_id <> $2
       and not exists (select from campaigns.assists m where m.room_id = a.room_id
                          and m.sharer_id = $2 and m.helper_id = a.helper_id)
    """,
)


async def merge(conn: asyncpg.Connection, from_id: str, into_id: str) -> None:
    """Make the helps of one visitor another's, inside a transaction."""
    for statement in _MERGE:
        await conn.execute(statement, from_id, into_id)


async def offers(conn: asyncpg.Connection, room_ids: Sequence[str]) -> dict[str, ShareOffer]:
    rows = await conn.fetch(_OFFERS, list(room_ids))
    return {row["room_id"]: ShareOffer(**dict(row)) for row in rows}


async def rooms_offering(conn: asyncpg.Connection, template_ids: Sequence[str]) -> list[str]:
    """The rooms where one of these is the friends' coupon."""
    return [row["room_id"] for row in await conn.fetch(_ROOMS_OFFERING, list(template_ids))]


async def configure(conn: AsyncConnection, values: dict[str, object]) -> ShareOffer | None:
    """Write a room's set-up; None when the room belongs to another shop."""
    row = (await conn.execute(_CONFIGURE, values)).mappings().first()
    return None if row is None else ShareOffer(**row)


async def close_help(conn: AsyncConnection, room_ids: Sequence[str]) -> None:
    await conn.execute(_CLOSE_HELP, {"rooms": list(room_ids)})


async def begin_shows(conn: AsyncConnection, starts: Mapping[str, datetime]) -> None:
    await conn.execute(
        _BEGIN_SHOWS, {"rooms": list(starts.keys()), "starts": list(starts.values())}
    )


async def count(conn: asyncpg.Connection, assists: Sequence[Assist]) -> tuple[set[str], set[str]]:
    """Write assists, one per room, sharer and helper. Returns the ids that are written now, and
    those that stand in the table (a batch asked again finds its own)."""
    columns = (
        pack([str(getattr(assist, name)) for assist in assists])
        for name in Assist.__struct_fields__
    )
    written = {row["assist_id"] for row in await conn.fetch(_COUNT, *columns)}
    if len(written) == len(assists):
        return written, written
    known = await conn.fetch(_KNOWN, [assist.assist_id for assist in assists])
    return written, {row["assist_id"] for row in known}


async def assists_by_token(conn: asyncpg.Connection, room_id: str) -> dict[str, int]:
    return {row["token"]: row["n"] for row in await conn.fetch(_PER_SHARE, room_id)}


async def assists_by_sharer(
    conn: asyncpg.Connection, sharers: Sequence[tuple[str, str]]
) -> dict[tuple[str, str], int]:
    rows = await conn.fetch(_PER_SHARER, [s[0] for s in sharers], [s[1] for s in sharers])
    return {(row["room_id"], row["sharer_id"]): row["n"] for row in rows}
