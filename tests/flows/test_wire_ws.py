"""Contract with picows 2.3.1 inside uvicorn 0.54: frames, closing, refusals, draining."""

from __future__ import annotations

import asyncio
import random

import pytest
import websockets
from tests.flows.test_wire_media import blocks, route
from tests.support.wire import Tape, dialled, on_uvloop, serving, until

from yaohe.kernel.wire import (
    BINARY,
    TEXT,
    Refusal,
    WireConfig,
    WireRequest,
    WsConnection,
    ws_frame,
)
from yaohe.kernel.wire.config import Accepted

CLOSE = 0x8


class Echo:
    """Answers every message with itself and notes what happened."""

    write_high = 1 << 20

    def __init__(self) -> None:
        self.connection: WsConnection | None = None
        self.got: list[bytes] = []
        self.clogs: list[bool] = []
        self.ended = 0

    def opened(self, connection: WsConnection) -> None:
        self.connection = connection

    def received(self, payload: bytes) -> None:
        self.got.append(payload)
        assert self.connection is not None
        self.connection.write(ws_frame(BINARY, payload))

    def clogged(self, *, is_clogged: bool) -> None:
        self.clogs.append(is_clogged)

    def drain(self) -> None:
        assert self.connection is not None
        self.connection.close(3001, "shutdown")

    def closed(self) -> None:
        self.ended += 1


def stage() -> tuple[list[Echo], list[WireRequest], WireConfig]:
    echoes: list[Echo] = []
    requests: list[WireRequest] = []

    def accept(request: WireRequest) -> Accepted | Refusal:
        requests.append(request)
        if "full" in request.query:
            return Refusal(503, "busy", "Full.", (("retry-after", "3"),))
        echoes.append(Echo())
        return Accepted(echoes[-1], (("set-cookie", "yh_v=1; Path=/"),))

    given = WireConfig(
        lifespan="off",
        websockets={"/rt": accept, "/more/": accept},
        origins=frozenset({"https://shop.example"}),
    )
    return echoes, requests, given


@on_uvloop
async def test_upgrade_carries_the_request() -> None:
    echoes, requests, given = stage()
    async with serving(given) as server, dialled(server) as peer:
        cookie = "yh_v=" + "v" * 3_000
        status, fields = await peer.upgrade("/rt?lang=en", f"Cookie: a=b; {cookie}")
        assert status == 101
        assert fields["Sec-WebSocket-Accept"] == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
        assert fields["set-cookie"] == "yh_v=1; Path=/"
        peer.send_frame(TEXT, b"hello")
        assert await peer.frame() == (BINARY, b"hello")
        request = requests[0]
        assert (request.path, request.query, request.websocket) == ("/rt", "lang=en", True)
        assert request.cookies["yh_v"] == "v" * 3_000
        assert request.address == "127.0.0.1"
        assert (server.websockets, echoes[0].got) == (1, [b"hello"])
    await asyncio.sleep(0)


@pytest.mark.parametrize("size", [0, 125, 126, 8_193, 65_535, 65_536])
@on_uvloop
async def test_sizes_both_ways(size: int) -> None:
    _, _, given = stage()
    payload = random.Random(size).randbytes(size)
    async with serving(given) as server, dialled(server) as peer:
        await peer.upgrade("/more/x")
        peer.send_frame(BINARY, payload)
        assert await peer.frame() == (BINARY, payload)


@on_uvloop
async def test_four_hundred_large_frames_reach_a_slow_reader_byte_for_byte() -> None:
    echoes, _, given = stage()
    pieces = [random.Random(n).randbytes(8_193 + n * 90) for n in range(400)]
    async with serving(given) as server, dialled(server) as peer:
        await peer.upgrade("/rt")
        connection = echoes[0].connection
        assert connection is not None
        peer.writer.transport.pause_reading()  # type: ignore[attr-defined]
        for number, piece in enumerate(pieces):
            connection.write(ws_frame(BINARY, piece))
            if number % 7 == 0:
                await asyncio.sleep(0)
        assert connection.buffered > 0
        assert echoes[0].clogs == [True]
        peer.writer.transport.resume_reading()  # type: ignore[attr-defined]
        for piece in pieces:
            assert await peer.frame() == (BINARY, piece)
        await until(lambda: echoes[0].clogs == [True, False])


@on_uvloop
async def test_a_close_is_answered_at_once() -> None:
    echoes, _, given = stage()
    async with serving(given) as server:
        for code in (1000, 3500):
            async with dialled(server) as peer:
                await peer.upgrade("/rt")
                peer.send_frame(CLOSE, code.to_bytes(2, "big") + b"bye")
                opcode, payload = await peer.frame()
                assert (opcode, payload[:2]) == (CLOSE, code.to_bytes(2, "big"))
                assert await peer.at_end()
        async with websockets.connect(f"ws://127.0.0.1:{server.port}/rt") as client:
            await client.send("x")
            assert await client.recv() == b"x"
        await until(lambda: [echo.ended for echo in echoes] == [1, 1, 1])
        assert server.websockets == 0


@on_uvloop
async def test_closing_from_here() -> None:
    """The code arrives, nothing follows it, and a peer that does not answer is cut off."""
    echoes, _, given = stage()
    async with serving(given) as server, dialled(server) as peer:
        await peer.upgrade("/rt")
        connection = echoes[0].connection
        assert connection is not None
        connection.close(3008, "slow")
        connection.write(ws_frame(TEXT, b"too late"))
        connection.close(3000, "again")
        opcode, payload = await peer.frame()
        assert (opcode, int.from_bytes(payload[:2], "big"), payload[2:]) == (CLOSE, 3008, b"slow")
        assert await peer.at_end()
        await until(lambda: echoes[0].ended == 1)
        assert not connection.open
        connection.write(ws_frame(TEXT, b"nobody"))


@on_uvloop
async def test_fragments_pings_and_broken_frames() -> None:
    echoes, _, given = stage()
    async with serving(given) as server:
        async with dialled(server) as peer:
            await peer.upgrade("/rt")
            peer.send_frame(TEXT, b"ab", fin=False)
            peer.send_frame(0x9, b"ping")
            peer.send_frame(0x0, b"cd", fin=False)
            peer.send_frame(0x0, b"ef")
            assert await peer.frame() == (0xA, b"ping")
            assert await peer.frame() == (BINARY, b"abcdef")
        broken: list[tuple[int, list[tuple[int, bytes, bool]]]] = [
            (1002, [(0x0, b"x", True)]),
            (1002, [(TEXT, b"a", False), (TEXT, b"b", True)]),
            (1009, [(TEXT, b"a" * 40_000, False), (0x0, b"b" * 40_000, True)]),
            (1009, [(TEXT, b"a" * 70_000, True)]),
            (1002, [(0x3, b"?", True)]),
        ]
        for code, frames in broken:
            async with dialled(server) as peer:
                await peer.upgrade("/rt")
                for opcode, payload, fin in frames:
                    peer.send_frame(opcode, payload, fin=fin)
                opcode, payload = await peer.frame()
                assert (opcode, int.from_bytes(payload[:2], "big")) == (CLOSE, code)
                assert await peer.at_end()
        await until(lambda: all(echo.ended == 1 for echo in echoes))


@on_uvloop
async def test_pings_of_a_peer_that_does_not_read_are_not_answered_without_end() -> None:
    echoes, _, given = stage()
    ping = bytes((0x89, 0x80 | 125, 0, 0, 0, 0)) + bytes(125)
    async with serving(given) as server, dialled(server) as peer:
        await peer.upgrade("/rt")
        connection = echoes[0].connection
        assert connection is not None
        peer.writer.transport.pause_reading()  # type: ignore[attr-defined]
        most = 0
        for _ in range(100):
            peer.writer.write(ping * 400)
            await peer.writer.drain()
            most = max(most, connection.buffered)
        peer.send_frame(TEXT, b"over")
        await until(lambda: echoes[0].got == [b"over"])
        assert max(most, connection.buffered) < 200_000
        peer.writer.transport.resume_reading()  # type: ignore[attr-defined]
        opcode = 0xA
        while opcode == 0xA:
            opcode, payload = await peer.frame()
        assert (opcode, payload) == (BINARY, b"over")
        peer.send_frame(0x9, b"there?")
        assert await peer.frame() == (0xA, b"there?")


@pytest.mark.parametrize(
    ("origin", "status"),
    [
        ("http://yaohe.test", 101),
        ("https://yaohe.test", 101),
        ("https://shop.example", 101),
        ("https://evil.example", 403),
        ("http://yaohe.test.evil.example", 403),
        ("null", 403),
        ("file://yaohe.test", 403),
    ],
)
@on_uvloop
async def test_origins(origin: str, status: int) -> None:
    _, _, given = stage()
    async with serving(given) as server, dialled(server) as peer:
        assert (await peer.upgrade("/rt", f"Origin: {origin}"))[0] == status


@on_uvloop
async def test_refusals_are_plain_http() -> None:
    echoes, _, given = stage()
    async with serving(given) as server:
        async with dialled(server) as peer:
            status, fields = await peer.upgrade("/rt?full=1")
            assert (status, fields["retry-after"]) == (503, "3")
        async with dialled(server) as peer:
            assert (await peer.upgrade("/nowhere"))[0] == 404
        for field, status in (
            ("Sec-WebSocket-Version: 8", 426),
            ("Sec-WebSocket-Key: short", 400),
        ):
            async with dialled(server) as peer:
                name = field.split(":", maxsplit=1)[0]
                fields = {
                    "Host": "x",
                    "Upgrade": "websocket",
                    "Connection": "Upgrade",
                    "Sec-WebSocket-Version": "13",
                    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
                }
                fields[name] = field.split(": ")[1]
                text = "".join(f"{n}: {v}\r\n" for n, v in fields.items())
                peer.send(f"GET /rt HTTP/1.1\r\n{text}\r\n")
                assert (await peer.answer())[0] == status
        await until(lambda: server.state.turnstile.total == 0)
    assert not echoes


@on_uvloop
async def test_a_message_right_behind_the_upgrade_is_kept() -> None:
    _, _, given = stage()
    async with serving(given) as server, dialled(server) as peer:
        peer.send(
            b"GET /rt HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
            + bytes([0x82, 0x80 | 126])
            + (5_000).to_bytes(2, "big")
            + bytes(4)
            + b"e" * 5_000
        )
        assert (await peer.head())[0] == 101
        assert await peer.frame() == (BINARY, b"e" * 5_000)


@on_uvloop
async def test_draining_closes_with_the_listeners_code() -> None:
    echoes, _, given = stage()
    async with serving(given) as server, dialled(server) as peer:
        await peer.upgrade("/rt")
        await server.stop()
        opcode, payload = await peer.frame()
        assert (opcode, int.from_bytes(payload[:2], "big")) == (CLOSE, 3001)
    await until(lambda: echoes[0].ended == 1)


@on_uvloop
async def test_a_stream_over_websocket() -> None:
    tape, pieces = Tape(), blocks(120)
    current = [tape]
    usual = route(tape)

    def media(request: WireRequest) -> Tape | Refusal | None:
        return current[0] if request.path == "/live/tea/ws" else None

    given = WireConfig(lifespan="off", media=media, limits=usual.limits)
    async with serving(given) as server, dialled(server) as peer:
        assert (await peer.upgrade("/live/tea/ws"))[0] == 101
        assert await peer.frame() == (TEXT, b'{"epoch":1}')
        assert await peer.frame() == (BINARY, b"INIT")
        peer.writer.transport.pause_reading()  # type: ignore[attr-defined]
        for piece in pieces:
            tape.append(piece)
        peer.writer.transport.resume_reading()  # type: ignore[attr-defined]
        for piece in pieces:
            assert await peer.frame() == (BINARY, piece)
        following = Tape(init=b"INIT2", greeting='{"epoch":2}')
        following.append(b"z")
        current[0] = following
        tape.end()
        assert await peer.frame() == (TEXT, b'{"epoch":2}')
        assert await peer.frame() == (BINARY, b"INIT2")
        assert await peer.frame() == (BINARY, b"z")
        assert (server.viewers, tape.wakes) == (1, {})
        following.end()
        opcode, payload = await peer.frame()
        assert (opcode, int.from_bytes(payload[:2], "big")) == (CLOSE, 1012)
        assert await peer.at_end()
    assert server.viewers == 0
    async with serving(given) as server, dialled(server) as peer:
        assert (await peer.upgrade("/live/other/ws"))[0] == 404
