"""Snapshots: fresh while somebody looks, never an hour old, never in the way of a page."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any, cast

import pytest
from tests.support.patience import PATIENCE_S

from yaohe.front.images import Images
from yaohe.front.request import Request
from yaohe.front.snapshots import OLD_S, Snapshots
from yaohe.kernel.clock import ManualClock
from yaohe.kernel.errors import TryAgain
from yaohe.live.rooms import RoomNotFound


class Street:
    """All neighbours of the snapshots at once; `title` is what changes."""

    def __init__(self) -> None:
        self.title, self.looks = "春茶", 0
        self.trouble: Exception | None = None
        self.slow_s = 0.0
        self.stills: list[str] = []
        self.clock = ManualClock()
        me = cast(Any, self)
        self.snapshots = Snapshots(
            clock=self.clock, identity=me, rooms=me, shelf=SimpleNamespace(state=self._shelf),  # type: ignore[arg-type]
            hub=me, campaigns=me, stills=SimpleNamespace(of=self._still),  # type: ignore[arg-type]
            has_replay=self._has_replay,
        )  # fmt: skip

    async def get(self, room_id: str) -> Any:
        self.looks += 1
        await asyncio.sleep(self.slow_s)
        if self.trouble is not None:
            raise self.trouble
        if room_id != "r1":
            raise RoomNotFound
        return SimpleNamespace(
            id=room_id, shop_id="s", title=self.title, title_en="", host_name="林", host_name_en="",
            status="live", slate=False, slate_since=None, scheduled_at=None, started_at=None,
            ended_at=None,
        )  # fmt: skip

    async def _shelf(self, room_id: str) -> Any:
        return SimpleNamespace(items=[], pinned=None, live={})

    async def _has_replay(self, room_id: str) -> bool:
        return False

    async def _still(self, room_id: str) -> None:
        self.stills.append(room_id)

    async def room_offer(self, room_id: str) -> None: ...

    async def next_show(self, *, besides: str) -> None: ...

    async def shop(self) -> Any:
        return SimpleNamespace(name="铺", name_en="", time_zone="Asia/Shanghai", currency="CNY")

    def room_state(self, room_id: str) -> Any:
        return SimpleNamespace(viewers=3, likes=4)

    def tail(self, room_id: str, count: int) -> list[Any]:
        return []


async def test_within_a_second_nobody_asks_again() -> None:
    street = Street()
    seen = await asyncio.gather(*(street.snapshots.of("r1") for _ in range(50)))
    assert len({id(moment) for moment in seen}) == 1
    await street.snapshots.of("r1")
    assert street.looks == 1


async def test_a_little_old_it_is_renewed_behind_the_reader() -> None:
    street = Street()
    await street.snapshots.of("r1")
    street.title = "秋茶"
    street.clock.advance(2)
    assert (await street.snapshots.of("r1")).title == "春茶"
    await street.snapshots.fresh("r1")  # joins the look that is under way
    assert (await street.snapshots.of("r1")).title == "秋茶"
    assert street.looks == 2


async def test_after_a_while_without_readers_the_first_one_sees_the_truth() -> None:
    street = Street()
    await street.snapshots.of("r1")
    street.title = "秋茶"
    street.clock.advance(OLD_S)
    assert (await street.snapshots.of("r1")).title == "秋茶"


async def test_trouble_does_not_keep_a_page_that_was_known() -> None:
    street = Street()
    await street.snapshots.of("r1")
    street.clock.advance(3_600)
    street.trouble = TryAgain()
    assert (await street.snapshots.of("r1")).title == "春茶"
    street.trouble, street.slow_s = None, 30
    async with asyncio.timeout(PATIENCE_S):
        assert (await street.snapshots.of("r1")).title == "春茶"
    street.slow_s = 0
    with pytest.raises(RoomNotFound):
        await street.snapshots.of("r2")


async def test_only_rooms_that_exist_have_a_still() -> None:
    street = Street()
    images = Images(
        studio=cast(Any, None), snapshots=street.snapshots, sharing=cast(Any, None),
        campaigns=cast(Any, None), uploads=cast(Any, None), public_url="",
        stills=SimpleNamespace(of=street._still),  # type: ignore[arg-type]
    )  # fmt: skip
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "GET", "path": "/live/../poster.jpg", "headers": []}
    await images.poster(Request(scope, cast(Any, None), send, cast(Any, None)))
    assert sent[0]["status"] == 404
    assert street.stills == []
