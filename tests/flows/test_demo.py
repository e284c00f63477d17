"""The demo's run of show gives way to whoever pins by hand."""

from __future__ import annotations

import pytest
from tests.support.market import open_market

from yaohe.app.demo.rundown import Rundown
from yaohe.kernel.db import Database

pytestmark = pytest.mark.db


async def test_one_product_after_the_other_until_somebody_takes_over(fresh_db: Database) -> None:
    async with open_market(fresh_db) as market, market.room() as stall:
        products = [await market.shop.product() for _ in range(3)]
        ids = [product.id for product in products]
        await market.shelf.replace(stall.room, ids)
        rundown = Rundown(market.shelf, stall.room)
        assert not await rundown.turn()  # nothing is pinned: nobody's turn
        await market.shelf.pin(stall.room, ids[0])
        await rundown.begin()
        for expected in (ids[1], ids[2], ids[0], ids[1]):
            assert await rundown.turn()
            assert (await market.shelf.state(stall.room)).pinned == expected
        await market.shelf.pin(stall.room, ids[0])
        assert not await rundown.turn()
        assert (await market.shelf.state(stall.room)).pinned == ids[0]
