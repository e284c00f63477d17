"""The share sheet: what it shows is what leaves the phone."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.async_api import Browser, Page, expect
from tests.support.browser import WECHAT, phone
from tests.support.demo import Demo
from tests.support.ffmpeg_publisher import publishing
from tests.support.phone import Desk

pytestmark = [pytest.mark.slow, pytest.mark.browser]

PORTRAIT = {"size": "360x640", "rate": 25, "gop": 25, "bitrate": "600k"}
# The page's policy lets nobody fetch its blobs, so they are noted as they are made.
NOTED = """(() => {
  const made = window.__made = new Map(), make = URL.createObjectURL;
  URL.createObjectURL = bytes => { const url = make(bytes); made.set(url, bytes); return url }
})()"""
SHOWN = """async () => [...new Uint8Array(
    await window.__made.get(document.querySelector('.y-preview img').src).arrayBuffer())]"""


async def shown(page: Page, *, tall: bool) -> bytes:
    """The bytes of the picture in the sheet, once it is the poster or the card."""
    await page.wait_for_function(
        "tall => { const one = document.querySelector('.y-preview img');"
        " return one?.complete && one.naturalHeight > one.naturalWidth === tall }",
        arg=tall,
    )
    return bytes(await page.evaluate(SHOWN))


def bytes_of(path: Path) -> bytes:
    return path.read_bytes()


async def saved(page: Page) -> bytes:
    async with page.expect_download() as download:
        await page.locator("[data-act=send-share]").click()
    return bytes_of(await (await download.value).path())


async def test_what_is_shown_is_what_is_saved(browser: Browser, demo: Demo, desk: Desk) -> None:
    room = await desk.room("卡片和海报")
    async with publishing(room.publish_url, **PORTRAIT), phone(browser, demo.url) as lin:
        page = lin.page
        await page.add_init_script(NOTED)
        await desk.status(room.id, "live")
        await page.goto(room.path)
        await lin.frames()
        await page.locator(".y-share").click()

        # WeChat outside of WeChat: the poster with its QR code, already in the preview.
        await expect(page.locator("[data-channel=wechat]")).to_be_checked()
        poster = await shown(page, tall=True)
        assert await saved(page) == poster
        await expect(page.locator(".y-share-note")).to_have_text("海报存好了，到微信发给朋友")

        # The picture goes on; the card that is saved is the one on screen, not a later one.
        await page.locator("[data-channel=save_card]").click()
        card = await shown(page, tall=False)
        await lin.frames(60)
        assert await saved(page) == card


async def test_wechats_own_menu_is_shown_no_picture_it_will_not_send(
    browser: Browser, demo: Demo, desk: Desk
) -> None:
    room = await desk.room("微信里分享")
    async with (
        publishing(room.publish_url, **PORTRAIT),
        phone(browser, demo.url, user_agent=WECHAT) as mei,
    ):
        await desk.status(room.id, "live")
        await mei.page.goto(room.path)
        await mei.frames()
        await mei.page.locator(".y-share").click()
        await expect(mei.page.locator("[data-channel=wechat]")).to_be_checked()
        line = mei.page.locator(".y-preview-link p")
        await expect(line).to_have_text(await mei.page.title())
        await expect(mei.page.locator(".y-preview img:not(.y-avatar)")).to_have_count(0)
