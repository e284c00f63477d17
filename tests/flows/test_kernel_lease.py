"""One holder at a time, a token that only grows, and no writing after the end."""

from __future__ import annotations

import asyncio

import pytest
from sqlalchemy import text

from yaohe.kernel.db import Database
from yaohe.kernel.lease import LeaseLost, Leases, assert_held

pytestmark = pytest.mark.db


async def test_one_holder_at_a_time_and_the_token_grows(db: Database) -> None:
    here, there = Leases(db, "here"), Leases(db, "there")
    lease = await here.acquire("room:tea", ttl_s=30)
    assert lease is not None
    assert await there.acquire("room:tea", ttl_s=30) is None
    assert await there.acquire("room:cup", ttl_s=30) is not None
    assert (found := await there.holder("room:tea")) is not None
    assert found.owner == "here"
    await here.release(lease)
    assert await there.holder("room:tea") is None
    next_lease = await there.acquire("room:tea", ttl_s=30)
    assert next_lease is not None
    assert next_lease.token > lease.token
    await here.release(lease)  # no longer ours: nothing happens
    assert await there.holder("room:tea") is not None


async def test_of_many_who_ask_at_once_one_gets_it(db: Database) -> None:
    asked = [Leases(db, f"p{n}").acquire("room:rush", ttl_s=30) for n in range(20)]
    assert sum(lease is not None for lease in await asyncio.gather(*asked)) == 1


async def test_an_ended_lease_writes_nothing(db: Database) -> None:
    here, there = Leases(db, "here"), Leases(db, "there")
    lease = await here.acquire("room:slow", ttl_s=0.05)
    assert lease is not None
    async with db.begin() as tx:
        await assert_held(tx, lease)
    await asyncio.sleep(0.06)
    async with db.begin() as tx:
        with pytest.raises(LeaseLost):
            await assert_held(tx, lease)
    with pytest.raises(LeaseLost):
        await here.renew(lease, ttl_s=5)
    taken = await there.acquire("room:slow", ttl_s=5)
    assert taken is not None
    assert taken.token == lease.token + 1
    with pytest.raises(LeaseLost):
        await here.renew(lease, ttl_s=5)


async def test_a_held_lease_is_kept_and_given_back(db: Database) -> None:
    here, there = Leases(db, "here"), Leases(db, "there")
    async with here.held("job:sweep", ttl_s=0.2) as lease:
        await asyncio.sleep(0.5)
        assert await there.acquire("job:sweep", ttl_s=5) is None
        async with db.begin() as tx:
            await assert_held(tx, lease)
    assert await there.acquire("job:sweep", ttl_s=5) is not None


async def test_the_body_is_stopped_when_the_lease_is_lost(db: Database) -> None:
    here = Leases(db, "here")

    async def hold() -> None:
        async with here.held("job:lost", ttl_s=0.2):
            async with db.begin() as tx:
                await tx.execute(
                    text("UPDATE kernel.leases SET owner = 'thief' WHERE name = 'job:lost'")
                )
            await asyncio.sleep(10)

    with pytest.raises(LeaseLost):
        await asyncio.wait_for(hold(), 3)


async def test_other_errors_of_the_body_pass_through(db: Database) -> None:
    async def hold() -> None:
        async with Leases(db, "here").held("job:error", ttl_s=5):
            raise TimeoutError("of its own")

    with pytest.raises(TimeoutError, match="of its own"):
        await hold()


async def test_who_waits_gets_it_when_it_is_released(db: Database) -> None:
    here, there = Leases(db, "here"), Leases(db, "there")
    order: list[str] = []

    async def use(leases: Leases) -> None:
        async with leases.held("job:turns", ttl_s=0.4):
            order.append(leases.owner)
            await asyncio.sleep(0.1)
            order.append(leases.owner)

    await asyncio.gather(use(here), use(there))
    assert order in (["here", "here", "there", "there"], ["there", "there", "here", "here"])


async def test_a_lone_process_ends_the_leases_of_the_dead(db: Database) -> None:
    dead = await Leases(db, "dead").acquire("room:old", ttl_s=600)
    assert dead is not None
    here = Leases(db, "here")
    await here.end_all()
    lease = await here.acquire("room:old", ttl_s=5)
    assert lease is not None
    assert lease.token > dead.token
