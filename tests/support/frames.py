"""Pages of other sites with something of ours in a frame."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from playwright.async_api import Frame, Page

# The page of docs/developers/embed.md, around the code that staff copy.
HOST = """<!doctype html><meta charset="utf-8"><title>Tea news</title>
<style>body { margin: 0 } iframe { border: 0; display: block }</style>
<iframe id="live" src="%s" width="640" height="360"
  allow="autoplay; fullscreen; clipboard-write; web-share"></iframe>
<script>
  window.told = [];
  addEventListener('message', (event) => {
    const frame = document.getElementById('live');
    if (event.source !== frame.contentWindow || event.data.yaohe !== 1) return;
    window.told.push({ ...event.data, from: event.origin });
  });
</script>"""


@asynccontextmanager
async def site_of(address: str) -> AsyncIterator[str]:
    """Another site, whose every page has this address in a frame."""
    page = (HOST % address).encode()
    head = b"HTTP/1.1 200 OK\r\ncontent-type: text/html\r\nconnection: close\r\ncontent-length: "

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(head + str(len(page)).encode() + b"\r\n\r\n" + page)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        # By its name it is another site than the shop, which has the number.
        yield f"http://localhost:{server.sockets[0].getsockname()[1]}"


async def standing(page: Page, site: str) -> Frame:
    """A page of that site with the room in it."""
    await page.goto(f"{site}/news")
    handle = await page.wait_for_selector("#live")
    frame = await handle.content_frame()
    assert frame is not None
    return frame
