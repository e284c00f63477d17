"""Contract with uvloop 0.23 and uvicorn 0.54: taking an HTTP connection over for a stream."""

from __future__ import annotations

import asyncio
import random
import socket
import ssl
from pathlib import Path

import pytest
from tests.flows.test_wire_http import make_certificate
from tests.support.wire import Peer, Tape, dialled, on_uvloop, serving, until

from yaohe.kernel.wire import (
    MediaSource,
    Refusal,
    TimerWheel,
    WireConfig,
    WireLimits,
    WireRequest,
)
from yaohe.kernel.wire.media import Fanouts, Viewer
from yaohe.kernel.wire.tuning import has_bbr


def route(tape: Tape) -> WireConfig:
    def media(request: WireRequest) -> MediaSource | Refusal | None:
        if request.path == "/live/tea/stream.mp4" or request.path == "/live/tea/ws":
            return tape
        if request.path == "/live/dark/stream.mp4":
            return Refusal(404, "not_live", "Nobody is live here.", (("retry-after", "1"),))
        return None

    return WireConfig(lifespan="off", media=media, limits=WireLimits(stalled_s_max=1.0))


GET = "GET /live/tea/stream.mp4 HTTP/1.1\r\nHost: x\r\n\r\n"


def blocks(count: int, size: int = 37_500) -> list[bytes]:
    """Pieces nobody can confuse: each is random from its own number."""
    return [random.Random(number).randbytes(size + number) for number in range(count)]


async def body_of(peer: Peer) -> list[bytes]:
    found = []
    while data := await peer.chunk():
        found.append(data)
    return found


@on_uvloop
async def test_a_stream_begins_with_its_head_and_ends_cleanly() -> None:
    tape = Tape()
    tape.append(b"one")
    async with serving(route(tape)) as server, dialled(server) as peer:
        peer.send(GET)
        status, fields = await peer.head()
        assert status == 200
        assert fields["content-type"] == "video/mp4"
        assert fields["x-epoch"] == "1"
        assert fields["transfer-encoding"] == "chunked"
        assert fields["connection"] == "close"
        assert [await peer.chunk(), await peer.chunk()] == [b"INIT", b"one"]
        tape.append(b"two")
        assert await peer.chunk() == b"two"
        assert server.viewers == 1
        tape.end()
        assert await peer.chunk() == b""
        assert await peer.at_end()
        assert (server.viewers, tape.wakes) == (0, {})
        await until(lambda: server.state.turnstile.total == 0)


@on_uvloop
async def test_four_hundred_pieces_reach_slow_and_fast_readers_byte_for_byte() -> None:
    tape, pieces = Tape(), blocks(400)
    async with (
        serving(route(tape)) as server,
        dialled(server) as fast,
        dialled(server) as slow,
        dialled(server) as old,
    ):
        fast.send(GET)
        slow.send(GET)
        old.send("GET /live/tea/stream.mp4 HTTP/1.0\r\n\r\n")
        await until(lambda: server.viewers == 3)
        slow.writer.transport.pause_reading()  # type: ignore[attr-defined]
        old.writer.transport.pause_reading()  # type: ignore[attr-defined]
        for number, piece in enumerate(pieces):
            tape.append(piece)
            if number % 20 == 0:
                await asyncio.sleep(0)
        tape.end()

        async def read(peer: Peer) -> list[bytes]:
            await peer.head()
            return await body_of(peer)

        assert await read(fast) == [b"INIT", *pieces]
        slow.writer.transport.resume_reading()  # type: ignore[attr-defined]
        assert await read(slow) == [b"INIT", *pieces]
        old.writer.transport.resume_reading()  # type: ignore[attr-defined]
        _, fields = await old.head()
        assert "transfer-encoding" not in fields
        assert await old.reader.read(-1) == b"INIT" + b"".join(pieces)


@on_uvloop
async def test_little_hides_before_a_reader_counts_as_slow() -> None:
    """TCP_NOTSENT_LOWAT: without it the kernel takes megabytes before the writer notices."""
    tape = Tape()
    async with serving(route(tape)) as server, dialled(server) as peer:
        peer.send(GET)
        await until(lambda: server.viewers == 1)
        peer.writer.transport.pause_reading()  # type: ignore[attr-defined]
        viewer = next(iter(server.state.fanouts.of(tape)._viewers))  # type: ignore[arg-type]
        written = 0
        while not viewer.paused and written < 20_000_000:
            tape.append(b"x" * 37_500)
            written += 37_500
            await asyncio.sleep(0.002)
        assert viewer.paused
        # The receiver's own window is the bulk of it on loopback.
        assert written < 8_000_000


@pytest.mark.skipif(not has_bbr(), reason="this kernel has no BBR loaded")
@on_uvloop
async def test_what_a_line_loses_on_the_air_slows_no_stream() -> None:
    async with serving(route(Tape())) as server:
        listening = server._sockets[0]
        listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_CONGESTION, b"reno")
        async with dialled(server) as peer:
            peer.send(GET)
            await until(lambda: server.viewers == 1)
            (viewer,) = server._server.server_state.connections
            sock = viewer._transport.get_extra_info("socket")  # type: ignore[union-attr]
            kind = sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_CONGESTION, 16)
    assert kind.rstrip(b"\0") == b"bbr"


@on_uvloop
async def test_a_cursor_that_jumps_never_cuts_a_piece() -> None:
    tape, pieces = Tape(lag_max=30), blocks(300)
    async with serving(route(tape)) as server, dialled(server) as peer:
        peer.send(GET)
        await until(lambda: server.viewers == 1)
        peer.writer.transport.pause_reading()  # type: ignore[attr-defined]
        for piece in pieces:
            tape.append(piece)
            await asyncio.sleep(0)
        peer.writer.transport.resume_reading()  # type: ignore[attr-defined]
        await asyncio.sleep(0.2)
        tape.end()
        await peer.head()
        assert await peer.chunk() == b"INIT"
        got = [pieces.index(data) for data in await body_of(peer)]
        assert got == sorted(got)
        assert got[-1] == 299
        assert len(got) < 300


class Shut:
    """The outlet of a viewer whose bytes nobody looks at."""

    def finish(self) -> None:
        raise AssertionError("the log goes on")

    def abort(self) -> None:
        raise AssertionError("nobody is sent away")


def test_who_is_let_go_twice_takes_no_newcomer_along() -> None:
    """A viewer that is cut hears of it again when its connection is gone."""
    tape, fanouts = Tape(), Fanouts(TimerWheel(), 1.0)

    def watching() -> Viewer:
        viewer = Viewer(fanouts.of(tape), Shut(), bytes, lambda _: None)
        viewer.start()
        return viewer

    cut = watching()
    cut.stop()
    assert fanouts.viewers == 0
    watching()
    cut.stop()
    assert fanouts.viewers == 1
    watching()
    assert (fanouts.viewers, len(tape.wakes)) == (2, 1)


@on_uvloop
async def test_pipelined_and_kept_connections() -> None:
    """A stream asked for behind other requests begins after their answers."""
    tape = Tape()
    async with serving(route(tape)) as server:
        async with dialled(server) as peer:
            peer.send("GET /a HTTP/1.1\r\nHost: x\r\n\r\n")
            assert (await peer.answer())[2].startswith(b"/a")
            peer.send(
                "GET /slow HTTP/1.1\r\nHost: x\r\n\r\nGET /b HTTP/1.1\r\nHost: x\r\n\r\n"
                + GET
                + "GET /never HTTP/1.1\r\nHost: x\r\n\r\n"
            )
            assert (await peer.answer())[2].startswith(b"/slow")
            assert (await peer.answer())[2].startswith(b"/b")
            assert (await peer.head())[1]["transfer-encoding"] == "chunked"
            assert await peer.chunk() == b"INIT"
            tape.append(b"x")
            assert await peer.chunk() == b"x"
        await until(lambda: server.viewers == 0)
        async with dialled(server) as peer:
            peer.send("GET /slow HTTP/1.1\r\nHost: x\r\n\r\n" + GET)
            await asyncio.sleep(0.05)
        await until(lambda: server.state.turnstile.total == 0)
        assert server.viewers == 0


@on_uvloop
async def test_other_answers_on_media_paths() -> None:
    async with serving(route(Tape())) as server, dialled(server) as peer:
        peer.send("HEAD /live/tea/stream.mp4 HTTP/1.1\r\nHost: x\r\n\r\n")
        status, fields = await peer.head()
        assert (status, fields["x-epoch"]) == (200, "1")
        peer.send("GET /live/dark/stream.mp4 HTTP/1.1\r\nHost: x\r\n\r\n")
        status, fields, body = await peer.answer()
        assert (status, fields["retry-after"]) == (404, "1")
        assert b"not_live" in body
        peer.send("GET /live/tea/index.m3u8 HTTP/1.1\r\nHost: x\r\n\r\n")
        assert (await peer.answer())[2].startswith(b"/live/tea/index.m3u8")
        peer.send("POST /live/tea/stream.mp4 HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\nx")
        assert (await peer.answer())[2].startswith(b"/live/tea/stream.mp4 1")


@pytest.mark.parametrize("reads", [True, False])
@on_uvloop
async def test_a_viewer_who_leaves_is_forgotten(reads: bool) -> None:
    tape = Tape()
    async with serving(route(tape)) as server:
        async with dialled(server) as peer:
            peer.send(GET)
            await until(lambda: server.viewers == 1)
            if not reads:
                peer.writer.transport.pause_reading()  # type: ignore[attr-defined]
            for _ in range(200):
                tape.append(b"y" * 37_500)
            if not reads:
                # Stalled for longer than allowed: let go without being asked.
                await until(lambda: server.viewers == 0)
        await until(lambda: server.connections == 0 and server.viewers == 0)
        assert tape.wakes == {}


@on_uvloop
async def test_draining_ends_streams_with_their_last_chunk() -> None:
    tape = Tape()
    async with serving(route(tape)) as server, dialled(server) as peer, dialled(server) as slow:
        peer.send(GET)
        slow.send(GET)
        await until(lambda: server.viewers == 2)
        slow.writer.transport.pause_reading()  # type: ignore[attr-defined]
        for piece in blocks(200):
            tape.append(piece)
        reading = asyncio.create_task(body_and_head(peer))
        await asyncio.sleep(0.1)
        await server.stop()
        assert len(await reading) > 1


async def body_and_head(peer: Peer) -> list[bytes]:
    await peer.head()
    return await body_of(peer)


@on_uvloop
async def test_a_stream_over_tls(tmp_path: Path) -> None:
    cert, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    make_certificate(cert, key)
    tape, pieces = Tape(), blocks(60)
    plain = route(tape)
    given = WireConfig(lifespan="off", media=plain.media, tls_cert=cert, tls_key=key)
    async with serving(given) as server:
        context = ssl.create_default_context(cafile=str(cert))
        peer = Peer(
            *await asyncio.open_connection(
                "127.0.0.1", server.port, ssl=context, server_hostname="localhost"
            )
        )
        peer.send(GET)
        await until(lambda: server.viewers == 1)
        for piece in pieces:
            tape.append(piece)
        tape.end()
        assert await body_and_head(peer) == [b"INIT", *pieces]
        await peer.close()
