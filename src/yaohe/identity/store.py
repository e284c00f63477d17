"""All SQL about shops."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from yaohe.identity.model import Shop
from yaohe.identity.tables import shops

_SHOP = (
    shops.c.id,
    shops.c.name,
    shops.c.name_en,
    shops.c.currency,
    shops.c.time_zone,
    shops.c.created_at,
)


async def shop(conn: AsyncConnection, shop_id: str) -> Shop | None:
    row = (await conn.execute(select(*_SHOP).where(shops.c.id == shop_id))).first()
    return None if row is None else Shop(**row._mapping)


async def update_shop(conn: AsyncConnection, shop_id: str, values: Mapping[str, str]) -> Shop:
    row = (
        await conn.execute(
            update(shops)
            .where(shops.c.id == shop_id)
            .values(**values, updated_at=func.now())
            .returning(*_SHOP)
        )
    ).one()
    return Shop(**row._mapping)
