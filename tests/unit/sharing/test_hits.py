"""Hits: durable, flagged, counted exactly, and telling nothing about addresses."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import asyncpg
import msgspec
import pytest
from tests.support.patience import PATIENCE_S
from tests.support.shop import until
from tests.support.town import SAFARI, WHATSAPP, Town

from yaohe.kernel.clock import ManualClock, SystemClock
from yaohe.kernel.db import Database
from yaohe.kernel.errors import BadInput, TryAgain
from yaohe.kernel.spool import Spool
from yaohe.sharing import Fetch, Sharing
from yaohe.sharing.hits import store
from yaohe.sharing.hits.salts import Salts

pytestmark = pytest.mark.db
NOBODYS = "neverwas01"
WECHAT = "Mozilla/5.0 (iPhone) AppleWebKit/605.1.15 Mobile/15E148 MicroMessenger/8.0.50"


async def counted(town: Town, token: str) -> tuple[int, int]:
    rows = await town.rows("select hits, bot_hits from sharing.hit_totals where token = $1", token)
    return (rows[0]["hits"], rows[0]["bot_hits"]) if rows else (0, 0)


async def test_people_and_programs_are_both_hits(town: Town) -> None:
    token = (await town.share(town.person())).token
    await town.fetch(token)
    await town.fetch(token, user_agent=WHATSAPP)
    assert await counted(town, token) == (2, 1)


async def test_fetching_ahead_is_counted_apart_and_heads_are_only_kept(town: Town) -> None:
    token = (await town.share(town.person())).token
    await town.fetch(token, headers={b"sec-purpose": b"prefetch;prerender"})
    await town.fetch(token, method="HEAD")
    assert await counted(town, token) == (1, 1)
    rows = await town.rows("select method, is_prefetch from sharing.hits where token = $1", token)
    assert {(row["method"], row["is_prefetch"]) for row in rows} == {("GET", True), ("HEAD", False)}


async def test_hits_of_unknown_links_are_kept(town: Town) -> None:
    await town.fetch("neverwas00")
    rows = await town.rows("select room_id from sharing.hits where token = 'neverwas00'")
    assert [row["room_id"] for row in rows] == [""]


async def test_a_batch_of_a_thousand_is_counted_exactly_and_a_replay_changes_nothing(
    town: Town,
) -> None:
    token = (await town.share(town.person())).token
    share = await town.sharing.share(token)
    hits = [
        town.sharing.hit(
            Fetch(
                method="GET", user_agent=(SAFARI, WHATSAPP)[n % 2], address=f"198.51.100.{n % 250}"
            ),
            token=token,
            share=share,
            visitor_id=f"v_{n}",
        )
        for n in range(1_000)
    ]
    await asyncio.gather(*(town.sharing.record_hit(hit) for hit in hits))
    await asyncio.gather(*(town.sharing.record_hit(hit) for hit in hits[:400]))
    assert await counted(town, token) == (1_000, 500)


async def test_odd_headers_never_lose_a_hit(town: Town) -> None:
    token = (await town.share(town.person())).token
    share = await town.sharing.share(token)
    odd = ("\x00", "\x1e\x1f", "\ud800", "", "é" * 1_000, "x\r\ny")
    for text in odd:
        hit = town.sharing.hit(
            Fetch(method="GET", user_agent=text, address=text, referer=text),
            token=token,
            share=share,
            visitor_id="v_odd",
        )
        await town.sharing.record_hit(hit)
    assert await counted(town, token) == (len(odd), len(odd))


async def test_an_address_leaves_only_a_hash_that_changes_by_day(town: Town) -> None:
    clock = ManualClock()
    other = ManualClock()
    first, second = (Sharing(town.db, c, "https://shop.example") for c in (clock, other))
    asked = Fetch(method="GET", user_agent=SAFARI, address="203.0.113.9")

    def hashed(sharing: Sharing) -> str:
        hit = sharing.hit(asked, token=NOBODYS, share=None, visitor_id="v")
        assert "203.0.113.9" not in hit.address_hash
        return hit.address_hash

    assert hashed(first) != hashed(second)  # each its own until they have agreed
    await first._hits.salts.refresh()
    await second._hits.salts.refresh()
    today = hashed(first)
    assert today == hashed(second)
    for c in (clock, other):
        c.advance(86_400)
    assert hashed(first) == hashed(second) != today  # tomorrow was agreed on, too
    for c in (clock, other):
        c.advance(5 * 86_400)
    await first._hits.salts.refresh()
    kept = await town.rows("select day from sharing.address_salts order by day")
    assert min(row["day"] for row in kept) >= clock.now().date() - timedelta(days=2)


async def test_salts_agree_when_asked_at_the_same_moment(town: Town) -> None:
    day = SystemClock().now().date() + timedelta(days=300)

    async def ask(number: int) -> bytes:
        async with town.db.raw() as conn:
            return await store.salt_of(conn, day, bytes([number] * 32))

    assert len(set(await asyncio.gather(*(ask(n) for n in range(8))))) == 1
    assert len(Salts(town.db, SystemClock()).today()) == 32


async def test_totals_can_be_rebuilt_from_the_rows(town: Town) -> None:
    token = (await town.share(town.person())).token
    await town.fetch(token)
    await town.fetch(token, user_agent=WHATSAPP)
    await town.fetch(token, method="HEAD")
    async with town.db.raw() as conn:
        await conn.execute("update sharing.hit_totals set hits = 99 where token = $1", token)
        await store.rebuild_totals(conn)
    assert await counted(town, token) == (2, 1)


async def test_a_driven_browser_is_a_program_unless_the_house_says_otherwise(town: Town) -> None:
    headless = SAFARI.replace("Version/17.5", "HeadlessChrome/156.0")
    asked = Fetch(method="GET", user_agent=headless, address="127.0.0.1")
    tolerant = Sharing(town.db, SystemClock(), "https://shop.example", headless_is_person=True)
    assert town.sharing.hit(asked, token=NOBODYS, share=None, visitor_id="v").is_bot
    assert not tolerant.hit(asked, token=NOBODYS, share=None, visitor_id="v").is_bot
    crawler = Fetch(method="GET", user_agent=WHATSAPP, address="127.0.0.1")
    assert tolerant.hit(crawler, token=NOBODYS, share=None, visitor_id="v").is_bot


class SlowDatabase(Database):
    """A database whose raw connections can be held back, as by a disk that has trouble."""

    held: asyncio.Event | None = None

    @asynccontextmanager
    async def bare(self) -> AsyncIterator[asyncpg.Connection]:
        if self.held is not None:
            await self.held.wait()
        async with super().bare() as conn:
            yield conn


async def test_while_the_database_is_slow_hits_are_spooled_and_then_counted_once(
    town: Town, tmp_path: Path
) -> None:
    slow, spool = SlowDatabase(town.db.url), Spool(tmp_path)
    spool.open()
    sharing = Sharing(slow, SystemClock(), "https://shop.example", spool=spool)
    share = await town.share(town.person())
    asked = Fetch(method="GET", user_agent=SAFARI, address="203.0.113.7")

    async def fetched() -> None:
        hit = sharing.hit(asked, token=share.token, share=share, visitor_id="v_1")
        await sharing.record_hit(hit)

    await fetched()
    slow.held = asyncio.Event()
    # Nothing gets through to the database, and still every call returns.
    async with asyncio.timeout(PATIENCE_S):
        await asyncio.gather(*(fetched() for _ in range(200)))
        await fetched()
    assert spool.bytes_waiting > 0
    slow.held.set()  # what had waited in the queue commits now, too
    assert await sharing.replay_hits() >= 201
    await sharing.close()
    assert await counted(town, share.token) == (202, 0)
    assert await sharing.replay_hits() == 0
    await spool.close()
    await slow.close()


class LostDatabase(Database):
    """A database that answers nobody while it is `away`."""

    away = False

    @asynccontextmanager
    async def bare(self) -> AsyncIterator[asyncpg.Connection]:
        if self.away:
            raise TryAgain
        async with super().bare() as conn:
            yield conn


async def test_a_click_is_proven_by_a_hit_that_still_waits_in_the_spool(
    town: Town, tmp_path: Path
) -> None:
    lost, spool = LostDatabase(town.db.url), Spool(tmp_path)
    spool.open()
    sharing = Sharing(lost, SystemClock(), "https://shop.example", spool=spool)
    share = await town.share(town.person())
    friend, bot = town.person("Mei"), town.person("Bot")
    await sharing.share(share.token)
    lost.away = True
    for visitor, agent in ((friend, WECHAT), (bot, WHATSAPP)):
        asked = Fetch(
            method="GET", user_agent=agent, address="203.0.113.7", query={"from": "timeline"}
        )
        await sharing.record_hit(
            sharing.hit(asked, token=share.token, share=share, visitor_id=visitor.id)
        )
    assert spool.bytes_waiting > 0

    async def given_up() -> bool:
        return not any(sharing.waiting.values())

    await until(given_up)
    lost.away = False
    assert not (await town.sharing.confirm_click(share.token, friend.id)).counted
    assert (await sharing.confirm_click(share.token, friend.id)).counted
    assert not (await sharing.confirm_click(share.token, bot.id)).counted
    # Where it was opened is known as well, and goes into what follows from the click.
    assert await sharing.last_env(town.room, friend.id) == "wechat_moments"
    assert await sharing.last_env(town.room, bot.id) is None
    (row,) = await town.rows(
        "select body from kernel.outbox where body->>'visitor_id' = $1", friend.id
    )
    assert json.loads(row["body"])["env"] == "wechat_moments"
    await sharing.close()
    await spool.close()
    await lost.close()


async def test_what_one_process_spooled_the_next_one_brings_home(
    town: Town, tmp_path: Path
) -> None:
    gone = Database("postgresql://nobody:x@127.0.0.1:1/nowhere")
    spool = Spool(tmp_path)
    spool.open()
    sharing = Sharing(gone, SystemClock(), "https://shop.example", spool=spool)
    share = await town.share(town.person())
    asked = Fetch(method="GET", user_agent=SAFARI, address="203.0.113.7")
    for _ in range(3):
        hit = sharing.hit(asked, token=share.token, share=share, visitor_id="v_1")
        await sharing.record_hit(hit)
    await spool.close()
    again = Spool(tmp_path)
    again.open()
    heir = Sharing(town.db, SystemClock(), "https://shop.example", spool=again)
    assert await heir.replay_hits() == 3
    assert await counted(town, share.token) == (3, 0)
    await again.close()
    await sharing.close()
    await gone.close()


async def test_ids_that_cannot_travel_in_a_batch_are_refused_alone(town: Town) -> None:
    token = (await town.share(town.person())).token
    asked = Fetch(method="GET", user_agent=SAFARI, address="203.0.113.7")

    async def keep(visitor_id: str) -> None:
        hit = town.sharing.hit(asked, token=token, share=None, visitor_id=visitor_id)
        await town.sharing.record_hit(hit)

    results = await asyncio.gather(
        keep("v_1"), keep("\x1f"), keep("\x00"), keep("v" * 400), return_exceptions=True
    )
    assert [type(result) for result in results] == [type(None), BadInput, BadInput, BadInput]
    assert await counted(town, token) == (1, 0)


async def test_while_it_runs_salts_are_shared_and_the_spool_comes_home(
    town: Town, tmp_path: Path
) -> None:
    spool = Spool(tmp_path)
    spool.open()
    share = await town.share(town.person())
    sharing = Sharing(town.db, SystemClock(), "https://shop.example", spool=spool)
    asked = Fetch(method="GET", user_agent=SAFARI, address="203.0.113.7")
    hit = sharing.hit(asked, token=share.token, share=share, visitor_id="v_1")
    await spool.append(hit.hit_id, msgspec.json.encode(hit))
    running = asyncio.create_task(sharing.run())

    async def home() -> bool:
        return await counted(town, share.token) == (1, 0)

    await until(home)
    day = SystemClock().now().date()
    rows = await town.rows("select count(*) as n from sharing.address_salts where day = $1", day)
    assert rows[0]["n"] == 1
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    assert set(sharing.waiting.values()) == {0}
    await sharing.close()
    await spool.close()


@pytest.mark.parametrize("token", ["a\x7fb", "\u200b" * 9, "\ud800x", "\x00", "é" * 99, ""])
async def test_whatever_stands_in_the_link_is_a_hit(town: Town, token: str) -> None:
    await town.fetch(token)


async def test_the_last_opening_in_a_room_tells_the_place(town: Town) -> None:
    one, other = [(await town.share(town.person())).token for _ in range(2)]
    mei, moments = town.person("Mei"), {"from": "timeline"}
    assert await town.sharing.last_env(town.room, mei.id) is None
    await town.fetch(one, mei, user_agent=WECHAT, query=moments)
    assert await town.sharing.last_env(town.room, mei.id) == "wechat_moments"
    assert await town.sharing.last_env("another-room", mei.id) is None
    # Whichever share of the room it was; programs and looks at the head tell nothing.
    await town.fetch(other, mei, user_agent=WECHAT, query={"from": "groupmessage"})
    await town.fetch(one, mei, user_agent=WHATSAPP, query=moments)
    await town.fetch(one, mei, user_agent=WECHAT, query=moments, method="HEAD")
    assert await town.sharing.last_env(town.room, mei.id) == "wechat"
