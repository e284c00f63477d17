"""kill -9 of everything while money, goods and a table of products are half written: a payment
notice, a refund, a batch of orders and an import are each held at their last statement, all is
written and nothing committed. Then the power goes.

Afterwards the gateway tells again, people press again, and everything is there exactly once.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import asyncpg
import httpx
import pytest
from tests.support.browser import ANDROID
from tests.support.demo import Demo, start_demo
from tests.support.ledger import database_of
from tests.support.phone import Caller, Desk, Room, calling, owner_of, until

from yaohe.app.auditing import audit_database

pytestmark = [pytest.mark.slow]

STOCK: Final = 20
CROWD: Final = 3
PHONE: Final = {"user-agent": ANDROID}
BEFORE, AFTER = "白瓷杯一只", "青瓷杯一只"
BUYER: Final = {"name": "梅子", "phone": "13800001111", "address": "长乐路 100 号"}
# Whoever writes a fact or leaves a trail waits behind this; everybody may read.
HOLD: Final = "lock table kernel.outbox, identity.audit in share mode"
HELD: Final = """
    select query from pg_stat_activity
     where pg_backend_pid() = any(pg_blocking_pids(pid)) and query ilike '%insert into%'
"""


@dataclass
class Counter:
    """Buyers of one room, and the desk's table of its product."""

    demo: Demo
    room: Room

    async def place(self, buyer: Caller, key: str) -> dict[str, Any]:
        wish = {"product_id": self.room.product["id"], "quantity": 1, "room_id": self.room.id}
        placed: dict[str, Any] = await buyer.post(
            "/api/v1/orders", wish | {"idempotency_key": key, "buyer": BUYER}
        )
        return placed

    async def pay(self, buyer: Caller, placed: dict[str, Any]) -> None:
        """At the cashier; the gateway has the money when this returns."""

        async def cashier() -> httpx.Response:
            return await buyer.http.get(placed["cashier_url"], follow_redirects=True)

        # The gateway is a process of its own, and may need a moment more than the shop.
        page = await until(cashier, lambda found: 'name="token"' in found.text)
        token = page.text.partition('name="token"')[2].partition('value="')[2].partition('"')[0]
        done = await buyer.http.post(f"{page.url.path}/pay", data={"token": token, "lang": "en"})
        assert done.status_code == 303, done.text

    async def status(self, buyer: Caller, order: str) -> str:
        found: str = (await buyer.get(f"/api/v1/orders/{order}"))["status"]
        return found


async def import_sheet(desk: Desk, table: str) -> dict[str, Any]:
    answer = await desk.http.post(
        "/api/v1/shop/product-sheet?dry_run=false",
        content=table.encode(),
        headers={"content-type": "text/csv"},
    )
    assert answer.status_code == 200, answer.text
    report: dict[str, Any] = answer.json()
    return report


async def pressing(act: Callable[[], Awaitable[object]]) -> None:
    """Again whenever it is "not possible this second"; only the end of the server ends it."""
    while True:
        try:
            done = await act()
        except AssertionError as refused:
            if "try_again" not in str(refused):
                raise
        else:
            raise AssertionError(f"nobody held it back: {done}")


async def orders_at_once(counter: Counter, buyer: Caller) -> list[dict[str, Any]]:
    wishes = (counter.place(buyer, f"k-{n}") for n in range(CROWD))
    answers = await asyncio.gather(*wishes, return_exceptions=True)
    for answer in answers:
        if isinstance(answer, BaseException):
            raise answer
    return [answer for answer in answers if isinstance(answer, dict)]


@asynccontextmanager
async def held(data: Path) -> AsyncIterator[asyncpg.Connection]:
    """Nobody finishes what writes a fact or a trail, until this connection is gone."""
    async with database_of(data) as conn:
        await conn.execute("set idle_in_transaction_session_timeout = 0")
        await conn.execute("begin")
        await conn.execute(HOLD)
        yield conn


async def all_in_the_middle(conn: asyncpg.Connection) -> None:
    """A notice, a batch and an import before their facts, a refund before its trail."""

    async def waiting() -> tuple[int, int]:
        # In a transaction one sees what was there at first.
        await conn.execute("select pg_stat_clear_snapshot()")
        queries = [row["query"].lower() for row in await conn.fetch(HELD)]
        facts = sum("outbox" in query for query in queries)
        return facts, len(queries) - facts

    await until(waiting, lambda count: count[0] >= 3 and count[1] >= 1)


async def test_what_was_half_written_is_there_once(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    data: Path = tmp_path_factory.mktemp("middle") / "data"
    options = ("--no-crowd", "--no-host")
    demo = await start_demo(data, *options)
    try:
        async with (
            owner_of(demo) as desk,
            calling(demo.url, **PHONE) as lin,
            calling(demo.url, **PHONE) as mei,
        ):
            room = await desk.room(stock=STOCK)
            counter = Counter(demo, room)
            paid, open_ = await counter.place(lin, "k-paid"), await counter.place(mei, "k-open")
            await counter.pay(lin, paid)
            given_back, told_late = paid["order"]["id"], open_["order"]["id"]
            await until(lambda: counter.status(lin, given_back), lambda now: now == "paid")
            # Of another product: who orders holds theirs, and who changes it would wait for them.
            told: dict[str, Any] = dict.fromkeys(("title_en", "subtitle", "subtitle_en"), "")
            told |= {"title": BEFORE, "price_minor": 900, "stock": 5, "status": "on_sale"}
            cup = (await desk.post("/api/v1/products", told))["id"]
            table = (await desk.http.get("/api/v1/shop/product-sheet")).text
            assert BEFORE in table
            table = table.replace(BEFORE, AFTER)
            refund = f"/api/v1/shop/orders/{given_back}/refund"
            wish = {"amount_minor": 4_000, "idempotency_key": "k-refund"}

            async with held(data) as conn:
                await counter.pay(mei, open_)
                tries = [
                    asyncio.create_task(pressing(lambda: desk.post(refund, wish))),
                    asyncio.create_task(pressing(lambda: import_sheet(desk, table))),
                    asyncio.create_task(pressing(lambda: orders_at_once(counter, lin))),
                ]
                await all_in_the_middle(conn)
                demo.kill()
                await demo.process.wait()
                ended = await asyncio.gather(*tries, return_exceptions=True)
            # The cashier had answered; of the others nobody was told that it is done.
            assert all(isinstance(one, httpx.TransportError) for one in ended), ended

            demo = await start_demo(data, *options, ports=(demo.port, demo.rtmp_port))
            async with database_of(data) as conn:
                await nothing_is_half_there(conn, room, cup)
                await until(lambda: counter.status(mei, told_late), lambda now: now == "paid")
                for _ in range(2):  # who pressed once presses again, and again
                    await desk.post(refund, wish)
                    await orders_at_once(counter, lin)
                assert (await import_sheet(desk, table))["written"] is True
                await everything_is_there_once(conn, room, cup, given_back, told_late)
        await demo.end()
    except BaseException:
        demo.kill()
        await demo.process.wait()
        raise


async def stock_and_sold(conn: asyncpg.Connection, room: Room) -> tuple[int, int]:
    row = await conn.fetchrow(
        "select stock, sold from commerce.products where id = $1", room.product["id"]
    )
    assert row is not None
    return row["stock"], row["sold"]


async def title_of(conn: asyncpg.Connection, product_id: str) -> str:
    found: str = await conn.fetchval(
        "select title from commerce.products where id = $1", product_id
    )
    return found


async def nothing_is_half_there(conn: asyncpg.Connection, room: Room, cup: str) -> None:
    """What nobody was answered is not there at all: two orders, one of them paid, no refund."""
    assert await stock_and_sold(conn, room) == (STOCK - 2, 2)
    assert await title_of(conn, cup) == BEFORE
    assert await conn.fetchval("select count(*) from commerce.refunds") == 0
    assert (await audit_database(conn)).holds


async def everything_is_there_once(
    conn: asyncpg.Connection, room: Room, cup: str, given_back: str, told_late: str
) -> None:
    async def at_rest() -> bool:
        return bool(
            await conn.fetchval(
                "select count(*) = 1 and bool_and(state = 'done') from commerce.refunds"
            )
        )

    await until(at_rest, lambda done: done)
    back = await conn.fetchval(
        "select refunded_minor from commerce.orders where id = $1", given_back
    )
    assert back == 4_000
    facts = await conn.fetch(
        "select aggregate, count(*) as times from kernel.outbox where type = 'order_paid.v1'"
        " and aggregate = any($1) group by aggregate",
        [f"order:{given_back}", f"order:{told_late}"],
    )
    assert {row["times"] for row in facts} == {1}
    assert len(facts) == 2
    assert await stock_and_sold(conn, room) == (STOCK - 5, 5)
    assert await title_of(conn, cup) == AFTER
    orders = await conn.fetchval("select count(*) from commerce.orders where room_id = $1", room.id)
    assert orders == 5
    judged = await audit_database(conn)
    assert judged.holds, judged
