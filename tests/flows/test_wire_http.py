"""Contract with uvicorn 0.54 and httptools 0.9: bounds on requests, and pages that still work."""

from __future__ import annotations

import asyncio
import contextlib
import re
import socket
import ssl
from pathlib import Path
from typing import Any

import pytest
from tests.support.wire import Peer, dialled, on_uvloop, serving, until

from yaohe.kernel.wire import PortTaken, WireConfig, WireLimits, WireServer, serve

NO_BODY = (b"content-length", b"0")


def config(**limits: float) -> WireConfig:
    return WireConfig(lifespan="off", limits=WireLimits(**limits))  # type: ignore[arg-type]


@on_uvloop
async def test_plain_requests_keep_alive_and_pipelining() -> None:
    async with serving() as server, dialled(server) as peer:
        peer.send("GET /a HTTP/1.1\r\nHost: x\r\n\r\n")
        assert (await peer.answer())[2] == b"/a 0 127.0.0.1"
        peer.send(
            "GET /slow HTTP/1.1\r\nHost: x\r\n\r\n"
            "POST /b HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nxyz"
            "GET /c HTTP/1.1\r\nHost: x\r\n\r\n"
        )
        bodies = [(await peer.answer())[2] for _ in range(3)]
        assert bodies == [b"/slow 0 127.0.0.1", b"/b 3 127.0.0.1", b"/c 0 127.0.0.1"]


@pytest.mark.parametrize("steps", [1, 40])
@on_uvloop
async def test_a_head_over_the_limit_is_refused(steps: int) -> None:
    """In one piece and drop by drop; one long field and many short ones."""
    for field in ("X-Long: " + "a" * 20_000, "\r\n".join(f"X-{n}: {n}" for n in range(3_000))):
        async with serving() as server, dialled(server) as peer:
            text = f"GET / HTTP/1.1\r\nHost: x\r\n{field}\r\n\r\n"
            size = len(text) // steps + 1
            for start in range(0, len(text), size):
                peer.send(text[start : start + size])
                await asyncio.sleep(0.002)
            status, fields, body = await peer.answer()
            assert status == 431
            assert b'"head_too_large"' in body
            assert fields["connection"] == "close"
            assert await peer.at_end()


@on_uvloop
async def test_a_large_body_is_no_large_head() -> None:
    async with serving() as server, dialled(server) as peer:
        peer.send("POST /b HTTP/1.1\r\nHost: x\r\nContent-Length: 300000\r\n\r\n")
        for _ in range(30):
            peer.send(b"z" * 10_000)
            await peer.writer.drain()
        assert (await peer.answer())[2] == b"/b 300000 127.0.0.1"
        peer.send("GET /after HTTP/1.1\r\nHost: x\r\n\r\n")
        assert (await peer.answer())[2] == b"/after 0 127.0.0.1"


@on_uvloop
async def test_a_slow_head_is_refused() -> None:
    """The first on a connection, and a later one on a connection kept alive."""
    async with serving(config(head_s_max=0.4)) as server:
        async with dialled(server) as peer:
            peer.send("GET / HTTP/1.1\r\nX-Slow")
            assert (await peer.answer())[0] == 408
            assert await peer.at_end()
        async with dialled(server) as peer:
            peer.send("GET /a HTTP/1.1\r\nHost: x\r\n\r\n")
            assert (await peer.answer())[0] == 200
            peer.send("GET /b HTTP/1.1\r\nX-Slow")
            assert (await peer.answer())[0] == 408


@on_uvloop
async def test_a_slow_body_is_refused() -> None:
    head = "POST /b HTTP/1.1\r\nHost: x\r\nContent-Length: 900\r\n\r\n"
    async with serving(config(body_s_max=0.4)) as server:
        async with dialled(server) as peer:
            peer.send(head)
            for _ in range(3):
                await asyncio.sleep(0.05)
                peer.send("x")
            status, _, body = await peer.answer()
            assert (status, b'"body_late"' in body) == (408, True)
            assert await peer.at_end()
        async with dialled(server) as peer:
            peer.send(head + "z" * 899)
            await asyncio.sleep(0.05)
            peer.send("z")
            assert (await peer.answer())[2] == b"/b 900 127.0.0.1"
            await asyncio.sleep(1.3)  # the wheel turned twice: a whole body is late no more
            peer.send("GET /again HTTP/1.1\r\nHost: x\r\n\r\n")
            assert (await peer.answer())[0] == 200
        await until(lambda: server.connections == 0)


@on_uvloop
async def test_a_body_that_comes_after_its_answer_holds_no_connection() -> None:
    async def hasty(_scope: Any, _receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 404, "headers": [NO_BODY]})
        await send({"type": "http.response.body", "body": b""})

    async with serving(config(body_s_max=0.4), hasty) as server, dialled(server) as peer:
        peer.send("POST /b HTTP/1.1\r\nHost: x\r\nContent-Length: 900\r\n\r\nx")
        assert (await peer.answer())[0] == 404
        assert await peer.at_end()
        await until(lambda: server.connections == 0)


@on_uvloop
async def test_a_slow_answer_is_not_a_slow_head() -> None:
    async with serving(config(head_s_max=0.1)) as server, dialled(server) as peer:
        await asyncio.sleep(0.05)
        peer.send("GET /slow HTTP/1.1\r\nHost: x\r\n\r\n")
        assert (await peer.answer())[0] == 200
        await asyncio.sleep(1.3)  # the wheel turned twice: an idle kept connection is no slow head
        peer.send("GET /again HTTP/1.1\r\nHost: x\r\n\r\n")
        assert (await peer.answer())[0] == 200


@on_uvloop
async def test_garbage_is_refused() -> None:
    async with serving() as server, dialled(server) as peer:
        peer.send(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\r\n\r\n")
        status, _, body = await peer.answer()
        assert status == 400
        assert b"bad_request" in body
        assert await peer.at_end()


@on_uvloop
async def test_caps_per_process_and_per_address() -> None:
    for limits in ({"connections_max": 3}, {"connections_per_address_max": 3}):
        async with serving(config(**limits)) as server:
            peers = [Peer(*await asyncio.open_connection("127.0.0.1", server.port)) for _ in "abc"]
            await until(lambda: server.state.turnstile.total == 3)
            async with dialled(server) as late:
                status, fields, body = await late.answer()
                assert (status, fields["retry-after"]) == (503, "2")
                assert b'"busy"' in body
            for peer in peers:
                await peer.close()
            await until(lambda: server.state.turnstile.total == 0)
            assert not server.state.turnstile._counts
            async with dialled(server) as peer:
                peer.send("GET /a HTTP/1.1\r\nHost: x\r\n\r\n")
                assert (await peer.answer())[0] == 200


@on_uvloop
async def test_forwarded_addresses_only_from_configured_proxies() -> None:
    request = "GET /a HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: 203.0.113.9\r\n\r\n"
    for proxies, seen in (((), b"127.0.0.1"), (("127.0.0.0/8",), b"203.0.113.9")):
        given = WireConfig(lifespan="off", trusted_proxies=proxies)
        async with serving(given) as server, dialled(server) as peer:
            peer.send(request)
            assert (await peer.answer())[2] == b"/a 0 " + seen


@on_uvloop
async def test_a_taken_port_is_a_clear_error() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        server = WireServer(None, WireConfig(lifespan="off", port=port))
        with pytest.raises(PortTaken, match=f"Port {port} is taken"):
            await server.start()


@on_uvloop
async def test_draining_finishes_answers_and_refuses_new_connections() -> None:
    told: list[str] = []
    stop = asyncio.Event()
    running: list[WireServer] = []
    given = WireConfig(lifespan="off", on_drain=lambda: told.append("drain"))
    from tests.support.wire import hello

    task = asyncio.create_task(serve(hello, given, stop=stop, ready=running.append))
    await until(lambda: bool(running))
    server = running[0]
    async with dialled(server) as busy, dialled(server) as idle:
        idle.send("GET /a HTTP/1.1\r\nHost: x\r\n\r\n")
        status, fields, _ = await idle.answer()
        assert status == 200
        assert "date" in fields
        busy.send("GET /slow HTTP/1.1\r\nHost: x\r\n\r\n")
        await asyncio.sleep(0.05)
        stop.set()
        assert (await busy.answer())[0] == 200
        assert await idle.at_end()
        await task
    assert told == ["drain"]
    with pytest.raises(OSError, match=r"."):
        await asyncio.open_connection("127.0.0.1", server.port)


@on_uvloop
async def test_tls(tmp_path: Path) -> None:
    cert, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    make_certificate(cert, key)
    given = WireConfig(lifespan="off", tls_cert=cert, tls_key=key)
    async with serving(given) as server:
        context = ssl.create_default_context(cafile=str(cert))
        reader, writer = await asyncio.open_connection(
            "127.0.0.1", server.port, ssl=context, server_hostname="localhost"
        )
        peer = Peer(reader, writer)
        peer.send("GET /a HTTP/1.1\r\nHost: x\r\n\r\n")
        assert (await peer.answer())[2] == b"/a 0 127.0.0.1"
        await peer.close()


@on_uvloop
async def test_plain_http_on_the_tls_port_is_sent_to_https(tmp_path: Path) -> None:
    cert, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    make_certificate(cert, key)
    given = WireConfig(lifespan="off", tls_cert=cert, tls_key=key)
    async with serving(given) as server:

        async def heard(*pieces: bytes) -> tuple[bytes, bytes]:
            """The head and the body of the answer."""
            reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
            for piece in pieces:
                writer.write(piece)
                await writer.drain()
                await asyncio.sleep(0.01)  # let them arrive apart
            head = await reader.readuntil(b"\r\n\r\n")
            size = re.search(rb"Content-Length: (\d+)", head)
            assert size is not None
            body = b"" if pieces[0].startswith(b"HEAD") else await reader.readexactly(int(size[1]))
            writer.close()
            return head, body

        where = b"\r\nLocation: https://tea.test:8443/r/tea?s=1\r\n"
        head, body = await heard(b"GET /r/tea?s=1 HT", b"TP/1.1\r\nHost: tea.test:8443\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 307 ")
        assert where in head
        assert b"https://" in body
        head, _ = await heard(b"HEAD /r/tea?s=1 HTTP/1.1\r\nhost:tea.test:8443\r\n\r\n")
        assert where in head
        for wrong in (
            b"POST /api HTTP/1.1\r\nHost: tea.test\r\n\r\n",
            b"GET / HTTP/1.0\r\n\r\n",
            b"GET / HTTP/1.1\r\nHost: a b\r\n\r\n",
            b"GET /" + b"x" * 9_000,
        ):
            head, body = await heard(wrong)
            assert head.startswith(b"HTTP/1.1 400 ")
            assert b"Location" not in head
            assert body.endswith(b"https://\n")
        # Who speaks neither is cut off, and TLS goes on beside all of them.
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(b"\x00\x01\x02\x03\x04\x05")
        with contextlib.suppress(ConnectionError):
            assert await reader.read() == b""
        writer.close()
        context = ssl.create_default_context(cafile=str(cert))
        peer = Peer(
            *await asyncio.open_connection(
                "127.0.0.1", server.port, ssl=context, server_hostname="localhost"
            )
        )
        peer.send("GET /a HTTP/1.1\r\nHost: x\r\n\r\n")
        assert (await peer.answer())[2] == b"/a 0 127.0.0.1"
        await peer.close()


def make_certificate(cert: Path, key: Path) -> None:
    """A certificate for localhost that lives a day."""
    from datetime import UTC, datetime, timedelta

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    secret = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(secret.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(secret, hashes.SHA256())
    )
    cert.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    key.write_bytes(
        secret.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
