"""The whole product behind the shipped Caddy and nginx files: TLS, HTTP/2, a real browser."""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import httpx
import pytest
import pytest_asyncio
import websockets
from playwright.async_api import Browser, expect
from tests.support.browser import phone
from tests.support.demo import Demo, free_ports, running_demo
from tests.support.ffmpeg_publisher import publishing
from tests.support.phone import Desk, owner_of
from tests.support.proxies import NAMES, Front, in_front
from tests.support.webrtc import sender

pytestmark = [pytest.mark.slow, pytest.mark.browser]

PORTRAIT = {"size": "360x640", "rate": 25, "gop": 25, "bitrate": "600k"}
# Asks for one part after the other, each before it is there, as a low-latency player does.
BY_PARTS = """async (list) => {
  const waited = []
  let text = await (await fetch(list)).text()
  for (let n = 0; n < 8; n++) {
    const number = Number(text.match(/MEDIA-SEQUENCE:(\\d+)/)[1]) + text.split('#EXTINF').length - 1
    const parts = text.slice(text.lastIndexOf('#EXTINF')).split('#EXT-X-PART:').length - 1
    const answer = await fetch(`${list}?_HLS_msn=${number}&_HLS_part=${parts}`)
    text = await answer.text()
    const last = text.slice(0, text.lastIndexOf('#EXT-X-PART:')).split('#EXTINF').length - 1
    const newest = Number(text.match(/MEDIA-SEQUENCE:(\\d+)/)[1]) + last
    const there = text.slice(text.lastIndexOf('#EXTINF')).split('#EXT-X-PART:').length - 1
    waited.push([answer.status, newest > number || (newest === number && there > parts)])
  }
  const entries = performance.getEntriesByType('resource').filter((e) => e.name.includes(list))
  return [waited, [...new Set(entries.map((e) => e.nextHopProtocol))]]
}"""
# Fragments over the WebSocket come as they are made.
BY_SOCKET = """(path) => new Promise((done, fail) => {
  const line = new WebSocket(`wss://${location.host}${path}`)
  let came = 0
  line.binaryType = 'arraybuffer'
  line.onerror = () => fail(new Error('no socket'))
  line.onmessage = ({ data }) => {
    if (typeof data === 'string') return
    if (++came < 15) return
    line.close()
    done()
  }
})"""


@pytest_asyncio.fixture(scope="module")
async def fronts(
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[tuple[dict[str, Front], Demo, Desk]]:
    """One shop, both proxies in front of it; people know it by Caddy's address."""
    folder = tmp_path_factory.mktemp("proxied")
    ports = dict(zip(NAMES, free_ports(2), strict=True))
    environment = {
        "YAOHE_PUBLIC_URL": f"https://localhost:{ports['caddy']}",
        "YAOHE_TRUSTED_PROXIES": "127.0.0.1",
    }
    async with AsyncExitStack() as stack:
        options = ("--no-crowd", "--no-host")
        demo = await stack.enter_async_context(
            running_demo(folder / "data", *options, environment=environment)
        )
        found = {
            name: await stack.enter_async_context(in_front(name, folder / name, demo.port, port))
            for name, port in ports.items()
        }
        caddy = found["caddy"]
        known = dataclasses.replace(demo, url=caddy.url)
        desk = await stack.enter_async_context(owner_of(known, trust=caddy.trust))
        yield found, known, desk


@pytest.mark.parametrize("name", NAMES)
async def test_a_friend_watches_and_talks_through_it(
    browser: Browser, fronts: tuple[dict[str, Front], Demo, Desk], name: str
) -> None:
    found, _, desk = fronts
    front, room = found[name], await desk.room()
    share = {"channel": "copy_link", "content": "card"}
    made = await desk.post(f"/api/v1/rooms/{room.id}/shares", share)
    async with (
        publishing(room.publish_url, **PORTRAIT),
        phone(browser, front.url, trusting=True) as mei,
    ):
        await desk.status(room.id, "live")
        await mei.page.goto(f"/s/{made['token']}")
        await mei.frames(75)
        assert await mei.page.evaluate("window.__yh.stats.route") == "fetch"
        # Nothing is held back on the way.
        await mei.page.wait_for_function("() => window.__yh.stats.behindLiveMs < 2_000")
        await mei.page.goto(room.path)
        await mei.page.locator(".y-say").click()
        await mei.page.locator(".y-field").fill("代理后面也能聊")
        await mei.page.keyboard.press("Enter")
        await expect(mei.page.locator(".y-line", has_text="代理后面也能聊")).to_be_visible()
        cookies = {c["name"]: c["secure"] for c in await mei.context.cookies()}
        assert cookies["yh_v"]
        waited, protocols = await mei.page.evaluate(BY_PARTS, f"/live/{room.id}/index.m3u8")
        assert protocols == ["h2"]
        # Each answer was held until the part that was asked for was there.
        assert waited == [[200, True]] * 8
        await mei.page.evaluate(BY_SOCKET, f"/live/{room.id}/ws")


@pytest.mark.parametrize("name", NAMES)
async def test_a_browser_goes_live_through_it(
    fronts: tuple[dict[str, Front], Demo, Desk], name: str
) -> None:
    found, _, desk = fronts
    front, room = found[name], await desk.room()
    key = room.publish_url.rpartition("/")[2]
    line = httpx.AsyncHTTPTransport(verify=front.trust)
    async with (
        sender() as peer,
        httpx.AsyncClient(base_url=front.url, transport=line) as http,
    ):
        sdp = {"content-type": "application/sdp", "authorization": f"Bearer {key}"}
        opened = await http.post("/whip", content=peer.offer, headers=sdp)
        assert opened.status_code == 201, opened.text
        await peer.answered(opened.text)
        await desk.status(room.id, "live")
        assert (await http.delete(opened.headers["location"])).status_code == 200
    async with websockets.connect(
        f"{front.url.replace('https', 'wss')}/publish", ssl=front.trust, proxy=None,
        origin=front.url,  # type: ignore[arg-type]
    ) as socket:  # fmt: skip
        await socket.send(json.dumps({"key": key, "check": True}))
        assert json.loads(await socket.recv()) == {"type": "ready"}
        # The check fills the line before it asks for an echo.
        await socket.send(bytes((7,)) + bytes(8) + bytes(60_000))
        await socket.send(bytes((8,)) + bytes(8))
        assert re.search("echo", str(await socket.recv()))
