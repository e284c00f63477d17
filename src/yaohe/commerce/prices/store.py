"""All SQL about live prices besides the sale itself (in the orders' statements).

Whoever writes `taken`, or makes one, holds the product's row; so there is one at a time for a
product in a room, and nobody counts past anybody.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from sqlalchemy import and_, false, func, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from yaohe.commerce.catalog.model import Product
from yaohe.commerce.prices.model import LivePrice, NewLivePrice
from yaohe.commerce.tables import live_prices, products

_NOW = func.statement_timestamp()
_RUNNING = (live_prices.c.starts_at <= _NOW, live_prices.c.ends_at > _NOW)


async def locked_product(conn: AsyncConnection, product_id: str, shop_id: str) -> Product | None:
    """The product, held until the transaction ends."""
    row = (
        await conn.execute(
            select(products)
            .where(products.c.id == product_id, products.c.shop_id == shop_id)
            .with_for_update(key_share=True)
        )
    ).first()
    return None if row is None else Product(**row._mapping)


async def insert_live_price(
    conn: AsyncConnection, live_price_id: str, shop_id: str, new: NewLivePrice
) -> LivePrice:
    row = (
        await conn.execute(
            insert(live_prices)
            .values(
                id=live_price_id,
                shop_id=shop_id,
                room_id=new.room_id,
                product_id=new.product_id,
                price_minor=new.price_minor,
                total=new.total,
                per_person=new.per_person,
                taken=0,
                starts_at=_NOW,
                ends_at=_NOW + timedelta(minutes=new.minutes),
                created_at=_NOW,
            )
            .returning(live_prices)
        )
    ).one()
    return LivePrice(**row._mapping)


async def end_running(conn: AsyncConnection, room_id: str, product_id: str) -> None:
    """End what runs for this product in this room; the caller holds the product."""
    await conn.execute(
        update(live_prices)
        .where(live_prices.c.room_id == room_id, live_prices.c.product_id == product_id, *_RUNNING)
        .values(ends_at=_NOW)
    )


async def runs_anywhere(conn: AsyncConnection, product_id: str) -> bool:
    """Whether this product has a live price in any room; the caller holds the product."""
    found = await conn.execute(
        select(live_prices.c.id).where(live_prices.c.product_id == product_id, *_RUNNING).limit(1)
    )
    return found.first() is not None


async def stop(conn: AsyncConnection, live_price_id: str, shop_id: str) -> LivePrice | None:
    """End one now; one that is over already stays as it ended. None when there is no such."""
    row = (
        await conn.execute(
            update(live_prices)
            .where(live_prices.c.id == live_price_id, live_prices.c.shop_id == shop_id)
            .values(ends_at=func.least(live_prices.c.ends_at, _NOW))
            .returning(live_prices)
        )
    ).first()
    return None if row is None else LivePrice(**row._mapping)


async def end_in_rooms(conn: AsyncConnection, ended: Mapping[str, datetime]) -> list[LivePrice]:
    """End what runs in these rooms and was begun by the time that is given; rows are taken in the
    order orders take them."""
    begun = or_(
        false(),
        *[
            and_(live_prices.c.room_id == room_id, live_prices.c.starts_at <= at)
            for room_id, at in ended.items()
        ],
    )
    mine = (begun, *_RUNNING)
    await conn.execute(
        select(live_prices.c.id)
        .where(*mine)
        .order_by(live_prices.c.id)
        .with_for_update(key_share=True)
    )
    rows = await conn.execute(
        update(live_prices).where(*mine).values(ends_at=_NOW).returning(live_prices)
    )
    return [LivePrice(**row._mapping) for row in rows]


async def running(conn: AsyncConnection, room_id: str) -> list[LivePrice]:
    """What runs in a room and is below the regular price, taken up or not."""
    rows = await conn.execute(
        select(live_prices)
        .join(products, products.c.id == live_prices.c.product_id)
        .where(
            live_prices.c.room_id == room_id,
            live_prices.c.price_minor < products.c.price_minor,
            *_RUNNING,
        )
    )
    return [LivePrice(**row._mapping) for row in rows]
