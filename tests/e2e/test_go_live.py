"""Going live from the studio's own page: a fake camera, a second browser that watches it."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, Route, expect
from tests.support.browser import ANDROID, PHONE, launched, phone
from tests.support.demo import Demo
from tests.support.phone import OWNER, Desk, until

pytestmark = [pytest.mark.slow, pytest.mark.browser]

CAMERA = ("--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream")
QUIET = [r"404 .*/live/", r"40[49] .*/whip/sessions/", r"WebSocket connection"]


@pytest_asyncio.fixture(scope="module")
async def camera() -> AsyncIterator[Browser]:
    async with launched(*CAMERA) as browser:
        yield browser


@asynccontextmanager
async def host(
    browser: Browser, demo: Demo, room_id: str, *, udp: bool = True
) -> AsyncIterator[Page]:
    """The owner, signed in on a phone, on the page that goes live."""
    async with phone(browser, demo.url, user_agent=ANDROID, size=PHONE, expected=QUIET) as held:
        page = held.page
        await held.context.grant_permissions(["camera", "microphone"], origin=demo.url)
        if not udp:
            await page.route(re.compile(r"/whip/[^/]+$|/whip/[^/]+\?"), firewall)
        await page.goto("/studio/login")
        await page.locator("input[name=email]").fill(OWNER["email"])
        await page.locator("input[name=password]").fill(OWNER["password"])
        await page.get_by_role("button", name="登录", exact=True).click()
        await page.wait_for_url("**/studio/live")
        await page.goto(f"/studio/live/{room_id}/camera")
        yield page


async def firewall(route: Route) -> None:
    """An office that lets no UDP through: what either side says leads nowhere."""
    offer = re.sub(r"a=candidate:.*\r\n", "", route.request.post_data or "")
    answer = await route.fetch(post_data=offer)
    text = re.sub(r"(a=candidate:\S+ 1 udp \d+ \S+) \d+", r"\1 9", await answer.text())
    await route.fulfill(response=answer, body=text)


async def go_live(page: Page) -> None:
    await page.get_by_role("button", name="开播", exact=True).click()
    await expect(page.locator(".s-camera")).to_have_attribute("data-stage", "live")


async def stop(page: Page) -> None:
    button = page.get_by_role("button", name="按住停止")
    await button.dispatch_event("pointerdown")
    await expect(page.locator(".s-camera")).to_have_attribute("data-stage", "ready")


async def test_a_fake_camera_goes_live_by_whip_and_is_watched(
    camera: Browser, browser: Browser, demo: Demo, desk: Desk
) -> None:
    room = await desk.room("用手机开播")
    async with host(camera, demo, room.id) as page:
        await expect(page.locator(".s-line")).to_contain_text("WebRTC")
        # The fake microphone beeps: the meter shows it.
        await expect(page.locator(".s-level i.is-lit").first).to_be_attached()
        await go_live(page)
        async with phone(browser, demo.url, expected=QUIET) as viewer:
            await viewer.page.goto(room.path)
            await viewer.frames(30)
        # Unasked, Chromium sends its first keyframe and no other.
        ingest = await until(
            lambda: desk.get(f"/api/v1/rooms/{room.id}/ingest"),
            lambda now: now["health"]["gop_ms"] > 0,
        )
        assert ingest["health"]["codecs"].startswith("avc1.42")
        assert ingest["health"]["codecs"].endswith("mp4a.40.2")
        await stop(page)
        await until(
            lambda: desk.get(f"/api/v1/rooms/{room.id}/ingest"), lambda now: not now["publishing"]
        )


async def test_without_udp_the_page_goes_over_the_websocket_by_itself(
    camera: Browser, browser: Browser, demo: Demo, desk: Desk
) -> None:
    room = await desk.room("办公室的网")
    async with host(camera, demo, room.id, udp=False) as page:
        await expect(page.locator(".s-line")).to_contain_text("WebSocket")
        await go_live(page)
        async with phone(browser, demo.url, expected=QUIET) as viewer:
            await viewer.page.goto(room.path)
            await viewer.frames(30)
        ingest = await desk.get(f"/api/v1/rooms/{room.id}/ingest")
        assert re.match(r"avc1\.42.*,mp4a\.40\.2", ingest["health"]["codecs"])
        # The end at the desk holds for this page too, until a person begins the next show here.
        await desk.status(room.id, "live")
        await desk.post(f"/api/v1/rooms/{room.id}/end")
        await expect(page.get_by_text("这一场在工作台里结束了")).to_be_visible()
        assert (await desk.get(f"/api/v1/rooms/{room.id}/ingest"))["shut"]
        await page.get_by_role("button", name="再试一次").click()
        await go_live(page)
        await desk.status(room.id, "live")
        await stop(page)


# Another window that plays a tone; headless browsers have none to choose.
WINDOW = """() => {
  navigator.mediaDevices.getDisplayMedia = async () => {
    const context = new AudioContext()
    const tone = context.createOscillator()
    const sound = context.createMediaStreamDestination()
    tone.frequency.value = 3000
    tone.connect(sound)
    tone.start()
    const picture = document.createElement('canvas')
    picture.getContext('2d').fillRect(0, 0, 1, 1)
    return new MediaStream([...picture.captureStream(5).getTracks(), ...sound.stream.getTracks()])
  }
}"""
# Whether what goes out has the tone in it, and one track of sound.
HAS_TONE = """() => {
  const stream = document.querySelector('.s-camera-screen video').srcObject
  if (stream?.getAudioTracks().length !== 1) return false
  window.ear ??= { of: null }
  if (window.ear.of !== stream) {
    const context = new AudioContext()
    const heard = context.createAnalyser()
    context.createMediaStreamSource(stream).connect(heard)
    window.ear = { of: stream, heard, bin: Math.round(3000 * heard.fftSize / context.sampleRate) }
  }
  const loud = new Uint8Array(window.ear.heard.frequencyBinCount)
  window.ear.heard.getByteFrequencyData(loud)
  return loud[window.ear.bin] > 150
}"""


async def test_what_a_shared_screen_plays_is_heard_beside_the_microphone(
    camera: Browser, demo: Demo, desk: Desk
) -> None:
    room = await desk.room("看我的屏幕")
    async with host(camera, demo, room.id) as page:
        await page.evaluate(WINDOW)
        await expect(page.locator(".s-camera")).to_have_attribute("data-stage", "ready")
        assert not await page.evaluate(HAS_TONE)
        await page.get_by_role("button", name="播屏幕").click()
        await page.wait_for_function(HAS_TONE)
        # The microphone is muted, the screen is not.
        await page.get_by_role("button", name="静音", exact=True).click()
        await page.evaluate("new Promise((done) => setTimeout(done, 500))")
        await page.wait_for_function(HAS_TONE)


async def test_a_replaced_publisher_is_told(camera: Browser, demo: Demo, desk: Desk) -> None:
    room = await desk.room("两台手机")
    async with host(camera, demo, room.id) as first, host(camera, demo, room.id) as second:
        await go_live(first)
        await go_live(second)
        await expect(first.get_by_text("另一台设备用同一个推流码开播了，这里已停")).to_be_visible()
        await expect(second.locator(".s-camera")).to_have_attribute("data-stage", "live")
