"""The world of one simulation: a shop on a real database, open through two doors at once.

Each door is the whole system as `yaohe serve` builds it, in this process; two of them on one
database are what two processes would be. Payment notices really travel over HTTP, through weather:
some are lost on the way, some are taken and the answer is lost.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncpg
import structlog
import structlog.testing
from tests.sim.asgi import Answer, Browser
from tests.sim.told import Told
from tests.support.demo import free_ports
from tests.support.shop import running, sandbox_keys, serve, until

from yaohe.app.build import System, build
from yaohe.app.roles import lasting, wire_config
from yaohe.app.settings import load
from yaohe.commerce import NewProduct, NewTemplate
from yaohe.commerce.prices import NewLivePrice
from yaohe.kernel.clock import SystemClock
from yaohe.kernel.db import Database
from yaohe.kernel.relay import Relay
from yaohe.kernel.wire import WireServer
from yaohe.live.rooms import NewRoom
from yaohe.platforms.sandbox_pay import SandboxApplication, SandboxGateway
from yaohe.platforms.sandbox_pay.keys import keep_keys

CALLBACK = "/api/v1/payments/sandbox/callback"
OWNER = {"name": "小林", "email": "lin@example.com", "password": "one long sentence"}
STOCKS = {9_900: 14, 2_000: 40, 900: 25}  # by price; one is cheaper than its coupon
ORDER_DEADLINE_S = 60


@dataclass
class Weather:
    """An application whose payment notices have a bad way."""

    app: Any
    rng: random.Random
    calm: bool = False

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if self.calm or scope.get("path") != CALLBACK:
            await self.app(scope, receive, send)
            return
        fate = self.rng.random()
        if fate < 0.12:
            await _gateway_error(send, 503)
        elif fate < 0.24:

            async def lost(_: Any) -> None:
                """The notice arrived; the answer does not."""

            await self.app(scope, receive, lost)
            await _gateway_error(send, 502)
        else:
            await asyncio.sleep(self.rng.choice((0, 0, 0.01, 0.05)))
            await self.app(scope, receive, send)


async def _gateway_error(send: Any, status: int) -> None:
    await send({"type": "http.response.start", "status": status, "headers": []})
    await send({"type": "http.response.body", "body": b""})


@dataclass
class Door:
    system: System
    server: WireServer
    weather: Weather

    async def settled(self) -> None:
        """Whatever joins and likes led to in the background is done."""
        while tasks := tuple(self.system.hub._tasks):
            await asyncio.wait(tasks)


@dataclass
class World:
    url: str
    gateway: SandboxGateway
    conn: asyncpg.Connection  # the auditor's and the clock's, past the shop
    doors: list[Door]
    told: Told
    desk: Browser = field(default_factory=Browser)
    rooms: list[str] = field(default_factory=list)
    products: list[str] = field(default_factory=list)
    live_price: str = ""
    board: list[str] = field(default_factory=list)  # tokens everybody has heard of
    moved: asyncio.Condition = field(default_factory=asyncio.Condition)  # time has passed

    async def staff(self, method: str, path: str, body: object = None) -> Answer:
        """The owner's request."""
        return await self.desk.ask(self.doors[0].system.app, method, path, body)

    async def reconnect(self) -> None:
        """Our own connection, when the database has fallen meanwhile."""
        if self.conn.is_closed():
            self.conn = await asyncpg.connect(self.url)

    async def pass_time(self, seconds: float) -> None:
        """Wait until so much time of this world has passed."""
        until_ms = self.told.passed_ms + seconds * 1_000
        async with self.moved:
            await self.moved.wait_for(lambda: self.told.passed_ms >= until_ms)

    async def drained(self) -> None:
        """Every fact is applied by every step."""

        async def leader() -> Relay | None:
            relays = [door.system.relay for door in self.doors]
            return next((relay for relay in relays if relay.leading), None)

        await (await until(leader, timeout_s=30)).drained()


def _build(data: Path, secret: bytes, url: str, port: int, sandbox_pay: str) -> System:
    keys = data / "keys"
    keys.mkdir(parents=True, mode=0o700)
    (keys / "secret").write_bytes(secret)
    keep_keys(data, sandbox_keys())
    settings = load(
        {},
        data=str(data),
        port=port,
        public_url="http://yaohe.test",
        order_deadline_s=ORDER_DEADLINE_S,
        database_pool=6,
        writes_per_address_s=100_000,
    )
    return build(
        settings,
        database_url=url,
        notify_url=f"http://127.0.0.1:{port}",
        sandbox_pay=sandbox_pay,
    )


@contextlib.asynccontextmanager
async def _open(system: System, rng: random.Random) -> AsyncIterator[Door]:
    """One door: served, with everything that runs behind it."""
    await system.db.open()
    await system.privacy.open()
    system.spool.open()
    weather = Weather(system.app, rng)
    server = WireServer(weather, wire_config(system))
    await server.start()
    parts = {
        "identity": system.identity.run,
        "sharing": system.sharing.run,
        "commerce": system.commerce.run,
        "hub": system.hub.run,
        "relay": system.relay.run,
    }
    tasks = [asyncio.create_task(lasting(name, part)) for name, part in parts.items()]
    try:
        yield Door(system, server, weather)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await server.stop()
        for close in (
            system.hub.close, system.campaigns.close, system.commerce.close, system.sharing.close,
            system.spool.close, system.platforms.outgoing.close, system.sandbox_door.close,
            system.db.close,
        ):  # fmt: skip
            await close()


@contextlib.asynccontextmanager
async def open_world(url: str, home: Path, rng: random.Random) -> AsyncIterator[World]:
    """A shop with its goods, rooms and coupons, open at two doors."""
    secret, told = rng.randbytes(32), Told()
    async with contextlib.AsyncExitStack() as stack:
        whole = [structlog.processors.format_exc_info]
        told.logs = stack.enter_context(structlog.testing.capture_logs(whole))
        *ports, gateway_port = free_ports(3)
        books = Database(url, pool_size=4)
        stack.push_async_callback(books.close)
        # It tells each door of what was asked for there.
        gateway = SandboxGateway(books, SystemClock(), sandbox_keys())
        address = await stack.enter_async_context(serve(SandboxApplication(gateway), gateway_port))
        await stack.enter_async_context(running(gateway))
        doors = [
            await stack.enter_async_context(
                _open(_build(home / name, secret, url, port, address), random.Random(rng.random()))
            )
            for name, port in zip("ab", ports, strict=True)
        ]
        world = World(url, gateway, await asyncpg.connect(url), doors, told)
        try:
            await _furnish(world)
            yield world
        finally:
            await world.conn.close(timeout=2)


async def _furnish(world: World) -> None:
    system = world.doors[0].system
    token = await system.identity.setup_token()
    made = await world.staff("POST", "/api/v1/staff/setup", {"token": token, **OWNER})
    assert made.ok, made.word
    for price_minor, stock in STOCKS.items():
        product = await system.commerce.create_product(
            NewProduct(title="春茶", title_en="Tea", price_minor=price_minor, stock=stock)
        )
        world.products.append(product.id)
        world.told.stock[product.id] = stock

    async def coupon(amount_minor: int, total: int, per_person: int) -> str:
        new = NewTemplate(
            title="券",
            amount_minor=amount_minor,
            threshold_minor=800,
            total=total,
            per_person=per_person,
            valid_days=7,
        )
        return (await system.commerce.create_template(new)).id

    # Two rooms give the same coupon to friends, of which there are too few; the thanks of one are
    # scarce as well. The third room offers nothing.
    friend = await coupon(1_000, 22, 1)
    for name, thanks in (("tea", (300, 60, 3)), ("cups", (500, 3, 2)), ("plain", None)):
        room = await system.rooms.create(NewRoom(id=name, title="夜市", host_name="小林"))
        await system.shelf.replace(room.id, world.products)
        if thanks is not None:
            await system.campaigns.configure_room(
                room.id, friend_template_id=friend, sharer_template_id=await coupon(*thanks)
            )
        world.rooms.append(room.id)
    # One thing is cheaper in one room, while there are some, and not for one person alone.
    lower = NewLivePrice(
        room_id="tea", product_id=world.products[1], price_minor=1_500, minutes=60, total=12,
        per_person=3,
    )  # fmt: skip
    world.live_price = (await system.commerce.start_live_price(lower)).id
    await world.conn.execute("update live.rooms set status = 'live', started_at = now()")
