"""An order names the room it was made in, and that room is there."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.conftest import Server
from tests.sim.asgi import Browser
from tests.support.system import running_system

from yaohe.commerce import NewProduct
from yaohe.live.rooms import NewRoom

pytestmark = pytest.mark.db


async def test_an_order_of_a_room_that_is_not_there_writes_nothing(
    pg: Server, tmp_path: Path
) -> None:
    async with pg.clone() as url, running_system(tmp_path, url) as system:
        room = await system.rooms.create(NewRoom(title="茶", host_name="小禾"))
        product = await system.commerce.create_product(
            NewProduct(title="春茶", price_minor=9_900, stock=5)
        )
        buyer = Browser()

        async def order(key: str, **more: object) -> str:
            wish = {"product_id": product.id, "idempotency_key": key, **more}
            answer = await buyer.ask(system.app, "POST", "/api/v1/orders", wish)
            if answer.status == 404:
                assert answer.json["error"]["message"].startswith("There is no such room.")
            return answer.word

        for nowhere in ("no-such-room", f"R-{room.id}", "*", "r" * 80):
            assert await order("k1", room_id=nowhere) == "404 order_room_not_found"
        assert await order("k1", room_id="茶") == "422 bad_input"
        async with system.db.raw() as conn:
            for table in ("commerce.orders", "commerce.payments", "kernel.outbox"):
                assert await conn.fetchval(f"select count(*) from {table}") == 0, table  # noqa: S608
        assert (await system.commerce.product(product.id)).stock == 5

        # The key is free still; and an order may be made outside of any room.
        assert await order("k1", room_id=room.id) == "201"
        assert await order("k2") == "201"
        assert (await system.commerce.product(product.id)).stock == 3
