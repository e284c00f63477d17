"""The contract of group commit, clause by clause, on the real engine."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable

import asyncpg
import pytest
import pytest_asyncio
from sqlalchemy import text

from yaohe.kernel.coalesce import Coalescer, check_text, ranks
from yaohe.kernel.db import Database
from yaohe.kernel.errors import AppError, BadInput, Busy, Conflict, TryAgain
from yaohe.kernel.events import Fact
from yaohe.kernel.outbox import record_raw

pytestmark = pytest.mark.db

Claim = tuple[str, str]  # pot, taker
Run = Callable[[asyncpg.Connection, list[Claim]], Awaitable[list[int | AppError]]]


class Taken(Fact, frozen=True, kw_only=True, tag="taken.v1"):
    taker: str

    @property
    def aggregate(self) -> str:
        return f"taker:{self.taker}"


class Empty(Conflict):
    code = "pot_empty"


@pytest_asyncio.fixture
async def pots(db: Database) -> AsyncIterator[None]:
    async with db.begin() as tx:
        await tx.execute(text("CREATE TABLE pots (pot text PRIMARY KEY, left_over int)"))
        await tx.execute(
            text("CREATE TABLE takes (pot text, taker text, nth int, PRIMARY KEY (pot, taker))")
        )
        await tx.execute(text("INSERT INTO pots VALUES ('gold', 10), ('tea', 100000)"))
    yield
    async with db.begin() as tx:
        await tx.execute(text("DROP TABLE pots, takes"))


async def take(conn: asyncpg.Connection, claims: list[Claim]) -> list[int | AppError]:
    """Each taker once per pot, while there is some; asking again gives the same answer."""
    first = [r == 0 for r in ranks(claims, key=lambda claim: claim)]
    rows = await conn.fetch(
        """
        WITH asked AS (
            SELECT pot, taker, nth
              FROM unnest($1::text[], $2::text[], $3::bool[]) WITH ORDINALITY
                   AS ask (pot, taker, first, nth)
             WHERE first AND NOT EXISTS (SELECT FROM takes t
                                WHERE (t.pot, t.taker) = (ask.pot, ask.taker))
        ), locked AS (
            SELECT pot, left_over FROM pots
             WHERE pot = ANY ($1) ORDER BY pot FOR UPDATE
        ), granted AS (
            SELECT pot, taker, place FROM (
                SELECT a.pot, a.taker, l.left_over,
                       row_number() OVER (PARTITION BY a.pot ORDER BY a.nth) AS place
                  FROM asked a JOIN locked l USING (pot)) ranked
             WHERE place <= left_over
        ), spent AS (
            UPDATE pots SET left_over = left_over - g.n
              FROM (SELECT pot, count(*) AS n FROM granted GROUP BY pot) g
             WHERE pots.pot = g.pot
        )
        INSERT INTO takes SELECT g.pot, g.taker, l.left_over - g.place
          FROM granted g JOIN locked l USING (pot)
        RETURNING pot, taker, nth
        """,
        [pot for pot, _ in claims],
        [taker for _, taker in claims],
        first,
    )
    granted = {(row["pot"], row["taker"]): row["nth"] for row in rows}
    known = {
        (row["pot"], row["taker"]): row["nth"]
        for row in await conn.fetch(
            "SELECT t.* FROM takes t JOIN unnest($1::text[], $2::text[]) AS ask (pot, taker)"
            " USING (pot, taker)",
            [pot for pot, _ in claims],
            [taker for _, taker in claims],
        )
    }
    everything = known | granted
    return [everything.get(claim, Empty()) for claim in claims]


def coalescer(db: Database, run: Run = take, **options: object) -> Coalescer[Claim, int]:
    return Coalescer("take", run, db=db, key=lambda claim: claim[0], **options)  # type: ignore[arg-type]


async def everything(
    takes: Coalescer[Claim, int], claims: list[Claim]
) -> list[int | BaseException]:
    return await asyncio.gather(*(takes.submit(claim) for claim in claims), return_exceptions=True)


@pytest.mark.usefixtures("pots")
async def test_a_contended_pot_is_never_oversold(db: Database) -> None:
    takes = coalescer(db, batch_max=7)
    answers = await everything(takes, [("gold", f"t{n}") for n in range(50)])
    # The first ten in order of arrival got one share each, the rest a word they can read.
    assert sorted(a for a in answers[:10] if isinstance(a, int)) == list(range(10))
    assert all(isinstance(a, Empty) for a in answers[10:])
    assert takes.counts.batches < 50
    assert takes.waiting == 0


@pytest.mark.usefixtures("pots")
async def test_the_same_taker_twice_in_a_batch_is_decided_by_rank(db: Database) -> None:
    answers = await everything(coalescer(db), [("gold", "twin")] * 3 + [("gold", "other")])
    assert len(set(answers[:3])) == 1
    assert answers[3] != answers[0]
    async with db.connect() as conn:
        assert await conn.scalar(text("SELECT count(*) FROM takes")) == 2


@pytest.mark.usefixtures("pots")
async def test_an_item_is_checked_before_it_joins(db: Database) -> None:
    def check(claim: Claim) -> None:
        check_text(claim[1], field="taker", chars_max=20)

    takes = coalescer(db, check=check)
    good, bad = await everything(takes, [("gold", "good"), ("gold", "b\x00d")])
    assert isinstance(good, int)
    assert isinstance(bad, BadInput)


@pytest.mark.usefixtures("pots")
@pytest.mark.parametrize("poison", ["b\x00d", "\ud800"])
async def test_a_bad_item_is_found_by_halving_and_hurts_nobody_else(
    db: Database, poison: str
) -> None:
    takes = coalescer(db)
    claims = [("tea", f"t{n}") for n in range(40)]
    claims[17] = ("tea", poison)
    answers = await everything(takes, claims)
    assert isinstance(answers[17], asyncpg.PostgresError | asyncpg.InterfaceError | ValueError)
    assert sum(isinstance(answer, int) for answer in answers) == 39
    assert 1 <= takes.counts.halved <= 12


@pytest.mark.usefixtures("pots")
@pytest.mark.parametrize("error", [asyncpg.SerializationError, asyncpg.DeadlockDetectedError])
async def test_clashes_repeat_the_whole_batch(db: Database, error: type[Exception]) -> None:
    seen: list[int] = []

    async def clashing(conn: asyncpg.Connection, claims: list[Claim]) -> list[int | AppError]:
        answers = await take(conn, claims)
        seen.append(len(claims))
        if len(seen) < 3:
            raise error("met another")
        return answers

    answers = await everything(coalescer(db, clashing), [("gold", f"t{n}") for n in range(10)])
    assert sorted(a for a in answers if isinstance(a, int)) == list(range(10))
    assert seen == [10, 10, 10]


@pytest.mark.usefixtures("pots")
async def test_two_lanes_that_deadlock_in_the_database_both_finish(db: Database) -> None:
    arrived = asyncio.Barrier(2)
    met: list[str] = []

    async def crossing(conn: asyncpg.Connection, claims: list[Claim]) -> list[int | AppError]:
        mine = claims[0][0]
        for pot in (mine, "tea" if mine == "gold" else "gold"):
            await conn.execute("UPDATE pots SET left_over = left_over WHERE pot = $1", pot)
            if mine not in met:
                met.append(mine)
                await arrived.wait()
        return [0 for _ in claims]

    lanes = [coalescer(db, crossing), coalescer(db, crossing)]
    assert await asyncio.gather(lanes[0].submit(("gold", "a")), lanes[1].submit(("tea", "b"))) == [
        0,
        0,
    ]
    assert lanes[0].counts.repeated + lanes[1].counts.repeated == 1


@pytest.mark.usefixtures("pots")
async def test_a_full_queue_answers_busy_at_once(db: Database) -> None:
    gate = asyncio.Event()

    async def slow(conn: asyncpg.Connection, claims: list[Claim]) -> list[int | AppError]:
        await gate.wait()
        return await take(conn, claims)

    takes = coalescer(db, slow, queue_max=5, batch_max=2)
    accepted = [asyncio.create_task(takes.submit(("tea", f"t{n}"))) for n in range(5)]
    await asyncio.sleep(0.02)
    with pytest.raises(Busy):
        await takes.submit(("tea", "late"))
    assert takes.counts.refused == 1
    gate.set()
    assert len(await asyncio.gather(*accepted)) == 5
    assert isinstance(await takes.submit(("tea", "later")), int)


@pytest.mark.usefixtures("pots")
async def test_a_caller_that_leaves_does_not_take_the_statement_along(db: Database) -> None:
    gate = asyncio.Event()

    async def slow(conn: asyncpg.Connection, claims: list[Claim]) -> list[int | AppError]:
        answers = await take(conn, claims)
        await gate.wait()
        return answers

    takes = coalescer(db, slow)
    leaving = asyncio.create_task(takes.submit(("gold", "leaving")))
    staying = asyncio.create_task(takes.submit(("gold", "staying")))
    await asyncio.sleep(0.05)
    leaving.cancel()
    gate.set()
    assert isinstance(await staying, int)
    assert leaving.cancelled()
    async with db.connect() as conn:
        takers = (await conn.execute(text("SELECT taker FROM takes ORDER BY taker"))).scalars()
        assert list(takers) == ["leaving", "staying"]


@pytest.mark.usefixtures("pots")
@pytest.mark.parametrize("moment", ["before", "after"])
async def test_a_lost_connection_is_asked_again(db: Database, moment: str) -> None:
    """Before the commit nothing was written; after it the answer alone was lost."""
    cuts: list[int] = []

    async def cut_off(conn: asyncpg.Connection, claims: list[Claim]) -> list[int | AppError]:
        answers = await take(conn, claims)
        if not cuts:
            cuts.append(pid := await conn.fetchval("SELECT pg_backend_pid()"))
            if moment == "after":
                await conn.execute("COMMIT")
            async with db.raw() as other:
                await other.execute("SELECT pg_terminate_backend($1)", pid)
            await asyncio.sleep(0.05)
        return answers

    takes = coalescer(db, cut_off)
    answers = await everything(takes, [("gold", f"t{n}") for n in range(10)])
    assert sorted(a for a in answers if isinstance(a, int)) == list(range(10))
    assert takes.counts.repeated >= 1
    async with db.connect() as conn:
        assert await conn.scalar(text("SELECT left_over FROM pots WHERE pot = 'gold'")) == 0


async def test_a_database_that_stays_away_answers_try_again() -> None:
    nowhere = Database("postgresql://nobody@/nothing?host=/nonexistent")
    takes = coalescer(nowhere, patience_s=0.05)
    with pytest.raises(TryAgain):
        await takes.submit(("gold", "a"))
    await nowhere.close()


@pytest.mark.usefixtures("pots")
async def test_a_swallowed_error_is_not_taken_for_a_commit(db: Database) -> None:
    async def careless(conn: asyncpg.Connection, claims: list[Claim]) -> list[int | AppError]:
        with contextlib.suppress(asyncpg.DivisionByZeroError):
            await conn.execute("SELECT 1 / 0")
        return [1 for _ in claims]

    with pytest.raises(AssertionError, match="had failed"):
        await coalescer(db, careless).submit(("gold", "a"))


@pytest.mark.usefixtures("pots")
async def test_closing_answers_what_was_accepted_and_takes_no_more(db: Database) -> None:
    takes = coalescer(db, batch_max=3)
    accepted = [asyncio.create_task(takes.submit(("tea", f"t{n}"))) for n in range(20)]
    await asyncio.sleep(0)
    await takes.close()
    assert all(task.done() and isinstance(task.result(), int) for task in accepted)
    with pytest.raises(Busy):
        await takes.submit(("tea", "late"))


@pytest.mark.usefixtures("pots")
async def test_equal_keys_keep_their_lane_and_their_order(db: Database) -> None:
    batches: list[list[Claim]] = []

    async def noting(conn: asyncpg.Connection, claims: list[Claim]) -> list[int | AppError]:
        batches.append(claims)
        await asyncio.sleep(0.005)
        return [0 for _ in claims]

    takes = coalescer(db, noting, lanes=4, batch_max=10)
    await everything(takes, [(f"pot{n % 7}", f"{n:03}") for n in range(140)])
    for pot in range(7):
        order = [taker for batch in batches for name, taker in batch if name == f"pot{pot}"]
        assert order == sorted(order)
    assert all(batch == sorted(batch, key=lambda claim: claim[0]) for batch in batches)


@pytest.mark.usefixtures("pots")
async def test_facts_of_a_batch_commit_with_it_and_wake_the_relay(db: Database) -> None:
    woken: list[int] = []
    take_back = db.on_recorded(lambda: woken.append(1))

    async def noting(conn: asyncpg.Connection, claims: list[Claim]) -> list[int | AppError]:
        await record_raw(conn, [Taken(shop_id="shop_main", taker=taker) for _, taker in claims])
        if any(taker == "bad" for _, taker in claims):
            raise Conflict
        return [0 for _ in claims]

    takes = coalescer(db, noting, batch_max=2)
    answers = await everything(takes, [("tea", t) for t in ("a", "b", "c", "bad", "d", "e")])
    take_back()
    assert [isinstance(answer, int) for answer in answers] == [True] * 3 + [False] + [True] * 2
    assert len(woken) == takes.counts.batches
    async with db.connect() as conn:
        rows = await conn.execute(text("SELECT aggregate FROM kernel.outbox ORDER BY event_id"))
        assert [row[0] for row in rows] == ["taker:a", "taker:b", "taker:c", "taker:d", "taker:e"]
