"""All SQL about products (the sale itself is in the orders' store)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy import ARRAY, Text, any_, bindparam, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from yaohe.commerce.catalog.model import Product
from yaohe.commerce.tables import products


async def insert_product(
    conn: AsyncConnection, product_id: str, shop_id: str, values: Mapping[str, object]
) -> Product:
    row = (
        await conn.execute(
            insert(products)
            .values(
                id=product_id,
                shop_id=shop_id,
                sold=0,
                created_at=func.now(),
                updated_at=func.now(),
                **values,
            )
            .returning(products)
        )
    ).one()
    return Product(**row._mapping)


async def update_product(
    conn: AsyncConnection,
    product_id: str,
    shop_id: str,
    values: Mapping[str, object],
    *,
    stock_change: int = 0,
) -> Product | None:
    """Write a change; None when the product is missing or would have less than nothing."""
    statement = (
        update(products)
        .where(
            products.c.id == product_id,
            products.c.shop_id == shop_id,
            products.c.stock + stock_change >= 0,
        )
        .values(**values, updated_at=func.now())
        .returning(products)
    )
    if stock_change:
        statement = statement.values(stock=products.c.stock + stock_change)
    row = (await conn.execute(statement)).first()
    return None if row is None else Product(**row._mapping)


async def product(conn: AsyncConnection, product_id: str) -> Product | None:
    row = (await conn.execute(select(products).where(products.c.id == product_id))).first()
    return None if row is None else Product(**row._mapping)


async def products_by_id(conn: AsyncConnection, product_ids: Sequence[str]) -> list[Product]:
    rows = await conn.execute(
        select(products).where(
            products.c.id == any_(bindparam("ids", list(product_ids), ARRAY(Text)))
        )
    )
    return [Product(**row._mapping) for row in rows]


async def products_of(conn: AsyncConnection, shop_id: str, *, limit: int) -> list[Product]:
    rows = await conn.execute(
        select(products)
        .where(products.c.shop_id == shop_id)
        .order_by(products.c.created_at.desc(), products.c.id.desc())
        .limit(limit)
    )
    return [Product(**row._mapping) for row in rows]
