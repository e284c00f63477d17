"""A shop gives its own picture, by its bytes or its address, and the product shows it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from io import BytesIO
from pathlib import Path

import httpx
import pytest
from PIL import Image
from tests.conftest import Server
from tests.support.cards import near, opened
from tests.support.outside import Yard, yard

from yaohe.content.uploads import BYTES_MAX

pytestmark = pytest.mark.db

PICTURES = "/api/v1/pictures"
RED, GREEN = (200, 40, 40), (40, 160, 60)


def png(colour: tuple[int, int, int] = RED, size: tuple[int, int] = (400, 300)) -> bytes:
    out = BytesIO()
    Image.new("RGB", size, colour).save(out, "PNG")
    return out.getvalue()


def code(answer: httpx.Response) -> str:
    return f"{answer.status_code} {answer.json()['error']['code']}"


@pytest.fixture
async def home(pg: Server, tmp_path: Path) -> AsyncIterator[Yard]:
    async with pg.clone() as url, yard(tmp_path, url, webhooks_private=True) as home:
        yield home
        await home.system.sandbox.close()


@asynccontextmanager
async def elsewhere(pages: dict[str, tuple[int, bytes]]) -> AsyncIterator[str]:
    """Somebody's server; what it sends for `/endless` never ends."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            path = (await reader.readuntil(b"\r\n\r\n")).split()[1].decode()
            status, body = pages.get(path, (404, b""))
            length = b"" if path == "/endless" else b"content-length: %d\r\n" % len(body)
            writer.write(b"HTTP/1.1 %d X\r\n%sconnection: close\r\n\r\n" % (status, length) + body)
            while path == "/endless":
                writer.write(bytes(1 << 20))
                await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


async def test_a_product_shows_the_picture_it_was_given(home: Yard) -> None:
    made = await home.owner.post(PICTURES, content=png(), headers={"content-type": "image/png"})
    assert made.status_code == 201, made.text
    # The same picture is kept once, and under the same key.
    assert (await home.owner.post(PICTURES, content=png())).json() == made.json()
    product = await home.owner.post(
        "/api/v1/products",
        json={"title": "茶", "price_minor": 9900, "stock": 3, "picture_key": made.json()["key"]},
    )
    assert product.json()["picture"] == made.json()["picture"]
    seen = await home.anybody.get(product.json()["picture"])
    assert (seen.status_code, seen.headers["content-type"]) == (200, "image/jpeg")
    image = opened(seen.content)
    assert image.size == (400, 300)
    assert near(image.getpixel((200, 150)), RED, by=8)


async def test_what_is_refused(home: Yard) -> None:
    before = list((home.system.settings.data / "files").rglob("*.jpg"))
    post = home.owner.post
    assert code(await post(PICTURES, content=b"hello")) == "422 picture_unreadable"
    assert code(await post(PICTURES, content=b"")) == "422 picture_unreadable"
    assert code(await post(PICTURES, content=png()[:-40])) == "422 picture_unreadable"
    assert code(await post(PICTURES, content=png(size=(40, 40)))) == "422 picture_too_small"
    for more in (1, 2):
        assert code(await post(PICTURES, content=bytes(BYTES_MAX + more))) == "413 picture_too_big"
    assert code(await home.anybody.post(PICTURES, content=png())) == "401 not_signed_in"
    assert list((home.system.settings.data / "files").rglob("*.jpg")) == before
    assert (await home.anybody.get("/media/products/up_0123456789abcdef")).status_code == 404


async def test_many_at_once_are_each_themselves(home: Yard) -> None:
    colours = [(30 * number, 80, 120) for number in range(8)]
    made = await asyncio.gather(*(home.owner.post(PICTURES, content=png(c)) for c in colours))
    for colour, answer in zip(colours, made, strict=True):
        seen = await home.anybody.get(answer.json()["picture"])
        assert near(opened(seen.content).getpixel((200, 150)), colour, by=8)


async def test_a_picture_by_its_address(home: Yard) -> None:
    pages = {
        "/tea.png": (200, png(GREEN)),
        "/page": (200, b"<html>"),
        "/moved": (302, png()),
        "/endless": (200, b""),
    }
    async with elsewhere(pages) as address:

        async def fetch(path: str) -> httpx.Response:
            return await home.owner.post(f"{PICTURES}/from-url", json={"url": address + path})

        made = await fetch("/tea.png")
        assert made.status_code == 201, made.text
        seen = await home.anybody.get(made.json()["picture"])
        assert near(opened(seen.content).getpixel((200, 150)), GREEN, by=8)
        assert code(await fetch("/page")) == "422 picture_unreadable"
        assert code(await fetch("/moved")) == "422 picture_not_reached"
        assert code(await fetch("/nothing")) == "422 picture_not_reached"
        assert code(await fetch("/endless")) == "413 picture_too_big"


async def test_what_only_we_can_reach_is_not_asked(pg: Server, tmp_path: Path) -> None:
    wrong = [
        "http://127.0.0.1:1/x.png",
        "http://[::1]:1/x.png",
        "http://localhost:1/x.png",
        "http://169.254.169.254/latest/meta-data",
        "http://2130706433/x.png",
        "http://who:pass@127.0.0.1/x.png",
        "file:///etc/passwd",
        "ftp://example.com/x.png",
        "http://茶.invalid/图.png",
        "http://[half/x.png",
        "http://x.invalid:99999/x.png",
        "http://",
        "nothing at all",
    ]
    async with pg.clone() as database, yard(tmp_path, database) as home:
        for url in wrong:
            answer = await home.owner.post(f"{PICTURES}/from-url", json={"url": url})
            codes = {"422 picture_not_reached", "422 bad_input"}
            assert code(answer) in codes, url
