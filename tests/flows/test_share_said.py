"""What a share says: the product and the moment on screen, the sharer's note and that they bought
it. The note keeps to the rules of the room's chat; the purchase is told only when it is true."""

from __future__ import annotations

import gzip
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from tests.conftest import Server
from tests.sim.asgi import SAFARI, Answer, Browser
from tests.support.system import running_system

from yaohe.app.build import System
from yaohe.commerce import NewProduct
from yaohe.kernel.bus import MemoryBus
from yaohe.live.follows import Follows
from yaohe.live.moderation import Moderation, Moderator
from yaohe.live.moderation.model import RulesChange
from yaohe.live.rooms import NewRoom

pytestmark = pytest.mark.db
STAFF = Moderator(id="st_1", name="Owner", shop_id="shop_main")


@dataclass
class Shop:
    system: System
    moderation: Moderation
    room: str
    product: str

    async def share(self, who: Browser, **more: object) -> dict[str, object]:
        body = {"channel": "copy_link", "prepared": True, **more}
        made = await who.ask(self.system.app, "POST", f"/api/v1/rooms/{self.room}/shares", body)
        assert made.status == 201, made.json
        found: dict[str, object] = made.json
        return found

    async def note(self, who: Browser, token: object, **said: object) -> Answer:
        return await who.ask(self.system.app, "PUT", f"/api/v1/shares/{token}/note", dict(said))

    async def paid(self, who: Browser) -> None:
        """An order of this product, as the gateway's word leaves it."""
        order = {"product_id": self.product, "quantity": 1, "idempotency_key": "k1"}
        placed = await who.ask(self.system.app, "POST", "/api/v1/orders", order)
        assert placed.ok, placed.json
        async with self.system.db.raw(writes=True) as conn:
            await conn.execute("update commerce.orders set status = 'paid'")


@asynccontextmanager
async def opened(data: Path, url: str) -> AsyncIterator[Shop]:
    async with running_system(data, url) as system:
        room = await system.rooms.create(NewRoom(title="茶", host_name="小禾"))
        product = await system.commerce.create_product(
            NewProduct(title="春茶", price_minor=9_900, stock=9)
        )
        await system.shelf.replace(room.id, [product.id])
        bus = MemoryBus()
        moderation = Moderation(system.db, bus, system.clock, Follows(system.db, bus))
        yield Shop(system, moderation, room.id, product.id)


@pytest.fixture
async def url(pg: Server) -> AsyncIterator[str]:
    async with pg.clone() as url:
        yield url


async def test_a_share_is_about_what_is_shown_or_asked_and_only_of_this_room(
    tmp_path: Path, url: str
) -> None:
    async with opened(tmp_path, url) as shop:
        lin = Browser()
        assert (await shop.share(lin))["product"] == shop.product
        assert (await shop.share(lin, product=shop.product))["product"] == shop.product
        assert (await shop.share(lin, product="prd_of_another"))["product"] == shop.product


async def test_the_moment_is_one_of_the_show(tmp_path: Path, url: str) -> None:
    async with opened(tmp_path, url) as shop:
        lin, sharing = Browser(), shop.system.sharing

        async def moment_of(**more: object) -> datetime | None:
            share = await sharing.share(str((await shop.share(lin, **more))["token"]))
            assert share is not None
            return share.moment_at

        now = shop.system.clock.now()
        assert await moment_of(moment_at=now.isoformat()) is None  # nothing is on
        async with shop.system.db.raw(writes=True) as conn:
            await conn.execute(
                "update live.rooms set status = 'live', started_at = $2"
                " where id = $1",
                shop.room, now - timedelta(minutes=5),
            )  # fmt: skip
        shop.system.snapshots.forget(shop.room)
        then = (now - timedelta(minutes=2)).isoformat()
        assert await moment_of(moment_at=then) == datetime.fromisoformat(then)
        for elsewhere in (now - timedelta(hours=1), now + timedelta(hours=1)):
            found = await moment_of(moment_at=elsewhere.isoformat())
            assert found is not None
            assert abs((found - now).total_seconds()) < 30  # this moment, then


async def test_a_note_is_read_by_the_friend_and_only_by_the_friend(
    tmp_path: Path, url: str
) -> None:
    async with opened(tmp_path, url) as shop:
        lin, mei = Browser(), Browser(address="203.0.113.8")
        token = (await shop.share(lin))["token"]
        said = await shop.note(lin, token, note="  <b>手感</b>很好\n来看 ")
        assert said.json == {"note": "<b>手感</b>很好 来看", "bought": False}
        page = gzip.decompress((await mei.ask(shop.system.app, "GET", f"/s/{token}")).body).decode()
        assert '<p class="y-note">&lt;b&gt;手感&lt;/b&gt;很好 来看</p>' in page
        own = gzip.decompress((await lin.ask(shop.system.app, "GET", f"/s/{token}")).body).decode()
        assert '<p class="y-note"></p>' in own
        # Changed: the page that was kept says the new one at once.
        await shop.note(lin, token, note="晚上见")
        page = gzip.decompress((await mei.ask(shop.system.app, "GET", f"/s/{token}")).body).decode()
        assert '<p class="y-note">晚上见</p>' in page


@pytest.mark.parametrize(
    ("note", "word"),
    [
        ("字" * 61, "422 bad_input"),
        ("来 www.bad.example 看", "422 chat_link"),
        ("假 货 便宜", "422 chat_word"),
        ("a\x00b", "422 bad_input"),
    ],
)
async def test_a_note_keeps_to_the_rules_of_the_room(
    tmp_path: Path, url: str, note: str, word: str
) -> None:
    async with opened(tmp_path, url) as shop:
        lin = Browser()
        await shop.moderation.change_rules(shop.room, RulesChange(words=["假货"]), by=STAFF)
        token = str((await shop.share(lin))["token"])
        assert (await shop.note(lin, token, note=note)).word == word
        share = await shop.system.sharing.fresh_share(token)
        assert share.note == ""


async def test_who_may_not_speak_leaves_no_note_and_nobody_speaks_for_others(
    tmp_path: Path, url: str
) -> None:
    async with opened(tmp_path, url) as shop:
        lin, mei = Browser(), Browser(address="203.0.113.8")
        token = (await shop.share(lin))["token"]
        await shop.share(mei)
        assert (await shop.note(mei, token, note="我说的")).word == "403 share_not_yours"
        assert (await shop.note(lin, "0000000000", note="谁")).word == "404 share_not_found"
        await shop.moderation.penalize(
            shop.room, lin.visitor_id, kind="ban", minutes=None, name="Lin", by=STAFF
        )
        assert (await shop.note(lin, token, note="我说的")).word == "403 chat_banned"
        assert (await shop.note(lin, token, note="")).ok


async def test_bought_is_told_only_by_who_paid_for_this_product(tmp_path: Path, url: str) -> None:
    async with opened(tmp_path, url) as shop:
        lin = Browser()
        token = (await shop.share(lin))["token"]
        assert not (await shop.note(lin, token, bought=True)).json["bought"]
        await shop.paid(lin)
        assert (await shop.note(lin, token, bought=True)).json == {"note": "", "bought": True}
        async with shop.system.db.raw(writes=True) as conn:
            await conn.execute("update commerce.orders set status = 'completed'")
        assert (await shop.note(lin, token, bought=True)).json["bought"]  # it came, too
        mei = Browser(address="203.0.113.8")
        page = gzip.decompress((await mei.ask(shop.system.app, "GET", f"/s/{token}")).body).decode()
        assert "<span>买过</span>" in page
        assert not (await shop.note(lin, token, bought=False)).json["bought"]
        async with shop.system.db.raw(writes=True) as conn:
            await conn.execute("update commerce.orders set status = 'refunded'")
        assert not (await shop.note(lin, token, bought=True)).json["bought"]


async def test_the_channels_are_those_of_this_browser(tmp_path: Path, url: str) -> None:
    async with opened(tmp_path, url) as shop:
        app, path = shop.system.app, "/api/v1/share-channels"
        chinese = await Browser().ask(app, "GET", path, headers={"accept-language": "zh-CN"})
        english = await Browser().ask(app, "GET", f"{path}?lang=en")
        assert chinese.json["items"][0]["id"] == "wechat"
        assert english.json["items"][0]["id"] == "copy_link"
        assert "user-agent" in english.headers["vary"].lower()
        wechat = Browser(user_agent=f"{SAFARI} MicroMessenger/8.0.50(0x18003237)")
        inside = (await wechat.ask(app, "GET", path)).json["items"]
        assert (inside[0]["id"], inside[0]["opens"]) == ("wechat", "menu")
        x = next(one for one in inside if one["id"] == "x")
        assert x["text_max"] == 280 - 23 - 1
