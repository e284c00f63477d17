"""All SQL about follows."""

from __future__ import annotations

from datetime import datetime

import msgspec
from sqlalchemy import delete, select, text

from yaohe.kernel.db import Conn
from yaohe.live.follows.tables import follows
from yaohe.live.rooms.tables import rooms


class Followed(msgspec.Struct, frozen=True, kw_only=True):
    """A room whose host somebody follows."""

    room_id: str
    title: str
    title_en: str
    host_name: str
    host_name_en: str
    status: str
    scheduled_at: datetime | None
    since: datetime


# One statement: whether there is room for one more is decided where it is written.
_FOLLOW = text("""
    insert into live.follows (room_id, shop_id, visitor_id, at)
    select r.id, r.shop_id, :visitor_id, now() from live.rooms r
     where r.id = :room_id
       and (select count(*) from live.follows f where f.visitor_id = :visitor_id) < :most
    on conflict (room_id, visitor_id) do nothing
    returning 1
""")


async def follow(conn: Conn, room_id: str, visitor_id: str, *, most: int) -> bool:
    """False when nothing was written: it was so before, or there is no room for one more."""
    found = await conn.execute(
        _FOLLOW, {"room_id": room_id, "visitor_id": visitor_id, "most": most}
    )
    return found.first() is not None


async def unfollow(conn: Conn, room_id: str, visitor_id: str) -> None:
    await conn.execute(
        delete(follows).where(follows.c.room_id == room_id, follows.c.visitor_id == visitor_id)
    )


async def is_follower(conn: Conn, room_id: str, visitor_id: str) -> bool:
    found = await conn.execute(
        select(follows.c.at).where(follows.c.room_id == room_id, follows.c.visitor_id == visitor_id)
    )
    return found.first() is not None


async def followers(conn: Conn, room_id: str) -> list[str]:
    found = await conn.execute(select(follows.c.visitor_id).where(follows.c.room_id == room_id))
    return [row.visitor_id for row in found]


async def followed(conn: Conn, visitor_id: str) -> list[Followed]:
    """The newest first; private rooms are not named to whoever asks."""
    found = await conn.execute(
        select(
            rooms.c.id, rooms.c.title, rooms.c.title_en, rooms.c.host_name, rooms.c.host_name_en,
            rooms.c.status, rooms.c.scheduled_at, follows.c.at,
        )
        .join(rooms, rooms.c.id == follows.c.room_id)
        .where(follows.c.visitor_id == visitor_id, rooms.c.private.is_(False))
        .order_by(follows.c.at.desc())
    )  # fmt: skip
    return [
        Followed(
            room_id=row.id,
            title=row.title,
            title_en=row.title_en,
            host_name=row.host_name,
            host_name_en=row.host_name_en,
            status=row.status,
            scheduled_at=row.scheduled_at,
            since=row.at,
        )
        for row in found
    ]
