"""What follows when stock, a price or the supply of coupons changed: whoever has a room open where
it is shown sees what it is now, and who waited for it has their turn. The rooms read it themselves,
so a lost or repeated word is no harm, and a thousand orders are a few readings."""

from __future__ import annotations

from typing import Any

from yaohe.campaigns import Campaigns
from yaohe.commerce import Commerce
from yaohe.commerce.catalog import ProductChanged
from yaohe.commerce.coupons import CouponSupplyChanged
from yaohe.kernel.db import Tx
from yaohe.kernel.events import Recorded
from yaohe.kernel.relay import Step
from yaohe.live.realtime import Hub
from yaohe.live.shelf import Shelf


def steps(*, campaigns: Campaigns, commerce: Commerce, shelf: Shelf, hub: Hub) -> list[Step[Any]]:
    """Two for products, one for coupons. Whom to tell is noted in the transaction of the step, so
    each is told once."""

    async def show_product(_: Tx, batch: list[Recorded[ProductChanged]]) -> None:
        changed = sorted({recorded.fact.product_id for recorded in batch})
        for room_id in await shelf.rooms_with(changed):
            hub.goods_changed(room_id)

    async def tell_waiting(tx: Tx, batch: list[Recorded[ProductChanged]]) -> None:
        await commerce.tell_waiting(tx, sorted({recorded.fact.product_id for recorded in batch}))

    async def show_supply(_: Tx, batch: list[Recorded[CouponSupplyChanged]]) -> None:
        changed = sorted({recorded.fact.template_id for recorded in batch})
        for room_id in await campaigns.rooms_offering(changed):
            hub.goods_changed(room_id)

    return [
        Step("product_changed.show", ProductChanged, show_product),
        Step("product_changed.tell_waiting", ProductChanged, tell_waiting),
        Step("coupon_supply_changed.show", CouponSupplyChanged, show_supply),
    ]
