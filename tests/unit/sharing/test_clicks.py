"""Clicks: what counts as one, exactly, and only once however many ask."""

from __future__ import annotations

import asyncio

import asyncpg
import pytest
from tests.support.shop import until
from tests.support.town import WHATSAPP, Town

from yaohe.kernel.errors import BadInput
from yaohe.sharing import WatchTick
from yaohe.sharing.clicks import service as clicks
from yaohe.sharing.clicks import store
from yaohe.sharing.clicks.model import ClickAsked
from yaohe.sharing.errors import ShareNotFound
from yaohe.sharing.visits.model import PRODUCTIVE_MS

pytestmark = pytest.mark.db

WECHAT = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5_1 like Mac OS X) AppleWebKit/605.1.15"
    " (KHTML, like Gecko) Mobile/15E148 MicroMessenger/8.0.50(0x18003237) NetType/WIFI"
)


async def test_a_friend_who_opens_is_one_click(town: Town) -> None:
    lin, mei = town.person("Lin"), town.person("Mei")
    share = await town.share(lin)
    assert await town.open(share.token, mei)
    assert not await town.open(share.token, mei)  # again: no second click
    after = await town.sharing.fresh_share(share.token)
    assert after.state == "effective"
    assert await town.facts("click_confirmed.v1", share.token) == [mei.id]


async def test_a_link_preview_is_a_bot_hit_and_nothing_else(town: Town) -> None:
    share, fetcher = await town.share(town.person()), town.person()
    await town.fetch(share.token, fetcher, user_agent=WHATSAPP)
    result = await town.sharing.confirm_click(share.token, fetcher.id)
    assert (result.new, result.counted) == (False, False)
    totals = (await town.sharing.share_report(town.room)).totals
    assert (totals.hits, totals.bot_hits, totals.clicks, totals.visitors) == (1, 1, 0, 0)
    assert (totals.intended, totals.effective, totals.productive) == (1, 0, 0)
    assert await town.facts("click_confirmed.v1", share.token) == []


async def test_the_sharers_own_open_is_no_click(town: Town) -> None:
    lin = town.person("Lin")
    share = await town.share(lin)
    assert not await town.open(share.token, lin)
    own = await town.sharing.confirm_click(share.token, lin.id, joined=True)
    assert not own.counted
    assert (await town.sharing.fresh_share(share.token)).state == "intended"


async def test_a_head_is_no_proof_of_a_person(town: Town) -> None:
    share, mei = await town.share(town.person()), town.person()
    await town.fetch(share.token, mei, method="HEAD")
    assert not (await town.sharing.confirm_click(share.token, mei.id)).counted


async def test_a_prefetch_becomes_a_click_once_the_page_is_shown(town: Town) -> None:
    share, mei = await town.share(town.person()), town.person()
    await town.fetch(share.token, mei, headers={b"sec-purpose": b"prefetch"})
    assert (await town.sharing.share_report(town.room)).totals.clicks == 0
    assert (await town.sharing.confirm_click(share.token, mei.id)).new


async def test_a_page_that_was_never_fetched_cannot_confirm(town: Town) -> None:
    share, mei = await town.share(town.person()), town.person()
    assert not (await town.sharing.confirm_click(share.token, mei.id)).counted


async def test_joining_the_room_is_proof_by_itself(town: Town) -> None:
    share, mei = await town.share(town.person()), town.person()
    assert (await town.sharing.confirm_click(share.token, mei.id, joined=True)).new
    assert not (await town.sharing.confirm_click(share.token, mei.id, joined=True)).new


async def test_two_friends_are_two_clicks_of_one_effective_share(town: Town) -> None:
    lin = town.person("Lin")
    share = await town.share(lin)
    first_at = None
    for friend in (town.person("Mei"), town.person("Bo")):
        assert await town.open(share.token, friend)
        effective_at = (await town.sharing.fresh_share(share.token)).effective_at
        first_at = first_at or effective_at
    assert effective_at == first_at
    totals = (await town.sharing.share_report(town.room)).totals
    assert (totals.clicks, totals.visitors, totals.effective) == (2, 2, 1)
    brought = await town.sharing.friends([(town.room, lin.id), ("elsewhere", lin.id)])
    assert brought == {(town.room, lin.id): 2}


async def test_a_share_nobody_pressed_can_be_effective(town: Town) -> None:
    share = await town.share(town.person(), prepared=True)
    await town.open(share.token, town.person())
    totals = (await town.sharing.share_report(town.room)).totals
    assert (totals.prepared, totals.intended, totals.effective) == (1, 0, 1)


async def test_where_the_page_is_open_travels_with_the_click(town: Town) -> None:
    share = await town.share(town.person())
    chat, moments = town.person(), town.person()
    await town.open(share.token, chat, user_agent=WECHAT)
    await town.open(share.token, moments, user_agent=WECHAT, query={"from": "timeline"})
    await town.sharing.confirm_click(share.token, town.person().id, env="wecom", joined=True)
    rows = await town.rows(
        "select body->>'env' as env from kernel.outbox"
        " where type = 'click_confirmed.v1' and body->>'token' = $1 order by event_id",
        share.token,
    )
    assert [row["env"] for row in rows] == ["wechat", "wechat_moments", "wecom"]


async def test_five_hundred_at_once_for_one_person_is_one_click(town: Town) -> None:
    share, mei = await town.share(town.person()), town.person()
    await town.fetch(share.token, mei)
    results = await asyncio.gather(
        *(town.sharing.confirm_click(share.token, mei.id) for _ in range(500))
    )
    assert sum(result.new for result in results) == 1
    assert all(result.counted for result in results)
    assert await town.facts("click_confirmed.v1", share.token) == [mei.id]


async def test_five_hundred_people_at_once_are_five_hundred_clicks(town: Town) -> None:
    shares = [await town.share(town.person()) for _ in range(3)]
    people = [town.person() for _ in range(500)]
    results = await asyncio.gather(
        *(
            town.sharing.confirm_click(share.token, person.id, joined=True)
            for person in people
            for share in shares
        )
    )
    assert sum(result.new for result in results) == 1_500
    totals = (await town.sharing.share_report(town.room)).totals
    assert (totals.clicks, totals.visitors, totals.effective) == (1_500, 500, 3)


async def test_two_processes_confirm_the_same_open_once(town: Town) -> None:
    from yaohe.kernel.clock import SystemClock
    from yaohe.sharing import Sharing

    other = Sharing(town.db, SystemClock(), "https://shop.example")
    shares = [await town.share(town.person()) for _ in range(20)]
    mei = town.person()
    results = await asyncio.gather(
        *(
            sharing.confirm_click(share.token, mei.id, joined=True)
            for share in shares
            for sharing in (town.sharing, other)
            for _ in range(5)
        )
    )
    assert sum(result.new for result in results) == 20
    await other.close()


async def test_unknown_links_and_unstorable_visitors_are_refused(town: Town) -> None:
    with pytest.raises(ShareNotFound):
        await town.sharing.confirm_click("0000000000", town.person().id)
    share = await town.share(town.person())
    for wrong in ("", "\x00", "v" * 65, "\ud800"):
        with pytest.raises(BadInput):
            await town.sharing.confirm_click(share.token, wrong)


async def test_the_latest_click_of_a_visitor_in_a_room(town: Town) -> None:
    mei = town.person()
    assert await town.sharing.latest_click(town.room, mei.id) is None
    old, new = await town.share(town.person()), await town.share(town.person())
    await town.open(old.token, mei)
    await town.open(new.token, mei)
    assert await town.sharing.latest_click(town.room, mei.id) == new.token
    await town.open(old.token, mei)
    assert await town.sharing.latest_click(town.room, mei.id) == old.token


async def test_a_click_was_last_opened_no_earlier_than_first(town: Town) -> None:
    """Two beacons at once: the transaction that began first may well write last."""
    share, mei = await town.share(town.person()), town.person()
    asked = [ClickAsked(token=share.token, visitor_id=mei.id, env="browser", joined=True)]
    async with town.db.raw() as early, early.transaction():
        await early.execute("select 1")
        async with town.db.raw() as late:
            await store.confirm(late, asked)
        await store.confirm(early, asked)
    (click,) = await town.rows("select * from sharing.clicks where token = $1", share.token)
    assert click["first_at"] <= click["last_at"]


@pytest.mark.parametrize("first", ["click", "tick"])
async def test_a_click_and_the_tick_that_earns_it_see_each_other(town: Town, first: str) -> None:
    """Neither is committed when the other begins; the share is productive all the same."""
    share, mei = await town.share(town.person()), town.person()
    await town.fetch(share.token, mei)
    await town.watch(mei, share.token, 28)
    await town.pass_time(mei, 5)

    async def click(conn: asyncpg.Connection) -> None:
        asked = ClickAsked(token=share.token, visitor_id=mei.id, env="browser", joined=False)
        assert await clicks._confirm(conn, [asked]) == [(True, True)]

    async def tick(conn: asyncpg.Connection) -> None:
        asked = WatchTick(room_id=town.room, visitor_id=mei.id, token=share.token)
        (watched,) = await town.sharing._visits._run_ticks(conn, [asked])
        assert isinstance(watched, int)
        assert watched >= PRODUCTIVE_MS

    moves = (click, tick) if first == "click" else (tick, click)
    async with town.db.raw() as one, town.db.raw() as two, town.db.raw() as watcher:
        pid = await two.fetchval("select pg_backend_pid()")

        async def second() -> None:
            async with two.transaction():
                await moves[1](two)

        async def has_gone_as_far_as_it_can() -> bool:
            waits = "select wait_event_type = 'Lock' from pg_stat_activity where pid = $1"
            return task.done() or bool(await watcher.fetchval(waits, pid))

        async with one.transaction():
            await moves[0](one)
            task = asyncio.create_task(second())
            await until(has_gone_as_far_as_it_can)
        await task
    assert (await town.sharing.fresh_share(share.token)).state == "productive"
    assert await town.facts("share_productive.v1", share.token) == [mei.id]
