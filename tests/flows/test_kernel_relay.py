"""Facts reach every step once, in order, whatever fails on the way."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import pytest
import pytest_asyncio
from sqlalchemy import text
from tests.support.patience import PATIENCE_S
from tests.support.phone import until as asked_until

from yaohe.kernel.db import Database, Tx
from yaohe.kernel.events import Fact, Recorded
from yaohe.kernel.outbox import record_raw
from yaohe.kernel.relay import Bell, Relay, Step

pytestmark = pytest.mark.db


class Paid(Fact, frozen=True, kw_only=True, tag="paid.v1"):
    order: str
    n: int = 0

    @property
    def aggregate(self) -> str:
        return f"order:{self.order}"


class Refunded(Fact, frozen=True, kw_only=True, tag="refunded.v1"):
    order: str

    @property
    def aggregate(self) -> str:
        return f"order:{self.order}"


@pytest_asyncio.fixture
async def facts_db(fresh_db: Database) -> Database:
    async with fresh_db.begin() as tx:
        await tx.execute(
            text("CREATE TABLE effects (id bigint GENERATED ALWAYS AS IDENTITY, step text, "
                 "event_id bigint, position bigint, subject text, n int)")
        )  # fmt: skip
    return fresh_db


async def note_effects(tx: Tx, step: str, facts: Sequence[Recorded[Any]]) -> None:
    for r in facts:
        await tx.execute(
            text("INSERT INTO effects (step, event_id, position, subject, n) "
                 "VALUES (:step, :event_id, :position, :subject, :n)"),
            {"step": step, "event_id": r.event_id, "position": r.position,
             "subject": r.fact.order, "n": getattr(r.fact, "n", -1)},
        )  # fmt: skip


def step(name: str, fact: type[Any] = Paid) -> Step[Any]:
    async def apply(tx: Tx, facts: list[Recorded[Any]]) -> None:
        await note_effects(tx, name, facts)

    return Step(name, fact, apply)


@asynccontextmanager
async def running(*relays: Relay) -> AsyncIterator[None]:
    tasks = [asyncio.create_task(relay.run()) for relay in relays]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)


async def effects(db: Database) -> list[tuple[str, str, int]]:
    async with db.connect() as conn:
        rows = await conn.execute(text("SELECT step, subject, n FROM effects ORDER BY id"))
        return [tuple(row) for row in rows]


async def pay(db: Database, *orders: str) -> None:
    async with db.begin() as tx:
        await tx.record(*(Paid(shop_id="shop_main", order=order) for order in orders))


async def until(condition: Any, timeout_s: float = PATIENCE_S) -> None:
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, "did not happen"
        await asyncio.sleep(0.005)


async def test_facts_recorded_before_and_while_it_runs_go_through_every_step(
    facts_db: Database,
) -> None:
    relay = Relay(facts_db, [step("credit"), step("cheer")])
    await pay(facts_db, "early")
    async with running(relay):
        await relay.drained()
        await pay(facts_db, "late")
        await relay.drained()
    assert await effects(facts_db) == [
        ("credit", "early", 0),
        ("cheer", "early", 0),
        ("credit", "late", 0),
        ("cheer", "late", 0),
    ]


async def test_positions_are_dense_and_order_holds_inside_an_aggregate_under_concurrent_commits(
    facts_db: Database,
) -> None:
    relay = Relay(facts_db, [step("one"), step("two")], batch_max=16)
    async with facts_db.begin() as tx:
        await tx.execute(text("CREATE TABLE orders (id text PRIMARY KEY, n int)"))
        await tx.execute(text("INSERT INTO orders SELECT 'o' || n, 0 FROM generate_series(0, 9) n"))
    rng = random.Random(7)

    async def writer() -> None:
        for _ in range(25):
            order, keep = f"o{rng.randrange(10)}", rng.random() < 0.9
            async with facts_db.raw() as conn:
                await conn.execute("BEGIN")
                n = await conn.fetchval(
                    "UPDATE orders SET n = n + 1 WHERE id = $1 RETURNING n", order
                )
                await record_raw(conn, [Paid(shop_id="s", order=order, n=n)])
                await asyncio.sleep(rng.random() * 0.004)  # commits overtake each other
                await conn.execute("COMMIT" if keep else "ROLLBACK")

    async with running(relay):
        await asyncio.gather(*(writer() for _ in range(8)))
        await relay.drained()
    async with facts_db.connect() as conn:
        positions = list(
            (
                await conn.execute(text("SELECT position FROM kernel.outbox ORDER BY position"))
            ).scalars()
        )
        rows = await conn.execute(text("SELECT id, n FROM orders"))
        wanted = {row.id: row.n for row in rows}
    assert positions == list(range(1, sum(wanted.values()) + 1))
    applied = await effects(facts_db)
    for name in ("one", "two"):
        for order, count in wanted.items():
            mine = [n for s, subject, n in applied if (s, subject) == (name, order)]
            assert mine == list(range(1, count + 1))


async def test_what_all_have_applied_is_kept_for_a_month(facts_db: Database) -> None:
    relay = Relay(facts_db, [step("credit")])
    async with running(relay):
        await pay(facts_db, "old", "held", "new")
        await relay.drained()
    async with facts_db.begin() as tx:
        await tx.execute(
            text("UPDATE kernel.outbox SET at = at - interval '31 days' WHERE position < 3")
        )
        await tx.execute(text("UPDATE kernel.inbox SET at = at - interval '4 days'"))
        await tx.execute(
            text(
                "UPDATE kernel.inbox SET at = now() WHERE event_id = "
                "(SELECT event_id FROM kernel.outbox WHERE position = 2)"
            )
        )

    async def left() -> list[int]:
        async with facts_db.connect() as conn:
            rows = await conn.execute(text("SELECT position FROM kernel.outbox ORDER BY 1"))
            return list(rows.scalars())

    relay = Relay(facts_db, [step("credit")])
    async with running(relay):
        await asked_until(left, lambda positions: positions == [2, 3])
        await pay(facts_db, "later")
        await relay.drained()
    assert await left() == [2, 3, 4]
    applied = sorted(subject for _, subject, _ in await effects(facts_db))
    assert applied == ["held", "later", "new", "old"], "each once, whatever is gone"


async def test_a_failing_step_is_retried_alone_and_holds_only_its_aggregate(
    facts_db: Database,
) -> None:
    broken = True

    async def flaky(tx: Tx, facts: list[Recorded[Paid]]) -> None:
        await note_effects(tx, "flaky", facts)
        if broken and any(r.fact.order == "bad" for r in facts):
            raise RuntimeError("not today")

    relay = Relay(facts_db, [step("before"), Step("flaky", Paid, flaky), step("after")], lanes=1)
    async with running(relay):
        await pay(facts_db, "a", "bad", "b")
        await until(lambda: relay.held == 1)
        await pay(facts_db, "c", "bad")
        await until(lambda: relay.held == 2)
        with pytest.raises(TimeoutError, match="order:bad"):
            await relay.drained(timeout_s=0.05)
        early = await effects(facts_db)
        assert [e for e in early if e[0] == "flaky"] == [
            ("flaky", "a", 0),
            ("flaky", "b", 0),
            ("flaky", "c", 0),
        ]
        # The other steps of the fact did not wait, the second fact of the aggregate did.
        assert sum(e[1] == "bad" for e in early) == 2
        broken = False
        await relay.drained()
    late = await effects(facts_db)
    assert len(late) == len(set(late)) + 3  # "bad" was paid twice
    assert sum(e == ("flaky", "bad", 0) for e in late) == 2


async def test_a_fact_waits_for_an_earlier_one_of_another_type(facts_db: Database) -> None:
    broken = True

    async def flaky(tx: Tx, facts: list[Recorded[Paid]]) -> None:
        if broken:
            raise RuntimeError("not today")
        await note_effects(tx, "credit", facts)

    relay = Relay(facts_db, [Step("credit", Paid, flaky), step("reverse", Refunded)])
    async with running(relay):
        await pay(facts_db, "x")
        async with facts_db.begin() as tx:
            await tx.record(Refunded(shop_id="s", order="x"), Refunded(shop_id="s", order="y"))
        await until(lambda: relay.unfinished == 2 and relay.held == 2)
        broken = False
        await relay.drained()
    applied = [(name, order) for name, order, _ in await effects(facts_db)]
    assert applied == [("reverse", "y"), ("credit", "x"), ("reverse", "x")]


@pytest.mark.parametrize("how", ["cancelled", "connection cut"])
async def test_a_crash_between_effect_and_note_applies_it_once(
    facts_db: Database, how: str
) -> None:
    reached = asyncio.Event()

    async def dying(tx: Tx, facts: list[Recorded[Paid]]) -> None:
        await note_effects(tx, "credit", facts)
        if not reached.is_set():
            reached.set()
            if how == "cancelled":
                await asyncio.sleep(60)
            else:
                await tx.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))

    async with running(Relay(facts_db, [Step("credit", Paid, dying)])):
        await pay(facts_db, "a", "b")
        await reached.wait()
    relay = Relay(facts_db, [Step("credit", Paid, dying)])
    async with running(relay):
        await relay.drained()
    assert sorted(await effects(facts_db)) == [("credit", "a", 0), ("credit", "b", 0)]


async def test_a_new_leader_takes_up_what_the_old_one_left(facts_db: Database) -> None:
    stuck = True

    async def sometimes(tx: Tx, facts: list[Recorded[Paid]]) -> None:
        if stuck:
            raise RuntimeError("not today")
        await note_effects(tx, "second", facts)

    steps = [step("first"), Step("second", Paid, sometimes), step("third")]
    old, new = Relay(facts_db, steps), Relay(facts_db, steps, poll_s=0.05)
    async with running(old):
        await pay(facts_db, "a")
        await until(lambda: old.held == 1)
        async with running(new):
            await asyncio.sleep(0.1)
            assert old.leading
            assert not new.leading
            stuck = False
            async with facts_db.raw() as conn:
                await conn.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                    " WHERE application_name = 'yaohe relay' AND datname = current_database()"
                    " AND pid IN (SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND granted)"
                )
            await until(lambda: new.leading or not old.leading)
            await until(lambda: new.leading or old.leading)
            leader = new if new.leading else old
            await pay(facts_db, "b")
            await leader.drained()
    applied = await effects(facts_db)
    assert sorted(applied) == [
        (name, order, 0) for name in ("first", "second", "third") for order in "ab"
    ]


async def test_when_the_whole_database_falls_the_relay_leads_again(facts_db: Database) -> None:
    """Every connection dies, those of steps in the middle of their work first."""
    held: list[Any] = []

    async def slow(tx: Tx, facts: list[Recorded[Paid]]) -> None:
        await note_effects(tx, "slow", facts)
        if not held:
            held.append((await tx.conn.get_raw_connection()).driver_connection)
            await asyncio.Event().wait()  # only a cancellation ends this

    async def fall(whose: str) -> None:
        async with facts_db.raw() as conn:
            await conn.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = $1"
                " AND datname = current_database() AND pid <> pg_backend_pid()",
                whose,
            )

    relay = Relay(facts_db, [Step("slow", Paid, slow)], poll_s=0.05)
    async with running(relay):
        await pay(facts_db, "a")
        await until(lambda: bool(held))
        await fall("yaohe")
        await until(held[0].is_closed)
        await fall("yaohe relay")
        await until(lambda: not relay.leading)
        await until(lambda: relay.leading)
        await relay.drained()
    assert await effects(facts_db) == [("slow", "a", 0)]


async def test_another_process_is_heard_long_before_the_next_look(facts_db: Database) -> None:
    other = Database(facts_db.url)
    heard: list[int] = []

    async def listen(tx: Tx, facts: list[Recorded[Paid]]) -> None:
        heard.append(len(facts))

    relay = Relay(facts_db, [Step("listen", Paid, listen)], poll_s=600)
    async with running(relay):
        await until(lambda: relay.leading)
        bell = asyncio.create_task(Bell(other).run())
        await asyncio.sleep(0.05)
        for n in range(20):
            await pay(other, f"o{n}")
            await until(lambda n=n: len(heard) == n + 1)  # type: ignore[misc]
        bell.cancel()
    await other.close()


async def test_ten_thousand_facts_are_carried_in_batches(facts_db: Database) -> None:
    sizes: list[int] = []

    async def count(tx: Tx, facts: list[Recorded[Paid]]) -> None:
        sizes.append(len(facts))

    relay = Relay(facts_db, [Step("count", Paid, count)])
    async with facts_db.raw() as conn:
        await record_raw(conn, [Paid(shop_id="s", order=f"o{n % 500}") for n in range(10_000)])
    async with running(relay):
        await relay.drained(timeout_s=PATIENCE_S)
    assert sum(sizes) == 10_000
    assert len(sizes) < 500
    # A restart reads only what is behind the remembered place.
    again = Relay(facts_db, [Step("count", Paid, count)])
    async with running(again):
        await again.drained()
    assert sum(sizes) == 10_000


async def test_two_steps_of_one_name_are_refused(facts_db: Database) -> None:
    with pytest.raises(AssertionError, match="named twin"):
        Relay(facts_db, [step("twin"), step("twin", Refunded)])
