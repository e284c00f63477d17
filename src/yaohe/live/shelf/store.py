"""All SQL about shelves and pins. One pin at a time; older ones stay as history."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import (
    ARRAY,
    Text,
    any_,
    bindparam,
    delete,
    exists,
    func,
    insert,
    select,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from yaohe.live.rooms.tables import pins, rooms, shelf_items


async def lock_room(conn: AsyncConnection, room_id: str, shop_id: str) -> bool:
    """Hold the room's row, so that two desks change one shelf after each other."""
    found = await conn.execute(
        select(rooms.c.id)
        .where(rooms.c.id == room_id, rooms.c.shop_id == shop_id)
        .with_for_update(key_share=True)
    )
    return found.first() is not None


async def product_ids(conn: AsyncConnection, room_id: str) -> list[str]:
    found = await conn.execute(
        select(shelf_items.c.product_id)
        .where(shelf_items.c.room_id == room_id)
        .order_by(shelf_items.c.place)
    )
    return list(found.scalars())


async def rooms_with(conn: AsyncConnection, product_ids: Sequence[str]) -> list[str]:
    found = await conn.execute(
        select(shelf_items.c.room_id)
        .where(shelf_items.c.product_id == any_(bindparam("ids", list(product_ids), ARRAY(Text))))
        .distinct()
    )
    return list(found.scalars())


async def replace(
    conn: AsyncConnection, room_id: str, shop_id: str, product_ids: Sequence[str]
) -> None:
    await conn.execute(delete(shelf_items).where(shelf_items.c.room_id == room_id))
    if product_ids:
        await conn.execute(
            insert(shelf_items),
            [
                {"room_id": room_id, "shop_id": shop_id, "product_id": product, "place": place}
                for place, product in enumerate(product_ids)
            ],
        )


async def pinned(conn: AsyncConnection, room_id: str) -> tuple[str, datetime] | None:
    found = await conn.execute(
        select(pins.c.product_id, pins.c.pinned_at).where(
            pins.c.room_id == room_id, pins.c.unpinned_at.is_(None)
        )
    )
    row = found.first()
    return (row.product_id, row.pinned_at) if row else None


async def pins_between(
    conn: AsyncConnection, room_id: str, begin: datetime, end: datetime
) -> list[tuple[str, datetime]]:
    """What was pinned in a stretch of time, and what was pinned when it began."""
    found = await conn.execute(
        select(pins.c.product_id, pins.c.pinned_at)
        .where(
            pins.c.room_id == room_id,
            pins.c.pinned_at < end,
            func.coalesce(pins.c.unpinned_at, end) > begin,
        )
        .order_by(pins.c.pinned_at)
    )
    return [(row.product_id, row.pinned_at) for row in found]


async def unpin(conn: AsyncConnection, room_id: str) -> None:
    await conn.execute(
        update(pins)
        .where(pins.c.room_id == room_id, pins.c.unpinned_at.is_(None))
        .values(unpinned_at=func.now())
    )


async def pin(conn: AsyncConnection, room_id: str, shop_id: str, product_id: str) -> bool:
    """Pin it when it is on the shelf; the caller has taken the former pin down."""
    on_shelf = exists().where(
        shelf_items.c.room_id == room_id, shelf_items.c.product_id == product_id
    )
    if not (await conn.execute(select(on_shelf))).scalar_one():
        return False
    await conn.execute(insert(pins).values(room_id=room_id, shop_id=shop_id, product_id=product_id))
    return True
