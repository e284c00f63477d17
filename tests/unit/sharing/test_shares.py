"""Shares: states, parents, and who may press."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import pytest
from tests.support.town import Town

from yaohe.kernel.clock import ManualClock
from yaohe.kernel.db import Database
from yaohe.kernel.errors import AppError, BadInput
from yaohe.sharing import Share, Sharing
from yaohe.sharing.errors import ChannelRefused, ShareNotFound, ShareNotYours

pytestmark = pytest.mark.db
NOW = datetime(2026, 11, 23, tzinfo=UTC)


def share_with(**moments: datetime) -> Share:
    values: dict[str, object] = dict.fromkeys(Share.__struct_fields__)
    return Share(**(values | moments))  # type: ignore[arg-type]


def test_the_state_is_the_furthest_reached() -> None:
    assert share_with().state == "prepared"
    assert share_with(intended_at=NOW).state == "intended"
    assert share_with(effective_at=NOW).state == "effective"  # WeChat's own menu
    assert share_with(intended_at=NOW, effective_at=NOW, productive_at=NOW).state == "productive"


async def test_a_share_is_intended_unless_prepared(town: Town) -> None:
    lin = town.person()
    pressed = await town.share(lin)
    ready = await town.share(lin, prepared=True)
    assert pressed.state == "intended"
    assert ready.state == "prepared"
    assert ready.prepared_at is not None
    assert (pressed.sharer_name, pressed.generation, pressed.parent_token) == ("Lin", 1, None)
    assert town.sharing.share_url(pressed.token) == f"https://shop.example/s/{pressed.token}"


async def test_pressing_counts_once_and_the_first_press_decides_the_channel(town: Town) -> None:
    lin = town.person()
    ready = await town.share(lin, prepared=True)
    first = await town.sharing.intend(ready.token, sharer_id=lin.id, channel="x")
    again = await town.sharing.intend(ready.token, sharer_id=lin.id, channel="weibo")
    assert (first.state, first.channel) == ("intended", "x")
    assert again == first


async def test_only_the_sharer_may_press(town: Town) -> None:
    share = await town.share(town.person(), prepared=True)
    with pytest.raises(ShareNotYours):
        await town.sharing.intend(share.token, sharer_id=town.person().id, channel="x")
    with pytest.raises(ShareNotFound):
        await town.sharing.intend("0000000000", sharer_id="v_1", channel="x")
    with pytest.raises(ShareNotFound):
        await town.sharing.intend("../../etc", sharer_id="v_1", channel="x")
    with pytest.raises(ChannelRefused):
        await town.sharing.intend(share.token, sharer_id=share.sharer_id, channel="pigeon")
    assert (await town.sharing.fresh_share(share.token)).state == "prepared"


@pytest.mark.parametrize(
    "wrong",
    [
        {"channel": "pigeon"},
        {"content": "smell"},
        {"channel": "save_card", "content": "clip"},
        {"parent": "not a token"},
        {"moment_ms": -1},
        {"variant": "\x00"},
        {"variant": "x" * 65},
        {"shop_id": "\ud800"},
    ],
)
async def test_what_cannot_be_shared_is_refused_alone(town: Town, wrong: dict[str, object]) -> None:
    good, bad = await asyncio.gather(
        town.share(town.person()), town.share(town.person(), **wrong), return_exceptions=True
    )
    assert isinstance(good, Share)
    assert isinstance(bad, BadInput)


async def test_the_parent_is_the_share_through_which_the_sharer_came(town: Town) -> None:
    lin, mei, bo = town.person("Lin"), town.person("Mei"), town.person("Bo")
    first = await town.share(lin)
    await town.open(first.token, mei)
    second = await town.share(mei)  # says nothing about where Mei came from
    third = await town.share(bo, parent=second.token)  # not opened yet, but given
    assert (second.parent_token, second.generation) == (first.token, 2)
    assert (third.parent_token, third.generation) == (second.token, 3)


async def test_the_latest_way_in_is_the_parent(town: Town) -> None:
    mei = town.person("Mei")
    old, new = await town.share(town.person()), await town.share(town.person())
    await town.open(old.token, mei)
    await town.open(new.token, mei)
    assert (await town.share(mei)).parent_token == new.token
    await town.tick(mei, old.token)  # back on the older page
    assert (await town.share(mei)).parent_token == old.token


async def test_a_parent_of_another_room_or_of_nobody_is_ignored(
    town: Town, sharing: Sharing
) -> None:
    other = type(town)(sharing, town.db)
    elsewhere = await other.share(other.person())
    mine = await town.share(town.person(), parent=elsewhere.token)
    lost = await town.share(town.person(), parent="0000000000")
    assert mine.parent_token is None
    assert lost.parent_token is None


async def test_nobody_is_their_own_parent(town: Town) -> None:
    lin, mei = town.person("Lin"), town.person("Mei")
    root = await town.share(lin)
    await town.open(root.token, mei)
    meis = await town.share(mei)
    again = await town.share(mei, parent=meis.token)
    assert (again.parent_token, again.generation) == (root.token, 2)
    assert (await town.share(lin, parent=root.token)).parent_token is None


@pytest.mark.parametrize(
    "name", ["👨\u200d👩\u200d👧 Fam", "小\x1f林\x1e", "O'Neil \u202e", "  Lin  "]
)
async def test_any_name_can_be_a_sharers(town: Town, name: str) -> None:
    shares = await asyncio.gather(*(town.share(town.person(name)) for _ in range(3)))
    assert {share.sharer_name for share in shares} == {shares[0].sharer_name}
    assert shares[0].sharer_name in {"👨\u200d👩\u200d👧 Fam", "小林", "O'Neil", "Lin"}


async def test_many_at_once_each_get_their_own(town: Town) -> None:
    lin = town.person()
    shares = await asyncio.gather(*(town.share(lin) for _ in range(300)))
    assert len({share.token for share in shares}) == 300
    kept = await town.rows("select count(*) as n from sharing.shares where room_id = $1", town.room)
    assert kept[0]["n"] == 300


async def test_reading_is_kept_in_memory_unknown_tokens_only_briefly(town: Town) -> None:
    clock = ManualClock()
    reader = Sharing(town.db, clock, "https://shop.example")
    share = await town.share(town.person())
    assert await reader.share(share.token) == share
    assert await reader.share("not a token") is None
    unknown = "zzzzzzzzz0"
    assert await reader.share(unknown) is None
    async with town.db.raw() as conn:
        await conn.execute(
            "update sharing.shares set token = $2 where token = $1", share.token, unknown
        )
    assert await reader.share(share.token) == share  # from memory
    assert await reader.share(unknown) is None  # from memory
    clock.advance(2.5)
    assert (await reader.share(unknown)) is not None
    clock.advance(31)
    assert await reader.share(share.token) is None
    with pytest.raises(ShareNotFound):
        await reader.fresh_share(share.token)
    with pytest.raises(AppError):
        await reader.fresh_share("x")
    await reader.close()


async def test_a_known_share_stays_known_while_the_database_is_away(town: Town) -> None:
    clock = ManualClock()
    gone = Database(town.db.url)
    reader = Sharing(gone, clock, "https://shop.example")
    share = await town.share(town.person())
    assert await reader.share(share.token) == share
    await gone.close()
    clock.advance(31)
    assert await reader.share(share.token) == share
    clock.advance(31)
    assert await reader.share(share.token) == share
    with pytest.raises(AppError):
        await reader.fresh_share(share.token)


async def test_a_storm_for_one_unknown_share_is_few_reads(town: Town) -> None:
    share = await town.share(town.person())
    reader = Sharing(town.db, ManualClock(), "https://shop.example")
    found = await asyncio.gather(*(reader.share(share.token) for _ in range(1_000)))
    assert set(found) == {share}
    await reader.close()
