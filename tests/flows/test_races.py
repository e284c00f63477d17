"""Races that others are known for, played in both orders on purpose: whoever waits first for the
order's row is served first, so that each test tells one story and not whichever happened."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import pytest
from tests.support.notices import paid_notice
from tests.support.shop import Shop, make_shop, until

from yaohe.commerce import Order
from yaohe.commerce.errors import ForbiddenMove
from yaohe.kernel.db import Database
from yaohe.kernel.ids import new_id

pytestmark = pytest.mark.db


@pytest.fixture
def shop(fresh_db: Database) -> Shop:
    return make_shop(fresh_db)


async def placed(shop: Shop) -> tuple[Order, Any]:
    product = await shop.product(stock=3)
    visitor = new_id("v")
    order = await shop.commerce.create_order(visitor, None, product.id, 1, None, new_id("k"))
    return order, await shop.commerce.start_payment(order.id, visitor)


@asynccontextmanager
async def queue_at(shop: Shop, order: Order) -> AsyncIterator[Any]:
    """Hold the order's row; `stand` puts somebody behind it and returns once they wait."""
    conn = await asyncpg.connect(shop.db.url)
    waiting = 0

    async def stand(act: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        nonlocal waiting
        task = asyncio.create_task(act)
        waiting += 1

        async def all_wait() -> bool:
            return bool(
                await shop.value(
                    "select count(*) from pg_stat_activity where datname = current_database()"
                    " and wait_event_type = 'Lock'"
                )
                == waiting
            )

        await until(all_wait)
        return task

    try:
        async with conn.transaction():
            await conn.execute("select from commerce.orders where id = $1 for update", order.id)
            yield stand
    finally:
        await conn.close()


async def left(shop: Shop, order: Order) -> tuple[str, int]:
    row = await shop.rows("select status from commerce.orders where id = $1", order.id)
    stock = await shop.value("select stock from commerce.products limit 1")
    return row[0]["status"], stock


async def test_the_notice_before_the_cancel_keeps_what_was_paid(shop: Shop) -> None:
    order, payment = await placed(shop)
    async with queue_at(shop, order) as stand:
        notice = await stand(shop.commerce.payment_callback("sandbox", *paid_notice(payment)))
        cancel = await stand(shop.commerce.cancel_order(order.id, order.visitor_id))
    assert await notice == "paid"
    with pytest.raises(ForbiddenMove):
        await cancel
    assert await left(shop, order) == ("paid", 2)
    assert (await shop.audit()).holds


async def test_the_cancel_before_the_notice_gives_the_money_back(shop: Shop) -> None:
    order, payment = await placed(shop)
    async with queue_at(shop, order) as stand:
        cancel = await stand(shop.commerce.cancel_order(order.id, order.visitor_id))
        notice = await stand(shop.commerce.payment_callback("sandbox", *paid_notice(payment)))
    await cancel
    assert await notice == "late"
    assert await left(shop, order) == ("paid_late", 3)
    assert await shop.value("select count(*) from commerce.refunds") == 1
    assert (await shop.audit()).holds
