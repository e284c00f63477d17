"""The parts of the house, made in the order in which they need each other. Nothing is started."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection
from functools import partial
from typing import Any

from obstore.store import LocalStore

from yaohe.app.keeping import captioner, has_replay, recorder
from yaohe.app.platforms import connect
from yaohe.app.publishing import open_rooms, whip_door
from yaohe.app.secret import installation_secret
from yaohe.app.settings import Settings
from yaohe.campaigns import Campaigns
from yaohe.commerce import Commerce
from yaohe.content import CardStudio, KeyframeDecoder, Sandbox
from yaohe.content.clips import Clips
from yaohe.content.keyframes import Faces, LatestStills
from yaohe.content.uploads import Uploads
from yaohe.flows import all_steps, told_outside, visitor_merged
from yaohe.front.gate import Gate
from yaohe.front.snapshots import Snapshots
from yaohe.identity import Identity
from yaohe.identity.keys import AppKeys
from yaohe.insights import Insights
from yaohe.insights.people import MyData
from yaohe.kernel.bus import MemoryBus
from yaohe.kernel.clock import Clock
from yaohe.kernel.db import Database
from yaohe.kernel.ids import new_id
from yaohe.kernel.lease import Leases
from yaohe.kernel.relay import Relay
from yaohe.kernel.spool import Spool
from yaohe.kernel.wire import TimerWheel
from yaohe.ledger import Ledger
from yaohe.live import room_hub
from yaohe.live.encoding import Encoding
from yaohe.live.follows import Follows
from yaohe.live.media import MediaOrigin, RtmpServer
from yaohe.live.merging import Merging
from yaohe.live.moderation import Moderation
from yaohe.live.people import People
from yaohe.live.playback import Playback
from yaohe.live.privacy import Privacy
from yaohe.live.shelf import Shelf
from yaohe.outside import Outside
from yaohe.platforms.outgoing import PublicOutgoing
from yaohe.platforms.sandbox_pay import SandboxDoor
from yaohe.sharing import Sharing
from yaohe.sharing.links import Links
from yaohe.sharing.retention import Retention
from yaohe.webhooks import Webhooks


class House:
    """Every part by its name. `notify_url` is our own loopback address, `sandbox_pay` that of the
    sandbox gateway."""

    def __init__(
        self,
        settings: Settings,
        clock: Clock,
        *,
        database_url: str,
        notify_url: str,
        sandbox_pay: str | None,
        demo: bool,
    ) -> None:
        self.settings, self.clock = settings, clock
        self._secret = installation_secret(settings.data)
        self._store: Any = LocalStore(prefix=settings.data / "files", mkdir=True)
        self.db = Database(database_url, pool_size=settings.database_pool)
        self._bus = MemoryBus()
        self.wheel = TimerWheel()
        self.leases = Leases(self.db, owner=new_id("proc"))
        self.platforms = connect(
            settings, self.db, self.leases, clock, self._secret, sandbox_pay=sandbox_pay
        )
        self.sandbox_door = SandboxDoor(sandbox_pay)
        self._people()
        self._sharing(demo=demo)
        self._commerce(notify_url)
        self._rooms()
        self._content()
        self._after()

    def _people(self) -> None:
        settings = self.settings
        self.identity = Identity(
            self.db, self.clock, self._secret, settings.secure,
            origins=(settings.address,), logins=self.platforms.logins, consent=settings.consent,
        )  # fmt: skip
        self.app_keys = AppKeys(self.db, self.clock, self._secret)

    def _sharing(self, *, demo: bool) -> None:
        settings = self.settings
        self.spool = Spool(settings.data / "spool")
        self.sharing = Sharing(
            self.db, self.clock, settings.address, headless_is_person=demo, spool=self.spool,
            shares_per_hour=settings.shares_per_channel_h,
        )  # fmt: skip
        self.retention = Retention(self.db, keep_days=settings.traces_keep_days)
        self.links = Links(self.db, sells=self._sells, forget=self.sharing.forget_links)
        self.outside = Outside(
            self.db, self.clock, self._secret,
            identity=self.identity, app_keys=self.app_keys, sharing=self.sharing,
        )  # fmt: skip
        self.strangers = PublicOutgoing(private=settings.webhooks_private)
        self.webhooks = Webhooks(self.db, self.clock, self._secret, self.strangers)

    def _commerce(self, notify_url: str) -> None:
        settings = self.settings
        if settings.payments != "sandbox":
            notify_url = settings.address  # a real gateway comes from outside
        self.ledger = Ledger(self.db)
        self.commerce = Commerce(
            self.db,
            self.platforms.gateway,
            self.ledger,
            settings.address,
            room_exists=lambda room_id: self.rooms.exists(room_id),  # noqa: PLW0108 - made later
            time_zone=self.identity.time_zone,
            room_refusal=lambda room_id, jar: self.privacy.refusal(
                room_id, ticket=None, cookies=jar
            ),
            notify_url=notify_url,
            order_deadline_s=settings.order_deadline_s,
        )
        self.campaigns = Campaigns(
            self.db, self.clock, self.commerce, self.sharing,
            watch_ms=settings.assist_after_s * 1000,
        )  # fmt: skip

    def _rooms(self) -> None:
        settings, db, clock = self.settings, self.db, self.clock
        self.origin = MediaOrigin(clock=clock)
        self.rooms = open_rooms(settings, db, self._bus, self.origin, self.leases)
        self.privacy = Privacy(
            db, clock, self._secret, self.rooms, self.origin, ticket_s=settings.ticket_s
        )
        self.gate = Gate(self.privacy, self.identity, self.sharing)
        self.shelf = Shelf(db, self._bus, self.commerce)
        self.follows = Follows(db, self._bus)
        self.moderation = Moderation(db, self._bus, clock, self.follows)
        self.hub = room_hub(
            db=db, bus=self._bus, clock=clock, wheel=self.wheel, identity=self.identity,
            sharing=self.sharing, rooms=self.rooms, shelf=self.shelf, origin=self.origin,
            moderation=self.moderation, privacy=self.privacy,
            room_coupon=self.campaigns.room_coupon,
        )  # fmt: skip
        self.rooms.viewers_of = self.hub.viewers
        self.campaigns.on_configured.append(self.hub.goods_changed)
        self.recordings = recorder(settings, self.origin, self.rooms, clock)
        self.captions = captioner(settings, db, self.origin, clock, self.hub)
        self.playback = Playback(clock)
        self.rtmp = RtmpServer(
            self.origin, self.rooms.authorize, host=settings.host, port=settings.rtmp_port
        )
        self.whip = whip_door(settings, self.origin, self.rooms, clock)
        self.encoding = Encoding(self.origin, clock, shows_max=settings.encode_480_shows)

    def _content(self) -> None:
        self.sandbox = Sandbox()
        decoder = KeyframeDecoder(self.sandbox)
        self.studio = CardStudio(self.sandbox, self._store)
        self.uploads = Uploads(self.sandbox, self._store)
        self.stills = LatestStills(self.origin, decoder, self._store, self.clock)
        self.faces = Faces(self.recordings, decoder)
        self.clips = Clips(self.origin, self.recordings, self._store)
        self.snapshots = Snapshots(
            clock=self.clock, identity=self.identity, rooms=self.rooms, shelf=self.shelf,
            hub=self.hub, campaigns=self.campaigns, stills=self.stills,
            has_replay=partial(has_replay, self.recordings),
        )  # fmt: skip
        self.rooms.on_change.append(lambda room: self.snapshots.forget(room.id))

    def _after(self) -> None:
        """What happens after facts, and what is told about them."""
        steps = all_steps(
            sharing=self.sharing, commerce=self.commerce, campaigns=self.campaigns, hub=self.hub,
            shelf=self.shelf,
        )  # fmt: skip
        told = told_outside.steps(webhooks=self.webhooks, outside=self.outside)
        merged = visitor_merged.steps(
            sharing=self.sharing, commerce=self.commerce, campaigns=self.campaigns,
            live=Merging(self.db, self.follows, self.moderation),
        )  # fmt: skip
        self.relay = Relay(self.db, [*steps, *merged, *told])
        self.people = MyData(
            identity=self.identity, sharing=self.sharing, commerce=self.commerce,
            campaigns=self.campaigns, live=People(self.db, self.hub), outside=self.outside,
        )  # fmt: skip
        self.insights = Insights(self.sharing, self.commerce, self.rooms, self.campaigns)

    @property
    def closers(self) -> tuple[Callable[[], Awaitable[None]], ...]:
        """How the house ends, in this order: what was accepted is written before the database
        goes."""
        return (
            self.whip.close,
            self.hub.close,
            self.campaigns.close,
            self.commerce.close,
            self.sharing.close,
            self.identity.flush_visitors,
            self.recordings.close,
            self.spool.close,
            self.studio.close,
            self.sandbox.close,
            self.platforms.outgoing.close,
            self.sandbox_door.close,
            self.webhooks.close,
            self.db.close,
        )

    async def _sells(self, room_id: str, products: Collection[str]) -> bool | None:
        """Whether a room sells all of these; None when there is no such room."""
        if not await self.rooms.exists(room_id):
            return None
        items = []
        if products:
            items = (await self.shelf.state(room_id, all_products=True)).items
        return {product.id for product in items} >= set(products)
