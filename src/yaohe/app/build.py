"""The composition root: one boring function that calls constructors in the order of the house."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, cast

from litestar import Litestar
from obstore.store import LocalStore

from yaohe import front
from yaohe.app.controllers import CONTROLLERS
from yaohe.app.health import Health, LoopLag
from yaohe.app.http import health_routes, make_application
from yaohe.app.keeping import captioner, has_replay, recorder
from yaohe.app.openapi import describe
from yaohe.app.platforms import Platforms, connect
from yaohe.app.players import PlayerFigures
from yaohe.app.publishing import open_rooms, whip_door
from yaohe.app.secret import installation_secret
from yaohe.app.settings import Settings
from yaohe.campaigns import Campaigns
from yaohe.commerce import Commerce
from yaohe.content import CardStudio, KeyframeDecoder, Sandbox
from yaohe.content.clips import Clips
from yaohe.content.keyframes import Faces, LatestStills
from yaohe.content.uploads import Uploads
from yaohe.flows import all_steps, told_outside
from yaohe.front.assets import Assets
from yaohe.front.clips import ClipDoor, ClipMaker
from yaohe.front.crossing import Crossing
from yaohe.front.edge import Edge, Guard, HotRoute, Page
from yaohe.front.gate import Gate
from yaohe.front.home import HomePage
from yaohe.front.images import Images
from yaohe.front.media import MediaDoor
from yaohe.front.pages import Pages
from yaohe.front.request import ASGIApp
from yaohe.front.rewind import RewindDoor
from yaohe.front.site import Site
from yaohe.front.snapshots import Snapshots
from yaohe.front.verbs import Verbs, hot_routes
from yaohe.front.words import Words
from yaohe.identity import Identity
from yaohe.identity.keys import AppKeys
from yaohe.insights import Insights
from yaohe.kernel.bus import MemoryBus
from yaohe.kernel.clock import Clock, SystemClock
from yaohe.kernel.db import Database
from yaohe.kernel.ids import new_id
from yaohe.kernel.lease import Leases
from yaohe.kernel.limits import Limit
from yaohe.kernel.relay import Relay
from yaohe.kernel.spool import Spool
from yaohe.kernel.wire import TimerWheel
from yaohe.ledger import Ledger
from yaohe.live import room_hub
from yaohe.live.captions import Captions
from yaohe.live.encoding import Encoding
from yaohe.live.follows import Follows
from yaohe.live.media import MediaOrigin, RtmpServer
from yaohe.live.moderation import Moderation
from yaohe.live.playback import Playback
from yaohe.live.privacy import Privacy
from yaohe.live.realtime import Hub
from yaohe.live.recordings import Recordings
from yaohe.live.rooms import Rooms
from yaohe.live.shelf import Shelf
from yaohe.live.whip import Whip
from yaohe.outside import Outside
from yaohe.platforms.outgoing import PublicOutgoing
from yaohe.platforms.payments import PaymentGateway
from yaohe.platforms.sandbox_pay import SandboxDoor
from yaohe.sharing import Sharing
from yaohe.sharing.links import Links
from yaohe.webhooks import Webhooks


@dataclass(frozen=True, slots=True, kw_only=True)
class System:
    """Everything that runs, by name. Built once; started and stopped by `roles`."""

    settings: Settings
    clock: Clock
    db: Database
    leases: Leases
    identity: Identity
    ledger: Ledger
    sandbox_door: SandboxDoor
    platforms: Platforms
    sharing: Sharing
    commerce: Commerce
    origin: MediaOrigin
    recordings: Recordings
    captions: Captions
    faces: Faces
    rooms: Rooms
    privacy: Privacy
    shelf: Shelf
    hub: Hub
    rtmp: RtmpServer
    whip: Whip
    encoding: Encoding
    sandbox: Sandbox
    spool: Spool
    studio: CardStudio
    campaigns: Campaigns
    outside: Outside
    webhooks: Webhooks
    relay: Relay
    snapshots: Snapshots
    media: MediaDoor
    health: Health
    lag: LoopLag
    wheel: TimerWheel
    document: Callable[[], dict[str, Any]]
    app: Edge


def _identity(
    settings: Settings, db: Database, clock: Clock, secret: bytes, platforms: Platforms
) -> Identity:
    origins = (settings.address,)
    return Identity(db, clock, secret, settings.secure, origins=origins, logins=platforms.logins)


def _sharing(
    settings: Settings, db: Database, clock: Clock, spool: Spool, *, demo: bool
) -> Sharing:
    often = settings.shares_per_channel_h
    return Sharing(
        db, clock, settings.address, headless_is_person=demo, spool=spool, shares_per_hour=often
    )


def _commerce(
    settings: Settings,
    db: Database,
    gateway: PaymentGateway,
    ledger: Ledger,
    notify_url: str,
    rooms: Callable[[], Rooms],  # they are made after commerce
) -> Commerce:
    if settings.payments != "sandbox":
        notify_url = settings.address  # a real gateway comes from outside
    return Commerce(
        db,
        gateway,
        ledger,
        settings.address,
        room_exists=lambda room_id: rooms().exists(room_id),
        notify_url=notify_url,
        order_deadline_s=settings.order_deadline_s,
    )


def _links(db: Database, sharing: Sharing, rooms: Rooms, shelf: Shelf) -> Links:
    async def sells(room_id: str, products: Collection[str]) -> bool | None:
        if not await rooms.exists(room_id):
            return None
        items = (await shelf.state(room_id, all_products=True)).items if products else []
        return {product.id for product in items} >= set(products)

    return Links(db, sells=sells, forget=sharing.forget_links)


def writes_limit(settings: Settings, clock: Clock) -> Limit:
    """How much one address may change; wide, because carriers put a city behind one."""
    per_second = settings.writes_per_address_s
    return Limit(clock, burst=per_second * 10, per_second=per_second)


def _edge(
    settings: Settings,
    clock: Clock,
    identity: Identity,
    app_keys: AppKeys,
    application: Litestar,
    routes: tuple[HotRoute, ...],
    site: Site,
    nothing: Page,
    guard: Guard,
) -> Edge:
    return Edge(
        Crossing(cast(ASGIApp, application), is_site=app_keys.is_site, clock=clock),
        routes=routes,
        pages=site.find,
        nothing=nothing,
        per_address=writes_limit(settings, clock),
        identity=identity,
        guard=guard,
    )


def build(
    settings: Settings,
    *,
    database_url: str,
    notify_url: str,
    sandbox_pay: str | None = None,
    clock: Clock | None = None,
    demo: bool = False,
) -> System:
    """Construct the whole system; nothing is started. `notify_url` is our own loopback address,
    `sandbox_pay` that of the sandbox gateway."""
    clock = clock or SystemClock()
    secret = installation_secret(settings.data)
    address = settings.address
    store: Any = LocalStore(prefix=settings.data / "files", mkdir=True)

    db = Database(database_url, pool_size=settings.database_pool)
    bus = MemoryBus()
    wheel = TimerWheel()
    leases = Leases(db, owner=new_id("proc"))

    platforms = connect(settings, db, leases, clock, sandbox_pay=sandbox_pay)
    sandbox_door = SandboxDoor(sandbox_pay)
    identity = _identity(settings, db, clock, secret, platforms)
    spool = Spool(settings.data / "spool")
    sharing = _sharing(settings, db, clock, spool, demo=demo)
    app_keys = AppKeys(db, clock, secret)
    outside = Outside(db, clock, secret, identity=identity, app_keys=app_keys, sharing=sharing)
    strangers = PublicOutgoing(private=settings.webhooks_private)
    webhooks = Webhooks(db, clock, secret, strangers)
    ledger = Ledger(db)
    commerce = _commerce(settings, db, platforms.gateway, ledger, notify_url, lambda: rooms)
    origin = MediaOrigin(clock=clock)
    rooms = open_rooms(settings, db, bus, origin, leases)
    privacy = Privacy(db, clock, secret, rooms, origin, ticket_s=settings.ticket_s)
    gate = Gate(privacy, identity, sharing)
    commerce.room_refusal = lambda room, jar: privacy.refusal(room, ticket=None, cookies=jar)
    recordings = recorder(settings, origin, rooms, clock)
    shelf = Shelf(db, bus, commerce)
    follows = Follows(db, bus)
    moderation = Moderation(db, bus, clock, follows)
    hub = room_hub(
        db=db, bus=bus, clock=clock, wheel=wheel, identity=identity, sharing=sharing, rooms=rooms,
        shelf=shelf, origin=origin, moderation=moderation, privacy=privacy,
        coupon_left=lambda room_id: campaigns.coupon_left(room_id),  # noqa: PLW0108 - made below
        open_coupon=lambda room_id: campaigns.open_coupon(room_id),  # noqa: PLW0108 - made below
    )  # fmt: skip
    rooms.viewers_of = hub.viewers
    captions = captioner(settings, db, origin, clock, hub)
    rtmp = RtmpServer(origin, rooms.authorize, host=settings.host, port=settings.rtmp_port)
    whip = whip_door(settings, origin, rooms, clock)
    sandbox = Sandbox()
    studio = CardStudio(sandbox, store)
    uploads = Uploads(sandbox, store)
    stills = LatestStills(origin, decoder := KeyframeDecoder(sandbox), store, clock)
    campaigns = Campaigns(db, clock, commerce, sharing, watch_ms=settings.assist_after_s * 1000)
    campaigns.on_configured.append(hub.goods_changed)
    steps = all_steps(sharing=sharing, commerce=commerce, campaigns=campaigns, hub=hub, shelf=shelf)
    relay = Relay(db, [*steps, *told_outside.steps(webhooks=webhooks, outside=outside)])
    snapshots = Snapshots(
        clock=clock, identity=identity, rooms=rooms, shelf=shelf, hub=hub, campaigns=campaigns,
        stills=stills, has_replay=partial(has_replay, recordings),
    )  # fmt: skip
    rooms.on_change.append(lambda room: snapshots.forget(room.id))
    assets = Assets(Path(front.__file__).parent / "static")
    words = Words(assets.words)
    home = HomePage(assets=assets, words=words, rooms=rooms, identity=identity, hub=hub)
    pages = Pages(
        assets=assets, words=words, snapshots=snapshots, sharing=sharing, campaigns=campaigns,
        home=home, outside=outside, gate=gate, public_url=address, wechat=platforms.wechat,
    )  # fmt: skip
    images = Images(
        studio=studio, stills=stills, snapshots=snapshots, sharing=sharing, campaigns=campaigns,
        uploads=uploads, public_url=address,
    )  # fmt: skip
    clips = Clips(origin, recordings, store)
    media = MediaDoor(origin, privacy)
    playback = Playback(clock)
    verbs = Verbs(
        sharing, campaigns, snapshots, playback, gate,
        clips=ClipMaker(clips, shelf, clock), moderation=moderation, commerce=commerce, clock=clock,
    )  # fmt: skip
    routes = hot_routes(verbs, clock)
    health = Health(db, identity, lag := LoopLag(), settings)
    health.warnings(platforms.warnings)
    playback.on_report.append(PlayerFigures(health.registry).note)
    services: dict[str, object] = {
        "identity": identity,
        "app_keys": app_keys,
        "outside": outside,
        "webhooks": webhooks,
        "commerce": commerce,
        "sandbox_door": sandbox_door,
        "wechat": platforms.wechat,
        "sharing": sharing,
        "links": _links(db, sharing, rooms, shelf),
        "campaigns": campaigns,
        "rooms": rooms,
        "privacy": privacy,
        "shelf": shelf,
        "origin": origin,
        "whip": whip,
        "recordings": recordings,
        "captions": captions,
        "hub": hub,
        "moderation": moderation,
        "follows": follows,
        "playback": playback,
        "uploads": uploads,
        "strangers": strangers,
        "insights": Insights(sharing, commerce, rooms, campaigns),
    }
    application = make_application([*CONTROLLERS, *health_routes(health)], services)
    document = partial(describe, application, routes)
    site = Site(
        pages=pages,
        home=home,
        images=images,
        clips=ClipDoor(clips, sharing),
        media=media,
        rewind=RewindDoor(recordings, privacy),
        assets=assets,
        openapi=document,
        wechat_codes=platforms.wechat.codes,
    )
    app = _edge(
        settings, clock, identity, app_keys, application, routes, site, home.nothing, gate.guard
    )
    return System(
        settings=settings,
        clock=clock,
        db=db,
        leases=leases,
        identity=identity,
        ledger=ledger,
        sandbox_door=sandbox_door,
        platforms=platforms,
        sharing=sharing,
        commerce=commerce,
        origin=origin,
        recordings=recordings,
        captions=captions,
        faces=Faces(recordings, decoder),
        rooms=rooms,
        privacy=privacy,
        shelf=shelf,
        hub=hub,
        rtmp=rtmp,
        whip=whip,
        encoding=Encoding(origin, clock, shows_max=settings.encode_480_shows),
        sandbox=sandbox,
        spool=spool,
        studio=studio,
        campaigns=campaigns,
        outside=outside,
        webhooks=webhooks,
        relay=relay,
        snapshots=snapshots,
        media=media,
        health=health,
        lag=lag,
        wheel=wheel,
        document=document,
        app=app,
    )
