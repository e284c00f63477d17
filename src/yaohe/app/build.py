"""The composition root: the parts of the house, and in front of them what the network meets."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, Final, cast

from litestar import Litestar

from yaohe import front
from yaohe.app.controllers import CONTROLLERS
from yaohe.app.health import Health, LoopLag
from yaohe.app.house import House
from yaohe.app.http import health_routes, make_application
from yaohe.app.openapi import describe
from yaohe.app.players import PlayerFigures
from yaohe.app.settings import Settings
from yaohe.front.assets import Assets
from yaohe.front.clips import ClipDoor, ClipMaker
from yaohe.front.crossing import Crossing
from yaohe.front.edge import Edge
from yaohe.front.embeds import Embeds
from yaohe.front.home import HomePage
from yaohe.front.images import Images
from yaohe.front.landings import Landings
from yaohe.front.media import MediaDoor
from yaohe.front.oembed import Oembed
from yaohe.front.pages import Pages
from yaohe.front.request import ASGIApp
from yaohe.front.rewind import RewindDoor
from yaohe.front.shop import ShopDocument
from yaohe.front.site import Site
from yaohe.front.verbs import Verbs, hot_routes
from yaohe.front.words import Words
from yaohe.identity import SHOP_ID
from yaohe.kernel.clock import Clock, SystemClock
from yaohe.kernel.limits import Limit

# The parts that controllers may name as an argument.
SERVICES: Final = (
    "identity", "app_keys", "outside", "webhooks", "commerce", "sandbox_door", "sharing", "links",
    "campaigns", "rooms", "privacy", "shelf", "origin", "whip", "recordings", "captions", "hub",
    "moderation", "follows", "playback", "uploads", "strangers", "insights", "people",
)  # fmt: skip


class System(House):
    """Everything that runs, by name. Built once; started and stopped by `roles`."""

    app: Edge
    document: Callable[[], dict[str, Any]]
    media: MediaDoor
    health: Health
    lag: LoopLag


def writes_limit(settings: Settings, clock: Clock) -> Limit:
    """How much one address may change; wide, because carriers put a city behind one."""
    per_second = settings.writes_per_address_s
    return Limit(clock, burst=per_second * 10, per_second=per_second)


def _health(system: System) -> None:
    system.lag = LoopLag()
    system.health = Health(system.db, system.identity, system.lag, system.settings)

    async def warnings() -> dict[str, str]:
        return await system.platforms.warnings() | await system.commerce.payment_warnings()

    system.health.warnings(warnings)
    system.playback.on_report.append(PlayerFigures(system.health.registry).note)


def _application(system: System) -> Litestar:
    services: dict[str, object] = {name: getattr(system, name) for name in SERVICES}
    services["wechat"] = system.platforms.wechat
    return make_application([*CONTROLLERS, *health_routes(system.health)], services)


def _verbs(system: System) -> Verbs:
    return Verbs(
        system.sharing, system.campaigns, system.snapshots, system.playback, system.gate,
        clips=ClipMaker(system.clips, system.shelf, system.clock), moderation=system.moderation,
        commerce=system.commerce, clock=system.clock,
    )  # fmt: skip


def _pages(
    system: System, assets: Assets, words: Words, home: HomePage, landings: Landings
) -> Pages:
    return Pages(
        assets=assets, words=words, snapshots=system.snapshots, sharing=system.sharing,
        campaigns=system.campaigns, home=home, outside=system.outside, gate=system.gate,
        landings=landings,
        public_url=system.settings.address, wechat=system.platforms.wechat,
        ask_consent=system.settings.consent == "strict",
    )  # fmt: skip


def _embeds(system: System, assets: Assets, words: Words, home: HomePage, pages: Pages) -> Embeds:
    return Embeds(
        assets=assets, words=words, snapshots=system.snapshots, sharing=system.sharing,
        identity=system.identity, home=home, pages=pages, gate=system.gate,
        sites=partial(system.app_keys.sites, SHOP_ID), public_url=system.settings.address,
    )  # fmt: skip


def _site(
    system: System, assets: Assets, words: Words, home: HomePage, pages: Pages, embeds: Embeds
) -> Site:
    address, wechat = system.settings.address, system.platforms.wechat
    return Site(
        pages=pages,
        embeds=embeds,
        oembed=Oembed(
            snapshots=system.snapshots, sharing=system.sharing, gate=system.gate,
            public_url=address,
        ),
        home=home,
        shop=ShopDocument(
            assets=assets, words=words, identity=system.identity, commerce=system.commerce
        ),
        images=Images(
            studio=system.studio, stills=system.stills, snapshots=system.snapshots,
            sharing=system.sharing, campaigns=system.campaigns, uploads=system.uploads,
            public_url=address,
        ),
        clips=ClipDoor(system.clips, system.sharing),
        media=system.media,
        rewind=RewindDoor(system.recordings, system.privacy),
        assets=assets,
        openapi=system.document,
        wechat_codes=wechat.codes,
    )  # fmt: skip


def _edge(system: System) -> Edge:
    """What every request meets first."""
    assets = Assets(Path(front.__file__).parent / "static")
    words = Words(assets.words)
    home = HomePage(
        assets=assets, words=words, rooms=system.rooms, identity=system.identity, hub=system.hub
    )
    landings = Landings(
        sharing=system.sharing, snapshots=system.snapshots, gate=system.gate,
        public_url=system.settings.address,
    )  # fmt: skip
    pages = _pages(system, assets, words, home, landings)
    embeds = _embeds(system, assets, words, home, pages)
    keys, clock = system.app_keys, system.clock
    application = _application(system)
    routes = (*hot_routes(_verbs(system), clock), embeds.route(clock), landings.route(clock))
    system.document = partial(describe, application, routes)
    return Edge(
        Crossing(cast(ASGIApp, application), is_site=keys.is_site, clock=clock),
        routes=routes,
        pages=_site(system, assets, words, home, pages, embeds).find,
        nothing=home.nothing,
        per_address=writes_limit(system.settings, clock),
        identity=system.identity,
        guard=system.gate.guard,
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
    """Construct the whole system; nothing is started."""
    system = System(
        settings,
        clock or SystemClock(),
        database_url=database_url,
        notify_url=notify_url,
        sandbox_pay=sandbox_pay,
        demo=demo,
    )
    _health(system)
    system.media = MediaDoor(system.origin, system.privacy)
    system.app = _edge(system)
    return system
