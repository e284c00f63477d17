"""A shop to test against: identity, sandbox gateway and commerce on one database, and the same
behind real HTTP, with the parts of the application that matter here."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Collection
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import asyncpg
import httpx
import uvicorn
from litestar import Litestar
from tests.support.patience import PATIENCE_S

from yaohe.app.auditing import Audit, audit_database
from yaohe.app.http import make_application
from yaohe.commerce import Commerce, CouponTemplate, NewProduct, NewTemplate, Product
from yaohe.commerce.http import controllers as commerce_controllers
from yaohe.commerce.payments.model import Arrival, Entrance
from yaohe.identity import Identity
from yaohe.identity.http import controllers as identity_controllers
from yaohe.kernel.clock import SystemClock
from yaohe.kernel.db import Database
from yaohe.ledger import Ledger
from yaohe.platforms.outgoing import Answer, Outgoing, PlatformAway
from yaohe.platforms.payments import Payers, PaymentGateway, Way
from yaohe.platforms.sandbox_pay import (
    SandboxApplication,
    SandboxDoor,
    SandboxGateway,
    SandboxKeys,
    make_keys,
)
from yaohe.platforms.sandbox_pay.http import controllers as sandbox_controllers
from yaohe.platforms.sandbox_pay.model import SandboxPayment
from yaohe.platforms.wechat_pay import WechatPay, WechatPayClient

SECRET = b"a secret for tests, thirty-two b"


@functools.cache
def sandbox_keys() -> SandboxKeys:
    """One set for all tests of a process: RSA keys are slow to make."""
    return make_keys()


class AskedInside(Outgoing):
    """Outgoing calls that reach an application in this process instead of the network."""

    def __init__(self, app: Any) -> None:
        super().__init__()
        self._client = httpx.AsyncClient(transport=httpx.ASGITransport(app=app))
        self.cut = False
        self.refuses = "nothing"  # what the addresses that answer no end with

    async def ask(self, method: str, address: str, **given: Any) -> Answer:
        if self.cut:
            raise PlatformAway
        if address.endswith(self.refuses):
            return Answer(400, "application/json", b'{"code": "PARAM_ERROR"}')
        return await super().ask(method, address, **given)


def pay_client(outgoing: Outgoing, *, by_certificates: bool = False) -> WechatPayClient:
    """The shop's half of the sandbox account."""
    keys = sandbox_keys()
    return WechatPayClient(
        outgoing,
        SystemClock(),
        keys.account,
        known=None if by_certificates else keys.known,
        address="http://sandbox.test",
    )


@dataclass
class Shop:
    db: Database
    identity: Identity
    gateway: SandboxGateway
    commerce: Commerce
    door: SandboxDoor
    outgoing: AskedInside

    async def audit(self) -> Audit:
        """What `yaohe audit` finds now."""
        conn = await asyncpg.connect(self.db.url)
        try:
            return await audit_database(conn)
        finally:
            await conn.close()

    async def enter(self, payment_id: str) -> Entrance:
        """The buyer of this payment goes to the cashier."""
        buyer = await self.value(
            """select o.visitor_id from commerce.payments p
                 join commerce.orders o on o.id = p.order_id where p.id = $1""",
            payment_id,
        )
        return await self.commerce.enter_payment(payment_id, buyer, Arrival(way="h5"))

    async def pay(self, payment_id: str) -> SandboxPayment:
        """The buyer goes to the cashier and pays."""
        await self.enter(payment_id)
        return await self.gateway.pay(payment_id)

    async def product(self, *, stock: int = 50, price_minor: int = 9_900, **more: Any) -> Product:
        return await self.commerce.create_product(
            NewProduct(
                title="春茶", title_en="Spring tea", price_minor=price_minor, stock=stock, **more
            )
        )

    async def template(
        self, *, total: int = 100, amount_minor: int = 1_000, **more: Any
    ) -> CouponTemplate:
        given = {"valid_days": 7} | more
        return await self.commerce.create_template(
            NewTemplate(title="减十元", amount_minor=amount_minor, total=total, **given)
        )

    async def value(self, statement: str, *parameters: object) -> Any:
        """One value by SQL: the auditor's way in."""
        async with self.db.raw() as conn:
            return await conn.fetchval(statement, *parameters)

    async def rows(self, statement: str, *parameters: object) -> list[Any]:
        async with self.db.raw() as conn:
            return list(await conn.fetch(statement, *parameters))

    async def facts(self, kind: str) -> list[Any]:
        return await self.rows(
            "select aggregate, body from kernel.outbox where type = $1 order by event_id", kind
        )

    async def stock(self, product: Product) -> int:
        return (await self.commerce.product(product.id)).stock


async def any_room(_: str) -> bool:
    """Commerce keeps room ids for others; most tests of it have no rooms."""
    return True


def make_shop(
    db: Database,
    *,
    base_url: str = "http://127.0.0.1:1",
    deadline_s: float = 600,
    grace_s: float = 0,
    room_exists: Callable[[str], Awaitable[bool]] = any_room,
    gateway_name: str = "sandbox",
    ways: Collection[Way] = ("h5",),
    works_in_app: Collection[Way] = ("h5",),
    payers: Payers | None = None,
    other: PaymentGateway | None = None,
) -> Shop:
    """`other` is a gateway that takes the money instead of the sandbox."""
    clock = SystemClock()
    gateway = SandboxGateway(db, clock, sandbox_keys(), notify_origin=base_url)
    outgoing = AskedInside(SandboxApplication(gateway))
    client = pay_client(outgoing)
    identity = Identity(db, clock, SECRET, cookie_secure=False)
    commerce = Commerce(
        db,
        other
        or WechatPay(
            client, name=gateway_name, ways=ways, works_in_app=works_in_app, payers=payers
        ),
        Ledger(db),
        base_url,
        room_exists=room_exists,
        time_zone=identity.time_zone,
        order_deadline_s=deadline_s,
        grace=timedelta(seconds=grace_s),
    )
    transport = httpx.ASGITransport(app=SandboxApplication(gateway))
    door = SandboxDoor("http://sandbox.test", transport=transport)
    return Shop(db, identity, gateway, commerce, door, outgoing)


def make_app(shop: Shop) -> Litestar:
    """The application with the controllers under test."""
    return make_application(
        [*identity_controllers, *commerce_controllers, *sandbox_controllers],
        {"identity": shop.identity, "commerce": shop.commerce, "sandbox_door": shop.door},
    )


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.asynccontextmanager
async def serve(app: Any, port: int) -> AsyncIterator[str]:
    """`app` over real HTTP on loopback; yields its address."""
    config = uvicorn.Config(app, host="127.0.0.1", port=port, log_config=None, lifespan="off")
    server = uvicorn.Server(config)
    server.install_signal_handlers = lambda: None  # type: ignore[attr-defined]
    task = asyncio.create_task(server._serve())
    while not server.started:
        await asyncio.sleep(0.01)
        if task.done():
            task.result()
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        await task


@contextlib.asynccontextmanager
async def running(*parts: Any) -> AsyncIterator[None]:
    """Background parts while the block runs."""
    tasks = [asyncio.create_task(part.run()) for part in parts]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def until(condition: Any, *, timeout_s: float = PATIENCE_S) -> Any:
    """Wait for an async condition to be true and give what it answered."""
    async with asyncio.timeout(timeout_s):
        while True:
            found = await condition()
            if found:
                return found
            await asyncio.sleep(0.02)
