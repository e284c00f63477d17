"""All SQL about shop pages."""

from __future__ import annotations

import msgspec
from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from yaohe.identity.shop_page.model import ShopPage
from yaohe.identity.tables import shop_pages


async def page(conn: AsyncConnection, shop_id: str) -> ShopPage | None:
    found = await conn.execute(select(shop_pages.c.body).where(shop_pages.c.shop_id == shop_id))
    body = found.scalar()
    return None if body is None else msgspec.convert(body, ShopPage)


async def keep(conn: AsyncConnection, shop_id: str, page: ShopPage) -> None:
    body = msgspec.to_builtins(page)
    statement = insert(shop_pages).values(shop_id=shop_id, body=body, updated_at=func.now())
    await conn.execute(
        statement.on_conflict_do_update(
            index_elements=["shop_id"], set_={"body": body, "updated_at": func.now()}
        )
    )
