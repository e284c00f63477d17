"""The verbs of delivery: say the shop's rule, show it."""

from __future__ import annotations

from msgspec.structs import asdict

from yaohe.commerce.delivery import store
from yaohe.commerce.delivery.model import DeliveryRule, cleaned_rule
from yaohe.identity import SHOP_ID, Staff, audit
from yaohe.kernel.db import Database


class Delivery:
    def __init__(self, db: Database) -> None:
        self._db = db

    async def rule(self, shop_id: str = SHOP_ID) -> DeliveryRule:
        """What holds now; a shop that said nothing ships for nothing."""
        async with self._db.connect() as conn:
            return await store.rule(conn, shop_id) or DeliveryRule()

    async def set_rule(
        self, given: DeliveryRule, *, by: Staff | None = None, shop_id: str = SHOP_ID
    ) -> DeliveryRule:
        """Another rule from now on; orders already made keep their fee and their place."""
        rule = cleaned_rule(given)
        async with self._db.begin() as tx:
            await store.set_rule(tx.conn, shop_id, rule)
            if by is not None:
                await audit(
                    tx, staff=by, action="delivery.update", subject=shop_id, detail=asdict(rule)
                )
        return rule
