"""What may be offered follows the place where a page was opened, also in the requests of the page,
which do not tell how it was opened. WeChat's Moments and a WeChat chat are the same browser."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.conftest import Server
from tests.sim.asgi import SAFARI, Answer, Browser
from tests.support.system import running_system
from tests.support.town import WHATSAPP

from yaohe.app.build import System
from yaohe.commerce import NewTemplate
from yaohe.identity import Visitor
from yaohe.kernel.ids import new_id
from yaohe.live.rooms import NewRoom

pytestmark = pytest.mark.db

WECHAT = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5_1 like Mac OS X) AppleWebKit/605.1.15"
    " (KHTML, like Gecko) Mobile/15E148 MicroMessenger/8.0.50(0x18003237) NetType/WIFI"
)
MOMENTS, CHAT = "?from=timeline&isappinstalled=0", "?from=singlemessage&isappinstalled=0"


@dataclass
class Shop:
    """A room with coupons for friends and sharers, and one share of it."""

    system: System
    room: str
    token: str

    async def open(self, who: Browser, query: str = "") -> None:
        assert (await who.ask(self.system.app, "GET", f"/s/{self.token}{query}")).status == 200

    async def coupon(self, who: Browser, **headers: str) -> Answer:
        path = f"/api/v1/rooms/{self.room}/coupon"
        return await who.ask(self.system.app, "POST", path, {}, headers=headers)

    async def help(self, who: Browser) -> Answer:
        return await who.ask(self.system.app, "POST", f"/api/v1/shares/{self.token}/help", {})

    async def watched(self, who: Browser) -> None:
        """The page spoke up and was looked at for a while."""
        beacon = {"token": self.token}
        assert (await who.ask(self.system.app, "POST", "/api/v1/beacon", beacon)).json["counted"]
        async with self.system.db.raw() as conn:
            await conn.execute(
                "update sharing.visits set watch_ms = 20000 where visitor_id = $1", who.visitor_id
            )


@pytest.fixture
async def url(pg: Server) -> AsyncIterator[str]:
    async with pg.clone() as url:
        yield url


@asynccontextmanager
async def opened(data: Path, url: str) -> AsyncIterator[Shop]:
    async with running_system(data, url) as system:
        commerce = system.commerce
        room = await system.rooms.create(NewRoom(title="茶", host_name="小禾"))
        friend, sharer = [
            await commerce.create_template(
                NewTemplate(title="券", amount_minor=1_000, total=50, per_person=9, valid_days=7)
            )
            for _ in range(2)
        ]
        await system.campaigns.configure_room(
            room.id, friend_template_id=friend.id, sharer_template_id=sharer.id
        )
        share = await system.sharing.create_share(
            room.id, shop_id=room.shop_id, sharer=Visitor(new_id("v"), "Lin"),
            channel="wechat", content="card",
        )  # fmt: skip
        yield Shop(system, room.id, share.token)


async def test_the_open_coupon_is_for_chats_and_not_for_moments(tmp_path: Path, url: str) -> None:
    async with opened(tmp_path, url) as shop:
        chat, moments, plain = Browser(user_agent=WECHAT), Browser(user_agent=WECHAT), Browser()
        await shop.open(chat, CHAT)
        await shop.open(moments, MOMENTS)
        await shop.open(plain)
        assert (await shop.coupon(chat)).word == "200"
        assert (await shop.coupon(moments)).word == "409 offer_over"
        assert (await shop.coupon(plain)).word == "200"
        # The last opening counts: the same link again, this time from a friend's chat.
        await shop.open(moments, CHAT)
        assert (await shop.coupon(moments)).word == "200"


async def test_help_is_for_browsers_and_not_for_wechat(tmp_path: Path, url: str) -> None:
    async with opened(tmp_path, url) as shop:
        for who, query, word in (
            (Browser(), "", "200"),
            (Browser(user_agent=WECHAT), CHAT, "403 help_not_here"),
            (Browser(user_agent=WECHAT), MOMENTS, "403 help_not_here"),
        ):
            await shop.open(who, query)
            await shop.watched(who)
            assert (await shop.help(who)).word == word
        # What was recorded at the opening counts, not what the browser says of itself later.
        dressed = Browser(user_agent=WECHAT)
        await shop.open(dressed, MOMENTS)
        await shop.watched(dressed)
        dressed.user_agent = SAFARI
        assert (await shop.help(dressed)).word == "403 help_not_here"
        assert (
            await Browser().ask(shop.system.app, "POST", "/api/v1/shares/n0such0000/help", {})
        ).word == "404 share_not_found"


async def test_who_came_without_a_share_is_judged_by_the_page(tmp_path: Path, url: str) -> None:
    async with opened(tmp_path, url) as shop:
        page = f"http://yaohe.test/r/{shop.room}"
        for user_agent, address, word in (
            (SAFARI, f"{page}{MOMENTS}", "200"),
            (WECHAT, page, "200"),
            (WECHAT, f"{page}{MOMENTS}", "409 offer_over"),
            (WECHAT, "not an address \u00ff[", "200"),
        ):
            who = Browser(user_agent=user_agent)
            await who.ask(shop.system.app, "GET", f"/r/{shop.room}")
            assert (await shop.coupon(who, referer=address)).word == word


async def test_the_place_outlives_a_restart(tmp_path: Path, url: str) -> None:
    who = Browser(user_agent=WECHAT)
    async with opened(tmp_path, url) as shop:
        await shop.open(who, MOMENTS)
    async with running_system(tmp_path, url) as system:
        again = Shop(system, shop.room, shop.token)
        assert (await again.coupon(who)).word == "409 offer_over"


async def test_programs_tell_nothing_about_the_place(tmp_path: Path, url: str) -> None:
    async with opened(tmp_path, url) as shop:
        who = Browser(user_agent=WECHAT)
        await shop.open(who, MOMENTS)
        who.user_agent = WHATSAPP
        await shop.open(who, CHAT)
        who.user_agent = WECHAT
        assert (await shop.coupon(who)).word == "409 offer_over"
