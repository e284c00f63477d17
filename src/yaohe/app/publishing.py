"""Rooms, and the door browsers publish through, as the settings want them."""

from __future__ import annotations

from yaohe.app.settings import Settings
from yaohe.kernel.bus import Bus
from yaohe.kernel.clock import Clock
from yaohe.kernel.db import Database
from yaohe.kernel.lease import Leases
from yaohe.kernel.webrtc import Gateway, Network
from yaohe.live.media import MediaOrigin
from yaohe.live.rooms import Rooms
from yaohe.live.whip import Whip


def open_rooms(
    settings: Settings, db: Database, bus: Bus, origin: MediaOrigin, leases: Leases
) -> Rooms:
    return Rooms(
        db,
        bus,
        origin,
        leases,
        public_url=settings.address,
        rtmp_port=settings.rtmp_port,
        grace_s=settings.grace_s,
    )


def whip_door(settings: Settings, origin: MediaOrigin, rooms: Rooms, clock: Clock) -> Whip:
    return Whip(
        origin,
        rooms.authorize,
        Gateway(Network(host=settings.host, ports=settings.udp_ports)),
        clock,
        addresses=settings.webrtc_addresses,
        ice_servers=settings.ice_links,
    )
