"""Transactions, raw connections and migrations on the real engine."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any

import asyncpg
import pytest
from sqlalchemy import text
from tests.support.wire import until

from yaohe.kernel import raw
from yaohe.kernel.coalesce import Coalescer
from yaohe.kernel.db import Database, Unknown, migrate
from yaohe.kernel.errors import AppError, TryAgain
from yaohe.kernel.events import Fact
from yaohe.kernel.raw import RawConnection

pytestmark = pytest.mark.db


class ThingDone(Fact, frozen=True, kw_only=True, tag="thing_done.v1"):
    thing: str

    @property
    def aggregate(self) -> str:
        return f"thing:{self.thing}"


async def test_a_transaction_commits_on_leaving_and_rolls_back_on_an_exception(
    db: Database,
) -> None:
    async with db.begin() as tx:
        await tx.execute(text("CREATE TABLE place (n int)"))
        await tx.execute(text("INSERT INTO place VALUES (:n)"), [{"n": 1}, {"n": 2}])

    async def failing() -> None:
        async with db.begin() as tx:
            await tx.execute(text("INSERT INTO place VALUES (3)"))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await failing()
    async with db.connect() as conn:
        assert await conn.scalar(text("SELECT sum(n) FROM place")) == 3


async def test_facts_are_written_with_their_transaction_and_wake_the_relay(db: Database) -> None:
    woken: list[int] = []
    take_back = db.on_recorded(lambda: woken.append(1))

    async def failing() -> None:
        async with db.begin() as tx:
            await tx.record(ThingDone(shop_id="shop_main", thing="never"))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await failing()
    assert woken == []
    async with db.begin() as tx:
        await tx.record(
            ThingDone(shop_id="shop_main", thing="a"), ThingDone(shop_id="shop_main", thing="b")
        )
    take_back()
    assert woken == [1]
    async with db.connect() as conn:
        rows = (
            await conn.execute(
                text("SELECT shop_id, aggregate, type, body FROM kernel.outbox ORDER BY event_id")
            )
        ).all()
    assert [tuple(row) for row in rows] == [
        ("shop_main", f"thing:{t}", "thing_done.v1", {
            "type": "thing_done.v1", "shop_id": "shop_main", "thing": t,
        })
        for t in "ab"
    ]  # fmt: skip


async def test_a_lost_connection_answers_try_again_and_the_pool_recovers(db: Database) -> None:
    async def cut_off() -> None:
        async with db.begin() as tx, db.raw() as other:
            pid = (await tx.execute(text("SELECT pg_backend_pid()"))).scalar_one()
            await other.execute("SELECT pg_terminate_backend($1)", pid)
            await asyncio.sleep(0.05)
            await tx.execute(text("SELECT 1"))

    with pytest.raises(TryAgain):
        await cut_off()
    async with db.begin() as tx:
        assert (await tx.execute(text("SELECT 1"))).scalar_one() == 1


async def test_a_dead_connection_does_not_hide_why_a_transaction_is_left(pg: Any) -> None:
    class Refused(Exception):
        pass

    async def dying(db: Database, entered: asyncio.Event, end: asyncio.Future[None]) -> None:
        async with db.begin() as tx:
            pid = (await tx.execute(text("SELECT pg_backend_pid()"))).scalar_one()
            async with db.raw() as other:
                await other.execute("SELECT pg_terminate_backend($1)", pid)
            driver: Any = (await tx.conn.get_raw_connection()).driver_connection
            await until(driver.is_closed)
            entered.set()
            await end

    async with pg.clone() as url:
        db = Database(url, pool_size=2)
        for _ in range(4):  # a connection that is not given back would be missed by now
            for left_by in (asyncio.CancelledError(), Refused()):
                entered, end = asyncio.Event(), asyncio.get_running_loop().create_future()
                task = asyncio.create_task(dying(db, entered, end))
                await entered.wait()
                if isinstance(left_by, Refused):
                    end.set_exception(left_by)
                else:
                    task.cancel()
                with pytest.raises(type(left_by)):
                    await task
        async with db.begin() as tx:
            assert (await tx.execute(text("SELECT 1"))).scalar_one() == 1
        await db.close()


async def test_a_raw_connection_that_is_lost_answers_like_any_other(db: Database) -> None:
    async def cut_off(*, writes: bool) -> None:
        async with db.raw() as other, db.raw(writes=writes) as conn:
            pid = await conn.fetchval("SELECT pg_backend_pid()")
            await other.execute("SELECT pg_terminate_backend($1)", pid)
            await conn.fetchval("SELECT pg_sleep(5)")

    with pytest.raises(TryAgain) as nothing_written:
        await cut_off(writes=False)
    assert not isinstance(nothing_written.value, Unknown)
    with pytest.raises(Unknown):
        await cut_off(writes=True)
    async with db.raw() as conn:
        assert await conn.fetchval("SELECT 1") == 1


async def test_a_connection_that_lost_its_place_is_lost_and_thrown_away(db: Database) -> None:
    """asyncpg says so when a connection is cut while it asks the server for types."""
    confused: list[RawConnection] = []

    async def run(conn: RawConnection, items: list[int]) -> list[int | AppError]:
        if not confused:
            confused.append(conn)
            raise asyncpg.InternalClientError("cannot switch to state 12")
        return list(items)

    coalescer = Coalescer("confused", run, db=db, key=lambda n: n)
    assert await coalescer.submit(7) == 7
    await coalescer.close()
    assert confused[0].is_closed()


async def test_a_lock_that_does_not_come_answers_try_again(db: Database) -> None:
    async def in_line() -> None:
        async with db.raw() as conn:
            await conn.execute("SET LOCAL lock_timeout = '20ms'; SELECT pg_advisory_xact_lock(7)")

    async def in_line_too() -> None:
        async with db.begin() as tx:
            await tx.execute(text("SET LOCAL lock_timeout = '20ms'"))
            await tx.execute(text("SELECT pg_advisory_xact_lock(7)"))

    async with db.raw() as holder, holder.transaction():
        await holder.execute("SELECT pg_advisory_xact_lock(7)")
        for wait in (in_line, in_line_too):
            with pytest.raises(TryAgain):
                await wait()


async def test_a_connection_lost_during_the_commit_says_that_nobody_knows(db: Database) -> None:
    async with db.begin() as tx:
        await tx.execute(text("CREATE TABLE fatal (n int)"))
        await tx.execute(
            text("CREATE FUNCTION die() RETURNS trigger LANGUAGE plpgsql AS "
                 "$$ BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NULL; END $$")
        )  # fmt: skip
        await tx.execute(
            text("CREATE CONSTRAINT TRIGGER at_commit AFTER INSERT ON fatal "
                 "DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION die()")
        )  # fmt: skip

    async def insert() -> None:
        async with db.begin() as tx:
            await tx.execute(text("INSERT INTO fatal VALUES (1)"))

    with pytest.raises(Unknown) as caught:
        await insert()
    assert (caught.value.status, caught.value.code) == (503, "unknown_result")

    async def through_the_coalescer(conn: RawConnection, items: list[int]) -> list[int | AppError]:
        await conn.execute("INSERT INTO fatal SELECT unnest($1::int[])", items)
        return list(items)

    takes = Coalescer("fatal", through_the_coalescer, db=db, key=lambda n: n, patience_s=0.1)
    with pytest.raises(Unknown):
        await takes.submit(1)
    assert takes.counts.repeated >= 1


async def test_connections_that_died_in_the_pool_are_replaced_unseen(fresh_db: Database) -> None:
    async def use() -> None:
        async with fresh_db.begin() as tx:
            await tx.execute(text("SELECT pg_sleep(0.02)"))

    await asyncio.gather(*(use() for _ in range(6)))
    async with fresh_db.raw() as conn:
        await conn.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
    await asyncio.sleep(0.05)
    await asyncio.gather(*(use() for _ in range(6)))


async def test_a_raw_connection_left_in_a_transaction_is_thrown_away(db: Database) -> None:
    async with db.raw() as conn:
        pid = await conn.fetchval("SELECT pg_backend_pid()")
        await conn.execute("BEGIN")
    async with db.raw() as conn:
        assert await conn.fetchval("SELECT pg_backend_pid()") != pid
        assert not conn.is_in_transaction()


async def test_a_cancelled_transaction_leaves_nothing(db: Database) -> None:
    async def long() -> None:
        async with db.begin() as tx:
            await tx.record(ThingDone(shop_id="shop_main", thing="cancelled"))
            await tx.execute(text("SELECT pg_sleep(10)"))

    task = asyncio.create_task(long())
    await asyncio.sleep(0.1)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    async with db.connect() as conn:
        assert not await conn.scalar(
            text("SELECT count(*) FROM kernel.outbox WHERE aggregate = 'thing:cancelled'")
        )


async def test_more_callers_than_connections_wait_in_line(db: Database) -> None:
    async def one(n: int) -> int:
        async with db.raw() as conn:
            value: int = await conn.fetchval("SELECT $1::int FROM pg_sleep(0.002)", n)
            return value

    assert await asyncio.gather(*(one(n) for n in range(50))) == list(range(50))


async def test_who_waits_too_long_for_a_connection_is_told_so(
    fresh_db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(raw, "_WAIT_S", 0.05)
    async with contextlib.AsyncExitStack() as stack:
        for _ in range(8):
            await stack.enter_async_context(fresh_db.raw())
        with pytest.raises(TryAgain):
            await stack.enter_async_context(fresh_db.raw())
    async with fresh_db.raw() as conn:
        assert await conn.fetchval("SELECT 1") == 1


async def test_migrating_at_once_and_again_runs_the_chain_once(pg: Any) -> None:
    await pg.execute("CREATE DATABASE test_empty")
    try:
        url = pg.url("test_empty")
        await asyncio.gather(*(migrate(url) for _ in range(3)))
        await migrate(url)
        conn = await asyncpg.connect(url)
        assert await conn.fetchval("SELECT count(*) FROM kernel.alembic_version") == 1
        assert await conn.fetchval("SELECT count(*) FROM kernel.relay") == 1
        await conn.close()
    finally:
        await pg.execute("DROP DATABASE test_empty WITH (FORCE)")
