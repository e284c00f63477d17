"""All SQL about products (the sale itself is in the orders' store)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec import structs
from sqlalchemy import ARRAY, Row, Text, any_, bindparam, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from yaohe.commerce.catalog.model import Product
from yaohe.commerce.tables import products
from yaohe.commerce.variants import store as variant_store


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


async def with_variants(
    conn: AsyncConnection, rows: Sequence[Row[tuple[object, ...]]]
) -> list[Product]:
    """Products as they are sold: of what has variants, their stock together is what is left, and
    no price of before is struck beside theirs."""
    found = await variant_store.shown(conn, [row.id for row in rows]) if rows else {}
    made = []
    for row in rows:
        product, variants = Product(**row._mapping), found.get(row.id, [])
        if variants:
            stock = sum(variant.stock for variant in variants)
            product = structs.replace(
                product, stock=stock, list_price_minor=None, variants=tuple(variants)
            )
        made.append(product)
    return made


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
    found = await with_variants(conn, (await conn.execute(statement)).all())
    return found[0] if found else None


async def product(conn: AsyncConnection, product_id: str) -> Product | None:
    found = await products_by_id(conn, [product_id])
    return found[0] if found else None


async def products_by_id(conn: AsyncConnection, product_ids: Sequence[str]) -> list[Product]:
    rows = await conn.execute(
        select(products).where(
            products.c.id == any_(bindparam("ids", list(product_ids), ARRAY(Text)))
        )
    )
    return await with_variants(conn, rows.all())


async def products_of(conn: AsyncConnection, shop_id: str, *, limit: int) -> list[Product]:
    rows = await conn.execute(
        select(products)
        .where(products.c.shop_id == shop_id)
        .order_by(products.c.created_at.desc(), products.c.id.desc())
        .limit(limit)
    )
    return await with_variants(conn, rows.all())
