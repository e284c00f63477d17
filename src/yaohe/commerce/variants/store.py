"""All SQL about variants besides the sale itself (in the orders' statements).

Whoever writes variants holds their product's row. A variant that staff take away stays as a row
that is not shown, because orders name it.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import ARRAY, Text, any_, bindparam, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from yaohe.commerce.tables import products, variants
from yaohe.commerce.variants.model import NewVariant, Variant

_SHOWN = (
    variants.c.id,
    variants.c.product_id,
    variants.c.title,
    variants.c.title_en,
    variants.c.price_minor,
    variants.c.stock,
)


async def shown(conn: AsyncConnection, product_ids: Sequence[str]) -> dict[str, list[Variant]]:
    """The variants of these products, in order."""
    rows = await conn.execute(
        select(*_SHOWN)
        .where(
            variants.c.product_id == any_(bindparam("ids", list(product_ids), ARRAY(Text))),
            variants.c.shown,
        )
        .order_by(variants.c.product_id, variants.c.place)
    )
    found: dict[str, list[Variant]] = {}
    for row in rows:
        found.setdefault(row.product_id, []).append(Variant(**row._mapping))
    return found


async def lock_product(conn: AsyncConnection, product_id: str, shop_id: str) -> bool:
    """Hold the product until the transaction ends; False when there is no such."""
    found = await conn.execute(
        select(products.c.id)
        .where(products.c.id == product_id, products.c.shop_id == shop_id)
        .with_for_update(key_share=True)
    )
    return found.first() is not None


async def hide_all(conn: AsyncConnection, product_id: str) -> None:
    """Take all of them away; those that are kept come back by `change`."""
    await conn.execute(
        update(variants).where(variants.c.product_id == product_id).values(shown=False)
    )


async def add(
    conn: AsyncConnection, variant_id: str, shop_id: str, product_id: str, new: NewVariant,
    place: int,
) -> None:  # fmt: skip
    await conn.execute(
        insert(variants).values(
            id=variant_id,
            shop_id=shop_id,
            product_id=product_id,
            title=new.title,
            title_en=new.title_en,
            price_minor=new.price_minor,
            stock=new.stock,
            sold=0,
            place=place,
            shown=True,
            created_at=func.now(),
        )
    )


async def change(conn: AsyncConnection, product_id: str, new: NewVariant, place: int) -> bool:
    """Write one that is there; False when it is not, or would have less than nothing."""
    changed = await conn.execute(
        update(variants)
        .where(
            variants.c.id == new.id,
            variants.c.product_id == product_id,
            variants.c.stock + new.stock_change >= 0,
        )
        .values(
            title=new.title,
            title_en=new.title_en,
            price_minor=new.price_minor,
            stock=variants.c.stock + new.stock_change,
            place=place,
            shown=True,
        )
        .returning(variants.c.id)
    )
    return changed.first() is not None


async def exists(conn: AsyncConnection, product_id: str, variant_id: str) -> bool:
    found = await conn.execute(
        select(variants.c.id).where(
            variants.c.id == variant_id, variants.c.product_id == product_id
        )
    )
    return found.first() is not None


async def price_from(conn: AsyncConnection, product_id: str, price_minor: int) -> None:
    """A product with variants costs what the cheapest of them does."""
    await conn.execute(
        update(products)
        .where(products.c.id == product_id)
        .values(price_minor=price_minor, updated_at=func.now())
    )
