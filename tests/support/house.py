"""Rooms, shop and realtime behind one real port on a real database, with the relay carrying facts:
what a viewer's socket hears of what happens anywhere in the house."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from tests.support.realtime import Talker
from tests.support.shop import Shop, make_shop
from tests.support.wire import dialled, serving

from yaohe.app.http import make_application
from yaohe.campaigns import Campaigns
from yaohe.commerce.http import controllers as commerce_controllers
from yaohe.flows import all_steps
from yaohe.identity.http import controllers as identity_controllers
from yaohe.kernel.bus import MemoryBus
from yaohe.kernel.clock import SystemClock
from yaohe.kernel.db import Database
from yaohe.kernel.ids import new_id
from yaohe.kernel.lease import Leases
from yaohe.kernel.relay import Relay
from yaohe.kernel.wire import TimerWheel, WireConfig, WireServer
from yaohe.live import room_hub
from yaohe.live.follows import Follows
from yaohe.live.follows.http import controllers as follows_controllers
from yaohe.live.media import MediaOrigin
from yaohe.live.moderation import Moderation
from yaohe.live.moderation.http import controllers as moderation_controllers
from yaohe.live.privacy import Privacy
from yaohe.live.realtime import Hub
from yaohe.live.realtime.http import controllers as chat_controllers
from yaohe.live.rooms import Rooms
from yaohe.live.shelf import Shelf
from yaohe.sharing import Sharing


@dataclass
class House:
    shop: Shop
    bus: MemoryBus
    rooms: Rooms
    shelf: Shelf
    sharing: Sharing
    campaigns: Campaigns
    origin: MediaOrigin
    hub: Hub
    server: WireServer

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self.server.port}"


@asynccontextmanager
async def house(db: Database) -> AsyncIterator[House]:
    """Everything wired as the root does it."""
    shop, bus, clock, wheel = make_shop(db), MemoryBus(), SystemClock(), TimerWheel()
    origin = MediaOrigin()
    leases = Leases(db, new_id("proc"))
    rooms = Rooms(
        db, bus, origin, leases, public_url="http://x", rtmp_port=1935, grace_s=60,
    )  # fmt: skip
    privacy = Privacy(db, clock, b"secret" * 6, rooms, origin, ticket_s=600)
    await privacy.open()
    shelf = Shelf(db, bus, shop.commerce)
    sharing = Sharing(db, clock, "http://x")
    campaigns = Campaigns(db, clock, shop.commerce, sharing)
    follows = Follows(db, bus)
    moderation = Moderation(db, bus, clock, follows)
    hub = room_hub(
        db=db, bus=bus, clock=clock, wheel=wheel, identity=shop.identity, sharing=sharing,
        rooms=rooms, shelf=shelf, origin=origin, moderation=moderation,
        privacy=privacy,
        room_coupon=campaigns.room_coupon,
    )  # fmt: skip
    campaigns.on_configured.append(hub.goods_changed)
    steps = all_steps(
        sharing=sharing, commerce=shop.commerce, campaigns=campaigns, hub=hub, shelf=shelf
    )
    services: dict[str, object] = {
        "identity": shop.identity, "rooms": rooms, "hub": hub, "commerce": shop.commerce,
        "moderation": moderation, "follows": follows,
    }  # fmt: skip
    controllers = [*identity_controllers, *chat_controllers, *commerce_controllers]
    controllers += [*moderation_controllers, *follows_controllers]
    config = WireConfig(lifespan="off", websockets={"/rt": hub.accept}, wheel=wheel)
    running = [asyncio.create_task(part.run()) for part in (hub, Relay(db, steps, poll_s=0.05))]
    try:
        async with serving(config, make_application(controllers, services)) as server:
            yield House(shop, bus, rooms, shelf, sharing, campaigns, origin, hub, server)
    finally:
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
        await hub.close()
        await campaigns.close()
        await sharing.close()
        await shop.commerce.close()


@asynccontextmanager
async def sitting(home: House, room: str, *headers: str) -> AsyncIterator[tuple[Talker, str]]:
    """Somebody without a cookie in a room: the talker and their visitor id."""
    async with dialled(home.server) as peer:
        status, fields = await peer.upgrade("/rt", *headers)
        assert status == 101
        assert fields["set-cookie"].startswith("yh_v=v_")
        talker = Talker(peer)
        connected = (await talker.ask(connect={}))["connect"]
        await talker.ask(subscribe={"channel": f"room:{room}:chat"})
        await talker.ask(subscribe={"channel": f"room:{room}:state"})
        yield talker, connected["data"]["visitor"]["id"]
