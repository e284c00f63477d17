"""A whole small market: one shop, one room, its shares and plays, with the relay carrying facts.

The hub is one that remembers what it was told; everything else is real.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

from tests.support.shop import SECRET, Shop, make_shop
from tests.support.town import Town

from yaohe.app.http import make_application
from yaohe.campaigns import Campaigns
from yaohe.campaigns.http import controllers as campaigns_controllers
from yaohe.commerce import Coupon, CouponTemplate, OrderPaid, Product
from yaohe.commerce.http import controllers as commerce_controllers
from yaohe.flows import all_steps
from yaohe.identity import Visitor
from yaohe.identity.http import controllers as identity_controllers
from yaohe.identity.keys import AppKeys
from yaohe.insights import Insights
from yaohe.insights.following.http import controllers as following_controllers
from yaohe.insights.http import controllers as insights_controllers
from yaohe.kernel.bus import MemoryBus
from yaohe.kernel.clock import SystemClock
from yaohe.kernel.db import Database
from yaohe.kernel.ids import new_id
from yaohe.kernel.lease import Leases
from yaohe.kernel.relay import Relay
from yaohe.live.media import MediaOrigin
from yaohe.live.rooms import NewRoom, Rooms
from yaohe.live.shelf import Shelf
from yaohe.sharing import Share, Sharing
from yaohe.sharing.http import controllers as sharing_controllers


@dataclass
class Listening:
    """A hub that remembers what it was told."""

    told: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    said: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    goods: list[str] = field(default_factory=list)

    def tell(self, visitor_id: str, message: dict[str, Any]) -> None:
        self.told.append((visitor_id, message))

    def say(self, room_id: str, **line: Any) -> None:
        self.said.append((room_id, line))

    def goods_changed(self, room_id: str) -> None:
        self.goods.append(room_id)

    def heard_by(self, visitor: Visitor, kind: str) -> list[dict[str, Any]]:
        return [m for who, m in self.told if who == visitor.id and m["type"] == kind]


@dataclass
class Market:
    db: Database
    shop: Shop
    sharing: Sharing
    campaigns: Campaigns
    rooms: Rooms
    shelf: Shelf
    insights: Insights
    hub: Listening
    relay: Relay

    @contextlib.asynccontextmanager
    async def room(self, *, offer: bool = True, **more: Any) -> AsyncIterator[Stall]:
        """A room of its own, with a coupon for friends and one for sharers."""
        given = {"title": "春茶上新", "title_en": "Spring tea", "host_name": "小林"} | more
        made = await self.rooms.create(NewRoom(id=f"r-{new_id('x')[-12:]}", **given))
        friend = await self.shop.template(amount_minor=1_000)
        sharer = await self.shop.template(amount_minor=800, per_person=5)
        if offer:
            await self.campaigns.configure_room(
                made.id, friend_template_id=friend.id, sharer_template_id=sharer.id
            )
        yield Stall(self.sharing, self.db, made.id, market=self, friend=friend, sharer=sharer)


@dataclass
class Stall(Town):
    """One room of the market and its two coupons."""

    market: Market = field(kw_only=True)
    friend: CouponTemplate = field(kw_only=True)
    sharer: CouponTemplate = field(kw_only=True)

    async def coupons(self, visitor: Visitor) -> list[Coupon]:
        await self.market.relay.drained()
        return await self.market.shop.commerce.coupons_of(visitor.id)

    async def help(self, share: Share, helper: Visitor, env: str = "browser") -> None:
        await self.market.campaigns.help(share.token, helper, env)

    async def arrive(self, share: Share, helper: Visitor, *, seconds: int = 16) -> None:
        """Come by the share and watch."""
        await self.open(share.token, helper)
        await self.watch(helper, share.token, seconds)

    async def pay(self, buyer: Visitor, product: Product, paid_minor: int = 9_900) -> OrderPaid:
        """Record a paid order as commerce does."""
        fact = OrderPaid(
            shop_id="shop_main",
            order_id=new_id("ord"),
            visitor_id=buyer.id,
            room_id=self.room,
            product_id=product.id,
            quantity=1,
            paid_minor=paid_minor,
            currency="CNY",
            coupon_id=None,
        )
        async with self.db.begin() as tx:
            await tx.record(fact)
        await self.market.relay.drained()
        return fact


def make_market(db: Database, *, base_url: str = "http://127.0.0.1:1") -> Market:
    clock, bus = SystemClock(), MemoryBus()
    shop = make_shop(db, base_url=base_url)
    sharing = Sharing(db, clock, base_url)
    origin = MediaOrigin(clock=clock)
    leases = Leases(db, owner=new_id("proc"))
    rooms = Rooms(db, bus, origin, leases, public_url=base_url, rtmp_port=1935, grace_s=30)
    campaigns = Campaigns(db, clock, shop.commerce, sharing)
    hub = Listening()
    shelf = Shelf(db, bus, shop.commerce)
    steps = all_steps(
        sharing=sharing,
        commerce=shop.commerce,
        campaigns=campaigns,
        hub=hub,  # type: ignore[arg-type]
        shelf=shelf,
    )
    insights = Insights(sharing, shop.commerce, rooms, campaigns)
    relay = Relay(db, steps, poll_s=0.05)
    return Market(db, shop, sharing, campaigns, rooms, shelf, insights, hub, relay)


@contextlib.asynccontextmanager
async def open_market(db: Database, **more: Any) -> AsyncIterator[Market]:
    """A market whose relay runs."""
    market = make_market(db, **more)
    relay = asyncio.create_task(market.relay.run())
    try:
        yield market
    finally:
        relay.cancel()
        await asyncio.gather(relay, return_exceptions=True)
        await market.campaigns.close()
        await market.sharing.close()
        await market.shop.commerce.close()


def make_market_app(market: Market) -> Any:
    """The application with the controllers of sharing, campaigns and insights."""
    return make_application(
        [
            *identity_controllers,
            *commerce_controllers,
            *sharing_controllers,
            *campaigns_controllers,
            *insights_controllers,
            *following_controllers,
        ],
        {
            "identity": market.shop.identity,
            "app_keys": AppKeys(market.shop.db, SystemClock(), SECRET),
            "commerce": market.shop.commerce,
            "sharing": market.sharing,
            "campaigns": market.campaigns,
            "rooms": market.rooms,
            "insights": market.insights,
        },
    )
