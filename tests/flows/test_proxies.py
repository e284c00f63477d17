"""Behind the shipped Caddy and nginx files: who calls is known, and nothing is gathered."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
import pytest_asyncio
import websockets
from tests.support.patience import PATIENCE_S
from tests.support.proxies import NAMES, Front, in_front
from tests.support.wire import Tape, serving, until

from yaohe.kernel.wire import (
    TEXT,
    Accepted,
    WireConfig,
    WireRequest,
    WireServer,
    WsConnection,
    ws_frame,
)


class Echo:
    """Says who called, then whatever it is told."""

    write_high = 65_536

    def __init__(self, request: WireRequest) -> None:
        self._first = f"{request.address} {'secure' if request.secure else 'plain'}"
        self._connection: WsConnection | None = None

    def opened(self, connection: WsConnection) -> None:
        self._connection = connection
        connection.write(ws_frame(TEXT, self._first.encode()))

    def received(self, payload: bytes) -> None:
        assert self._connection is not None
        self._connection.write(ws_frame(TEXT, payload))

    def clogged(self, *, is_clogged: bool) -> None:
        return

    def drain(self) -> None:
        return

    def closed(self) -> None:
        return


@pytest.fixture
def tape() -> Tape:
    return Tape()


@pytest_asyncio.fixture
async def server(tape: Tape) -> AsyncIterator[WireServer]:
    config = WireConfig(
        lifespan="off",
        media=lambda _: tape,
        websockets={"/rt": lambda request: Accepted(Echo(request))},
        trusted_proxies=("127.0.0.1",),
    )
    async with serving(config) as server:
        yield server


@pytest_asyncio.fixture(params=NAMES)
async def front(
    request: pytest.FixtureRequest, server: WireServer, tmp_path: Path
) -> AsyncIterator[Front]:
    async with in_front(request.param, tmp_path, server.port) as front:
        yield front


def client(front: Front, address: str = "127.0.0.2") -> httpx.AsyncClient:
    """Somebody at another address than the proxy's."""
    line = httpx.AsyncHTTPTransport(verify=front.trust, local_address=address)
    return httpx.AsyncClient(base_url=front.url, transport=line, timeout=PATIENCE_S)


async def test_who_calls_is_known_and_cannot_be_made_up(front: Front) -> None:
    lie = {"x-forwarded-for": "203.0.113.7", "x-forwarded-proto": "http"}
    async with client(front) as http:
        assert (await http.get("/who", headers=lie)).text == "/who 0 127.0.0.2"
        # A page's largest upload passes whole.
        sent = await http.post("/upload", content=bytes(1_000_000))
        assert sent.text == "/upload 1000000 127.0.0.2"
    async with websockets.connect(
        f"wss://localhost:{front.port}/rt", ssl=front.trust, proxy=None, additional_headers=lie,
        local_addr=("127.0.0.2", 0), origin=front.url,  # type: ignore[arg-type]
    ) as line:  # fmt: skip
        assert await line.recv() == "127.0.0.2 secure"
        await line.send("好" * 20_000)
        assert await line.recv() == "好" * 20_000


async def test_another_sites_page_is_refused_by_its_origin(front: Front) -> None:
    with pytest.raises(websockets.InvalidStatus, match="403"):
        await websockets.connect(
            f"wss://localhost:{front.port}/rt", ssl=front.trust, proxy=None,
            origin="https://elsewhere.example",  # type: ignore[arg-type]
        )  # fmt: skip


async def test_every_fragment_passes_at_once_and_who_leaves_is_noticed(
    front: Front, server: WireServer, tape: Tape
) -> None:
    async with client(front) as http, http.stream("GET", "/live/tea/stream.mp4") as answer:
        assert answer.headers["content-type"] == "video/mp4"
        arriving = answer.aiter_raw()
        await until(lambda: server.viewers == 1)
        seen = 0
        for number in range(8):
            # Small and large ones: neither waits for more to come.
            fragment = bytes([number]) * (30 if number % 2 else 40_000)
            tape.append(fragment)
            async with asyncio.timeout(PATIENCE_S):
                got = b""
                while got.count(bytes([number])) < len(fragment):
                    got += await anext(arriving)
            seen += len(got)
        assert seen >= 4 * 40_030
    # The viewer is gone; the proxy must not go on reading for nobody.
    for _ in range(20):
        tape.append(bytes(40_000))
        await asyncio.sleep(0)
    await until(lambda: server.viewers == 0)


async def test_the_end_of_a_show_reaches_the_viewer(
    front: Front, server: WireServer, tape: Tape
) -> None:
    async with client(front) as http, http.stream("GET", "/live/tea/stream.mp4") as answer:
        await until(lambda: server.viewers == 1)
        tape.append(b"last")
        tape.end()
        async with asyncio.timeout(PATIENCE_S):
            assert (await answer.aread()).endswith(b"last")
