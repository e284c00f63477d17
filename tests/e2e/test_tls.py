"""`--tls self`: everything a phone needs over the machine's own certificate, in a real browser."""

from __future__ import annotations

import ssl
from pathlib import Path

import pytest
from playwright.async_api import Browser
from tests.support.browser import phone
from tests.support.demo import running_demo
from tests.support.ffmpeg_publisher import publishing
from tests.support.frames import site_of, standing
from tests.support.phone import owner_of

pytestmark = [pytest.mark.slow, pytest.mark.browser]

PORTRAIT = {"size": "360x640", "rate": 25, "gop": 25, "bitrate": "600k"}
# Go live from this page as any WHIP client does, into a rung of its own.
BY_WHIP = """async (key) => {
  const peer = new RTCPeerConnection()
  const picture = document.createElement('canvas')
  picture.getContext('2d')
  const [track] = picture.captureStream(10).getTracks()
  peer.addTransceiver(track, { direction: 'sendonly' })
  await peer.setLocalDescription()
  const answer = await fetch(`/whip/${key}?rung=240`, {
    method: 'POST',
    headers: { 'content-type': 'application/sdp' },
    body: peer.localDescription.sdp,
  })
  await peer.setRemoteDescription({ type: 'answer', sdp: await answer.text() })
  while (peer.connectionState !== 'connected') {
    if (peer.connectionState === 'failed') break
    await new Promise((done) => (peer.onconnectionstatechange = done))
  }
  peer.close()
  return [answer.status, answer.headers.get('location').startsWith('/whip/sessions/')]
}"""

# Who the server says one is in this frame, without a token that the page keeps.
WHO = """(room) => fetch(`/api/v1/rooms/${room}/embedded`, {
  method: 'POST', headers: { 'content-type': 'application/json' }, body: '{}',
}).then(async (answer) => (await answer.json()).frame)"""


async def test_a_phone_of_the_same_network(browser: Browser, tmp_path: Path) -> None:
    options = ("--no-crowd", "--no-host", "--tls", "self")
    async with running_demo(tmp_path / "data", *options) as demo:
        assert demo.url == f"https://127.0.0.1:{demo.port}"
        # The certificate stands by itself: whoever trusts it needs no exception.
        trust = ssl.create_default_context(cafile=demo.data / "keys" / "local.pem")
        async with owner_of(demo, trust=trust) as desk:
            room = await desk.room()
            async with (
                publishing(room.publish_url, **PORTRAIT),
                phone(browser, demo.url, trusting=True) as mei,
            ):
                await desk.status(room.id, "live")
                sockets: list[str] = []
                mei.page.on("websocket", lambda socket: sockets.append(socket.url))
                await mei.page.goto(room.path)
                await mei.frames(25)
                assert await mei.page.evaluate("isSecureContext")
                lists = f"/live/{room.id}/index.m3u8"
                media = await mei.page.evaluate(f"fetch('{lists}').then((a) => a.text())")
                assert "#EXT-X-PART:" in media
                assert sockets == [f"wss://127.0.0.1:{demo.port}/rt"]
                key = room.publish_url.rpartition("/")[2]
                assert await mei.page.evaluate(BY_WHIP, key) == [201, True]

                # In a page of another site one is somebody else, and the same the next time.
                async with site_of(f"{demo.url}/embed/{room.id}") as site:
                    wish = {"name": "news", "kind": "public", "mode": "live", "sites": [site]}
                    await desk.post("/api/v1/staff/app-keys", wish)
                    who = []
                    for _ in range(2):
                        frame = await standing(mei.page, site)
                        await frame.wait_for_selector(".y-say")
                        who.append((await frame.evaluate(WHO, room.id)).partition(".")[0])
                    assert who[0] == who[1] != await mei.visitor_id()
                    apart = [c for c in await mei.context.cookies() if "partitionKey" in c]
                    assert {c["sameSite"] for c in apart} == {"None"}
