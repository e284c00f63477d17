"""All SQL about rooms. Times are the database's; every move is one conditional statement."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import and_, case, delete, func, insert, or_, select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from yaohe.live.rooms.model import SHUT_FOR, PublishLine, Room
from yaohe.live.rooms.tables import publish_log, rooms

_LOG_KEPT = 200
_SHUT = rooms.c.shut_at > func.now() - SHUT_FOR


def _room(row: Any) -> Room:
    return Room(**row._mapping)


async def insert_room(
    conn: AsyncConnection, room_id: str, shop_id: str, key: str, values: Mapping[str, Any]
) -> Room | None:
    """The new room, or None when the id is taken."""
    made = await conn.execute(
        upsert(rooms)
        .values(id=room_id, shop_id=shop_id, stream_key=key, **values)
        .on_conflict_do_nothing(index_elements=[rooms.c.id])
        .returning(*rooms.c)
    )
    row = made.first()
    return _room(row) if row else None


async def update_room(
    conn: AsyncConnection, room_id: str, shop_id: str, values: Mapping[str, Any]
) -> Room | None:
    where = and_(rooms.c.id == room_id, rooms.c.shop_id == shop_id)
    if not values:
        found = await conn.execute(select(*rooms.c).where(where))
    else:
        found = await conn.execute(update(rooms).where(where).values(values).returning(*rooms.c))
    row = found.first()
    return _room(row) if row else None


async def room(conn: AsyncConnection, room_id: str) -> Room | None:
    found = await conn.execute(select(*rooms.c).where(rooms.c.id == room_id))
    row = found.first()
    return _room(row) if row else None


async def room_of_key(conn: AsyncConnection, stream_key: str) -> str | None:
    found = await conn.execute(select(rooms.c.id).where(rooms.c.stream_key == stream_key))
    return found.scalar_one_or_none()


async def is_shut(conn: AsyncConnection, room_id: str) -> bool:
    found = await conn.execute(select(rooms.c.id).where(rooms.c.id == room_id, _SHUT))
    return found.first() is not None


async def knock(conn: AsyncConnection, room_id: str) -> bool:
    """An encoder asks to be let in: whether it has to stay out, because its show was ended. Each
    such try counts as the last, so that one that comes back by itself never gets in by waiting."""
    kept_out = await conn.execute(
        update(rooms)
        .where(rooms.c.id == room_id, rooms.c.status != "live", _SHUT)
        .values(shut_at=func.now())
        .returning(rooms.c.id)
    )
    return kept_out.first() is not None


async def rooms_of(conn: AsyncConnection, shop_id: str, *, limit: int) -> list[Room]:
    """Live ones first, then upcoming by their time, then ended, latest first."""
    order = case((rooms.c.status == "live", 0), (rooms.c.status == "upcoming", 1), else_=2)
    soonest = case((rooms.c.status == "upcoming", rooms.c.scheduled_at), else_=None)
    found = await conn.execute(
        select(*rooms.c)
        .where(rooms.c.shop_id == shop_id)
        .order_by(
            order,
            soonest.asc().nulls_last(),
            rooms.c.ended_at.desc().nulls_last(),
            rooms.c.started_at.desc().nulls_last(),
            rooms.c.created_at.desc(),
        )
        .limit(limit)
    )
    return [_room(row) for row in found]


async def next_upcoming(conn: AsyncConnection, shop_id: str, *, besides: str) -> Room | None:
    found = await conn.execute(
        select(*rooms.c)
        .where(
            rooms.c.shop_id == shop_id,
            rooms.c.status == "upcoming",
            rooms.c.private.is_(False),
            rooms.c.scheduled_at > func.now(),
            rooms.c.id != besides,
        )
        .order_by(rooms.c.scheduled_at)
        .limit(1)
    )
    row = found.first()
    return _room(row) if row else None


async def publisher_came(conn: AsyncConnection, room_id: str) -> tuple[Room, bool] | None:
    """The room is live with a publisher; True when a new show began by that. None when its host
    ended the show while this publisher was on its way in."""
    began = await conn.execute(
        update(rooms)
        .where(
            rooms.c.id == room_id,
            rooms.c.status != "live",
            or_(rooms.c.shut_at.is_(None), ~_SHUT),
        )
        .values(
            status="live",
            started_at=func.now(),
            ended_at=None,
            publisher_lost_at=None,
            shut_at=None,
        )
        .returning(*rooms.c)
    )
    row = began.first()
    if row:
        return _room(row), True
    back = await conn.execute(
        update(rooms)
        .where(rooms.c.id == room_id, rooms.c.status == "live")
        .values(publisher_lost_at=None)
        .returning(*rooms.c)
    )
    row = back.first()
    return (_room(row), False) if row else None


async def publisher_went(conn: AsyncConnection, room_id: str) -> Room | None:
    found = await conn.execute(
        update(rooms)
        .where(rooms.c.id == room_id, rooms.c.status == "live", rooms.c.publisher_lost_at.is_(None))
        .values(publisher_lost_at=func.now())
        .returning(*rooms.c)
    )
    row = found.first()
    return _room(row) if row else None


async def all_publishers_went(conn: AsyncConnection, *, besides: Sequence[str]) -> None:
    """After a start: whoever published to the former process has to connect again."""
    await conn.execute(
        update(rooms)
        .where(
            rooms.c.status == "live",
            rooms.c.publisher_lost_at.is_(None),
            rooms.c.id.not_in(besides),
        )
        .values(publisher_lost_at=func.now())
    )


async def end_room(conn: AsyncConnection, room_id: str, shop_id: str) -> Room | None:
    """The show is over, and encoders are kept out."""
    found = await conn.execute(
        update(rooms)
        .where(rooms.c.id == room_id, rooms.c.shop_id == shop_id, rooms.c.status == "live")
        .values(status="ended", ended_at=func.now(), publisher_lost_at=None, shut_at=func.now())
        .returning(*rooms.c)
    )
    row = found.first()
    return _room(row) if row else None


async def end_abandoned(conn: AsyncConnection, grace_s: int) -> list[Room]:
    """End every live room whose publisher has been away longer than the grace."""
    found = await conn.execute(
        update(rooms)
        .where(
            rooms.c.status == "live",
            rooms.c.publisher_lost_at < func.now() - timedelta(seconds=grace_s),
        )
        .values(status="ended", ended_at=func.now(), publisher_lost_at=None)
        .returning(*rooms.c)
    )
    return [_room(row) for row in found]


async def note_publish(
    conn: AsyncConnection, shop_id: str, room_id: str | None, line: Mapping[str, Any]
) -> None:
    await conn.execute(insert(publish_log).values(shop_id=shop_id, room_id=room_id, **line))
    oldest = (
        select(publish_log.c.id)
        .where(publish_log.c.room_id.is_not_distinct_from(room_id))
        .order_by(publish_log.c.id.desc())
        .offset(_LOG_KEPT)
        .limit(1)
        .scalar_subquery()
    )
    await conn.execute(
        delete(publish_log).where(
            publish_log.c.room_id.is_not_distinct_from(room_id), publish_log.c.id <= oldest
        )
    )


async def publish_lines(
    conn: AsyncConnection, room_id: str, shop_id: str, *, limit: int
) -> list[PublishLine]:
    """The room's newest lines, and those of publishers whose key fitted no room."""
    found = await conn.execute(
        select(
            publish_log.c.at,
            publish_log.c.kind,
            publish_log.c.reason,
            publish_log.c.detail,
            publish_log.c.remote,
        )
        .where(
            publish_log.c.shop_id == shop_id,
            or_(publish_log.c.room_id == room_id, publish_log.c.room_id.is_(None)),
        )
        .order_by(publish_log.c.id.desc())
        .limit(limit)
    )
    return [PublishLine(**row._mapping) for row in found]
