"""The verbs of the shop page: read it, write it."""

from __future__ import annotations

from yaohe.identity.model import SHOP_ID
from yaohe.identity.shop_page import store
from yaohe.identity.shop_page.model import ShopPage, cleaned_page
from yaohe.identity.staff.model import Staff
from yaohe.identity.staff.service import audit
from yaohe.kernel.db import Database


class ShopPages:
    def __init__(self, db: Database) -> None:
        self._db = db

    async def page(self, shop_id: str = SHOP_ID) -> ShopPage:
        """What the shop says about itself; a shop that said nothing has an empty page."""
        async with self._db.connect() as conn:
            return await store.page(conn, shop_id) or ShopPage()

    async def keep(
        self, given: ShopPage, *, by: Staff | None = None, shop_id: str = SHOP_ID
    ) -> ShopPage:
        """The whole page, as it is from now on; of the shop of `by`, whose doing is noted."""
        page = cleaned_page(given)
        async with self._db.begin() as tx:
            await store.keep(tx.conn, by.shop_id if by else shop_id, page)
            if by is not None:
                await audit(tx, staff=by, action="shop.page", subject=by.shop_id)
        return page
