"""Who sits in a room sees stock, prices and coupons change over a real socket, whoever changed
them: a buyer, the clock, the desk."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from tests.support.house import House, house, sitting
from tests.support.patience import PATIENCE_S
from tests.support.realtime import Talker

from yaohe.commerce import Order, Product, ProductChange
from yaohe.commerce.errors import SoldOut
from yaohe.commerce.prices import NewLivePrice
from yaohe.commerce.variants import NewVariant
from yaohe.kernel.db import Database
from yaohe.kernel.ids import new_id
from yaohe.live.rooms import NewRoom, RoomEnded

pytestmark = pytest.mark.db

STATE = "room:tea:state"


def merge(known: dict[str, Any], news: dict[str, Any]) -> None:
    """Publications are what changed, inside of objects as well (`web/sdk/src/goods.ts`)."""
    for name, value in news.items():
        if isinstance(value, dict) and isinstance(known.get(name), dict):
            merge(known[name], value)
        else:
            known[name] = value


@dataclass
class Viewer:
    """Somebody in the room: the state as their page knows it, told by publications alone."""

    home: House
    talker: Talker
    id: str
    state: dict[str, Any] = field(default_factory=dict)
    heard: int = 0
    publications: int = 0

    def take(self) -> None:
        for line in self.talker.heard[self.heard :]:
            push = line.get("push", {})
            if push.get("channel") == STATE:
                merge(self.state, push["pub"]["data"])
                self.publications += 1
            for pub in line.get("subscribe", {}).get("publications", ()):
                merge(self.state, pub["data"])
        self.heard = len(self.talker.heard)

    async def sees(self, **wanted: Any) -> None:
        """Wait until the page knows this, in a second or so."""
        async with asyncio.timeout(PATIENCE_S):
            self.take()
            while any(self.state.get(name) != value for name, value in wanted.items()):
                await self.talker.read()
                self.take()

    async def sees_product(self, product: Product, **wanted: Any) -> None:
        async with asyncio.timeout(PATIENCE_S):
            self.take()
            while True:
                card = self.state["products"].get(product.id, {})
                if all(card.get(name) == value for name, value in wanted.items()):
                    return
                await self.talker.read()
                self.take()


@asynccontextmanager
async def stall(db: Database, *, stock: int = 3) -> AsyncIterator[tuple[House, Product, Viewer]]:
    """A room with one product on its shelf and somebody who looks at it."""
    async with house(db) as home:
        await home.rooms.create(NewRoom(title="茶", host_name="小禾", id="tea"))
        product = await home.shop.product(stock=stock, price_minor=9_900)
        await home.shelf.replace("tea", [product.id])
        async with sitting(home, "tea") as (talker, visitor_id):
            viewer = Viewer(home, talker, visitor_id)
            await viewer.sees(shelf=[product.id])
            await viewer.sees_product(product, stock=stock, title_en="Spring tea")
            yield home, product, viewer


async def order(home: House, product: Product, buyer: str | None = None) -> Order:
    return await home.shop.commerce.create_order(
        buyer or new_id("v"), "tea", product.id, 1, None, new_id("key")
    )


async def test_every_way_stock_moves_is_seen(fresh_db: Database) -> None:
    async with stall(fresh_db) as (home, product, viewer):
        kept, given_up, late = [await order(home, product, viewer.id) for _ in range(3)]
        await viewer.sees_product(product, stock=0)  # sold out
        with pytest.raises(SoldOut):
            await order(home, product)

        await home.shop.commerce.cancel_order(given_up.id, viewer.id)
        await viewer.sees_product(product, stock=1)

        await home.shop.value(
            "update commerce.orders set deadline_at = now() - interval '1 hour' where id = $1",
            late.id,
        )
        assert await home.shop.commerce.expire_orders() == 1
        await viewer.sees_product(product, stock=2)

        # The buyer's own page hears which of their orders ended, and so of a coupon that came back.
        for ended in (given_up, late):
            await viewer.talker.pub(
                lambda data, ended=ended: data == {"type": "order_closed", "order_id": ended.id}
            )
        assert (await home.shop.commerce.order(kept.id, viewer.id)).status == "created"


async def test_what_staff_change_is_seen(fresh_db: Database) -> None:
    async with stall(fresh_db) as (home, product, viewer):
        change = home.shop.commerce.update_product
        await change(product.id, ProductChange(price_minor=7_900, list_price_minor=9_900))
        await viewer.sees_product(product, price_minor=7_900, list_price_minor=9_900, stock=3)
        await change(product.id, ProductChange(title="明前茶", title_en="First flush"))
        await viewer.sees_product(product, title="明前茶", title_en="First flush")
        await change(product.id, ProductChange(stock_change=40))
        await viewer.sees_product(product, stock=43)
        await change(product.id, ProductChange(status="hidden"))
        await viewer.sees(shelf=[])
        await change(product.id, ProductChange(status="on_sale"))
        await viewer.sees(shelf=[product.id])
        other = await home.shop.product()
        await home.shelf.replace("tea", [other.id, product.id])
        await viewer.sees(shelf=[other.id, product.id])
        await viewer.sees_product(other, stock=50)


async def test_variants_are_seen_as_they_come_and_sell(fresh_db: Database) -> None:
    async with stall(fresh_db) as (home, product, viewer):
        commerce = home.shop.commerce
        made = await commerce.set_variants(
            product.id,
            [
                NewVariant(title="红罐", title_en="Red tin", price_minor=8_800, stock=2),
                NewVariant(title="蓝罐", price_minor=9_900, stock=5),
            ],
        )
        told = [
            {"id": one.id, "title": one.title, "title_en": one.title_en,
             "price_minor": one.price_minor, "stock": one.stock}
            for one in made
        ]  # fmt: skip
        await viewer.sees_product(product, variants=told, stock=7, price_minor=8_800)
        await commerce.create_order(
            viewer.id, "tea", product.id, 2, None, new_id("key"), variant_id=made[0].id
        )
        told[0]["stock"] = 0
        await viewer.sees_product(product, variants=told, stock=5)


async def test_a_live_price_is_seen_as_it_comes_goes_and_is_taken(fresh_db: Database) -> None:
    async with stall(fresh_db, stock=9) as (home, product, viewer):
        commerce = home.shop.commerce
        await viewer.sees_product(product, live_price_id=None, price_minor=9_900)
        new = NewLivePrice(
            room_id="tea", product_id=product.id, price_minor=7_900, minutes=5, total=2
        )
        live = await commerce.start_live_price(new)
        until = live.ends_at.isoformat().replace("+00:00", "Z")
        told = {"live_price_id": live.id, "live_price_minor": 7_900, "live_price_until": until}
        await viewer.sees_product(product, live_price_left=2, price_minor=9_900, **told)
        taken = await commerce.create_order(
            viewer.id, "tea", product.id, 1, None, new_id("key"), live_price_id=live.id
        )
        await viewer.sees_product(product, live_price_left=1, stock=8)
        await commerce.cancel_order(taken.id, viewer.id)
        await viewer.sees_product(product, live_price_left=2, stock=9)
        await commerce.stop_live_price(live.id)
        await viewer.sees_product(product, live_price_id=None, live_price_minor=None)


async def test_live_prices_end_with_the_show(fresh_db: Database) -> None:
    async with stall(fresh_db) as (home, product, viewer):
        new = NewLivePrice(room_id="tea", product_id=product.id, price_minor=7_900, minutes=60)
        live = await home.shop.commerce.start_live_price(new)
        await viewer.sees_product(product, live_price_id=live.id)
        async with fresh_db.begin() as tx:
            await tx.record(
                RoomEnded(
                    shop_id=live.shop_id, room_id="tea", reason="host", ended_at=live.starts_at
                )
            )
        await viewer.sees_product(product, live_price_id=None)


async def test_coupons_that_go_are_seen(fresh_db: Database) -> None:
    async with stall(fresh_db) as (home, _, viewer):
        template = await home.shop.template(total=10)
        await home.campaigns.configure_room(
            "tea", friend_template_id=template.id, sharer_template_id=None
        )
        for left in (9, 8):
            await home.campaigns.claim_open_coupon("tea", new_id("v"))
            await viewer.sees(coupon_left=left)
        other = await home.shop.template(total=50, amount_minor=3_000, threshold_minor=6_000)
        await home.campaigns.configure_room(
            "tea", friend_template_id=other.id, sharer_template_id=None
        )
        await viewer.sees(coupon_left=50)
        assert viewer.state["coupon"]["amount_minor"] == 3_000
        await home.campaigns.configure_room(
            "tea", friend_template_id=template.id, sharer_template_id=None
        )
        await viewer.sees(coupon_left=8)
        await home.shop.commerce.set_template_status(template.id, "stopped")
        await viewer.sees(coupon_left=0, coupon=None)
        await home.shop.commerce.set_template_status(template.id, "active")
        await viewer.sees(coupon_left=8)
    async with house(fresh_db) as home, sitting(home, "tea") as (talker, visitor_id):
        await Viewer(home, talker, visitor_id).sees(coupon_left=8)


async def test_a_storm_of_orders_is_few_publications(fresh_db: Database) -> None:
    async with stall(fresh_db, stock=300) as (home, product, viewer):
        viewer.take()
        viewer.publications = 0
        loop = asyncio.get_running_loop()
        begun = loop.time()
        for _ in range(6):
            await asyncio.gather(*(order(home, product) for _ in range(50)))
        await viewer.sees_product(product, stock=0)
        assert viewer.publications <= 2 + (loop.time() - begun) / 0.25
        assert set(viewer.state["products"][product.id]) >= {"stock", "title", "picture"}
        last = [
            line["push"]["pub"]["data"]
            for line in viewer.talker.heard
            if line.get("push", {}).get("channel") == STATE
        ][-1]
        assert last.get("products") == {product.id: {"stock": 0}}  # and nothing that stayed
