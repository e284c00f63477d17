"""The verb of variants: say which ones a product has."""

from __future__ import annotations

from collections.abc import Sequence

from yaohe.commerce.errors import ProductNotFound, StockTooLow, VariantNotFound, VariantsDiffer
from yaohe.commerce.events import ProductChanged
from yaohe.commerce.prices.store import runs_anywhere
from yaohe.commerce.variants import store
from yaohe.commerce.variants.model import NewVariant, Variant, cleaned_variants, cost_the_same
from yaohe.identity import SHOP_ID, Staff, audit
from yaohe.kernel.db import Database, Tx
from yaohe.kernel.ids import new_id


class Variants:
    def __init__(self, db: Database) -> None:
        self._db = db

    async def replace(
        self,
        product_id: str,
        given: Sequence[NewVariant],
        *,
        by: Staff | None = None,
        shop_id: str = SHOP_ID,
    ) -> list[Variant]:
        """Exactly these, in this order. One that is left out is no longer sold; orders of it stay.
        With none, the product sells by its own price and stock again."""
        async with self._db.begin() as tx:
            return await self.replace_in(tx, product_id, given, shop_id, by=by)

    async def replace_in(
        self,
        tx: Tx,
        product_id: str,
        given: Sequence[NewVariant],
        shop_id: str,
        *,
        by: Staff | None,
    ) -> list[Variant]:
        """The same in a transaction of the caller's."""
        wanted = cleaned_variants(given)
        if not await store.lock_product(tx.conn, product_id, shop_id):
            raise ProductNotFound
        await store.hide_all(tx.conn, product_id)
        for place, new in enumerate(wanted):
            await _write(tx, shop_id, product_id, new, place)
        if wanted:
            lowest = min(new.price_minor for new in wanted)
            await store.price_from(tx.conn, product_id, lowest)
        found = (await store.shown(tx.conn, [product_id])).get(product_id, [])
        if not cost_the_same(found) and await runs_anywhere(tx.conn, product_id):
            raise VariantsDiffer
        await tx.record(ProductChanged(shop_id=shop_id, product_id=product_id))
        if by is not None:
            detail = {"variants": len(found)}
            await audit(tx, staff=by, action="product.variants", subject=product_id, detail=detail)
        return found


async def _write(tx: Tx, shop_id: str, product_id: str, new: NewVariant, place: int) -> None:
    if new.id is None:
        await store.add(tx.conn, new_id("var"), shop_id, product_id, new, place)
    elif not await store.change(tx.conn, product_id, new, place):
        there = await store.exists(tx.conn, product_id, new.id)
        raise StockTooLow if there else VariantNotFound
