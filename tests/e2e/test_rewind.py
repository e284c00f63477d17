"""A viewer goes back in a show that is on, returns to live, and replays it when it is over."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from playwright.async_api import Browser, expect
from tests.support.browser import Phone, phone
from tests.support.demo import Demo
from tests.support.ffmpeg_publisher import publishing
from tests.support.phone import Desk, until

pytestmark = [pytest.mark.slow, pytest.mark.browser]

PORTRAIT = {"size": "360x640", "rate": 25, "gop": 25, "bitrate": "600k"}
CLOCK = ".y-past-clock"
# Until somebody touches the page, as with low power.
REFUSES = """
const { play } = HTMLMediaElement.prototype
let touched = false
addEventListener('pointerdown', () => (touched = true), true)
HTMLMediaElement.prototype.play = function () {
  if (touched) return play.call(this)
  return Promise.reject(new DOMException('', 'NotAllowedError'))
}
addEventListener('DOMContentLoaded', () => {
  document.querySelector('video').removeAttribute('autoplay')
})
"""
SOURCE = "document.querySelector('video').currentSrc"


@asynccontextmanager
async def another_picture(mei: Phone) -> AsyncIterator[None]:
    """What is done inside brings bytes of another source to the screen, and they move."""
    before = await mei.page.evaluate(SOURCE)
    yield
    await mei.page.wait_for_function(f"before => {SOURCE} && {SOURCE} !== before", arg=before)
    await mei.frames(25)


async def test_rewind_and_back_and_replay_after_the_end(
    browser: Browser, demo: Demo, desk: Desk
) -> None:
    room = await desk.room()
    quiet = [r"404 .*/live/", r"ERR_"]
    async with phone(browser, demo.url, expected=quiet) as mei:
        page = mei.page
        async with publishing(room.publish_url, **PORTRAIT):
            await desk.status(room.id, "live")
            await page.goto(room.path)
            await mei.frames(25)
            await desk.post(f"/api/v1/rooms/{room.id}/chat", {"text": "第一泡最香"})
            at = f"/live/{room.id}/rewind.m3u8"
            await until(lambda: desk.http.get(at), lambda got: got.text.count("#EXTINF") >= 2)
            await page.get_by_label("更多").click()
            async with another_picture(mei):
                await page.locator("[data-act=rewind]").click()
            await expect(page.locator(CLOCK)).to_be_visible()
            # What is said now belongs to now: it waits for the return.
            await desk.post(f"/api/v1/rooms/{room.id}/chat", {"text": "现在才说"})
            await expect(page.locator(".y-chat")).to_have_count(0)
            # The line of then comes with its second.
            await expect(page.locator(".y-past-chat")).to_contain_text("第一泡最香", timeout=60_000)
            await expect(page.locator(".y-past-chat")).not_to_contain_text("现在才说")
            await expect(page.locator(".y-host-line")).to_contain_text("回放")
            # Three seconds in, by the keyboard as by a finger.
            line = page.get_by_role("slider")
            async with another_picture(mei):
                await line.evaluate(
                    "(one) => { one.value = 3000; one.dispatchEvent(new Event('input'));"
                    " one.dispatchEvent(new Event('change')) }"
                )
            # It plays from that very second, which lies inside a piece of five.
            played = await page.evaluate(
                "(({played}) => [...Array(played.length).keys()].map(n => played.start(n)))"
                "(document.querySelector('video'))"
            )
            assert any(abs(at - 3) < 0.2 for at in played), played
            # Seven seconds behind, on purpose: the figures of the live show do not hear of it.
            assert await page.evaluate("window.__yh.stats.behindLiveMs") < 7_000
            async with another_picture(mei):
                await page.locator("[data-act=back-to-live]").click()
            await expect(page.locator(CLOCK)).to_be_hidden()
            await expect(page.locator(".y-chat")).to_contain_text("现在才说")
            assert await page.evaluate("window.__yh.stats.route") in {"fetch", "ws"}
        await desk.post(f"/api/v1/rooms/{room.id}/end")
        async with another_picture(mei):
            await page.locator("[data-act=replay]").click()
        await expect(page.locator(".y-past-chat")).to_contain_text("第一泡最香")
        await expect(page.locator(".y-past-chapter")).to_have_text("明前春茶 250 g")
        # It plays to its end; then the thanks are there again.
        await page.get_by_label("关闭回放").click()
        await expect(page.locator(".y-after-full")).to_contain_text("谢谢你来")
        # Who opens the page now sees the replay without a tap, and hears it by one.
        await page.reload()
        await mei.frames(25)
        await expect(page.locator(CLOCK)).to_be_visible()
        await expect(page.locator("[data-act=past-sound]")).to_be_visible()
        await page.locator("[data-act=past-sound]").click()
        await expect(page.locator("[data-act=past-sound]")).to_be_hidden()
        assert not await page.evaluate("document.querySelector('video').muted")
        # A browser that wants a tap first is given one.
        await page.add_init_script(REFUSES)
        await page.reload()
        await page.locator(".y-tap").click()
        await mei.frames(25)
