"""The catalog's verbs: put products up, change them, show them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from yaohe.commerce.catalog import store
from yaohe.commerce.catalog.model import (
    NewProduct,
    Product,
    ProductChange,
    check_deliverable,
    check_prices,
    cleaned,
    cleaned_stock_change,
)
from yaohe.commerce.errors import ProductNotFound, StockTooLow
from yaohe.commerce.events import ProductChanged
from yaohe.commerce.variants import store as variant_store
from yaohe.identity import SHOP_ID, Staff, audit
from yaohe.kernel.db import Database, Tx
from yaohe.kernel.errors import BadInput
from yaohe.kernel.ids import new_id
from yaohe.kernel.money import check_currency

PRODUCTS_MAX: Final = 500


class Catalog:
    def __init__(self, db: Database) -> None:
        self._db = db

    async def create_product(
        self, new: NewProduct, *, by: Staff | None = None, shop_id: str = SHOP_ID
    ) -> Product:
        """Put a product up; `by` is None only when the house itself fills a demo shop."""
        async with self._db.begin() as tx:
            return await self.create_in(tx, new, new.currency or "CNY", shop_id, by=by)

    async def create_in(
        self, tx: Tx, new: NewProduct, currency: str, shop_id: str, *, by: Staff | None
    ) -> Product:
        """The same in a transaction of the caller's."""
        values = cleaned(new)
        values["currency"] = check_currency(currency)
        made = await store.insert_product(tx.conn, new_id("prd"), shop_id, values)
        check_deliverable(made)
        check_prices(made)
        if by is not None:
            detail = {"price_minor": made.price_minor, "stock": made.stock}
            await audit(tx, staff=by, action="product.create", subject=made.id, detail=detail)
        return made

    async def update_product(
        self,
        product_id: str,
        change: ProductChange,
        *,
        by: Staff | None = None,
        shop_id: str = SHOP_ID,
    ) -> Product:
        """Change a product. Orders already made keep the price and title they were made with."""
        async with self._db.begin() as tx:
            return await self.update_in(tx, product_id, change, shop_id, by=by)

    async def update_in(
        self, tx: Tx, product_id: str, change: ProductChange, shop_id: str, *, by: Staff | None
    ) -> Product:
        """The same in a transaction of the caller's."""
        values, stock_change = cleaned(change), cleaned_stock_change(change)
        await _refuse_for_variants(tx, product_id, shop_id, values, stock_change)
        changed = await store.update_product(
            tx.conn, product_id, shop_id, values, stock_change=stock_change
        )
        if changed is None:
            exists = await store.product(tx.conn, product_id)
            raise StockTooLow if exists and exists.shop_id == shop_id else ProductNotFound
        check_deliverable(changed)
        if values.keys() & {"price_minor", "list_price_minor"}:
            check_prices(changed)
        await tx.record(ProductChanged(shop_id=shop_id, product_id=product_id))
        if by is not None:
            detail = values | ({"stock_change": stock_change} if stock_change else {})
            detail.pop("digital_text", None)  # for buyers alone
            await audit(tx, staff=by, action="product.update", subject=product_id, detail=detail)
        return changed

    async def product(self, product_id: str) -> Product:
        async with self._db.connect() as conn:
            found = await store.product(conn, product_id)
        if found is None:
            raise ProductNotFound
        return found

    async def products_by_id(self, product_ids: Sequence[str]) -> dict[str, Product]:
        """The products that exist among these ids."""
        if not product_ids:
            return {}
        async with self._db.connect() as conn:
            found = await store.products_by_id(conn, product_ids)
        return {product.id: product for product in found}

    async def products(self, shop_id: str = SHOP_ID) -> list[Product]:
        """All products of a shop, newest first."""
        async with self._db.connect() as conn:
            return await store.products_of(conn, shop_id, limit=PRODUCTS_MAX)


async def _refuse_for_variants(
    tx: Tx,
    product_id: str,
    shop_id: str,
    values: dict[str, str | int | None],
    stock_change: int,
) -> None:
    """Price and stock of a product with variants are those of its variants."""
    changed = {*values, *(["stock_change"] if stock_change else [])}
    wrong = sorted(changed & {"price_minor", "stock", "stock_change"})
    if not wrong:
        return
    await variant_store.lock_product(tx.conn, product_id, shop_id)
    found = await store.product(tx.conn, product_id)
    if found is not None and found.variants:
        raise BadInput("This product has variants: change theirs.", field=wrong[0])
