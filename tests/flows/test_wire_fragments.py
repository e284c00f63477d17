"""The fragment log through the wire: where a viewer begins, how a slow one goes on, how it ends."""

from __future__ import annotations

import asyncio
import json
import random

from tests.support.private import nothing_private
from tests.support.wire import Peer, dialled, on_uvloop, serving, until

from yaohe.front.media import MediaDoor
from yaohe.kernel.wire import BINARY, TEXT, WireConfig
from yaohe.live.media import FragmentLog, MediaOrigin

GET = "GET /live/tea/stream.mp4 HTTP/1.1\r\nHost: x\r\n\r\n"
GOP = 10


class Publisher:
    """Appends fragments that name themselves in their first bytes."""

    def __init__(self, log: FragmentLog) -> None:
        self.log, self.number = log, 0

    def begin(self, init: bytes) -> None:
        self.log.open_epoch(init=init, codecs="avc1.64001f,mp4a.40.2", width=720, height=1280)
        self.number = 0

    def append(self, size: int = 30_000) -> None:
        n = self.number
        key = n % GOP == 0
        name = f"{'K' if key else 'd'}{n:06d}".encode()
        self.log.append(
            name + random.randbytes(size), keyframe=key, dts_ms=n * 200, duration_ms=200
        )
        self.number += 1


def stage() -> tuple[MediaOrigin, Publisher, WireConfig]:
    origin = MediaOrigin()
    publisher = Publisher(origin.open("tea"))
    config = WireConfig(lifespan="off", media=MediaDoor(origin, nothing_private()).stream)
    return origin, publisher, config


async def names(peer: Peer) -> list[str]:
    """The names of the fragments up to the end of the body."""
    found = []
    while data := await peer.chunk():
        found.append(data[:7].decode())
    return found


@on_uvloop
async def test_a_viewer_begins_at_the_last_keyframe_and_ends_with_the_epoch() -> None:
    _, publisher, config = stage()
    async with serving(config) as server, dialled(server) as peer:
        peer.send(GET)
        status, _, body = await peer.answer()
        assert (status, b"not_live" in body) == (404, True)
        publisher.begin(b"INIT1")
        for _ in range(23):
            publisher.append()
        peer.send(GET)
        _, fields = await peer.head()
        assert fields["x-yaohe-codecs"] == "avc1.64001f,mp4a.40.2"
        epoch = int(fields["x-yaohe-epoch"])
        assert await peer.chunk() == b"INIT1"
        for name in (b"K000020", b"d000021", b"d000022"):
            assert (await peer.chunk())[:7] == name
        publisher.append()
        publisher.begin(b"INIT2")
        publisher.append()
        assert await names(peer) == ["d000023"]
        assert await peer.at_end()
        async with dialled(server) as again:
            again.send(GET)
            _, fields = await again.head()
            assert int(fields["x-yaohe-epoch"]) > epoch
            assert await again.chunk() == b"INIT2"
            assert (await again.chunk())[:7] == b"K000000"
            publisher.log.end()
            assert await names(again) == []
        assert server.viewers == 0


@on_uvloop
async def test_a_slow_viewer_goes_on_at_a_keyframe() -> None:
    _, publisher, config = stage()
    publisher.begin(b"INIT")
    publisher.append()
    async with serving(config) as server, dialled(server) as peer:
        peer.send(GET)
        await until(lambda: server.viewers == 1)
        peer.writer.transport.pause_reading()  # type: ignore[attr-defined]
        for _ in range(400):
            publisher.append(60_000)
            await asyncio.sleep(0)
        peer.writer.transport.resume_reading()  # type: ignore[attr-defined]
        await asyncio.sleep(0.3)
        publisher.append()
        publisher.log.end()
        await peer.head()
        assert await peer.chunk() == b"INIT"
        got = await names(peer)
        numbers = [int(name[1:]) for name in got]
        assert numbers[-1] == 401
        jumps = [n for n, before in zip(got[1:], numbers, strict=False) if int(n[1:]) != before + 1]
        assert jumps
        assert all(name.startswith("K") for name in jumps)


@on_uvloop
async def test_websocket_viewers_go_over_to_the_next_epoch() -> None:
    _, publisher, config = stage()
    publisher.begin(b"INIT1")
    publisher.append()
    async with serving(config) as server, dialled(server) as peer:
        assert (await peer.upgrade("/live/tea/ws"))[0] == 101
        opcode, payload = await peer.frame()
        assert opcode == TEXT
        first = json.loads(payload)
        assert (first["w"], first["h"]) == (720, 1280)
        assert await peer.frame() == (BINARY, b"INIT1")
        assert (await peer.frame())[1][:7] == b"K000000"
        publisher.log.set_live(False)
        publisher.begin(b"INIT2")
        publisher.append()
        second = json.loads((await peer.frame())[1])
        assert second["epoch"] > first["epoch"]
        assert await peer.frame() == (BINARY, b"INIT2")
        assert (await peer.frame())[1][:7] == b"K000000"
        async with dialled(server) as other:
            assert (await other.upgrade("/live/none/ws"))[0] == 404
