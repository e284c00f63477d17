"""`/selftest`: what a browser can do, tried in a real one; and in one that lacks most of it."""

from __future__ import annotations

import pytest
from playwright.async_api import Browser, expect
from tests.support.browser import WECHAT, phone
from tests.support.demo import Demo
from tests.support.ffmpeg_publisher import publishing
from tests.support.phone import Desk

pytestmark = [pytest.mark.slow, pytest.mark.browser]

PORTRAIT = {"size": "360x640", "rate": 25, "gop": 25, "bitrate": "600k"}
POOR = """(() => {
  for (const name of ['MediaSource', 'ManagedMediaSource', 'ReadableStream', 'WebSocket',
    'VideoEncoder', 'RTCPeerConnection', 'AudioEncoder']) delete window[name];
  HTMLMediaElement.prototype.canPlayType = () => '';
  Object.defineProperty(navigator, 'clipboard', {get: () => undefined});
})()"""


@pytest.mark.parametrize(
    ("lang", "said"), [("zh-CN", "这个浏览器看得了直播"), ("en", "This browser plays live shows")]
)
async def test_it_watches_a_live_room_and_writes_a_report(
    browser: Browser, demo: Demo, desk: Desk, lang: str, said: str
) -> None:
    room = await desk.room()
    async with (
        publishing(room.publish_url, **PORTRAIT),
        phone(browser, demo.url, lang=lang, user_agent=WECHAT) as mei,
    ):
        await desk.status(room.id, "live")
        await mei.page.goto(f"/selftest?room={room.id}")
        await expect(mei.page.locator("#verdict")).to_have_text(said)
        for name in ("mse", "h264", "stream", "socket", "autoplay", "webrtc"):
            row = mei.page.locator(f"#can [data-name={name}]")
            await expect(row).to_have_attribute("data-mood", "yes")
        # H.265 is not in this build of Chromium.
        await expect(mei.page.locator("#can [data-name=hevc]")).to_have_attribute("data-mood", "no")
        await expect(mei.page.locator("body")).to_have_attribute("data-done", "1")
        report = await mei.page.locator("#report").inner_text()
        told = dict(line.split(": ", 1) for line in report.splitlines())
        assert told["browser"] == WECHAT
        assert told["verdict"] == "good"
        assert told["live.outcome"] == "shown"
        assert told["live.route"] == "fetch"
        assert float(told["live.firstFrameMs"]) > 0
        assert float(told["live.behindMs"]) > 0
        # The frame is gone again: nobody goes on watching from here.
        await expect(mei.page.locator("#frame")).to_be_hidden()
        await mei.page.locator("#copy").click()
        assert await mei.clipboard() == report


async def test_a_browser_without_anything_is_told_so(
    browser: Browser, demo: Demo, desk: Desk
) -> None:
    async with phone(browser, demo.url, lang="en") as mei:
        await mei.page.add_init_script(POOR)
        room = await desk.room()  # not live
        await mei.page.goto(f"/selftest?room={room.id}")
        await expect(mei.page.locator("#verdict")).to_contain_text("cannot play")
        await expect(mei.page.locator("#report")).to_contain_text("socket: no")
        await mei.page.locator("#copy").click()
        await expect(mei.page.locator("#copy")).to_have_text("Copied")


async def test_the_room_leads_there_when_it_cannot_play(
    browser: Browser, demo: Demo, desk: Desk
) -> None:
    room = await desk.room()
    async with publishing(room.publish_url, **PORTRAIT), phone(browser, demo.url) as mei:
        await desk.status(room.id, "live")
        await mei.page.add_init_script(POOR)
        await mei.page.goto(room.path)
        await mei.page.get_by_role("link", name="看看这个浏览器行不行").click()
        await expect(mei.page.locator("#verdict")).to_contain_text("看不了直播")


async def test_without_scripts_it_says_what_that_means(browser: Browser, demo: Demo) -> None:
    async with phone(browser, demo.url, lang="en", scripts=False) as mei:
        answer = await mei.page.goto("/selftest")
        assert answer is not None
        assert answer.status == 200
        await expect(mei.page.locator("#verdict")).to_contain_text("scripts do not run here")
