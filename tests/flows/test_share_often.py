"""Spam: one visitor may share through one channel only so often. Another channel, another visitor
and what is only prepared are not held up."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.conftest import Server
from tests.sim.asgi import Browser
from tests.support.system import running_system

from yaohe.kernel.clock import ManualClock
from yaohe.kernel.errors import TooMany
from yaohe.live.rooms import NewRoom
from yaohe.sharing.errors import SharedTooOften
from yaohe.sharing.shares.often import AT_ONCE, PREPARED_FOR_ONE_SENT, Often

pytestmark = pytest.mark.db


def test_sends_and_what_is_prepared_are_counted_apart_by_visitor_and_channel() -> None:
    clock = ManualClock()
    often = Often(clock, per_hour=60)
    for _ in range(AT_ONCE):
        often.spend("v_1", "wechat")
    with pytest.raises(SharedTooOften) as refused:
        often.spend("v_1", "wechat")
    assert isinstance(refused.value, TooMany)
    assert refused.value.retry_after_s == 60
    often.spend("v_1", "weibo")
    often.spend("v_2", "wechat")
    for _ in range(AT_ONCE * PREPARED_FOR_ONE_SENT):
        often.spend("v_1", "wechat", prepared=True)
    with pytest.raises(SharedTooOften):
        often.spend("v_1", "wechat", prepared=True)
    clock.advance(60)
    often.spend("v_1", "wechat")
    with pytest.raises(SharedTooOften):
        often.spend("v_1", "wechat")


async def test_who_sends_too_often_is_told_when_to_come_back(tmp_path: Path, pg: Server) -> None:
    async with pg.clone() as url, running_system(tmp_path, url, shares_per_channel_h=1) as system:
        room = await system.rooms.create(NewRoom(title="茶", host_name="小禾"))
        lin, mei = Browser(), Browser(address="203.0.113.8")
        path = f"/api/v1/rooms/{room.id}/shares"

        async def share(who: Browser, **more: object) -> str:
            wish = {"channel": "copy_link", **more}
            return (await who.ask(system.app, "POST", path, wish)).word

        for who in (lin, mei):  # a first page gives the cookie they are counted by
            await who.ask(system.app, "GET", f"/r/{room.id}")
        prepared = await lin.ask(
            system.app, "POST", path, {"channel": "wechat", "prepared": True}
        )  # fmt: skip
        words = [await share(lin) for _ in range(AT_ONCE + 2)]
        assert words == ["201"] * AT_ONCE + ["429 shared_too_often"] * 2
        refused = await lin.ask(system.app, "POST", path, {"channel": "copy_link"})
        # One an hour, less what has passed since the last one was counted.
        assert 3_000 < int(refused.headers["retry-after"]) <= 3_600
        assert refused.json["error"]["field"] == "channel"
        assert await share(lin, channel="weibo") == "201"
        assert await share(lin, prepared=True) == "201"
        assert await share(mei) == "201"
        intend = f"/api/v1/shares/{prepared.json['token']}/intend"
        press = await lin.ask(system.app, "POST", intend, {"channel": "copy_link"})
        assert press.word == "429 shared_too_often"
        assert (await lin.ask(system.app, "POST", intend, {"channel": "wechat"})).ok
        async with system.db.raw() as conn:  # nothing was written for what was refused
            made = await conn.fetchval(
                "select count(*) from sharing.shares where sharer_id = $1", lin.visitor_id
            )
        assert made == AT_ONCE + 3
