"""What happens to a crowd that nobody does: time passes, sweeps run, notices come again, the
database has a bad moment.

The database's clock decides about deadlines and watching, and cannot be moved. So everything that
is compared with it is moved into the past instead.
"""

# ruff: noqa: S608 - SQL put together from our own words

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator, Awaitable, Callable

import asyncpg
from tests.sim.world import World

STEP_S = 3.0
_CLOCKED = (
    ("sharing.visits", "last_at", "true"),
    ("commerce.orders", "deadline_at", "status = 'created'"),
    ("commerce.refunds", "next_at", "state <> 'done'"),
    ("sandbox_pay.payments", "expires_at", "state = 'open'"),
    ("commerce.payments", "ask_at", "state = 'open'"),
    ("sandbox_pay.refunds", "due_at", "state <> 'done'"),
    ("sandbox_pay.notices", "due_at", "delivered_at is null and given_up_at is null"),
)

AWAY = (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, OSError)

Element = Callable[[World, random.Random], Awaitable[None]]


async def age(conn: asyncpg.Connection, seconds: float, *, watching: bool = True) -> None:
    """Let time pass. A row that somebody holds at this moment is left for the next step."""
    for table, column, which in _CLOCKED:
        if table == "sharing.visits" and not watching:
            continue
        await conn.execute(
            f"update {table} set {column} = {column} - make_interval(secs => $1)"
            f" where ctid in (select ctid from {table} where {which}"
            " for no key update skip locked)",
            seconds,
        )


async def clock(world: World, rng: random.Random) -> None:
    """Step after step; who waits for time is told. Time also passes while the database is away."""
    while True:
        with contextlib.suppress(*AWAY):
            async with own_connection(world) as conn:
                while True:
                    await asyncio.sleep(rng.uniform(0.015, 0.05))
                    # Said before it is done: nobody can have watched longer than was let pass.
                    world.told.passed_ms += int(STEP_S * 1_000)
                    await age(conn, STEP_S)
                    async with world.moved:
                        world.moved.notify_all()
        await asyncio.sleep(0.1)


async def sweeps(world: World, rng: random.Random) -> None:
    """Orders that nobody paid are ended, refunds asked for, at both doors at once."""
    while True:
        commerces = [door.system.commerce for door in world.doors]
        rounds = [c.expire_orders() for c in commerces] + [c.ask_for_refunds() for c in commerces]
        await asyncio.gather(*rounds, return_exceptions=True)
        await asyncio.sleep(rng.uniform(0.1, 0.4))


async def echoes(world: World, rng: random.Random) -> None:
    """Gateways repeat themselves: an old notice is sent once more."""
    async with own_connection(world) as conn:
        while True:
            await asyncio.sleep(rng.uniform(0.1, 0.4))
            await conn.execute(
                """update sandbox_pay.notices set delivered_at = null, due_at = now()
                    where id = (select id from sandbox_pay.notices where delivered_at is not null
                                 order by md5(id || $1::text) limit 1)""",
                str(rng.random()),
            )


async def cuts(world: World, rng: random.Random) -> None:
    """A connection of the shop is cut, whatever it is doing."""
    async with own_connection(world) as conn:
        while True:
            await asyncio.sleep(rng.uniform(0.2, 0.9))
            await conn.execute(
                """select pg_terminate_backend(pid) from (
                     select pid from pg_stat_activity
                      where datname = current_database() and application_name like 'yaohe%'
                      order by state = 'active' desc, md5(pid || $1::text) limit 1) t""",
                str(rng.random()),
            )


async def jams(world: World, rng: random.Random) -> None:
    """Hits cannot be written for longer than a page waits: they go to the spool."""
    async with own_connection(world) as conn:
        while True:
            await asyncio.sleep(rng.uniform(0.2, 0.6))
            async with conn.transaction():
                await conn.execute("lock table sharing.hits in share row exclusive mode")
                await asyncio.sleep(0.2)


async def merchant(world: World, rng: random.Random) -> None:
    """The desk: stock comes and goes, an unused coupon is taken back, a show ends."""
    await world.pass_time(20)
    for _ in range(6):
        await world.pass_time(rng.uniform(2, 15))
        product, change = rng.choice(world.products), rng.choice((-4, -1, 2, 6))
        path = f"/api/v1/products/{product}"
        answer = await world.staff("PATCH", path, {"stock_change": change})
        world.told.note("desk", f"stock of {product} {change:+}", answer.word)
        if answer.ok and product in world.told.stock:
            world.told.stock[product] += change
        elif answer.word == "503 unknown_result":
            world.told.stock.pop(product, None)  # nobody knows how many there are
        coupons = sorted(world.told.coupons)
        if coupons:
            coupon = rng.choice(coupons)
            answer = await world.staff("POST", f"/api/v1/coupons/{coupon}/revoke")
            world.told.note("desk", f"revoke {coupon}", answer.word)
    answer = await world.staff("POST", f"/api/v1/rooms/{world.rooms[1]}/end")
    world.told.note("desk", f"end {world.rooms[1]}", answer.word)


@contextlib.asynccontextmanager
async def own_connection(world: World) -> AsyncIterator[asyncpg.Connection]:
    conn = await asyncpg.connect(world.url)
    try:
        yield conn
    finally:
        await conn.close(timeout=2)
