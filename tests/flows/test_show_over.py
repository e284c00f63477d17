"""The host ends the show, and an encoder that connects again by itself does not undo it."""

from __future__ import annotations

import asyncio
import json

import pytest
from tests.support.media import clip
from tests.support.rtmp_encoder import Encoder, clip_bytes, connected, opening, publishing
from tests.support.shop import until

from yaohe.kernel.bus import MemoryBus
from yaohe.kernel.db import Database
from yaohe.kernel.lease import Leases
from yaohe.live.media import MediaOrigin, RtmpServer
from yaohe.live.rooms import NewRoom, Room, Rooms

pytestmark = pytest.mark.db

CLIP = clip(1.0)


class House:
    """Rooms with their RTMP port, and every status that viewers of the room are told."""

    def __init__(self, db: Database) -> None:
        self.bus, self.origin = MemoryBus(), MediaOrigin()
        self.rooms = Rooms(
            db,
            self.bus,
            self.origin,
            Leases(db, owner="here"),
            public_url="http://shop.test",
            rtmp_port=0,
            grace_s=60,
        )
        self.server = RtmpServer(self.origin, self.rooms.authorize, host="127.0.0.1", port=0)
        self.told: list[str] = []

    async def open(self) -> Room:
        room = await self.rooms.create(NewRoom(title="春茶", host_name="小林"))
        self.bus.subscribe(f"room.{room.id}.state", self._note)
        return room

    def _note(self, _: str, payload: bytes) -> None:
        self.told.append(json.loads(payload)["status"])

    async def status(self, room: Room, wanted: str) -> None:
        async def there() -> bool:
            return (await self.rooms.get(room.id)).status == wanted

        await until(there)


async def publish(encoder: Encoder, room: Room) -> None:
    await encoder.send(opening() + publishing(room.stream_key) + clip_bytes(CLIP))


async def test_an_encoder_that_reconnects_waits_for_the_hosts_word(db: Database) -> None:
    house = House(db)
    await house.server.start()
    running = asyncio.create_task(house.rooms.run())
    try:
        room = await house.open()
        async with connected(house.server.port) as encoder:
            await publish(encoder, room)
            await house.status(room, "live")
            await house.rooms.end(room.id)
            await encoder.listen()
            assert (encoder.codes[-1], encoder.closed) == ("NetStream.Publish.BadName", True)
            assert "ended this show" in encoder.words
        for _ in range(3):
            async with connected(house.server.port) as again:
                await again.send(opening() + publishing(room.stream_key))
                await again.listen()
                assert again.codes == ["NetConnection.Connect.Success", "NetStream.Publish.BadName"]
        assert house.told == ["live", "ended"]
        await house.rooms.let_in(room.id)
        async with connected(house.server.port) as again:
            await publish(again, room)
            await house.status(room, "live")
        lines = [(one.kind, one.reason) for one in await house.rooms.publish_log(room.id)]
        assert lines.count(("refused", "show_over")) == 3
        assert ("stopped", "show_over") in lines
    finally:
        running.cancel()
        await house.server.close()
